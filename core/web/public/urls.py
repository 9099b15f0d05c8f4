"""Pages of a council's or group's public site."""

from django.urls import path

from core.web import cast
from core.web.public import (
    account,
    account_link,
    discuss,
    evaluation,
    feedback,
    prove,
    receipts,
    results,
    rounds,
    site,
    vote,
)

app_name = "public"
urlpatterns = [
    path("", site.home, name="home"),
    path("rounds/", rounds.round_list, name="rounds"),
    path("rounds/<slug:slug>/", rounds.round_page, name="round"),
    path("rounds/<slug:slug>/projects/", rounds.projects, name="projects"),
    path("rounds/<slug:slug>/projects/<str:ref>/", discuss.project, name="project"),
    path("rounds/<slug:slug>/rules/", rounds.rules, name="rules"),
    path("rounds/<slug:slug>/vote/", vote.vote, name="vote"),
    path("rounds/<slug:slug>/vote/review/", vote.review, name="review"),
    path("rounds/<slug:slug>/vote/prove/", prove.prove, name="prove"),
    path("rounds/<slug:slug>/vote/cast/", cast.cast, name="cast"),
    path("rounds/<slug:slug>/vote/done/", receipts.done, name="done"),
    path("rounds/<slug:slug>/receipts/", receipts.receipts, name="receipts"),
    path("rounds/<slug:slug>/result/", results.result, name="result"),
    path("rounds/<slug:slug>/result/explain/<str:ref>/", results.explain, name="explain"),
    path("rounds/<slug:slug>/result.json", results.result_json, name="result-json"),
    path("rounds/<slug:slug>/evaluation/", evaluation.evaluation, name="evaluation"),
    path("rounds/<slug:slug>/evaluation.pdf", evaluation.evaluation_pdf, name="evaluation-pdf"),
    path("rounds/<slug:slug>/feedback/thanks/", feedback.feedback_done, name="feedback-done"),
    path("rounds/<slug:slug>/feedback/<uuid:sheet>/", feedback.feedback, name="feedback"),
    path("x/<slug:key>/<slug:slug>/", discuss.discussion, name="discussion"),
    path("x/<slug:key>/<slug:slug>/<slug:verb>/", discuss.act, name="act"),
    *account.account_urls,
    path("account/farewell/", account.farewell, name="account-farewell"),
    path("account/link/", account_link.link, name="account-link"),
    path("account/link/<uuid:alias>/end/", account_link.unlink, name="account-unlink"),
    path("places/", site.places, name="places"),
    path("past-rounds/", site.past_rounds, name="past-rounds"),
    path("accessibility/", site.accessibility, name="accessibility"),
    path("privacy/", site.privacy, name="privacy"),
    path("complaints/", site.complaints, name="complaints"),
    path("how-your-vote-is-kept/", site.how_kept, name="how-kept"),
    path("sign-in-help/", site.sign_in_help, name="sign-in-help"),
    path("how-we-work/", site.how_we_work, name="how-we-work"),
]
