"""Pages that a tenant's editors have written; included last, so that the service's own addresses come first."""

from django.urls import re_path

from cms import views

# The name is Wagtail's: its own code asks for it.
urlpatterns = [re_path(r"^((?:[\w\-]+/)*)$", views.page, name="wagtail_serve")]
