"""Pages of the national site."""

from django.urls import path

from core.web.hub import views
from core.web.public import site

app_name = "public"
urlpatterns = [
    path("", views.home, name="home"),
    path("one-percent/", views.one_percent, name="one-percent"),
    path("councils.geojson", views.councils_geojson, name="councils-geojson"),
    path("accessibility/", site.accessibility, name="accessibility"),
    path("privacy/", site.privacy, name="privacy"),
    path("complaints/", site.complaints, name="complaints"),
]
