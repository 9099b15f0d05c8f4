<#-- The button is shown where the browser has passkeys; without JavaScript nothing of it is. -->
<#macro conditionalUIData>
<#if enableWebAuthnConditionalUI?has_content>
<form id="webauth" action="${url.loginAction}" method="post" hidden>
  <#list ["clientDataJSON", "authenticatorData", "signature", "credentialId", "userHandle", "error"] as name>
  <input type="hidden" id="${name}" name="${name}">
  </#list>
</form>
<#if authenticators??>
<form id="authn_select" hidden>
  <#list authenticators.authenticators as one><input type="hidden" name="authn_use_chk" value="${one.credentialId}"></#list>
</form>
</#if>
<div id="cc-passkey" class="cc-passkey" hidden>
  <button class="ds_button" id="authenticateWebAuthnButton" type="button">${msg("commontyPasskey")}</button>
  <p class="cc-hint">${msg("commontyPasskeyHint")}</p>
</div>
<script type="module">
  <#outputformat "JavaScript">
  import { authenticateByWebAuthn } from ${(url.resourcesPath + "/js/webauthnAuthenticate.js")?c};
  import { initAuthenticate } from ${(url.resourcesPath + "/js/passkeysConditionalAuth.js")?c};
  const args = {
    isUserIdentified: ${isUserIdentified},
    challenge: ${challenge?c},
    userVerification: ${userVerification?c},
    rpId: ${rpId?c},
    createTimeout: ${createTimeout?c},
    mediation: ${(mediation!'conditional')?c},
    authenticatorAttachment: ${authenticatorAttachment?c},
  };
  if (window.PublicKeyCredential) {
    document.getElementById("cc-passkey").hidden = false;
    initAuthenticate({ errmsg: ${msg("passkey-unsupported-browser-text")?c}, ...args });
    document.getElementById("authenticateWebAuthnButton").addEventListener("click", () => {
      authenticateByWebAuthn({ errmsg: ${msg("webauthn-unsupported-browser-text")?c}, ...args });
    }, { once: true });
  }
  </#outputformat>
</script>
</#if>
</#macro>
