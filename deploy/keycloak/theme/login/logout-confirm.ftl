<#import "template.ftl" as layout>
<@layout.registrationLayout displayMessage=false; section>
<#if section == "header">
  ${msg("logoutConfirmTitle")}
<#elseif section == "form">
  <p>${msg("logoutConfirmHeader")}</p>
  <form action="${url.logoutConfirmAction}" method="post">
    <input type="hidden" name="session_code" value="${logoutConfirm.code}">
    <button class="ds_button" name="confirmLogout" id="kc-logout" type="submit" value="yes">${msg("doLogout")}</button>
  </form>
</#if>
</@layout.registrationLayout>
