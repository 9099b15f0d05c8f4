"""What groups of the council's own sign-in propose, and that only an officer's own act gives a role."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from core.audit.models import AuditEvent
from core.people.group_roles import MOST_LISTED, groups_compare
from core.people.models import GroupRole, Person, RoleGrant, RoleProposal
from core.people.privacy import OwnPart
from core.people.selectors import grants_active, roles_of
from core.people.services import person_know
from core.rounds.models import Round
from tenants.registry.context import Role, in_tenant
from tests.behaviour.test_manage_rounds import WORDS, browser, fill, text

LIST = "/people/groups/"
TEAM = "3f2b0c9e-6a1d-4e57-9c0b-2d8f7a6b1c34"


def comes(tenant: Any, name: str, *groups: str) -> Person:
    """Somebody signs in, and the council's own provider names them in these groups."""
    with in_tenant(tenant, role=Role.STAFF):
        person = person_know(issuer="https://id.example", subject=name, display_name=name)
        groups_compare(person=person, groups=groups)
        return person


def proposed(tenant: Any) -> list[RoleProposal]:
    with in_tenant(tenant):
        return list(RoleProposal.objects.filter(grant=None, declined_at=None).select_related("person"))


def decides(client: Any, row: RoleProposal, what: str) -> Any:
    return client.post(f"/people/proposed/{row.pk}/", {"decide": what})


def test_an_officer_keeps_a_short_list_of_groups(tenants: Any) -> None:
    client = browser(tenants.alpha, name="anna")
    assert "Groups that propose a role" in text(client.get("/people/"))
    assert "does not tell of groups yet" in text(client.get(LIST))
    assert fill(client, "/rounds/new/", **WORDS, slug="leith").status_code == 302
    with in_tenant(tenants.alpha):
        leith = str(Round.objects.get().id)
    for values, words in (
        ({"role": "observer"}, "Write the group."),
        ({"group": TEAM}, "Choose a role."),
        ({"group": TEAM, "role": "king"}, "not one of the available choices"),
        ({"group": "x" * 121, "role": "observer"}, "at most 120"),
        ({"group": TEAM, "role": "officer", "round_id": leith}, "An officer is one for every round."),
    ):
        refused = client.post(LIST, values)
        assert refused.status_code == 422, values
        assert words in text(refused), values
    good = {"group": f" {TEAM.upper()} ", "role": "round_manager", "round_id": leith}
    assert client.post(LIST, good).status_code == 302
    twice = client.post(LIST, {**good, "group": TEAM})
    assert twice.status_code == 422
    assert "This group proposes this role there already." in text(twice)
    page = text(client.get(LIST))
    assert TEAM.upper() in page
    assert "Leith Chooses" in page
    assert TEAM.upper() not in text(browser(tenants.beta).get(LIST))
    for role in ("round_manager", "observer"):
        other = browser(tenants.alpha, role)
        assert other.get(LIST).status_code == 403
        assert other.post(LIST, {**good, "role": "observer"}).status_code == 403
    with in_tenant(tenants.alpha), transaction.atomic():
        row = GroupRole.objects.get()
        more = [GroupRole(group=f"g{number}", role="observer") for number in range(MOST_LISTED - 1)]
        GroupRole.objects.bulk_create(more)
    full = client.post(LIST, {"group": "one more", "role": "observer"})
    assert full.status_code == 422
    assert "no more are possible" in text(full)
    off = f"{LIST}{row.pk}/end/"
    assert TEAM.upper() in text(client.get(off))
    assert client.post(off).status_code == 302
    assert client.post(off).status_code == 404
    with in_tenant(tenants.alpha):
        assert not GroupRole.objects.filter(pk=row.pk).exists()
        kinds = list(AuditEvent.objects.filter(kind__startswith="group_role").values_list("kind", flat=True))
        assert sorted(kinds) == ["group_role_listed", "group_role_unlisted"]


def test_a_group_proposes_and_an_officer_decides(tenants: Any) -> None:
    anna = browser(tenants.alpha, name="anna")
    browser(tenants.beta, name="bea")
    assert anna.post(LIST, {"group": TEAM, "role": "observer"}).status_code == 302
    morag = comes(tenants.alpha, "Morag", TEAM.upper(), "something else")
    comes(tenants.alpha, "Ross", "something else", "")
    comes(tenants.beta, "Morag", TEAM)
    assert proposed(tenants.beta) == [], "another council's list is another council's"
    (row,) = proposed(tenants.alpha)
    assert (row.person_id, row.role) == (morag.pk, "observer")
    with in_tenant(tenants.alpha):
        assert not grants_active(morag)
    page = text(anna.get("/people/"))
    assert "None of these people holds the role yet" in page
    assert f"/people/proposed/{row.pk}/" in page
    assert TEAM in text(anna.get(f"/people/proposed/{row.pk}/"))
    # Whoever may not give roles may not decide; nothing said is nothing decided.
    for client in (browser(tenants.alpha, "round_manager"), browser(tenants.alpha, "", name="Morag")):
        assert decides(client, row, "give").status_code == 403
    assert decides(browser(tenants.beta, name="bea"), row, "give").status_code == 404
    assert decides(anna, row, "").status_code == 200
    assert [one.pk for one in proposed(tenants.alpha)] == [row.pk]
    comes(tenants.alpha, "Morag", TEAM)
    assert len(proposed(tenants.alpha)) == 1, "once, however often somebody signs in"
    assert decides(anna, row, "give").status_code == 302
    assert decides(anna, row, "give").status_code == 404
    with in_tenant(tenants.alpha):
        (grant,) = grants_active(morag)
        assert (grant.role, str(grant.giver)) == ("observer", "Anna")
        fact = AuditEvent.objects.get(kind="role_granted", body__person=str(morag.public_id))
        assert fact.actor == grant.giver.public_id
    comes(tenants.alpha, "Morag", TEAM)
    assert proposed(tenants.alpha) == []
    assert "no longer names" not in text(anna.get("/people/"))
    comes(tenants.alpha, "Morag")
    assert "no longer names this person in" in text(anna.get("/people/"))
    with in_tenant(tenants.alpha):
        assert roles_of(morag) == {"observer"}, "a group takes nothing away either"
    comes(tenants.alpha, "Morag", TEAM)
    assert "no longer names" not in text(anna.get("/people/"))
    # Taken away, and still named: proposed once more, and not after an officer has said no.
    assert anna.post(f"/people/{grant.pk}/end/").status_code == 302
    comes(tenants.alpha, "Morag", TEAM)
    (again,) = proposed(tenants.alpha)
    assert decides(anna, again, "decline").status_code == 302
    comes(tenants.alpha, "Morag", TEAM)
    assert proposed(tenants.alpha) == []
    with in_tenant(tenants.alpha):
        assert AuditEvent.objects.filter(kind="role_proposal_declined").count() == 1
        line = GroupRole.objects.get()
    # Also not when the list is written anew; another person of the group is another question.
    assert anna.post(f"{LIST}{line.pk}/end/").status_code == 302
    assert anna.post(LIST, {"group": TEAM.upper(), "role": "observer"}).status_code == 302
    comes(tenants.alpha, "Morag", TEAM)
    comes(tenants.alpha, "Ross", TEAM)
    assert [str(one.person) for one in proposed(tenants.alpha)] == ["Ross"]


def test_what_is_gone_proposes_nothing(tenants: Any) -> None:
    anna = browser(tenants.alpha, name="anna")
    assert anna.post(LIST, {"group": "Team", "role": "observer"}).status_code == 302
    for gone in ("group", "line", "role given otherwise"):
        ross = comes(tenants.alpha, "Ross", "Team")
        (row,) = proposed(tenants.alpha)
        if gone == "group":
            comes(tenants.alpha, "Ross", "Tea", "m")
        elif gone == "line":
            with in_tenant(tenants.alpha):
                line = GroupRole.objects.get()
            assert anna.post(f"{LIST}{line.pk}/end/").status_code == 302
            comes(tenants.alpha, "Ross", "Team")
            assert anna.post(LIST, {"group": "Team", "role": "observer"}).status_code == 302
        else:
            fields = {"person": str(ross.public_id), "role": "observer"}
            assert fill(anna, "/people/new/?name=ross", **fields).status_code == 302
            refused = decides(anna, row, "give")
            assert refused.status_code == 409
            assert "holds this role there already" in text(refused)
            comes(tenants.alpha, "Ross", "Team")
        assert proposed(tenants.alpha) == [], gone
        assert decides(anna, row, "give").status_code == 404, gone
    with in_tenant(tenants.alpha):
        assert RoleGrant.objects.filter(person=ross).count() == 1


def test_what_was_proposed_is_in_the_persons_file_and_goes_with_them(tenants: Any) -> None:
    anna = browser(tenants.alpha, name="anna")
    assert anna.post(LIST, {"group": "Team", "role": "observer"}).status_code == 302
    ross, morag = comes(tenants.alpha, "Ross", "Team", "Choir"), comes(tenants.alpha, "Morag", "Team")
    with in_tenant(tenants.alpha, role=Role.WORKER), transaction.atomic():
        held = OwnPart().held(Person.objects.get(pk=ross.pk))
        assert [row["group"] for row in held["proposed"]] == ["Team"]
        assert "Choir" not in str(held)
        OwnPart().erase(Person.objects.get(pk=ross.pk))
        assert [row.person_id for row in RoleProposal.objects.all()] == [morag.pk]
