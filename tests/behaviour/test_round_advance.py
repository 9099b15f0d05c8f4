"""A round moves on as a whole or not at all, in its own tenant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.audit.models import AuditEvent
from core.kernel.clock import database_now
from core.kernel.errors import Invalid, Refused
from core.people.services import person_know
from core.proposals.services import ProjectsReady, proposal_save
from core.rounds import ports
from core.rounds.models import FundSource, Round
from core.rounds.selectors import pot_total
from core.rounds.services import fund_source_add, round_advance, round_create, rules_set
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from tenants.registry.context import in_tenant


def words(text: str) -> LocalisedText:
    return LocalisedText(text)


@pytest.fixture
def parts() -> Iterator[list[Any]]:
    """The projects' part alone, whatever else is bound; a test may add one."""
    before = list(ports._parts)
    mine: list[Any] = [ProjectsReady()]
    ports.bind_parts(mine)
    yield mine
    ports.bind_parts(before)


def make_round(slug: str = "leith") -> Round:
    now = database_now()
    return round_create(
        slug=slug,
        name=words("Leith Chooses"),
        purpose=words("Better streets"),
        open_to_influence=words("Which projects"),
        fixed=words("The sum"),
        eligibility=words("Anyone who lives here"),
        actor=None,
        ballot_opens_at=now,
        ballot_closes_at=now + timedelta(days=7),
        proofs=["code-by-email"],
    )


def make_ready(slug: str = "leith") -> Round:
    row = make_round(slug)
    fund_source_add(round=row, pot_name=words("Main"), name="Council", amount=Money(3_000_000))
    fund_source_add(round=row, pot_name=words("Main"), name="Health", amount=Money(450_000), restriction="health only")
    rules_set(
        round=row,
        ballot_format="approval",
        ballot_settings={},
        outcome_rule="greedy-skip",
        outcome_settings={},
        actor=None,
    )
    proposal_save(round=row, title=words("Benches"), cost=Money(100_000), actor=None)
    return round_advance(round=row, verb="prepare_ballot", actor=None)


def test_a_ready_round_opens_and_is_then_frozen(tenants: Any, parts: list[Any]) -> None:
    with in_tenant(tenants.alpha):
        row = make_ready()
        assert pot_total(row) == Money(3_450_000)
        opened = round_advance(round=row, verb="open_voting", actor=None)
        assert opened.state == "voting"
        assert AuditEvent.objects.filter(kind="round_advanced", body__verb="open_voting").count() == 1
        with pytest.raises(Refused) as frozen:
            fund_source_add(round=row, pot_name=words("Main"), name="More", amount=Money(1))
        assert frozen.value.code == "round.frozen"
        with pytest.raises(Refused):
            proposal_save(round=row, title=words("Late"), cost=Money(1), actor=None)
    with in_tenant(tenants.beta):
        assert not Round.objects.exists()


def test_a_refusal_names_each_guard(tenants: Any, parts: list[Any]) -> None:
    with in_tenant(tenants.alpha):
        row = round_advance(round=make_round(), verb="prepare_ballot", actor=None)
        with pytest.raises(Refused) as bare:
            round_advance(round=row, verb="open_voting", actor=None)
        codes = {failure.code for failure in bare.value.problems}
        assert codes == {"round.pot_empty", "round.no_rules", "round.no_projects"}
        other = make_ready("granton")
        proposal_save(round=other, title=words("A bridge"), cost=Money(9_000_000), actor=None)
        with pytest.raises(Refused) as dear:
            round_advance(round=other, verb="open_voting", actor=None)
        failure = next(item for item in dear.value.problems if item.code == "round.project_above_pot")
        assert failure.message.en == "P-02 costs £90,000, and the pot holds £34,500."
        assert failure.remedy.en


def test_an_effect_that_fails_leaves_nothing(tenants: Any, parts: list[Any]) -> None:
    class Failing:
        verbs = frozenset({"open_voting"})

        def guards(self, round: Round) -> list[Any]:
            return []

        def effect(self, round: Round, actor: Any) -> None:
            FundSource.objects.create(pot=round.pots.first(), name="half written", amount=Money(1))
            raise RuntimeError("the freezer is broken")

    with in_tenant(tenants.alpha):
        row = make_ready()
        ports.bind_parts([*parts, Failing()])
        before = AuditEvent.objects.count()
        with pytest.raises(RuntimeError):
            round_advance(round=row, verb="open_voting", actor=None)
        assert Round.objects.get(pk=row.pk).state == "ballot_prep"
        assert not FundSource.objects.filter(name="half written").exists()
        assert AuditEvent.objects.count() == before


def test_without_a_role_nobody_moves_a_round(tenants: Any, parts: list[Any]) -> None:
    with in_tenant(tenants.alpha):
        row = make_round()
        stranger = person_know(issuer="https://id.example", subject="stranger", display_name="S")
        with pytest.raises(Refused) as refused:
            round_advance(round=row, verb="prepare_ballot", actor=stranger)
        assert refused.value.code == "round.not_allowed"
        assert round_advance(round=row, verb="prepare_ballot", actor=None).state == "ballot_prep"
        assert round_advance(round=row, verb="reopen_design", actor=None).state == "design"


def test_the_database_refuses_what_services_would(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = make_round()
        with pytest.raises(Invalid) as taken:
            make_round()
        assert taken.value.code == "round.slug_taken"
        with pytest.raises(IntegrityError), transaction.atomic():
            Round.objects.filter(pk=row.pk).update(state="nowhere")
        with pytest.raises(IntegrityError), transaction.atomic():
            Round.objects.filter(pk=row.pk).update(ballot_closes_at=row.ballot_opens_at)
        with pytest.raises(IntegrityError), transaction.atomic():
            row.pots.create(name=words("Main")).sources.create(name="Debt", amount=Money(-1))
