"""Looking back on a round: frameworks chosen, sheets answered by the team and by residents, figures and the PDF."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pikepdf
import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from core.audit.ports import Hourly
from core.evaluation.models import Response, Sheet
from core.evaluation.selectors import reports_of
from core.evaluation.sequencer import answers_end
from core.evaluation.services import answers_expire, feedback_give, sheet_close, sheet_open
from core.kernel.clock import database_now
from core.kernel.errors import Refused
from core.people.models import Person
from core.people.services import role_grant
from core.rounds.models import Round
from core.web.report_pdf import report_pdf
from plugins.api import Text
from tenants.registry import limits
from tenants.registry.context import Role, in_tenant
from tenants.registry.limits import What
from tests.house.test_urls_access import client
from tests.plugins.test_evaluation import published
from tests.support.votes import voting_open

STAFF = "/rounds/leith/evaluation/"
HIDDEN = "Hidden: too few people"


def chosen(officer: Any, key: str, **settings: str) -> None:
    answer = officer.post(f"{STAFF}{key}/", {f"setting.{name}": value for name, value in settings.items()})
    assert answer.status_code == 302, answer.content.decode()


def the_sheet(tenant: Any, module: str) -> Sheet:
    with in_tenant(tenant):
        return Sheet.objects.filter(module=module).order_by("instrument")[0]


def asked(tenant: Any, officer: Any) -> str:
    """The address of the residents' form of the national framework, open."""
    chosen(officer, "national-core", size="small")
    sheet = the_sheet(tenant, "national-core")
    officer.post(f"{STAFF}sheets/{sheet.id}/state/", {"to": "open"})
    return f"/rounds/leith/feedback/{sheet.id}/"


def figures(tenant: Any) -> str:
    with in_tenant(tenant):
        reports, silent = reports_of(Round.objects.get())
    assert not silent
    return str(reports)


def test_the_size_chooses_what_is_asked_and_the_team_answers_apart_and_together(tenants: Any) -> None:
    for tenant in (tenants.alpha, tenants.beta):
        with in_tenant(tenant):
            voting_open()
    officer, steering = client("alpha", "staff", "officer"), client("alpha", "staff", "morag")
    with in_tenant(tenants.alpha), transaction.atomic():
        role_grant(person=Person.objects.get(subject="morag"), role="steering_member", giver=None)
    chosen(officer, "glasgow-toolkit", size="tiny")
    tiny = len(the_sheet(tenants.alpha, "glasgow-toolkit").form["fields"])
    chosen(officer, "glasgow-toolkit", size="mainstream")
    sheet = the_sheet(tenants.alpha, "glasgow-toolkit")
    assert 0 < tiny < len(sheet.form["fields"]) == 20
    at = f"{STAFF}sheets/{sheet.id}/"
    # Nobody answers what is not open, and an open sheet's questions stand.
    assert officer.post(at, {"real-money": "5"}).status_code == 409
    officer.post(f"{at}state/", {"to": "open"})
    chosen(officer, "glasgow-toolkit", size="tiny")
    assert len(the_sheet(tenants.alpha, "glasgow-toolkit").form["fields"]) == 20
    wrong = officer.post(at, {"real-money": "9", "real-money-shows": "Minutes of <b>June</b>"})
    assert wrong.status_code == 422
    assert "Minutes of &lt;b&gt;June&lt;/b&gt;" in wrong.content.decode()
    assert officer.post(at, {}).status_code == 422
    assert officer.post(at, {"real-money": "2", "real-money-shows": "Minutes of June"}).status_code == 302
    assert officer.post(at, {"real-money": "4"}).status_code == 302
    assert officer.post(f"{at}?agreed", {"real-money": "6"}).status_code == 302
    # The organisers' sheet is not for the steering group, who have one of their own.
    assert steering.get(at).status_code == 403
    chosen(officer, "charter-check", size="small")
    charter = the_sheet(tenants.alpha, "charter-check")
    officer.post(f"{STAFF}sheets/{charter.id}/state/", {"to": "open"})
    assert steering.get(f"{STAFF}sheets/{charter.id}/").status_code == 200
    steering.post(f"{STAFF}sheets/{charter.id}/?agreed", {charter.form["fields"][0]["name"]: "5"})
    officer.post(f"{STAFF}sheets/{charter.id}/state/", {"to": "closed"})
    # What the group agreed on is about the round and not about few people: it is shown, also among the national ones.
    with in_tenant(tenants.alpha):
        national = next(
            one for one in reports_of(Round.objects.get())[0] if one.title.en == "The round in national figures"
        )
    assert "Charter self-check: " in str(national)
    page = officer.get(STAFF).content.decode()
    assert "1 has answered so far." in page
    assert "An agreed answer stands" in page
    officer.post(f"{at}state/", {"to": "closed"})
    with in_tenant(tenants.alpha):
        sheet.refresh_from_db()
        assert (sheet.counts, sheet.agreed) == ({"real-money": {"6": 1}}, True)
        # Both are kept: what was said apart, and what was agreed.
        assert Response.objects.filter(sheet=sheet).count() == 2
    shown = officer.get("/rounds/leith/preview/evaluation/").content.decode()
    assert "Residents decide directly on real money." in shown
    with in_tenant(tenants.beta):
        assert not Sheet.objects.exists()
    assert client("beta", "staff", "officer").get(at).status_code == 404


def test_residents_answer_unknown_and_small_numbers_are_shown_to_nobody(tenants: Any, site: Any) -> None:
    published(tenants.alpha, 12)
    with in_tenant(tenants.beta):
        voting_open()
    officer, anybody = client("alpha", "staff", "officer"), site(tenants.alpha)
    form = asked(tenants.alpha, officer)
    assert site(tenants.beta).get(form).status_code == 404
    page = anybody.get(form).content.decode()
    assert "It was easy to take part." in page
    assert "sessionid" not in str(anybody.cookies)
    kept = anybody.post(form, {"easy": "loudly", "better": "A later bus"})
    assert kept.status_code == 422
    assert "A later bus" in kept.content.decode()
    assert anybody.post(form, {"strange": "1"}).status_code == 422
    number = str(uuid4())
    for _ in range(2):
        assert anybody.post(form, {"sent": number, "easy": "agree", "better": "A later bus"}).status_code == 302
    for answer in ["agree"] * 10 + ["disagree"]:
        assert (
            anybody.post(form, {"easy": answer, "first-time": "yes", "no-vote-elsewhere": "unsaid"}).status_code == 302
        )
    with in_tenant(tenants.alpha):
        assert Response.objects.count() == 12
        assert set(Response.objects.values_list("author", "agreed")) == {(None, False)}
    assert "12 have answered so far." in officer.get(STAFF).content.decode()
    # While it is open no figure follows from it, and words are not read.
    sheet = the_sheet(tenants.alpha, "national-core")
    assert "It was easy to take part." not in anybody.get("/rounds/leith/evaluation/").content.decode()
    assert officer.get(f"{STAFF}sheets/{sheet.id}/words/").status_code == 403
    officer.post(f"{STAFF}sheets/{sheet.id}/state/", {"to": "closed"})
    with in_tenant(tenants.alpha):
        assert Response.objects.count() == 0
        assert Sheet.objects.get(pk=sheet.pk).counts["easy"] == {"agree": 11, "disagree": 1}
    # Eleven of twelve agree: the one who does not would be known, so neither is shown. Eleven of eleven is shown.
    shown = anybody.get("/rounds/leith/evaluation/").content.decode()
    row = shown[shown.index("It was easy to take part.") :].partition("</tr>")[0]
    assert HIDDEN in row
    assert "11" not in row
    assert "A later bus" not in shown
    assert "A later bus" in officer.get(f"{STAFF}sheets/{sheet.id}/words/").content.decode()
    assert anybody.post(form, {"easy": "agree"}).status_code == 409
    assert officer.post(f"{STAFF}sheets/{sheet.id}/state/", {"to": "open"}, follow=True).status_code == 200
    with in_tenant(tenants.alpha), transaction.atomic():
        assert Sheet.objects.get(pk=sheet.pk).state == "closed"
        Sheet.objects.filter(pk=sheet.pk).update(closed_at=database_now() - timedelta(days=10_000))
    with in_tenant(tenants.alpha, role=Role.WORKER):
        ends = Hourly(answers_end)
        assert (ends.sequence(limit=10), ends.sequence(limit=10), answers_expire()) == (1, 0, 0)
        assert Sheet.objects.get(pk=sheet.pk).said == []


def test_the_public_site_hands_answers_in_and_cannot_read_one(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        voting_open()
    asked(tenants.alpha, client("alpha", "staff", "officer"))
    sheet = the_sheet(tenants.alpha, "national-core")
    with in_tenant(tenants.alpha, role=Role.VOTER):
        feedback_give(sheet=sheet, answers={"easy": "agree"}, key=uuid4())
        for forbidden in (Response.objects.all(), Sheet.objects.values("said")):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                list(forbidden)
    with in_tenant(tenants.alpha):
        sheet_close(sheet=sheet, actor=None)
        with pytest.raises(Refused):
            sheet_open(sheet=sheet, actor=None)
        with pytest.raises(IntegrityError), transaction.atomic():
            Sheet.objects.filter(pk=sheet.pk).update(state="open", closed_at=None, counts={})
        with pytest.raises(IntegrityError), transaction.atomic():
            Response.objects.create(sheet=sheet, answers={"easy": "agree"})
    # Whoever had the page in hand is told, and nothing stays behind.
    with in_tenant(tenants.alpha, role=Role.VOTER), pytest.raises(Refused):
        feedback_give(sheet=sheet, answers={"easy": "agree"}, key=uuid4())
    with in_tenant(tenants.alpha):
        assert not Response.objects.exists()


def test_residents_are_asked_only_from_the_vote_on(tenants: Any) -> None:
    from tests.support.votes import round_made

    with in_tenant(tenants.alpha):
        round_made()
    officer = client("alpha", "staff", "officer")
    asked(tenants.alpha, officer)
    assert the_sheet(tenants.alpha, "national-core").state == "chosen"
    assert "Residents can be asked once voting has opened" in officer.get(STAFF).content.decode()


def test_too_many_forms_in_an_hour_wait_with_what_was_typed(tenants: Any, site: Any, monkeypatch: Any) -> None:
    with in_tenant(tenants.alpha):
        voting_open()
    form = asked(tenants.alpha, client("alpha", "staff", "officer"))
    rule = limits.DEFAULTS[What.FEEDBACK]
    few = limits.Rule(rule.seconds, council=1, community=1, together=rule.together)
    monkeypatch.setitem(limits.DEFAULTS, What.FEEDBACK, few)
    anybody = site(tenants.alpha)
    codes = [anybody.post(form, {"easy": "agree", "better": "A later bus"}) for _ in range(2)]
    assert [one.status_code for one in codes] == [302, 429]
    assert "A later bus" in codes[1].content.decode()
    assert int(codes[1]["Retry-After"]) > 0


def kinds(file: bytes) -> tuple[Any, list[str]]:
    """A PDF and the kinds of its tags in order."""
    pdf = pikepdf.open(io.BytesIO(file))
    found: list[str] = []

    def walk(node: Any) -> None:
        if isinstance(node, pikepdf.Array):
            for one in node:
                walk(one)
        elif isinstance(node, pikepdf.Dictionary):
            if "/S" in node:
                found.append(str(node.S))
            if "/K" in node:
                walk(node.K)

    walk(pdf.Root.StructTreeRoot.K)
    return pdf, found


def test_the_pdf_is_tagged_and_says_title_and_language(tenants: Any, site: Any) -> None:
    published(tenants.alpha, 12)
    with in_tenant(tenants.beta):
        voting_open()
    anybody = site(tenants.alpha)
    for path, language, title in (("", "en-GB", "Looking back: "), ("/gd", "gd-GB", "A’ coimhead air ais: ")):
        answer = anybody.get(f"{path}/rounds/leith/evaluation.pdf")
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
        pdf, tags = kinds(answer.content)
        assert str(pdf.Root.Lang) == language
        assert pdf.Root.MarkInfo.Marked
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        with pdf.open_metadata() as about:
            assert str(about["dc:title"]).startswith(title)
            assert about["pdfuaid:part"] == "1"
        assert {"/Title", "/H1", "/H2", "/P", "/Table", "/THead", "/TH", "/TD"} <= set(tags)
        assert tags.index("/Title") < tags.index("/H1") < tags.index("/H2") < tags.index("/Table")
    assert site(tenants.beta).get("/rounds/leith/evaluation.pdf").status_code == 404


def test_words_never_become_markup_of_the_typesetter() -> None:
    nasty = Text('#read("/etc/passwd") $x$ *b* @x <l> \\ = h', "")
    report = {"title": nasty, "sections": [{"title": nasty, "paragraphs": [nasty], "charts": [], "tables": []}]}
    file = report_pdf(title="#panic()", publisher="x", language="en", notes=["#panic()"], reports=[report])
    pdf, tags = kinds(file)
    with pdf.open_metadata() as about:
        assert about["dc:title"] == "#panic()"
    assert tags.count("/H1") == 1
