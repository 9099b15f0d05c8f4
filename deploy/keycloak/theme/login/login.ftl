<#-- A passkey first: one press, nothing to remember. Then the address and password, then other people's sign-ins. -->
<#import "template.ftl" as layout>
<#import "passkeys.ftl" as passkeys>
<#assign wrong = messagesPerField.existsError("username", "password")>
<@layout.registrationLayout displayMessage=!wrong displayInfo=realm.password && realm.registrationAllowed && !registrationDisabled??; section>
<#if section == "header">
  ${msg("loginAccountTitle")}
<#elseif section == "form">
  <@passkeys.conditionalUIData />
  <#if realm.password>
  <form id="kc-form-login" action="${url.loginAction}" method="post" novalidate>
    <#if wrong>
    <div class="cc-told cc-told--error" role="alert" id="input-error"><p>${kcSanitize(messagesPerField.getFirstError("username", "password"))?no_esc}</p></div>
    </#if>
    <#if !usernameHidden??>
    <div class="ds_question<#if wrong> ds_question--error</#if>">
      <label class="ds_label" for="username"><#if realm.loginWithEmailAllowed>${msg("email")}<#else>${msg("username")}</#if></label>
      <input class="ds_input<#if wrong> ds_input--error</#if>" id="username" name="username" value="${(login.username!'')}" type="<#if realm.loginWithEmailAllowed>email<#else>text</#if>" autocomplete="${(enableWebAuthnConditionalUI?has_content)?then('username webauthn', 'username')}" spellcheck="false" dir="ltr"<#if wrong> aria-invalid="true" aria-describedby="input-error"</#if>>
    </div>
    </#if>
    <div class="ds_question<#if wrong> ds_question--error</#if>">
      <label class="ds_label" for="password">${msg("password")}</label>
      <input class="ds_input<#if wrong> ds_input--error</#if>" id="password" name="password" type="password" autocomplete="current-password" dir="ltr"<#if wrong> aria-invalid="true" aria-describedby="input-error"</#if>>
    </div>
    <input type="hidden" name="credentialId"<#if auth.selectedCredential?has_content> value="${auth.selectedCredential}"</#if>>
    <button class="ds_button" name="login" id="kc-login" type="submit">${msg("doLogIn")}</button>
    <#if realm.resetPasswordAllowed><p><a href="${url.loginResetCredentialsUrl}">${msg("doForgotPassword")}</a></p></#if>
  </form>
  </#if>
<#elseif section == "info">
  <p>${msg("noAccount")} <a href="${url.registrationUrl}">${msg("doRegister")}</a></p>
<#elseif section == "socialProviders">
  <#if social?? && social.providers?has_content>
  <section aria-labelledby="cc-others">
    <h2 id="cc-others">${msg("identity-provider-login-label")}</h2>
    <ul class="cc-providers">
      <#list social.providers as one><li><a class="ds_button ds_button--secondary" id="social-${one.alias}" href="${one.loginUrl}">${one.displayName!}</a></li></#list>
    </ul>
  </section>
  </#if>
</#if>
</@layout.registrationLayout>
