"""Hypothesis strategies of the contract's own values: offers, ballots, counted profiles, settings."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from annotated_types import BaseMetadata
from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from pydantic import BaseModel, ValidationError

from plugins.api import (
    BallotFamily,
    Constraints,
    Instance,
    LocalisedText,
    Mark,
    Money,
    Offer,
    Pot,
    Profile,
    Project,
    ProjectRef,
)

AREAS = ("N1", "À2", "S/01")
REFS = st.text("ABCdé0123456789-/", min_size=1, max_size=8).filter(lambda ref: ref.strip("-/"))
Marks = dict[ProjectRef, int]


@st.composite
def offers(draw: DrawFn, *, least: int = 1, most: int = 8, areas: bool | None = None) -> Offer:
    """What voters choose from. With `areas`, projects lie in areas that have pots of their own, and some everywhere."""
    refs = draw(st.lists(REFS, min_size=least, max_size=most, unique=True))
    split = draw(st.booleans()) if areas is None else areas
    projects = []
    for number, ref in enumerate(refs, start=1):
        title = LocalisedText(f"Project {number}", f"Pròiseact {number}")
        area = draw(st.sampled_from(("", *AREAS))) if split else ""
        projects.append(Project(ref, title, Money(draw(st.integers(1, 50_00))), area))
    total = sum(project.cost.minor for project in projects)
    pots = tuple(Pot(area, Money(draw(st.integers(10_00, 100_00)))) for area in ("", *AREAS)) if split else ()
    budget = draw(st.integers(50_00, max(50_00, total) + 10_00))
    return Offer("round", Money(budget), tuple(projects), AREAS if split else (), pots=pots)


@st.composite
def marks_for(draw: DrawFn, rules: Constraints) -> Marks:
    """Marks that keep the rules a kiosk would check."""
    if rules.sections:
        common = [part for part in rules.sections if not part.area and part.refs]
        local = [part for part in rules.sections if part.area and part.refs]
        chosen = draw(st.lists(st.sampled_from(common), unique_by=id, max_size=len(common))) if common else []
        if local and (not chosen or draw(st.booleans())):
            chosen = [*chosen, draw(st.sampled_from(local))]
        found: Marks = {}
        for part in chosen:
            found.update(draw(marks_for(part)))
    else:
        found = draw(_marks(rules))
    if not rules.admits(found):
        reject()
    return found


@st.composite
def _marks(draw: DrawFn, rules: Constraints) -> Marks:
    refs = draw(st.permutations(rules.refs))
    most = min(rules.maximum or len(refs), len(refs))
    if most < rules.minimum:
        reject()
    if rules.costs and (rules.budget is not None or rules.spend_minimum):
        refs = _affordable(refs, rules, fill=draw(st.booleans()) or bool(rules.spend_minimum))
        most = min(most, len(refs))
    fewest = most if rules.spend_minimum else min(max(rules.minimum, 1), most)
    taken = refs[: draw(st.integers(fewest, most))]
    if rules.mark is Mark.TICK:
        return dict.fromkeys(taken, 1)
    if rules.mark is Mark.PLACE:
        return {ref: place for place, ref in enumerate(taken, start=1)}
    low = max(rules.lowest, 1) if rules.mark is Mark.POINTS else rules.lowest
    values = {ref: draw(st.integers(low, rules.highest)) for ref in taken}
    return values if rules.total is None else _within(values, rules, low)


def _affordable(refs: Sequence[ProjectRef], rules: Constraints, *, fill: bool) -> list[ProjectRef]:
    """The first ones that fit into the money; with `fill` also those that fit after one that did not."""
    cost = dict(zip(rules.refs, rules.costs, strict=True))
    left, kept = rules.budget if rules.budget is not None else sum(rules.costs), []
    for ref in refs:
        if cost[ref] <= left:
            left -= cost[ref]
            kept.append(ref)
        elif not fill:
            break
    return kept


def _within(values: Marks, rules: Constraints, low: int) -> Marks:
    """These points made to keep the total, by taking from or adding to one after another."""
    assert rules.total is not None
    difference = sum(values.values()) - rules.total
    for ref in values:
        if difference > 0:
            take = min(difference, values[ref] - low)
            values[ref], difference = values[ref] - take, difference - take
        elif difference < 0 and rules.use_all:
            add = min(-difference, rules.highest - values[ref])
            values[ref], difference = values[ref] + add, difference + add
    return values


def ballots_of(module: Any, offer: Offer, settings: Any) -> SearchStrategy[Marks]:
    """Ballots of a format as marks by project: those that its own constraints admit."""
    return marks_for(module.constraints(offer, settings))


def widest(rules: Constraints) -> Marks:
    """As many marks as one ballot can hold."""
    if rules.sections:
        part = max((one for one in rules.sections if one.area), key=lambda one: len(one.refs), default=None)
        parts = [one for one in rules.sections if not one.area] + ([part] if part else [])
        return {ref: mark for one in parts for ref, mark in widest(one).items()}
    refs = list(rules.refs)[: rules.maximum or len(rules.refs)]
    if rules.costs and rules.budget is not None:
        refs = _affordable(refs, rules, fill=True)
    if rules.mark is Mark.PLACE:
        return {ref: place for place, ref in enumerate(refs, start=1)}
    low = max(rules.lowest, 1) if rules.mark is Mark.POINTS else rules.lowest
    if rules.total is not None and low:
        refs = refs[: max(1, rules.total // low)]
    value = rules.highest if rules.total is None else low
    values = dict.fromkeys(refs, value if rules.mark is not Mark.TICK else 1)
    return _within(values, rules, low) if rules.total is not None else values


@st.composite
def profiles(draw: DrawFn, family: BallotFamily, refs: Sequence[ProjectRef], *, most: int = 12) -> Profile:
    """A counted profile of a family over these projects, blank ballots included."""
    columns = range(len(refs))
    rows: dict[tuple[tuple[int, int], ...], int] = {}
    for _ in range(draw(st.integers(0, most))):
        chosen = draw(st.lists(st.sampled_from(columns), unique=True, max_size=len(refs))) if refs else []
        if family is BallotFamily.ORDINAL:
            row = tuple(sorted((column, len(refs) - place) for place, column in enumerate(chosen)))
        elif family is BallotFamily.APPROVAL:
            row = tuple(sorted((column, 1) for column in chosen))
        else:
            row = tuple(sorted((column, draw(st.integers(1, 10))) for column in chosen))
        rows[row] = rows.get(row, 0) + draw(st.integers(1, 9))
    return Profile.build(family, refs, rows)


@st.composite
def elections(draw: DrawFn, family: BallotFamily, *, most: int = 7) -> tuple[Instance, Profile]:
    """What a rule is given: an instance and a profile over its projects. Costs, votes and budget meet in ties often."""
    offer = draw(offers(least=0, most=most))
    base = draw(st.sampled_from((1, 10_00, 10**6, 10**9)))
    candidates = tuple(
        replace(candidate, cost=base * draw(st.integers(0 if base > 1 else 1, 6)))
        for candidate in offer.instance().candidates
    )
    budget = base * draw(st.integers(0, 20))
    refs = [candidate.ref for candidate in candidates]
    return Instance(budget, candidates), draw(profiles(family, refs))


def settings_of(module: Any) -> SearchStrategy[BaseModel]:
    """Settings that a module's own model admits; some fields are left to their defaults."""
    return model_of(module.Settings)


@cache
def _form(model: type[BaseModel]) -> Mapping[str, Any]:
    """What a form is made from, by field."""
    found: Mapping[str, Any] = model.model_json_schema().get("properties", {})
    return found


@st.composite
def model_of(draw: DrawFn, model: type[BaseModel]) -> BaseModel:
    values: dict[str, Any] = {}
    form = _form(model)
    for name, known in model.model_fields.items():
        if known.is_required() or draw(st.booleans()):
            # What the form offers to tick, where a model says so beside its type.
            offered = form.get(name, {}).get("items", {}).get("enum")
            several = st.lists(st.sampled_from(offered), max_size=3, unique=True) if offered else None
            values[name] = draw(several if several is not None else _of(known.annotation, known.metadata))
    try:
        return model.model_validate(values)
    except ValidationError:
        reject()


def _of(kind: Any, metadata: Sequence[Any] = ()) -> SearchStrategy[Any]:
    origin, inside = get_origin(kind), get_args(kind)
    if inspect.isclass(kind) and issubclass(kind, BaseModel):
        return model_of(kind)
    if origin is Annotated:
        return _of(inside[0], [*metadata, *inside[1:]])
    if origin in (tuple, list) and inside and inside[-1] in (Ellipsis, inside[0]):
        several = st.lists(_of(inside[0]), max_size=3)
        return several.map(tuple) if origin is tuple else several
    if origin is dict and inside:
        return st.dictionaries(_of(inside[0]), _of(inside[1]), max_size=2)
    if kind is Any:
        return st.none() | st.booleans() | st.integers() | st.text(max_size=10)
    if kind is str and not metadata:
        return st.text(max_size=40)
    known = tuple(one for one in metadata if isinstance(one, BaseMetadata))
    limited: Any = Annotated[kind, *known] if known else kind
    return st.from_type(limited)


def json_of(settings: BaseModel) -> Mapping[str, Any]:
    """Settings as they are kept."""
    kept: Mapping[str, Any] = settings.model_dump(mode="json")
    return kept
