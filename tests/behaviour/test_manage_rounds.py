"""An officer makes a round and opens its vote by the pages alone; everybody else is turned away."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from core.people.models import Person
from core.people.services import person_know, role_grant
from core.rounds.models import Round
from tenants.registry.context import in_tenant
from tests.support.http import SiteClient

ROUND = {
    "name_en": "Leith Chooses",
    "slug": "leith",
    "purpose_en": "Better streets",
    "open_en": "Which projects",
    "fixed_en": "The sum",
    "eligibility_en": "Anyone who lives here",
    "min_age": "16",
    "opens": "2026-01-01T09:00",
    "closes": "2099-01-01T17:00",
    "source": "Council",
    "amount": "£12,000",
    "ballot_format": "approval",
    "outcome_rule": "greedy-skip",
    "proof": "code-by-email",
}


def browser(tenant: Any, role: str = "officer") -> SiteClient:
    with in_tenant(tenant), transaction.atomic():
        person: Person = person_know(issuer="https://id.example", subject=role, display_name="O")
        if role:
            role_grant(person=person, role=role, giver=None)
        client = SiteClient(tenant, purpose="staff")
        client.force_login(person, backend="core.people.backends.GrantBackend")
    return client


def test_from_a_new_round_to_an_open_vote(tenants: Any) -> None:
    client = browser(tenants.alpha)
    assert client.get("/").status_code == 200
    for amount in ("12,5", "1e3"):
        refused = client.post("/rounds/new/", {**ROUND, "amount": amount})
        assert refused.status_code == 422
        page = refused.content.decode()
        assert "Write pounds like 12000" in page
        assert 'value="Leith Chooses"' in page
    wrong = client.post("/rounds/new/", {**ROUND, "closes": "2025-01-01T17:00"})
    assert "Voting must close after it opens." in wrong.content.decode()
    with in_tenant(tenants.alpha):
        assert not Round.objects.exists()
    made = client.post("/rounds/new/", ROUND)
    assert made.status_code == 302, made.content.decode()
    assert client.post("/rounds/new/", ROUND).status_code == 422
    assert client.post("/rounds/leith/steps/prepare_ballot/").status_code == 302
    empty = client.post("/rounds/leith/steps/open_voting/")
    assert empty.status_code == 409
    assert "Put at least one project on the ballot." in empty.content.decode()
    project = {"title_en": "Benches", "benefit_en": "A place to sit", "cost": "£13,000"}
    assert client.post("/rounds/leith/projects/new/", project).status_code == 302
    dear = client.post("/rounds/leith/steps/open_voting/").content.decode()
    assert "P-01 costs £13,000, and the pot holds £12,000." in dear
    assert client.post("/rounds/leith/projects/P-01/", {**project, "cost": "£3,000"}).status_code == 302
    assert client.get("/rounds/leith/steps/reopen_design/").status_code == 200
    with in_tenant(tenants.alpha):
        assert Round.objects.get(slug="leith").state == "ballot_prep"
    other = browser(tenants.beta)
    assert other.get("/rounds/leith/").status_code == 404


def test_only_officers_come_in(tenants: Any) -> None:
    stranger = SiteClient(tenants.alpha, purpose="staff")
    assert stranger.get("/rounds/new/").headers["Location"].startswith("/sign-in/")
    watching = browser(tenants.alpha, "observer")
    assert watching.get("/rounds/new/").status_code == 403
    assert browser(tenants.alpha).get("/rounds/new/").status_code == 200
