"""Pages of the national site."""

from django.urls import path

from core.web.hub import guidance, spaces, views
from core.web.public import site

app_name = "public"
urlpatterns = [
    path("", views.home, name="home"),
    path("one-percent/", views.one_percent, name="one-percent"),
    path("councils.geojson", views.councils_geojson, name="councils-geojson"),
    path("guidance/", guidance.guidance, name="guidance"),
    path("guidance/<slug:kind>/<slug:key>/", guidance.document, name="document"),
    path("guidance/<slug:kind>/<slug:key>/text/", guidance.document_text, name="document-text"),
    path("run-your-own/", spaces.run_your_own, name="run-your-own"),
    path("run-your-own/ask/", spaces.space_request, name="space-request"),
    path("run-your-own/asked/<uuid:wanted>/", spaces.space_asked, name="space-asked"),
    path("accessibility/", site.accessibility, name="accessibility"),
    path("privacy/", site.privacy, name="privacy"),
    path("complaints/", site.complaints, name="complaints"),
]
