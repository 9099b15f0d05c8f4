"""What has to be done before a round can open: the list on its page, and where each refusal is mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.kernel.clock import database_now
from core.kernel.errors import NotFound
from core.proposals.models import Proposal
from core.rounds.lifecycle import GuardFailure
from core.rounds.models import Pot, Round, RuleSet
from core.rounds.parts import proofs_failures
from core.ui.templatetags.ui import moment
from plugins.api.money import Money
from plugins.host.selectors import active_modules, ballot_format, outcome_rule


@dataclass(frozen=True, slots=True)
class Task:
    """One part of a round: what it holds now, and whether that is enough to open voting."""

    key: str
    title: Any
    address: str
    summary: Any
    done: bool


def _address(name: str, row: Round, **more: str) -> str:
    return reverse(f"staff:{name}", kwargs={"slug": row.slug, **more})


def section_address(row: Round, section: str) -> str:
    return _address("section", row, section=section)


def rules_words(rules: RuleSet | None) -> str:
    """The ballot and the rule by their labels; empty where none is chosen, or one is not here any more."""
    if rules is None:
        return ""
    try:
        return f"{ballot_format(rules.ballot_format).label.en}; {outcome_rule(rules.outcome_rule).label.en}"
    except NotFound:
        return ""


def total_of(pots: Sequence[Pot]) -> Money:
    return sum((pot.total() for pot in pots), Money(0))


def tasks_of(row: Round, *, pots: Sequence[Pot], rules: RuleSet | None, projects: Sequence[Proposal]) -> list[Task]:
    """The parts of a round in the order in which officers usually write them."""
    total = total_of(pots)
    sources = sum(len(pot.sources.all()) for pot in pots)
    on_ballot = [one for one in projects if one.state == Proposal.State.ON_BALLOT]
    dear = [one for one in on_ballot if total.minor and one.cost > total]
    opens, closes = row.ballot_opens_at, row.ballot_closes_at
    dates_good = bool(opens and closes and opens < closes and closes > database_now())
    rule_names = rules_words(rules)
    voters = row.eligibility.en
    ways = [one.label.en for one in active_modules("deliberation") if one.key in row.deliberation]
    discussion = ", ".join(ways) or _("None")
    return [
        Task("words", _("Name and purpose"), section_address(row, "words"), row.purpose.en, bool(row.purpose.en)),
        Task(
            "decide",
            _("What residents decide"),
            section_address(row, "decide"),
            row.open_to_influence.en,
            bool(row.open_to_influence.en and row.fixed.en),
        ),
        Task("area", _("Area"), section_address(row, "area"), row.area_name or _("The whole area"), True),
        Task(
            "voters",
            _("Who may vote"),
            section_address(row, "voters"),
            voters,
            bool(voters) and not proofs_failures(row.proofs),
        ),
        Task("discussion", _("Discussion"), section_address(row, "discussion"), discussion, True),
        Task(
            "money",
            _("Money"),
            _address("money", row),
            _money(total, sources),
            total.minor > 0,
        ),
        Task(
            "dates",
            _("Dates"),
            section_address(row, "dates"),
            _("%(opens)s to %(closes)s") % {"opens": moment(opens), "closes": moment(closes)} if opens else "",
            dates_good,
        ),
        Task("rules", _("Ballot and result"), _address("rules", row), rule_names, bool(rule_names)),
        Task(
            "projects",
            _("Projects"),
            _address("projects", row),
            _projects(on_ballot, dear),
            bool(on_ballot) and not dear,
        ),
    ]


def _money(total: Money, sources: int) -> str:
    if not sources:
        return ""
    return ngettext("%(total)s from %(number)d source", "%(total)s from %(number)d sources", sources) % {
        "total": total,
        "number": sources,
    }


def _projects(on_ballot: Sequence[Proposal], dear: Sequence[Proposal]) -> Any:
    if not on_ballot:
        return ""
    words = _("%(number)d on the ballot") % {"number": len(on_ballot)}
    if dear:
        words += ". " + _("Above the pot: %(refs)s") % {"refs": ", ".join(one.ref for one in dear)}
    return words


# Where each refusal is mended. What a ballot or a rule says of the projects is mended where it is chosen.
MENDED: dict[str, str] = {
    "round.no_purpose": "words",
    "round.no_open_to_influence": "decide",
    "round.no_fixed": "decide",
    "round.no_eligibility": "voters",
    "round.no_proofs": "voters",
    "round.proofs_share": "voters",
    "round.proof_gone": "voters",
    "round.pot_empty": "money",
    "round.dates_order": "dates",
    "round.closes_in_past": "dates",
    "round.no_rules": "rules",
    "round.rules_gone": "rules",
    "round.rules_misfit": "rules",
    "round.plugin_failed": "rules",
    "round.no_projects": "projects",
    "round.project_above_pot": "projects",
    "voting.not_counted": "count",
}
PAGES: dict[str, Any] = {
    "words": _("Name and purpose"),
    "decide": _("What residents decide"),
    "voters": _("Who may vote"),
    "money": _("Money"),
    "dates": _("Dates"),
    "rules": _("Ballot and result"),
    "projects": _("Projects"),
    "count": _("The count"),
}


@dataclass(frozen=True, slots=True)
class Hindrance:
    """A guard that failed: what is wrong, what to do, and the page to do it on."""

    message: str
    remedy: str
    address: str
    page: Any


def hindrances(row: Round, failures: Sequence[GuardFailure]) -> list[Hindrance]:
    """What stands in the way, each with the page that mends it, where there is one."""
    found = []
    for failure in failures:
        where = MENDED.get(failure.code, "rules" if not failure.code.startswith(("round.", "voting.")) else "")
        if where in ("money", "rules", "projects", "count"):
            address = _address(where, row)
        else:
            address = section_address(row, where) if where else ""
        found.append(Hindrance(failure.message.en, failure.remedy.en, address, PAGES.get(where, "")))
    return found
