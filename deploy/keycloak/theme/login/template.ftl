<#-- The frame of every page: whose site this is, the languages, one heading, one form, and help at the foot. -->
<#macro registrationLayout bodyClass="" displayInfo=false displayMessage=true displayRequiredFields=false>
<#assign gaelic = realm.internationalizationEnabled && locale.currentLanguageTag == "gd">
<#assign tenant = "">
<#assign home = "">
<#if client??>
  <#assign tenant = (client.name)!"">
  <#if gaelic><#assign tenant = (client.getAttribute("commonty.name.gd"))!tenant></#if>
  <#assign home = (client.baseUrl)!"">
</#if>
<#assign here = home + gaelic?then("gd/", "")>
<#if !tenant?has_content><#assign tenant = realm.displayName!"Community Choices"></#if>
<#assign heading><#nested "header"></#assign>
<!DOCTYPE html>
<html lang="${lang}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="robots" content="noindex, nofollow">
  <title>${heading?markup_string?replace("<[^>]*>", "", "r")?trim?no_esc} – ${tenant}</title>
  <#list properties.styles?split(" ") as style>
  <link rel="stylesheet" href="${url.resourcesPath}/${style}">
  </#list>
  <link rel="icon" href="${url.resourcesPath}/img/icon.svg" type="image/svg+xml">
  <script type="importmap">{"imports": {"rfc4648": "${url.resourcesCommonPath}/vendor/rfc4648/rfc4648.js"}}</script>
  <#if scripts??><#list scripts as script><script src="${script}"></script></#list></#if>
  <#if url.ssoLoginInOtherTabsUrl??>
  <script type="module">
    <#outputformat "JavaScript">
    import { startSessionPolling } from ${(url.resourcesPath + "/js/authChecker.js")?c};
    startSessionPolling(${url.ssoLoginInOtherTabsUrl?c});
    </#outputformat>
  </script>
  </#if>
  <#if authenticationSession??>
  <script type="module">
    <#outputformat "JavaScript">
    import { checkAuthSession } from ${(url.resourcesPath + "/js/authChecker.js")?c};
    checkAuthSession(${authenticationSession.authSessionIdHash?c});
    </#outputformat>
  </script>
  </#if>
</head>
<body data-page-id="login-${pageId}">
<div class="ds_page">
  <div class="ds_page__top cc-band">
    <div class="ds_skip-links"><ul class="ds_skip-links__list"><li class="ds_skip-links__item"><a class="ds_skip-links__link" href="#main-content">${msg("commontySkip")}</a></li></ul></div>
    <header class="ds_wrapper cc-header">
      <span class="cc-name">${tenant}</span>
      <#if realm.internationalizationEnabled && locale.supported?size gt 1>
      <nav aria-label="${msg("languages")}">
        <ul class="cc-nav">
          <#list locale.supported as one>
          <li><a href="${one.url}" lang="${one.languageTag}" hreflang="${one.languageTag}"<#if one.languageTag == locale.currentLanguageTag> aria-current="true"</#if>>${one.label}</a></li>
          </#list>
        </ul>
      </nav>
      </#if>
    </header>
  </div>
  <div class="ds_page__middle">
    <div class="ds_wrapper">
      <main id="main-content" tabindex="-1" class="cc-sign-in">
        <h1>${heading}</h1>
        <#if auth?has_content && auth.showUsername() && !auth.showResetCredentials()>
        <#nested "show-username">
        <p class="cc-who"><#if !auth.attemptedUsername?starts_with("r-")><span>${auth.attemptedUsername}</span> </#if><a href="${url.loginRestartFlowUrl}">${msg("restartLoginTooltip")}</a></p>
        </#if>
        <#if displayMessage && message?has_content && (message.type != "warning" || !isAppInitiatedAction??)>
        <div class="cc-told cc-told--${message.type}" role="<#if message.type == "error">alert<#else>status</#if>"><p>${kcSanitize(message.summary)?no_esc}</p></div>
        </#if>
        <#if displayRequiredFields><p class="cc-hint">${msg("commontyRequired")}</p></#if>
        <#nested "form">
        <#if auth?has_content && auth.showTryAnotherWayLink()>
        <form action="${url.loginAction}" method="post">
          <button class="ds_button ds_button--secondary" type="submit" name="tryAnotherWay" value="on">${msg("doTryAnotherWay")}</button>
        </form>
        </#if>
        <#nested "socialProviders">
        <#if displayInfo><div class="cc-info"><#nested "info"></div></#if>
        <#if home?has_content && (client.getAttribute("commonty.host"))! == "public">
        <section class="cc-help" aria-labelledby="cc-help">
          <h2 id="cc-help">${msg("commontyHelp")}</h2>
          <ul>
            <li><a href="${here}sign-in-help/">${msg("commontyNone")}</a></li>
            <li><a href="${here}sign-in-help/#bsl">${msg("commontyBsl")}</a></li>
            <li><a href="${here}">${msg("commontyBack", tenant)}</a></li>
          </ul>
        </section>
        <#elseif home?has_content>
        <div class="cc-help"><p>${msg("commontyOfficers")}</p><p><a href="${(client.getAttribute("commonty.site"))!home}${gaelic?then("gd/", "")}">${msg("commontyPublic")}</a></p></div>
        </#if>
      </main>
    </div>
  </div>
  <div class="ds_page__bottom">
    <footer class="cc-footer"><div class="ds_wrapper"><p>${msg("commontyFoot")}</p></div></footer>
  </div>
</div>
</body>
</html>
</#macro>
