"""A round moves on as a whole or not at all, in its own tenant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

import core.rounds.parts
from core.audit.models import AuditEvent
from core.kernel.clock import database_now
from core.kernel.errors import Invalid, Refused
from core.people.services import person_know, role_grant
from core.proposals.parts import ProjectsReady
from core.proposals.services import proposal_save
from core.rounds import ports
from core.rounds.models import FundSource, Round, RoundTransition, RuleSet
from core.rounds.parts import ProofsReady
from core.rounds.selectors import pot_total
from core.rounds.services import fund_source_add, round_advance, round_change, round_create, rules_set
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from plugins.host.failures import PluginFailure
from plugins.host.selectors import ballot_format
from tenants.registry.context import Role, in_tenant


def words(text: str) -> LocalisedText:
    return LocalisedText(text)


class BallotBox:
    """Stands for the module that holds ballots: says that it is there, and does nothing."""

    name = "voting"
    verbs = frozenset({"open_voting", "close_voting", "publish_result"})

    def guards(self, round: Round) -> list[Any]:
        return []

    def effect(self, round: Round, actor: Any) -> None:
        pass


@pytest.fixture
def parts() -> Iterator[list[Any]]:
    """The parts of rounds and projects and a ballot box, whatever else is bound; a test may add one."""
    before = list(ports._parts)
    mine: list[Any] = [ProofsReady(), ProjectsReady(), BallotBox()]
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
    fund_source_add(
        round=row,
        pot_name=words("Main"),
        name="Health",
        amount=Money(450_000),
        restriction="health only",
        category="health",
    )
    rules_set(
        round=row,
        ballot_format="approval",
        ballot_settings={},
        outcome_rule="greedy-skip",
        outcome_settings={},
        actor=None,
    )
    proposal_save(round=row, title=words("Benches"), cost=Money(100_000), category="health", actor=None)
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
        name = "failing"
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


def test_without_a_ballot_box_no_vote_opens(tenants: Any, parts: list[Any]) -> None:
    with in_tenant(tenants.alpha):
        row = make_ready()
        ports.bind_parts(part for part in parts if part.name != "voting")
        with pytest.raises(Refused) as refused:
            round_advance(round=row, verb="open_voting", actor=None)
        assert [failure.code for failure in refused.value.problems] == ["round.part_missing"]
        ports.bind_parts(parts)
        assert round_advance(round=row, verb="open_voting", actor=None).state == "voting"
        ports.bind_parts(part for part in parts if part.name != "voting")
        for verb in ("close_voting", "publish_result"):
            with pytest.raises(Refused):
                round_advance(round=row, verb=verb, actor=None)
        assert Round.objects.get(pk=row.pk).state == "voting"


def test_a_fault_of_a_module_is_a_reason_not_to_open(tenants: Any, parts: list[Any]) -> None:
    """What was chosen may be switched off, outgrow its settings or fail: each is said, and nothing opens."""
    with in_tenant(tenants.alpha):
        row = make_ready()
        for change, code in (
            ({"ballot_format": "no-such-format"}, "round.rules_gone"),
            ({"outcome_rule": "no-such-rule"}, "round.rules_gone"),
            ({"ballot_settings": {"maximum": -5}}, "round.rules_misfit"),
            ({"outcome_settings": {"unheard": "of"}}, "round.rules_misfit"),
        ):
            last = RuleSet.objects.filter(round=row).latest("version")
            values = {
                "ballot_format": "approval",
                "ballot_settings": {},
                "outcome_rule": "greedy-skip",
                "outcome_settings": {},
                **change,
            }
            with transaction.atomic():
                RuleSet.objects.create(round=row, version=last.version + 1, **values)
            with pytest.raises(Refused) as refused:
                round_advance(round=row, verb="open_voting", actor=None)
            assert [failure.code for failure in refused.value.problems] == [code]
            assert all(failure.remedy.en and failure.remedy.gd for failure in refused.value.problems)
        rules_set(
            round=row,
            ballot_format="approval",
            ballot_settings={},
            outcome_rule="greedy-skip",
            outcome_settings={},
            actor=None,
        )
        assert round_advance(round=row, verb="open_voting", actor=None).state == "voting"


def test_a_raising_plugin_does_not_open_a_vote(tenants: Any, parts: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    class Raising:
        def __init__(self, key: str) -> None:
            self.Settings = ballot_format(key).Settings

        def check(self, offer: Any, settings: Any) -> list[Any]:
            raise PluginFailure(plugin="stranger", method="check", reason="it raised an error")

    with in_tenant(tenants.alpha):
        row = make_ready()
        with monkeypatch.context() as patch:
            patch.setattr("core.proposals.parts.ballot_format", Raising)
            with pytest.raises(Refused) as refused:
                round_advance(round=row, verb="open_voting", actor=None)
        assert [failure.code for failure in refused.value.problems] == ["round.plugin_failed"]
        assert "stranger" in refused.value.problems[0].message.en
        assert round_advance(round=row, verb="open_voting", actor=None).state == "voting"


def test_rules_are_checked_and_written_out(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = make_round()
        common: dict[str, Any] = {"round": row, "ballot_format": "exact-k", "outcome_settings": {}, "actor": None}
        for wrong, path in (
            ({"ballot_settings": {"count": 0}, "outcome_rule": "greedy-skip"}, "ballot_format.count"),
            ({"ballot_settings": {"colour": 1}, "outcome_rule": "greedy-skip"}, "ballot_format.colour"),
            ({"ballot_settings": {}, "outcome_rule": "dice"}, "outcome_rule"),
        ):
            with pytest.raises(Invalid) as invalid:
                rules_set(**{**common, **wrong})
            assert [problem.path for problem in invalid.value.problems] == [path]
        assert not RuleSet.objects.exists()
        made = rules_set(**common, ballot_settings={"count": 2}, outcome_rule="equal-shares")
        assert made.ballot_settings == {"count": 2}
        # What was left to its default is written out, so that a later default changes nothing here.
        assert made.outcome_settings["completion"] == "add1"


def test_the_rules_of_an_open_vote_cannot_be_changed_in_the_database_either(tenants: Any, parts: list[Any]) -> None:
    def new_version(round: Round) -> None:
        RuleSet.objects.create(round=round, version=9, ballot_format="approval", outcome_rule="greedy-stop")

    with in_tenant(tenants.alpha):
        row = make_ready()
        rules = RuleSet.objects.get(round=row)
        # No role rewrites or removes a version, whatever the state.
        with pytest.raises(DatabaseError), transaction.atomic():
            RuleSet.objects.filter(pk=rules.pk).update(outcome_rule="greedy-stop")
        with pytest.raises(DatabaseError), transaction.atomic():
            rules.delete()
        with transaction.atomic():
            FundSource.objects.filter(pot__round=row, name="Health").update(name="Health Board")
            row.proposals.update(area="Leith")
        round_advance(round=row, verb="open_voting", actor=None)
        for late in (
            lambda: new_version(row),
            lambda: FundSource.objects.filter(pot__round=row).update(amount=Money(1)),
            lambda: row.pots.create(name=words("Second")),
            lambda: row.proposals.update(cost=Money(1)),
            lambda: row.proposals.first().delete(),
            lambda: Round.objects.filter(pk=row.pk).update(revisable=True),
            lambda: Round.objects.filter(pk=row.pk).update(proofs=["national-sign-in"]),
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                late()
        # Another round of this council is not touched by it.
        other = make_round("granton")
        new_version(other)
        assert RuleSet.objects.filter(round=other).count() == 1


def test_what_people_wrote_stays_with_the_step(tenants: Any, parts: list[Any]) -> None:
    said = "A resident, Mrs Campbell, has complained."
    with in_tenant(tenants.alpha):
        row = round_advance(round=make_ready(), verb="open_voting", actor=None)
        officer = person_know(issuer="https://id.example", subject="officer", display_name="O")
        role_grant(person=officer, role="officer", giver=None)
        with pytest.raises(Refused) as silent:
            round_advance(round=row, verb="suspend", actor=officer)
        assert [failure.code for failure in silent.value.problems] == ["round.reason_missing"]
        with pytest.raises(Invalid):
            round_advance(round=row, verb="suspend", actor=officer, reason_code="because", reason=said)
        round_advance(round=row, verb="suspend", actor=officer, reason_code="legal", reason=said)
        step = RoundTransition.objects.get(round=row, verb="suspend")
        assert (step.reason, step.reason_code, step.actor) == (said, "legal", officer.public_id)
        fact = AuditEvent.objects.get(kind="round_advanced", body__verb="suspend")
        assert fact.body["reason"] == "legal"
        assert "Campbell" not in str(fact.body)
        # A step that was taken is written once.
        with pytest.raises(DatabaseError), transaction.atomic():
            RoundTransition.objects.filter(pk=step.pk).update(reason="nothing was said")
        assert round_advance(round=row, verb="resume", actor=officer).state == "voting"
    with in_tenant(tenants.alpha, role=Role.VOTER):
        # Residents' pages may list the steps, and cannot read what was written or by whom.
        assert RoundTransition.objects.filter(round=row).values_list("verb", flat=True).count() == 4
        with pytest.raises(DatabaseError), transaction.atomic():
            list(RoundTransition.objects.filter(round=row).values_list("reason", flat=True))


def test_two_doors_must_lead_to_one_entry(tenants: Any, parts: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    class Card:
        namespaces = frozenset({"card"})

    real = core.rounds.parts.eligibility_proof
    with in_tenant(tenants.alpha):
        row = make_ready()
        monkeypatch.setattr(
            "core.rounds.parts.eligibility_proof", lambda key: Card() if key == "young-scot-card" else real(key)
        )
        with pytest.raises(Invalid) as twice:
            round_change(round=row, actor=None, proofs=["code-by-email", "young-scot-card"])
        assert twice.value.code == "round.proofs_share"
        with pytest.raises(Invalid):
            round_change(round=row, actor=None, proofs=["no-such-proof"])
        Round.objects.filter(pk=row.pk).update(proofs=[])
        with pytest.raises(Refused) as nobody:
            round_advance(round=row, verb="open_voting", actor=None)
        assert [failure.code for failure in nobody.value.problems] == ["round.no_proofs"]
        round_change(round=row, actor=None, proofs=["code-by-email", "national-sign-in"])
        assert round_advance(round=row, verb="open_voting", actor=None).state == "voting"
        with pytest.raises(Refused):
            round_change(round=row, actor=None, proofs=["code-by-email"])
