"""A real election from a Pabulib file as a round: each of its ballots goes through the ballot box like any other.

Everything from the round's first row to the sealed box is one transaction, so nobody ever meets half an election, or a
vote that looks open to residents. Amounts are the file's own: one unit of its currency stands as one pound. A project
that costs more than the whole pot may not stand on a ballot here: it is withdrawn, and choices of it are left out.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from pydantic import ValidationError

from core.kernel.clock import database_now
from core.kernel.errors import Invalid, Refused
from core.people.models import Person, RoleGrant
from core.people.services import person_know, role_end, role_grant
from core.proposals.models import Proposal
from core.proposals.services import proposal_save
from core.rounds.models import Round
from core.rounds.services import fund_source_add, round_advance, round_create, rules_set
from core.voting.box import ballots_put, box_of
from core.voting.keys import keys_forget
from core.voting.services import opening_approve, roll_import
from plugins.api.errors import BallotInvalid
from plugins.api.kinds import BallotFormat
from plugins.api.money import LARGEST, Money
from plugins.api.pabulib import PabulibFile
from plugins.api.text import LocalisedText
from plugins.api.values import Ballot, BallotFamily, Offer, Project
from plugins.host.guard import Guarded
from plugins.host.selectors import active_modules, module
from tenants.registry.context import current_tenant

CHANNEL = "import"
NAMESPACE = "import"
RUNG = "import"
AT_ONCE = 2000
PENCE = 2  # places behind the point of a pound
# Letters that stand for themselves and so would be lost when an address is made of a place's name.
PLAIN = str.maketrans("ŁłØøĐđıÆæŒœ", "LlOoDdiAaOo") | {ord("ß"): "ss"}
REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,23}")
OPERATOR = "urn:commonty:operator"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Imported:
    """`refs` leads from a project's reference here to its identifier in the file."""

    round: Round
    ballots: int
    rejected: Mapping[str, int]
    notes: Sequence[str]
    refs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the file becomes, worked out before anything is written."""

    offer: Offer
    refs: tuple[str, ...]
    dear: frozenset[int]
    format: Guarded
    settings: Any
    ballots: tuple[bytes | None, ...]
    """For each distinct choice of the file its canonical ballot, or None where it was rejected."""
    rejected: Mapping[str, int]


def election_import(
    file: PabulibFile, *, rule: str, rule_settings: Mapping[str, Any], say: Say = lambda text: None
) -> Imported:
    """The file as a round at its count: cast, closed and sealed, with two operators' word that the box be opened.

    Raises Refused for ballots that no format here takes, and Invalid for amounts that cannot be kept.
    """
    plan = _plan(file)
    notes = list(file.notes)
    if plan.dear:
        named = ", ".join(file.projects[column].ref for column in sorted(plan.dear))
        notes.append(f"Dearer than the whole pot, so not on the ballot: {named}.")
    row: Round | None = None
    try:
        with transaction.atomic():
            row = _round_made(file, plan, rule=rule, rule_settings=rule_settings)
            row = round_advance(round=row, verb="open_voting", actor=None)
            cast = _cast_all(file, plan, row, say)
            row = round_advance(round=row, verb="close_voting", actor=None)
            for person in _operators(row):
                opening_approve(round=row, actor=person)
            for grant in RoleGrant.objects.filter(round_id=row.id):
                role_end(grant=grant, actor=None)
    except BaseException:
        # Also when it is stopped by hand: the rows are gone, so their keys go too.
        if row is not None:
            keys_forget(current_tenant().uuid, row.id)
        raise
    refs = {ref: project.ref for ref, project in zip(plan.refs, file.projects, strict=True)}
    return Imported(row, cast, plan.rejected, notes, refs)


def _pence(file: PabulibFile, amount: int) -> int:
    """An amount of the file in pence, a unit of the file being a pound. Raises Invalid where it is no whole pence."""
    whole, rest = divmod(amount * 10**PENCE, file.unit)
    if rest:
        raise Invalid("The file has amounts finer than a penny, which cannot be kept here.", code="import.amount")
    if whole > LARGEST:
        raise Invalid("The file has an amount larger than this service can hold.", code="import.amount")
    return int(whole)


def _refs(file: PabulibFile) -> tuple[str, ...]:
    """The file's identifiers where they can stand in an address, else numbers in the file's order."""
    found = tuple(project.ref for project in file.projects)
    if all(REF.fullmatch(ref) for ref in found):
        return found
    return tuple(f"P-{number:03}" for number in range(1, len(found) + 1))


def _format_for(file: PabulibFile) -> tuple[Guarded, Any]:
    """The ballot format that takes this file's ballots, with the limits the file states, else those its ballots keep.

    Raises Refused where a ballot here cannot hold what the file's ballots hold.
    """
    fewest, most = (_whole(file.meta.get(key, "")) for key in ("min_length", "max_length"))
    longest = max((len(choice) for choice in file.choices), default=1)
    highest = max((points for choice in file.choices for _column, points in choice), default=1)
    if file.family is BallotFamily.CUMULATIVE:
        total = _whole(file.meta.get("max_sum_points", ""))
        total = total or max((sum(points for _column, points in choice) for choice in file.choices), default=1)
        one = _whole(file.meta.get("max_points", ""))
        return _limited("points", {"total": total, "most": min(one, total), "projects": max(fewest, 1)})
    if file.family is BallotFamily.CARDINAL:
        best = _whole(file.meta.get("max_points", "")) or highest
        return _limited("score", {"lowest": 0, "highest": best, "projects": max(fewest, 1)})
    if file.family is BallotFamily.ORDINAL:
        return _limited("ranked", {"maximum": most or longest, "minimum": max(fewest, 1)})
    if file.vote_type == "choose-1":
        fewest = most = 1
    if fewest and fewest == most:
        return _limited("exact-k", {"count": most})
    return _limited("approval", {"minimum": max(fewest, 1), "maximum": most})


def _limited(key: str, limits: dict[str, int]) -> tuple[Guarded, Any]:
    form = module("ballot_format", key)
    try:
        return form, form.Settings.model_validate(limits)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "its limits"
        raise Refused(
            f"The file's ballots do not fit the ballot format {key} here ({name}: {first['msg']}).",
            code="import.limits",
            remedy="`commonty tally` counts the file without a round.",
        ) from error


def _ballot(file: PabulibFile, form: Guarded, settings: Any, pairs: list[tuple[str, int]]) -> Ballot:
    """What somebody chose in the file as a ballot of this format."""
    if file.family is BallotFamily.APPROVAL:
        return Ballot(form.key, tuple(ref for ref, _points in pairs))
    if file.family is BallotFamily.ORDINAL:
        # In the file's order of preference, which its points keep; the places close up where a project is left out.
        order = [ref for ref, _points in sorted(pairs, key=lambda pair: -pair[1])]
        return Ballot(form.key, tuple(order), tuple(settings.maximum - place for place in range(len(order))))
    return Ballot(form.key, tuple(ref for ref, _points in pairs), tuple(points for _ref, points in pairs))


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _plan(file: PabulibFile) -> _Plan:
    if file.budget <= 0:
        raise Refused("There is no money to decide on.", code="import.no_budget")
    form, settings = _format_for(file)
    refs = _refs(file)
    dear = frozenset(column for column, project in enumerate(file.projects) if project.cost > file.budget)
    offer = Offer(
        round="",
        budget=Money(_pence(file, file.budget)),
        projects=tuple(
            Project(ref, LocalisedText(project.title), Money(_pence(file, project.cost)), project.area)
            for column, (ref, project) in enumerate(zip(refs, file.projects, strict=True))
            if column not in dear
        ),
    )
    times = Counter(file.ballots)
    ballots: list[bytes | None] = []
    rejected: Counter[str] = Counter()

    def checked(near: BallotFormat) -> None:
        for number, choice in enumerate(file.choices):
            pairs = [(refs[column], points) for column, points in choice if column not in dear]
            ballot = _ballot(file, form, settings, pairs)
            try:
                ballots.append(near.canonical(near.parse(ballot, offer, settings)))
            except BallotInvalid as error:
                ballots.append(None)
                rejected[error.problems[0].code] += times[number]

    form.together(checked)
    return _Plan(offer, refs, dear, form, settings, tuple(ballots), dict(sorted(rejected.items())))


def _slug_free(wanted: str) -> str:
    base = slugify(wanted.translate(PLAIN))[:60].strip("-") or "imported-election"
    taken = set(Round.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug


def _round_made(file: PabulibFile, plan: _Plan, *, rule: str, rule_settings: Mapping[str, Any]) -> Round:
    meta = file.meta
    place = " ".join(meta[key] for key in ("unit", "subunit", "district") if meta.get(key))
    title = f"{place} {meta.get('instance', '')}".strip() or "Imported election"
    currency = meta.get("currency") or "the file’s currency"
    now = database_now()
    proofs = [one.key for one in active_modules("eligibility_proof")][:1]
    row = round_create(
        slug=_slug_free(title),
        name=LocalisedText(title),
        purpose=LocalisedText(
            f"A real election, put through this ballot box to show that it counts rightly: "
            f"{meta.get('description') or title}. Nobody here voted in it.",
            f"Taghadh fìor a chaidh a chur tron bhogsa-bhòtaidh seo gus sealltainn gu bheil e a’ cunntadh gu ceart: "
            f"{meta.get('description') or title}. Cha do bhòt duine an seo ann.",
        ),
        open_to_influence=LocalisedText("Which projects were paid for.", "Dè na pròiseactan dhan deach pàigheadh."),
        fixed=LocalisedText(
            f"Amounts are those of the file: one pound here stands for one unit of its currency ({currency}).",
            f"’S e suimean an fhaidhle a th’ annta: tha not an seo a’ seasamh airson aonad den airgead ({currency}).",
        ),
        eligibility=LocalisedText(
            "The ballots come from the file. Nobody can vote in this round.",
            "Tha na bhòtaichean a’ tighinn on fhaidhle. Chan urrainn do dhuine bhòtadh sa chuairt seo.",
        ),
        actor=None,
        ballot_opens_at=now - timedelta(seconds=1),
        ballot_closes_at=now + timedelta(hours=1),
        proofs=proofs,
        area_name=place[:120],
        min_age=0,
        is_demo=True,
    )
    fund_source_add(
        round=row,
        pot_name=LocalisedText("Budget of the election", "Buidseat an taghaidh"),
        name=(meta.get("unit") or "The file")[:120],
        amount=plan.offer.budget,
    )
    rules_set(
        round=row,
        ballot_format=plan.format.key,
        ballot_settings=plan.settings.model_dump(mode="json"),
        outcome_rule=rule,
        outcome_settings=rule_settings,
        actor=None,
    )
    for column, (ref, project) in enumerate(zip(plan.refs, file.projects, strict=True)):
        proposal_save(
            round=row,
            ref=ref,
            title=LocalisedText(project.title),
            cost=Money(_pence(file, project.cost)),
            area=project.area[:80],
            category=", ".join(project.categories)[:80],
            state=Proposal.State.WITHDRAWN if column in plan.dear else Proposal.State.ON_BALLOT,
            actor=None,
        )
    return round_advance(round=row, verb="prepare_ballot", actor=None)


def _cast_all(file: PabulibFile, plan: _Plan, row: Round, say: Say) -> int:
    """Every ballot that keeps the rules, in the file's order; returns how many."""
    box = box_of(row.id)
    waiting = (
        (voter, ballot)
        for voter, number in zip(file.voters, file.ballots, strict=True)
        if (ballot := plan.ballots[number]) is not None
    )
    cast = 0
    while batch := list(islice(waiting, AT_ONCE)):
        entries = roll_import(round_id=row.id, namespace=NAMESPACE, values=[voter for voter, _ in batch], rung=RUNG)
        keyed = [(entry, ballot, secrets.token_bytes(16)) for entry, (_, ballot) in zip(entries, batch, strict=True)]
        for outcome in ballots_put(box, keyed, channel=CHANNEL):
            if isinstance(outcome, Refused):
                raise outcome
        cast += len(batch)
        say(f"{cast:,} ballots cast")
    return cast


def _operators(row: Round) -> tuple[Person, Person]:
    """Two entries in the record for whoever runs this service, named as what they are and with no way to sign in.

    No officer is said to have agreed: a public file's ballots are no secret, and the operator chose to open them.
    """
    made = []
    for number in (1, 2):
        person = person_know(
            issuer=OPERATOR,
            subject=f"import-{number}",
            display_name=f"Import by the operator of this service ({number})",
        )
        role_grant(person=person, role=RoleGrant.Role.STEERING_MEMBER.value, giver=None, round_id=row.id)
        made.append(person)
    return made[0], made[1]
