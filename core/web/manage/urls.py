"""Addresses of the officers' pages of rounds."""

from django.urls import path

from core.web.manage import rounds

app_name = "staff"
urlpatterns = [
    path("", rounds.round_list, name="home"),
    path("rounds/new/", rounds.round_new, name="round-new"),
    path("rounds/<slug:slug>/", rounds.round_page, name="round"),
    path("rounds/<slug:slug>/projects/new/", rounds.project_edit, name="project-new"),
    path("rounds/<slug:slug>/projects/<str:ref>/", rounds.project_edit, name="project"),
    path("rounds/<slug:slug>/steps/<slug:verb>/", rounds.round_step, name="step"),
]
