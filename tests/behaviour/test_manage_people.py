"""Officers give and take roles; without a second person the box could not be opened."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from core.people.models import RoleGrant
from core.people.selectors import roles_of
from core.people.services import person_know
from core.rounds.models import Round
from tenants.registry.context import in_tenant
from tests.behaviour.test_manage_rounds import WORDS, browser, fill, text

NEW = "/people/new/?name=mor"


def known(tenant: Any, name: str, *, issuer: str = "https://id.example") -> str:
    with in_tenant(tenant), transaction.atomic():
        return str(person_know(issuer=issuer, subject=name, display_name=name).public_id)


def test_a_role_is_given_to_somebody_who_has_signed_in_and_taken_away(tenants: Any) -> None:
    client = browser(tenants.alpha, name="anna")
    morag = known(tenants.alpha, "Morag Bain")
    known(tenants.alpha, "Mor Resident", issuer="https://residents.example")
    known(tenants.beta, "Morven Beta")
    assert fill(client, "/rounds/new/", **WORDS, slug="leith").status_code == 302
    assert "Anna" in text(client.get("/people/"))
    assert "Write at least two letters." in text(client.get("/people/new/?name=m"))
    nobody = text(client.get("/people/new/?name=zebra"))
    assert "Nobody called “zebra” has signed in here." in nobody
    found = text(client.get(NEW))
    assert "Morag Bain" in found
    # People of another provider, as residents are, and of another council are not listed.
    assert "Mor Resident" not in found
    assert "Morven" not in found
    for values, words in (
        ({}, "Choose a person."),
        ({"person": morag}, "Choose a role."),
        ({"person": morag, "role": "king"}, "not one of the available choices"),
        ({"person": morag, "role": "observer", "ends": "1/1/2020"}, "This day has passed."),
    ):
        refused = fill(client, NEW, **values)
        assert refused.status_code == 422, values
        assert words in text(refused), values
    with in_tenant(tenants.alpha):
        leith = Round.objects.get()
    one_round = {"person": morag, "role": "steering_member", "round_id": str(leith.id), "ends": "31 December 2098"}
    everywhere = fill(client, NEW, **{**one_round, "role": "officer"})
    assert everywhere.status_code == 422
    assert "An officer is one for every round." in text(everywhere)
    assert fill(client, NEW, **one_round).status_code == 302
    assert fill(client, NEW, **one_round).status_code == 422
    page = text(client.get("/people/"))
    assert "Steering group member" in page
    assert "Leith Chooses" in page
    assert "Wednesday 31 December 2098" in page
    with in_tenant(tenants.alpha):
        grant = RoleGrant.objects.get(role="steering_member")
        assert roles_of(grant.person, round_id=leith.id) == {"steering_member"}
        assert not roles_of(grant.person)
        assert str(grant.giver) == "Anna"
    address = f"/people/{grant.pk}/end/"
    assert "Steering group member" in text(client.get(address))
    assert browser(tenants.beta).post(address).status_code == 404
    assert client.post(address).status_code == 302
    assert client.get(address).status_code == 404
    with in_tenant(tenants.alpha):
        assert not roles_of(grant.person, round_id=leith.id)


def test_somebody_remains_an_officer(tenants: Any) -> None:
    client = browser(tenants.alpha, name="anna")
    with in_tenant(tenants.alpha):
        own = RoleGrant.objects.get()
    last = client.post(f"/people/{own.pk}/end/")
    assert last.status_code == 409
    assert "Somebody has to remain an officer of the council." in text(last)
    assert "Give the role to a second person first." in text(last)
    browser(tenants.alpha, name="bob")
    assert "your own role" in text(client.get(f"/people/{own.pk}/end/"))
    assert client.post(f"/people/{own.pk}/end/").status_code == 302
    assert client.get("/people/").status_code == 403


def test_only_officers_see_and_give_roles(tenants: Any) -> None:
    browser(tenants.alpha, name="anna")
    with in_tenant(tenants.alpha):
        grant = RoleGrant.objects.get()
    for role in ("round_manager", "steering_member", "observer", ""):
        client = browser(tenants.alpha, role)
        for path in ("/people/", "/people/new/", f"/people/{grant.pk}/end/"):
            assert client.get(path).status_code == 403, (role, path)
            assert client.post(path).status_code == 403, (role, path)
    with in_tenant(tenants.alpha):
        assert RoleGrant.objects.get(pk=grant.pk).ends_at is None
