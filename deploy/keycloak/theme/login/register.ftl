<#-- An address and, where one is asked, a password; a name to be called by. The name of the account itself is nobody's
     business and made up here: people sign in with their address. -->
<#import "template.ftl" as layout>
<#macro field name label type complete needed=false>
<#assign bad = messagesPerField.existsError(name)>
<div class="ds_question<#if bad> ds_question--error</#if>">
  <label class="ds_label" for="${name}">${label}<#if needed> *</#if></label>
  <#if bad><p class="ds_question__error-message" id="error-${name}">${kcSanitize(messagesPerField.get(name))?no_esc}</p></#if>
  <input class="ds_input<#if bad> ds_input--error</#if>" id="${name}" name="${name}" type="${type}" autocomplete="${complete}"<#if type != "password"> value="${((profile.attributesByName[name].value)!'')}"</#if><#if bad> aria-invalid="true" aria-describedby="error-${name}"</#if><#if needed> aria-required="true"</#if>>
</div>
</#macro>
<@layout.registrationLayout displayMessage=messagesPerField.exists("global") displayRequiredFields=true; section>
<#if section == "header">
  ${msg("registerTitle")}
<#elseif section == "form">
  <#assign unseen = url.registrationAction?replace("^.*session_code=([A-Za-z0-9_-]+).*$", "$1", "r")>
  <form id="kc-register-form" action="${url.registrationAction}" method="post" novalidate>
    <input type="hidden" name="username" value="r-${unseen?lower_case}">
    <@field name="email" label=msg("email") type="email" complete="email" needed=true />
    <@field name="firstName" label=msg("commontyNameToShow") type="text" complete="nickname" />
    <#if passwordRequired??>
    <@field name="password" label=msg("password") type="password" complete="new-password" needed=true />
    <@field name="password-confirm" label=msg("passwordConfirm") type="password" complete="new-password" needed=true />
    </#if>
    <button class="ds_button" type="submit">${msg("doRegister")}</button>
  </form>
  <p><a href="${url.loginUrl}">${msg("backToLogin")}</a></p>
</#if>
</@layout.registrationLayout>
