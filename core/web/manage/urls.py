"""Addresses of the officers' pages."""

from django.urls import path

from core.web.manage import count, discussion, entrusted, look, money, people, projects, rounds, rules, steps

app_name = "staff"
urlpatterns = [
    path("", rounds.round_list, name="home"),
    path("rounds/", rounds.round_list, name="rounds"),
    path("rounds/new/", rounds.round_new, name="round-new"),
    path("rounds/<slug:slug>/", rounds.round_page, name="round"),
    path("rounds/<slug:slug>/edit/<slug:section>/", rounds.section, name="section"),
    path("rounds/<slug:slug>/money/", money.money, name="money"),
    path("rounds/<slug:slug>/money/new/", money.source_new, name="source-new"),
    path("rounds/<slug:slug>/money/<uuid:source>/", money.source_edit, name="source"),
    path("rounds/<slug:slug>/rules/", rules.rules_choose, name="rules"),
    path("rounds/<slug:slug>/rules/settings/", rules.rules_settings, name="rules-settings"),
    path("rounds/<slug:slug>/projects/", projects.projects, name="projects"),
    path("rounds/<slug:slug>/projects/new/", projects.project_new, name="project-new"),
    path("rounds/<slug:slug>/projects/<str:ref>/", projects.project_edit, name="project"),
    path("rounds/<slug:slug>/projects/<str:ref>/state/", projects.project_state, name="project-state"),
    path("rounds/<slug:slug>/steps/<slug:verb>/", steps.round_step, name="step"),
    path("rounds/<slug:slug>/count/", count.count, name="count"),
    path("entrusted/", entrusted.entrusted, name="entrusted"),
    path("entrusted/new/", entrusted.offer_new, name="offer-new"),
    path("entrusted/<uuid:delegation>/", entrusted.entrusted_one, name="entrusted-one"),
    path("discussion/", discussion.queue, name="discussion"),
    path("discussion/<slug:key>/<str:item>/", discussion.decide, name="discussion-item"),
    path("look/", look.look, name="look"),
    path("people/", people.people, name="people"),
    path("people/new/", people.grant_new, name="grant-new"),
    path("people/<uuid:grant>/end/", people.grant_end, name="grant-end"),
]
