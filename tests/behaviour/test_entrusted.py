"""A council entrusts money to a group over its staff pages; both sides see the same line to the penny."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core.audit.outbox import parked
from core.kernel.clock import database_now
from core.kernel.errors import Refused
from core.proposals.models import Proposal
from core.rounds.delegation.models import DelegationAct
from core.rounds.delegation.sequencer import OfferTimes
from core.rounds.models import FundSource, Round
from core.rounds.services import fund_source_remove, round_advance
from core.voting.tally import tally_run
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from tenants.office.delegation.rules import Balances
from tenants.office.delegation.selectors import delegations_of, ledger_verify
from tenants.registry.context import Role, in_public, in_tenant
from tenants.registry.models import Tenant
from tenants.registry.selectors import tenant_by_slug
from tests.behaviour.test_manage_rounds import browser, fill, text
from tests.support.jobs import work
from tests.support.rounds import round_made
from tests.support.votes import ballots_in, by_force, closed
from tests.support.votes import round_made as voting_made

TERMS = "Spend it by March. Report what was awarded within a month."


@pytest.fixture
def group(tenants: Any) -> Any:
    with in_public():
        Tenant.objects.filter(id=tenants.beta.uuid).update(kind="community")
    return Tenant.objects


def pots(tenant: Any) -> dict[str, str]:
    with in_tenant(tenant):
        return {row.slug: str(row.pots.get().id) for row in Round.objects.all()}


def offer(client: Any, tenants: Any, pot: str, amount: str = "£5,000", **over: Any) -> Any:
    later = (database_now() + timedelta(days=30)).strftime("%d/%m/%Y")
    values = {
        "group": str(tenants.beta.uuid),
        "pot": pot,
        "amount": amount,
        "purpose_en": "Young people decide",
        "restriction": "health projects only",
        "terms": TERMS,
        "ends": later,
    }
    return fill(client, "/entrusted/new/", **{**values, **over})


def council_round(tenants: Any) -> str:
    with in_tenant(tenants.alpha):
        round_made("groups", name=LocalisedText("Money for groups"), pot=Money(3_000_000))
    return pots(tenants.alpha)["groups"]


def line(tenants: Any) -> Any:
    ours, theirs = delegations_of(tenants.alpha.uuid), delegations_of(tenants.beta.uuid)
    assert ours == theirs
    return ours[0]


def hidden_of(client: Any, path: str, form: str) -> dict[str, str]:
    found = re.findall(rf'name="({form}-\w+)" value="([^"]*)"', text(client.get(path)))
    return dict(found)


def do(client: Any, path: str, act: str, **values: str) -> Any:
    typed = {f"{act}-{name}": value for name, value in values.items()}
    return client.post(path, {**hidden_of(client, path, act), **typed, "do": act})


def test_from_offer_to_return_over_the_pages_of_both(tenants: Any, group: Any) -> None:
    pot = council_round(tenants)
    council, chair = browser(tenants.alpha), browser(tenants.beta)
    assert "No council has offered you money yet" in text(chair.get("/entrusted/"))
    assert offer(council, tenants, pot, "£20,000.01").status_code == 302
    assert "on its way to the ledger" in text(council.get("/entrusted/"))
    work(tenants.alpha)
    delegation = line(tenants).id
    path = f"/entrusted/{delegation}/"
    page = text(chair.get(path))
    assert TERMS in page
    assert "health projects only" in page
    # Read and accepted, never by accident; and not by the giver.
    assert do(chair, path, "accept").status_code == 422
    assert council.post(path, {"do": "accept", "accept-read": "on"}).status_code == 409
    assert do(chair, path, "accept", read="on").status_code == 302
    assert "On its way to the ledger" in text(chair.get(path))
    work(tenants.beta)
    assert line(tenants).balances == Balances(unspent=2_000_001)

    with in_tenant(tenants.beta):
        row = voting_made("ours")
        FundSource.objects.filter(pot__round=row).delete()
    assert do(chair, path, "place", round="ours", pot_en="Main").status_code == 302
    assert do(chair, path, "take_out").status_code == 302
    with in_tenant(tenants.beta):
        assert not FundSource.objects.filter(pot__round__slug="ours").exists()
    assert do(chair, path, "place", round="ours", pot_en="Main").status_code == 302
    with in_tenant(tenants.beta):
        source = FundSource.objects.get(pot__round__slug="ours")
        assert (source.amount, source.restriction, source.delegation) == (
            Money(2_000_001),
            "health projects only",
            delegation,
        )
        with pytest.raises(Refused, match="entrusted"):
            fund_source_remove(source=source, actor=None)
    edit = f"/rounds/ours/money/{source.pk}/"
    kept = {"name": source.name, "amount": "£6,000", "restriction": "", "pot_en": "Main"}
    assert fill(chair, edit, **kept, unrestricted="on").status_code == 409
    with in_tenant(tenants.beta), pytest.raises(Refused) as unsaid:
        round_advance(round=Round.objects.get(slug="ours"), verb="open_voting", actor=None)
    assert [one.code for one in unsaid.value.problems] == ["round.restriction_unsaid"]
    same = kept | {"amount": "£20,000.01", "restriction": "health projects only"}
    assert fill(chair, edit, **same, unrestricted="on").status_code == 302
    # Its kind of project is the group's to say; its sum and its words are not.
    said = {**kept, "amount": "£20,000.01", "restriction": "health projects only", "unrestricted": "on"}
    assert fill(chair, edit, **said).status_code == 302
    # Neither reported nor returned before it is decided.
    assert do(chair, path, "award", amount="£1").status_code == 409
    assert do(chair, path, "return", amount="£1").status_code == 409
    with in_tenant(tenants.beta):
        row = round_advance(round=Round.objects.get(slug="ours"), verb="open_voting", actor=None)
        refs = sorted(Proposal.objects.filter(round=row).values_list("ref", flat=True))
    # £10,000, £8,000 and £1,000.
    with in_tenant(tenants.beta, role=Role.WORKER):
        ballots_in(row.id, [(refs[0], refs[1], refs[4])])
    with in_tenant(tenants.beta):
        closed(row)
    assert do(chair, path, "take_out").status_code == 409
    with in_tenant(tenants.beta, role=Role.WORKER):
        tally_run(round_id=row.id)
    with in_tenant(tenants.beta):
        round_advance(round=Round.objects.get(slug="ours"), verb="publish_result", actor=None)
    page = text(chair.get(path))
    assert "The published result awards £19,000 in all" in page
    assert 'value="£19,000"' in page
    assert do(chair, path, "award", amount="£19,000.01").status_code == 409
    assert do(chair, path, "award", amount="£19,000").status_code == 302
    work(tenants.beta)
    assert 'value="£1,000.01"' in text(chair.get(path))
    assert do(chair, path, "return", amount="£1,000.01").status_code == 302
    work(tenants.beta)
    assert line(tenants).balances == Balances(awarded=1_900_000, returned=100_001)
    assert do(chair, path, "withdraw", amount="£1,000").status_code == 302
    work(tenants.beta)
    assert line(tenants).balances == Balances(awarded=1_800_000, returned=100_001, unspent=100_000)
    for client in (council, chair):
        seen = re.sub(r"<[^>]+>|\s+", " ", text(client.get(path)))
        for words in ("Offered £20,000.01", "Awarded £18,000", "Returned £1,000.01", "Not spent yet £1,000"):
            assert words in re.sub(r"\s+", " ", seen), (client.tenant.slug, words)
    assert ledger_verify()["ok"]


@pytest.mark.usefixtures("fleet_clean")
def test_an_offer_above_the_pot_in_the_past_or_of_what_is_being_decided_is_refused(tenants: Any, group: Any) -> None:
    pot = council_round(tenants)
    council = browser(tenants.alpha)
    for values, words in (
        ({"amount": "£30,000.01"}, "£30,000 of this pot can still be offered."),
        ({"amount": "-5"}, "less than nothing"),
        ({"amount": "0"}, "above £0"),
        ({"ends": "1/1/2020"}, "This day has passed."),
        ({"group": str(tenants.alpha.uuid)}, "not one of the available choices"),
        ({"terms": ""}, "Fill in “"),
    ):
        answer = offer(council, tenants, pot, **values)
        assert answer.status_code in (409, 422), values
        assert words in text(answer), values
        assert "Young people decide" in text(answer)
    assert offer(council, tenants, pot, "£20,000").status_code == 302
    # What is under way counts, before and after the ledger has it.
    assert "£10,000 of this pot" in text(offer(council, tenants, pot, "£10,001"))
    work(tenants.alpha)
    assert "£10,000 of this pot" in text(offer(council, tenants, pot, "£10,001"))
    with in_tenant(tenants.alpha), pytest.raises(Refused) as twice:
        round_advance(round=Round.objects.get(slug="groups"), verb="open_voting", actor=None)
    assert "round.entrusted" in [one.code for one in twice.value.problems]
    path = f"/entrusted/{line(tenants).id}/"
    assert do(council, path, "cancel").status_code == 302
    work(tenants.alpha)
    assert line(tenants).balances == Balances(lapsed=2_000_000)
    assert council.get("/entrusted/").status_code == 200
    with in_tenant(tenants.alpha):
        round_advance(round=Round.objects.get(slug="groups"), verb="open_voting", actor=None)
    assert "not one of the available choices" in text(offer(council, tenants, pot, "£1"))
    assert browser(tenants.beta).get("/entrusted/new/").status_code == 404


def test_what_the_ledger_refuses_is_shown_and_not_tried_again(tenants: Any, group: Any) -> None:
    pot = council_round(tenants)
    council = browser(tenants.alpha)
    assert offer(council, tenants, pot).status_code == 302
    # Between asking and signing the group is suspended: the rule says no.
    with in_public():
        Tenant.objects.filter(id=tenants.beta.uuid).update(state="suspended")
    work(tenants.alpha)
    assert work(tenants.alpha) == 0
    with in_tenant(tenants.alpha, role=Role.WORKER):
        act = DelegationAct.objects.get()
        assert (act.state, act.code) == ("refused", "delegation.not_a_group")
        assert parked() == []
    page = text(council.get("/entrusted/"))
    assert "was refused" in page
    assert "Choose a group whose space is active." in page
    # Refused, it no longer binds the pot.
    with in_public():
        Tenant.objects.filter(id=tenants.beta.uuid).update(state="active")
    assert offer(council, tenants, pot, "£30,000").status_code == 302
    work(tenants.alpha)
    assert line(tenants).balances.pending == 3_000_000


def test_strangers_to_a_line_find_nothing_and_only_officers_act(tenants: Any, group: Any) -> None:
    pot = council_round(tenants)
    assert offer(browser(tenants.alpha), tenants, pot).status_code == 302
    work(tenants.alpha)
    path = f"/entrusted/{line(tenants).id}/"
    assert browser(tenants.beta, name="chair").get(path).status_code == 200
    for role in ("round_manager", "steering_member", "observer", ""):
        client = browser(tenants.beta, role, name=f"n{role}")
        assert client.get(path).status_code == 403
        assert client.post(path, {"do": "decline"}).status_code == 403
    with in_public():
        hub = Tenant.objects.get(kind="hub").ref
    assert browser(hub).get(path).status_code == 404
    assert UUID(path.split("/")[2])
    assert line(tenants).balances.pending == 500_000


def test_an_offer_that_ran_out_lapses_by_itself_and_its_pot_is_free(tenants: Any, group: Any) -> None:
    pot = council_round(tenants)
    assert offer(browser(tenants.alpha), tenants, pot).status_code == 302
    work(tenants.alpha)
    hub = tenant_by_slug("hub")
    tenant_visit_parts(hub)
    assert line(tenants).balances.pending == 500_000
    by_force(tenants.alpha, "UPDATE public.delegation_delegation SET ends_at = now() - interval '1 minute'")
    # Only the national site's visit lapses: it is the office's act.
    tenant_visit_parts(tenants.alpha)
    assert line(tenants).balances.pending == 500_000
    tenant_visit_parts(hub)
    tenant_visit_parts(tenants.alpha)
    assert line(tenants).balances == Balances(lapsed=500_000)
    with in_tenant(tenants.alpha):
        round_advance(round=Round.objects.get(slug="groups"), verb="open_voting", actor=None)
    assert ledger_verify()["ok"]


def tenant_visit_parts(tenant: Any) -> None:
    """The part of the sequencer's visit that is about offers."""
    with in_tenant(tenant, role=Role.WORKER):
        OfferTimes().sequence(limit=100)
