<#macro emailLayout>
<!DOCTYPE html>
<html lang="${locale.language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${realmName}</title></head>
<body style="margin: 0; background: #ffffff; color: #1a1a1a; font-family: Roboto, Arial, sans-serif; font-size: 19px; line-height: 1.6;">
  <div style="border-top: 8px solid #0065bd; padding: 16px 24px;"><strong style="font-size: 22px;">${realmName}</strong></div>
  <div style="padding: 8px 24px 24px; max-width: 600px; overflow-wrap: anywhere;"><#nested></div>
  <div style="border-top: 1px solid #b3b3b3; padding: 16px 24px; color: #4d4d4d; font-size: 16px;">${msg("commontyMailFoot")}</div>
</body>
</html>
</#macro>
