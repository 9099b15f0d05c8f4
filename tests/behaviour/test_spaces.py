"""A group asks for a space: practises at once, is answered by a person, signs, and links with a council by consent."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from hypothesis import given
from hypothesis import strategies as st

from core.audit.models import OutboxMessage
from core.proposals.models import Proposal
from core.rounds.models import Round
from core.rounds.services import round_advance
from core.setup.spaces import tenant_make
from plugins.api.text import LocalisedText
from tenants.office.models import ProvisioningStep
from tenants.office.requests import services
from tenants.office.requests.clock import HERE, due_after, working
from tenants.office.requests.models import SpaceRequest
from tenants.office.requests.services import slug_free
from tenants.registry.context import Role, in_public, in_tenant
from tenants.registry.models import Tenant
from tenants.registry.selectors import tenant_by_slug
from tests.behaviour.test_console import console, hub, published
from tests.behaviour.test_manage_rounds import browser, fill, text
from tests.support.http import SiteClient
from tests.support.jobs import work
from tests.support.rounds import round_made

ASK = "/run-your-own/ask/"
ANSWERS = {
    "name": "Burnfoot Together",
    "standing": "constituted",
    "area": "Burnfoot, Hawick",
    "purpose": "£30,000 from the council for anything, £4,500 from the health board for health.",
    "first": "chair@burnfoot.example",
    "second": "treasurer@burnfoot.example",
}


@given(
    st.integers(0, 4 * 366 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))
)
def test_two_working_days_are_never_a_weekend_and_always_two(moment: datetime) -> None:
    due = due_after(moment)
    day = moment.astimezone(HERE).date()
    between = [day + timedelta(days=n) for n in range(1, (due.date() - day).days + 1)]
    assert sum(map(working, between)) == 2
    assert working(due.date())
    assert (due.hour, due.minute) == (17, 0)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Burnfoot Together", "burnfoot-together"),
        ("  Còmhla: Àird & Co. ", "comhla-aird-co"),
        ("100 Trees", "group-100-trees"),
        ("社区", "group"),
        ("Hub", "hub-2"),
        ("Alpha", "alpha-2"),
        ("A1 pha", "a1-pha-2"),
    ],
)
def test_an_address_is_made_from_any_name(name: str, slug: str, tenants: Any) -> None:
    assert slug_free(name) == slug


def asked(tenants: Any, **over: str) -> Any:
    """A request sent on the national site and its practice space made by the worker; the space."""
    client = SiteClient(hub())
    answer = fill(client, ASK, **{**ANSWERS, **over})
    assert answer.status_code == 302, text(answer)
    assert "steps are done" in text(client.get(answer["Location"]))
    work(hub())
    page = text(client.get(answer["Location"]))
    assert "is ready" in page
    assert "A person reads your request and answers by" in page
    return tenant_by_slug("burnfoot-together")


def joined(space: Any) -> tuple[SiteClient, SiteClient]:
    """Two members, each by the link that was sent to them."""
    mail.outbox.clear()
    work(space)
    links = [re.search(r"/join/\?invitation=\S+", str(one.body)) for one in mail.outbox]
    assert sorted(one.to[0] for one in mail.outbox) == [ANSWERS["first"], ANSWERS["second"]]
    clients = []
    for name, link in zip(("chair", "treasurer"), links, strict=True):
        client = browser(space, "", name=name)
        assert link is not None
        assert client.post(link[0]).status_code == 302
        clients.append(client)
    return clients[0], clients[1]


def test_the_page_says_what_it_takes_in_both_languages(tenants: Any) -> None:
    client = SiteClient(hub())
    page = text(client.get("/run-your-own/"))
    for words in ("Nothing.", "ten evenings", "You need not be a charity", "two working days"):
        assert words in page
    assert "Iarr àite" in text(client.get("/gd/run-your-own/"))
    assert 'href="/run-your-own/"' in text(client.get("/"))


def test_from_six_questions_to_a_space_of_its_own(tenants: Any) -> None:
    published()
    space = asked(tenants)
    assert (space.state, space.kind) == ("practice", "community")
    # Practising needs nobody's yes; nothing of it is shown outside.
    chair, treasurer = joined(space)
    with in_tenant(space):
        row = Round.objects.get(slug="practice")
        assert row.is_practice
        assert Proposal.objects.filter(round=row).count() == 5
        round_advance(round=row, verb="open_voting", actor=None)
    work(space)
    assert "Practice round" not in text(SiteClient(hub()).get("/"))
    assert "Practice round" in text(SiteClient(space).get("/rounds/practice/"))

    client = console()
    page = text(client.get("/console/requests/"))
    assert "Burnfoot Together" in page
    with in_public():
        wanted = SpaceRequest.objects.get()
    one = f"/console/requests/{wanted.id}/"
    page = text(client.get(one))
    assert "health board" in page
    assert "burnfoot.example" not in page
    silent = client.post(one, {"do": "refuse", "letter": ""})
    assert silent.status_code == 422
    assert "Write to the group" in text(silent)
    assert client.post(one, {"do": "ask", "letter": "Who counts the money at the end?"}).status_code == 302
    work(hub())
    mail.outbox.clear()
    work(space)
    assert len(mail.outbox) == 2
    assert "has a question" in mail.outbox[0].body
    assert "Who counts the money at the end?" in text(chair.get("/setup/"))
    assert chair.post("/setup/", {"reply": "The treasurer and one neighbour."}).status_code == 302
    assert chair.post("/setup/", {"reply": "Again."}).status_code == 200
    assert "The treasurer and one neighbour." in text(client.get(one))
    assert client.post(one, {"do": "accept"}).status_code == 302
    assert client.post(one, {"do": "refuse", "letter": "Changed our minds."}).status_code == 409

    # Yes, and still practice: two different members accept the agreement first.
    path = "/guidance/agreement/community-space/"
    page = text(chair.get(path))
    assert "data controller" in page
    digest = re.search(r'name="digest" value="([^"]+)"', page)
    assert digest is not None
    for client_of in (chair, chair):
        assert client_of.post(path, {"digest": digest[1]}).status_code == 302
    work(space)
    assert tenant_by_slug(space.slug).state == "practice"
    assert treasurer.post(path, {"digest": "0" * 64}).status_code == 409
    assert treasurer.post(path, {"digest": digest[1]}).status_code == 302
    work(space)
    assert tenant_by_slug(space.slug).state == "active"


def test_what_is_wrong_is_said_and_what_was_typed_stays(tenants: Any) -> None:
    client = SiteClient(hub())
    for values, words in (
        ({"name": ""}, "Fill in “"),
        ({"standing": "hosted"}, "Say who stands behind you."),
        ({"second": "CHAIR@burnfoot.example"}, "another person"),
        ({"council": str(hub().uuid)}, "not one of the available choices"),
        ({"standing": "king"}, "not one of the available choices"),
    ):
        answer = fill(client, ASK, **{**ANSWERS, **values})
        assert answer.status_code == 422, values
        assert words in text(answer), values
        assert "Burnfoot, Hawick" in text(answer)
    with in_public():
        assert not SpaceRequest.objects.exists()
        assert not Tenant.objects.filter(kind="community").exists()


def test_one_form_sent_twice_is_one_request_and_a_rush_is_held_back(tenants: Any, monkeypatch: Any) -> None:
    client = SiteClient(hub())
    page = client.get(ASK)
    found = re.search(r'name="new_id" value="([^"]+)"', text(page))
    assert found is not None
    for _ in range(2):
        assert client.post(ASK, {**ANSWERS, "new_id": found[1]}).status_code == 302
    assert fill(client, ASK, **{**ANSWERS, "name": "Burnfoot Together"}).status_code == 302
    with in_public():
        assert sorted(Tenant.objects.filter(kind="community").values_list("slug", flat=True)) == [
            "burnfoot-together",
            "burnfoot-together-2",
        ]
    monkeypatch.setattr(services, "PER_HOUR", 2)
    rush = fill(client, ASK, **ANSWERS)
    assert rush.status_code == 429
    assert "nothing you wrote is lost" in text(rush)
    work(hub())
    with in_public():
        steps = ProvisioningStep.objects.filter(tenant__slug="burnfoot-together")
        assert steps.count() == len(set(steps.values_list("name", flat=True)))
    # The worker was lost after its work: done again, nothing is doubled.
    with in_tenant(hub(), role=Role.WORKER):
        first = OutboxMessage.objects.filter(task="setup.make").earliest("created_at")
        tenant_make(first.payload)
    with in_tenant(tenant_by_slug("burnfoot-together")):
        assert Round.objects.count() == 1


def test_a_refusal_gives_its_reasons_and_the_named_council_may_answer_too(tenants: Any) -> None:
    space = asked(tenants, council=str(tenants.alpha.uuid))
    chair, _treasurer = joined(space)
    with in_public():
        wanted = SpaceRequest.objects.get()
    path = f"/groups/requests/{wanted.id}/"
    council = browser(tenants.alpha)
    assert "Burnfoot Together" in text(council.get("/groups/"))
    assert browser(tenants.beta).get(path).status_code == 404
    assert browser(tenants.beta).post(path, {"do": "accept"}).status_code == 404
    assert council.post(path, {"do": "refuse", "letter": "The area has a space of its own already."}).status_code == 302
    work(tenants.alpha)
    page = text(chair.get("/setup/"))
    assert "The area has a space of its own already." in page
    assert tenant_by_slug(space.slug).state == "practice"


def test_a_link_shares_exactly_what_it_names_by_consent_of_both_and_either_ends_it(tenants: Any) -> None:
    with in_public():
        Tenant.objects.filter(pk=tenants.beta.uuid).update(kind="community")
    with in_tenant(tenants.beta):
        row = round_made("shore", tenant="beta", name=LocalisedText("Shore round"))
    work(tenants.beta)
    council, chair = browser(tenants.alpha), browser(tenants.beta)

    def parent() -> Any:
        with in_public():
            return Tenant.objects.get(pk=tenants.beta.uuid).parent_id

    def act(client: SiteClient, verb: str) -> int:
        found = re.search(r'name="link" value="([^"]+)"', text(client.get("/groups/")))
        return int(client.post("/groups/", {"do": verb, "link": found[1] if found else ""}).status_code)

    assert chair.post("/groups/", {"do": "ask", "other": str(tenants.alpha.uuid)}).status_code == 422
    wish = {"do": "ask", "other": str(tenants.alpha.uuid), "shares": ["face"]}
    assert chair.post("/groups/", wish).status_code == 302
    assert "They ask you" in text(council.get("/groups/"))
    # A wish is not a link, and nobody agrees with themselves.
    assert parent() is None
    assert act(chair, "agree") == 409
    assert act(browser(hub(), name="cosla"), "agree") == 409
    assert act(council, "agree") == 302
    assert parent() == tenants.alpha.uuid
    page = text(council.get("/groups/"))
    assert "Linked" in page
    assert "Shore round" not in page
    assert act(council, "end") == 302
    assert parent() is None
    assert (
        council.post(
            "/groups/", {"do": "ask", "other": str(tenants.beta.uuid), "shares": ["face", "rounds"]}
        ).status_code
        == 302
    )
    assert act(chair, "agree") == 302
    assert "Shore round" in text(council.get("/groups/"))
    # A link opens no door: the round stays the group's own.
    assert council.get("/rounds/shore/").status_code == 404
    assert act(chair, "end") == 302
    assert "Shore round" not in text(council.get("/groups/"))
    with in_tenant(tenants.beta):
        assert Round.objects.get(pk=row.pk).state == "ballot_prep"


def test_the_first_steps_are_settled_one_by_one_and_kept(tenants: Any) -> None:
    published()
    anna = browser(tenants.alpha, name="anna")

    def done() -> str:
        found = re.search(r"(\d+ of \d+) are settled", text(anna.get("/setup/")))
        assert found is not None
        return found[1]

    assert done() == "0 of 7"
    wrong = fill(anna, "/setup/contacts/", email="nobody", phone="0131 200")
    assert wrong.status_code == 422
    assert "0131 200" in text(wrong)
    assert fill(anna, "/setup/contacts/", email="pb@alpha.example", hours="Weekdays 9 to 5").status_code == 302
    assert "pb@alpha.example" in text(SiteClient(tenants.alpha).get("/how-we-work/"))
    assert 'value="pb@alpha.example"' in text(anna.get("/setup/contacts/"))
    assert fill(anna, "/setup/languages/", languages=["gd"]).status_code == 422
    assert fill(anna, "/setup/languages/", languages=["en", "gd"]).status_code == 302
    assert fill(anna, "/setup/brand/").status_code == 422
    for key in ("brand", "areas"):
        assert fill(anna, f"/setup/{key}/", right="on").status_code == 302
    assert anna.get("/setup/king/").status_code == 404
    assert anna.post("/setup/practice/").status_code == 302
    assert anna.post("/setup/practice/").status_code == 302
    assert done() == "5 of 7"
    for key in ("moderation", "complaints", "record-keeping"):
        path = f"/guidance/policy/{key}/"
        digest = re.search(r'name="digest" value="([^"]+)"', text(anna.get(path)))
        assert digest is not None
        assert anna.post(path, {"digest": digest[1]}).status_code == 302
    browser(tenants.alpha, name="bob")
    assert done() == "7 of 7"
    with in_tenant(tenants.alpha):
        assert Round.objects.filter(is_practice=True).count() == 1
    assert "0 of 7" in text(browser(tenants.beta).get("/setup/"))
