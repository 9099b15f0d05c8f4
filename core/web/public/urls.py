"""Pages of a council's or group's public site."""

from django.urls import path

from core.web.public import site

app_name = "public"
urlpatterns = [
    path("", site.home, name="home"),
    path("places/", site.places, name="places"),
    path("past-rounds/", site.past_rounds, name="past-rounds"),
    path("accessibility/", site.accessibility, name="accessibility"),
    path("privacy/", site.privacy, name="privacy"),
    path("complaints/", site.complaints, name="complaints"),
]
