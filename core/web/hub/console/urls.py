"""Addresses of the national console."""

from django.urls import path

from core.web.hub.console import documents, limits, modules, tenants, views

app_name = "console"
urlpatterns = [
    path("", views.home, name="home"),
    path("requests/", views.requests, name="requests"),
    path("requests/<uuid:wanted>/", views.request_one, name="request"),
    path("calendar/", views.voting_calendar, name="calendar"),
    path("fleet/", views.fleet_state, name="fleet"),
    path("banners/", views.banners, name="banners"),
    path("support/", views.support, name="support"),
    path("limits/", limits.limits, name="limits"),
    path("documents/", documents.documents, name="documents"),
    path("documents/new/", documents.document_new, name="document-new"),
    path("documents/<slug:kind>/<slug:key>/", documents.document_one, name="document"),
    path("modules/", modules.modules, name="modules"),
    path("modules/wishes/<uuid:wish>/", modules.wish_one, name="wish"),
    path("modules/<slug:kind>/<slug:key>/", modules.module_one, name="module"),
    path("tenants/new/", tenants.tenant_new, name="tenant-new"),
    path("tenants/<slug:slug>/", tenants.tenant_one, name="tenant"),
]
