"""Ballots of every bundled format: read back, refused, checked without a network, and sealed as the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from core.counting import ballots_tally
from core.kernel.crypto import pad
from plugins.api import (
    Ballot,
    BallotFamily,
    BallotInvalid,
    LocalisedText,
    Mark,
    Money,
    Offer,
    Profile,
    Project,
    ProjectRef,
    Text,
)
from plugins.api.marking import LONGEST
from plugins.bundled.ballot_approval.format import Approval
from plugins.bundled.ballot_exact_k.format import ExactK
from plugins.bundled.ballot_knapsack.format import Knapsack, KnapsackAreas
from plugins.bundled.ballot_majority_judgement.format import MajorityJudgement, MajorityJudgementAreas
from plugins.bundled.ballot_points.format import Points
from plugins.bundled.ballot_ranked.format import Ranked
from plugins.bundled.ballot_score.format import Score
from tests.support.ballots import AREAS, BY_NAME, CASES, NORTH, OFFER, PREFIXES, REFS, SOUTH, Case

each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
quick = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
WORDS = st.one_of(
    st.text(),
    st.sampled_from(["", " ", "-1", "+1", "1.0", "1e3", "NaN", "inf", "٣", "三", "0x1", "1_0", "9" * 400, "\x00", "￿"]),
    st.sampled_from(REFS),
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
NAMES = st.one_of(
    st.sampled_from(["project", "area", *(prefix + ref for prefix in PREFIXES.values() for ref in (*REFS, "P-99"))]),
    st.text(),
)
MARKS = st.dictionaries(st.sampled_from(REFS), st.integers(0, 11))


def codes(error: BallotInvalid) -> set[str]:
    return {problem.code for problem in error.problems}


def refusal(case: Case, raw: Any) -> BallotInvalid:
    with pytest.raises(BallotInvalid) as refused:
        case.format.parse(raw, OFFER, case.settings)
    assert refused.value.problems
    for problem in refused.value.problems:
        assert problem.message.en
        assert problem.message.gd
    return refused.value


def texts(value: Any) -> Iterator[Text]:
    """Every Text in a value, however deep."""
    if isinstance(value, Text):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from texts(one)
    elif is_dataclass(value):
        for field in fields(value):
            yield from texts(getattr(value, field.name))


@each
def test_what_was_marked_comes_back(case: Case) -> None:
    ballot = case.format.parse(case.posted(case.good) | {"other": ["x"]}, OFFER, case.settings)
    assert set(ballot.choices) == set(case.good)
    assert case.format.parse(ballot, OFFER, case.settings) == ballot
    assert case.format.parse(case.format.draft(ballot), OFFER, case.settings) == ballot
    data = case.format.canonical(ballot)
    assert case.format.restore(data) == ballot
    assert case.format.parse(case.format.restore(data), OFFER, case.settings) == ballot
    assert len(case.format.summary(ballot, OFFER)) == len(case.good)
    assert set(case.format.scores(ballot, OFFER)) == {
        r for r, value in case.good.items() if value or case.mark is Mark.TICK
    }


@each
@given(random=st.randoms())
@quick
def test_the_order_of_fields_is_not_part_of_a_ballot(case: Case, random: Any) -> None:
    pairs = list(case.good.items())
    first = case.format.parse(case.posted(pairs), OFFER, case.settings)
    random.shuffle(pairs)
    shown = replace(OFFER, projects=tuple(random.sample(OFFER.projects, len(REFS))))
    again = case.format.parse(case.posted(pairs), shown, case.settings)
    assert case.format.canonical(again) == case.format.canonical(first)


@each
@given(marks=MARKS)
@settings(deadline=None, max_examples=200)
def test_what_a_kiosk_checks_is_what_parse_checks(case: Case, marks: dict[ProjectRef, int]) -> None:
    if case.mark is Mark.TICK:
        marks = dict.fromkeys(marks, 1)
    if case.mark is Mark.POINTS:
        marks = {ref: value for ref, value in marks.items() if value}
    admitted = case.format.constraints(OFFER, case.settings).admits(marks)
    try:
        ballot = case.format.parse(case.posted(marks), OFFER, case.settings)
    except BallotInvalid:
        assert not admitted
    else:
        assert admitted
        assert case.format.restore(case.format.canonical(ballot)) == ballot
        assert case.format.parse(case.format.draft(ballot), OFFER, case.settings) == ballot


@each
def test_the_good_ballot_is_admitted_and_a_stranger_is_not(case: Case) -> None:
    rules = case.format.constraints(OFFER, case.settings)
    assert rules.admits(case.good)
    assert not rules.admits({**case.good, "P-99": 1})
    assert not rules.admits({})


@each
def test_strangers_doubles_and_nothing_are_refused(case: Case) -> None:
    assert "ballot.unknown_project" in codes(refusal(case, case.posted({**case.good, "P-99": 1})))
    ref, value = next(iter(case.good.items()))
    twice = [*case.good.items(), (ref, value)]
    assert "ballot.duplicate" in codes(refusal(case, case.posted(twice)))
    assert codes(refusal(case, {})) == {"ballot.none"}
    assert codes(refusal(case, {name: [""] for name in case.posted(case.good)})) == {"ballot.none"}


@each
@given(raw=st.dictionaries(NAMES, JUNK | st.lists(WORDS)) | JUNK)
@quick
def test_junk_is_refused_and_nothing_else(case: Case, raw: Any) -> None:
    """Whatever is posted is a ballot that keeps the rules, or BallotInvalid with words; never another error."""
    for posted in (raw, {"project": raw}, {PREFIXES.get(case.mark, "project") + "P-01": [raw]}, {"area": raw}):
        try:
            ballot = case.format.parse(posted, OFFER, case.settings)
        except BallotInvalid as error:
            said = error.problems
        else:
            said = ()
            assert case.format.restore(case.format.canonical(ballot)) == ballot
            assert case.format.parse(ballot, OFFER, case.settings) == ballot
        assert all(problem.message.en and problem.message.gd for problem in said)


@each
@pytest.mark.parametrize("text", ["-1", "+3", "1.5", "1e0", "NaN", "٣", "¹", "9" * 7, "9" * 5000, "one", "1 1", "0x1"])
def test_what_is_no_whole_number_is_refused_at_its_field(case: Case, text: str) -> None:
    if case.mark is Mark.TICK:
        assert "ballot.unknown_project" in codes(refusal(case, {"project": [text]}))
        return
    field = PREFIXES[case.mark] + "P-01"
    problems = refusal(case, {field: [text]}).problems
    assert [problem.path for problem in problems] == [field]
    assert "Project P-01" in problems[0].message.en
    assert "Pròiseact P-01" in problems[0].message.gd


@each
def test_ten_thousand_entries_are_refused(case: Case) -> None:
    many = [(f"X-{number}", 1) for number in range(10_000)]
    assert "ballot.unknown_project" in codes(refusal(case, case.posted(many)))
    doubled = [(REFS[number % len(REFS)], 1) for number in range(10_000)]
    assert "ballot.duplicate" in codes(refusal(case, case.posted(doubled)))


@each
@given(
    choices=st.lists(st.sampled_from((*REFS, "P-99")) | st.integers() | st.none(), max_size=6),
    points=st.lists(st.integers() | st.booleans() | st.text(), max_size=6),
    key=st.sampled_from([one.format.key for one in CASES]),
)
@quick
def test_a_ballot_that_was_made_up_is_checked_like_any_other(
    case: Case, choices: list[Any], points: list[Any], key: str
) -> None:
    try:
        ballot = case.format.parse(Ballot(key, tuple(choices), tuple(points)), OFFER, case.settings)
    except BallotInvalid:
        return
    assert key == case.format.key
    assert case.format.parse(ballot, OFFER, case.settings) == ballot


@each
@given(data=st.binary() | st.text().map(str.encode) | JUNK.map(lambda value: repr(value).encode()))
@quick
def test_bytes_that_were_never_sealed_are_refused(case: Case, data: bytes) -> None:
    with pytest.raises(BallotInvalid):
        case.format.restore(data)


@each
def test_only_one_way_of_writing_is_restored(case: Case) -> None:
    data = case.format.canonical(case.format.parse(case.posted(case.good), OFFER, case.settings))
    others = [
        data.replace(b":", b": ", 1),
        data.replace(b"}", b',"more":1}'),
        data.replace(case.format.key.encode(), b"other", 1),
        data + b" ",
        b"[" * 60_000,
        b"[" * 100_000,
        data[:-1],
    ]
    if case.mark is not Mark.PLACE:
        ballot = case.format.restore(data)
        backwards = replace(ballot, choices=ballot.choices[::-1], points=ballot.points[::-1])
        assert case.format.canonical(backwards) == data
    for other in others:
        with pytest.raises(BallotInvalid):
            case.format.restore(other)


def test_sealed_bytes_do_not_depend_on_the_process() -> None:
    program = (
        "import sys\n"
        "from tests.support.ballots import CASES, OFFER\n"
        "for case in CASES:\n"
        "    raw = case.posted(sorted(set(case.good.items()), key=hash))\n"
        "    ballot = case.format.parse(raw, OFFER, case.settings)\n"
        "    sys.stdout.buffer.write(case.format.canonical(ballot) + b'\\n')\n"
    )
    written = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    here = b"".join(
        case.format.canonical(case.format.parse(case.posted(case.good), OFFER, case.settings)) + b"\n" for case in CASES
    )
    assert written == {here}


@each
def test_the_longest_ballot_has_a_bound(case: Case) -> None:
    """Five hundred projects with references as long as they may be, everything marked."""
    projects = tuple(
        Project(f"{number:03}" + "🌳" * 21, LocalisedText("Project"), Money(1), (NORTH, "")[number % 2])
        for number in range(500)
    )
    offer = replace(OFFER, projects=projects, pots=tuple(replace(pot, budget=Money(1000)) for pot in OFFER.pots))
    marks = {project.ref: 3 for project in projects}
    wide: dict[str, Any] = {
        "approval": {},
        "exact-k": {"count": 500},
        "points": {"total": 1000, "most": 3, "projects": 1},
        "ranked": {"maximum": 20},
    }
    name = case.format.key
    if name == "ranked":
        marks = {project.ref: place for place, project in enumerate(projects[:20], start=1)}
    if "points" in name:
        marks = {project.ref: 2 for project in projects}
    chosen = case.format.Settings.model_validate(wide.get(name, {}))
    if name == "points-areas":
        chosen = case.format.Settings.model_validate({"local": {"total": 1000}, "everywhere": {"total": 1000}})
    data = case.format.canonical(case.format.parse(case.posted(marks), offer, chosen))
    assert len(pad(data)) <= LONGEST
    assert len(case.format.restore(data).choices) == len(marks)


@each
def test_every_word_is_there_in_both_languages(case: Case) -> None:
    ballot = case.format.parse(case.posted(case.good), OFFER, case.settings)
    shown = [
        case.format.label,
        case.format.description,
        case.format.instructions(OFFER, case.settings),
        case.format.form(OFFER, case.settings, case.posted(case.good)),
        case.format.form(OFFER, case.settings, {}),
        case.format.paper(OFFER, case.settings),
        list(case.format.summary(ballot, OFFER)),
    ]
    found = [text for value in shown for text in texts(_plain(value)) if text.en]
    assert len(found) > 10
    assert [text for text in found if not text.gd] == []
    same = {text.en for text in found if text.en == text.gd}
    assert not any(word in sentence for sentence in same for word in ("project", "Choose", "score", "points"))


def _plain(value: Any) -> Any:
    context = getattr(value, "context", None)
    return dict(context) if context is not None else value


@each
def test_the_form_shows_what_was_filled_in(case: Case) -> None:
    context = case.format.form(OFFER, case.settings, case.posted(case.good)).context
    rows = [row for sheet in context["sheets"] for row in sheet["rows"]]
    by_ref = {row["ref"]: row for row in rows}
    for ref, value in case.good.items():
        row = by_ref[ref]
        assert row["checked"] if case.mark is Mark.TICK else row["value"] == str(value)
    filled = {row["ref"] for row in rows if row.get("checked") or row.get("value")}
    assert filled == set(case.good)


@each
def test_the_form_stands_whatever_was_kept(case: Case) -> None:
    for raw in ({"project": ["P-99"]}, {"area": ["Nowhere"]}, {name: ["x", "y"] for name in case.posted(case.good)}):
        assert case.format.form(OFFER, case.settings, raw).context["sheets"]


@each
def test_paper_holds_every_project_once_with_its_boxes(case: Case) -> None:
    paper = case.format.paper(OFFER, case.settings)
    parts = paper.sections or (paper,)
    assert sorted(ref for part in parts for ref in part.refs) == sorted(REFS)
    for part in parts:
        assert len(part.lines) == len(part.refs)
        assert part.mark is case.mark
        assert part.boxes_per_line == (len(part.heads) or 1)
    assert [part.area for part in parts] == (["", NORTH, SOUTH] if paper.sections else [""])


@each
def test_the_parts_of_a_ballot_hold_every_project_once(case: Case) -> None:
    sheets = case.format.sheets(OFFER, case.settings)
    assert sorted(ref for sheet in sheets for ref in sheet.refs) == sorted(REFS)
    if case.name.endswith("-areas"):
        assert [(sheet.area, sheet.budget) for sheet in sheets] == [
            (area, OFFER.pot(area)) for area in ("", NORTH, SOUTH)
        ]
    else:
        assert [sheet.budget for sheet in sheets] == [OFFER.budget]


@each
def test_officers_hear_nothing_of_rules_that_can_be_kept_and_of_an_empty_offer(case: Case) -> None:
    assert case.format.check(OFFER, case.settings) == []
    empty = Offer("round", Money(1), ())
    assert case.format.check(empty, case.settings)[0].code == "offer.no_projects"


@each
def test_a_count_reads_what_was_sealed(case: Case) -> None:
    ballot = case.format.parse(case.posted(case.good), OFFER, case.settings)
    sealed = case.format.canonical(ballot)
    tally = ballots_tally(
        ballot_format=case.format, settings=case.settings, offer=OFFER, ballots=[sealed] * 3 + [b"{}", sealed[:-1]]
    )
    assert (tally.valid, tally.invalid) == (3, 2)
    scores = case.format.scores(ballot, OFFER)
    assert {ref: points for ref, points in tally.points.items() if points} == {r: 3 * s for r, s in scores.items()}
    for sheet in case.format.sheets(OFFER, case.settings):
        part = tally.profile.part(sheet.refs)
        inside = {ref: 3 * score for ref, score in scores.items() if ref in sheet.refs}
        assert part.refs == sheet.refs
        assert {ref: points for ref, points in part.points_of().items() if points} == inside
        assert part.voters == (3 if inside else 0)


def test_a_part_of_a_profile_joins_what_is_the_same_there() -> None:
    rows = {((0, 1), (1, 2)): 4, ((0, 1), (2, 5)): 3, ((2, 1),): 2, (): 7}
    whole = Profile.build(BallotFamily.CUMULATIVE, ("a", "b", "c"), rows)
    part = whole.part(("a",))
    assert (part.distinct, part.voters, part.points_of()) == (1, 7, {"a": 7})
    swapped = whole.part(("c", "b"))
    assert (swapped.voters, swapped.points_of()) == (9, {"c": 17, "b": 8})
    assert whole.part(whole.refs).points_of() == whole.points_of()
    with pytest.raises(KeyError):
        whole.part(("d",))


@pytest.mark.parametrize(
    ("name", "marks", "code"),
    [
        ("exact-k", {"P-01": 1}, "ballot.too_few"),
        ("exact-k", {"P-01": 1, "P-02": 1, "P-03": 1}, "ballot.too_many"),
        ("approval", dict.fromkeys(REFS, 1), "ballot.too_many"),
        ("knapsack", dict.fromkeys(REFS, 1), "ballot.over_budget"),
        ("knapsack-floor", {"P-01": 1}, "ballot.under_minimum"),
        ("points", {"P-01": 6, "P-02": 5}, "ballot.over_total"),
        ("points", {"P-01": 7}, "ballot.too_many_points"),
        ("points-all", {"P-01": 4, "P-02": 3, "P-03": 2}, "ballot.points_left"),
        ("points-all", {"P-01": 10}, "ballot.too_few"),
        ("ranked", {"P-01": 1, "P-02": 1}, "ballot.same_place"),
        ("ranked", {"P-01": 1, "P-02": 3}, "ballot.gap"),
        ("ranked", {"P-01": 2}, "ballot.gap"),
        ("ranked", {"P-01": 5}, "ballot.no_such_place"),
        ("ranked", {"P-01": 0}, "ballot.no_such_place"),
        ("ranked-two", {"P-01": 1}, "ballot.too_few"),
        ("score", {"P-01": 6}, "ballot.out_of_range"),
        ("score-range", {"P-01": 0, "P-02": 3}, "ballot.out_of_range"),
        ("score-range", {"P-01": 3}, "ballot.too_few"),
        ("majority-judgement", {"P-01": 4}, "ballot.no_such_grade"),
        ("approval-areas", {"P-01": 1, "P-03": 1}, "ballot.two_areas"),
        ("approval-areas", {"P-06": 1, "pròiseact": 1}, "ballot.too_many"),
        ("knapsack-areas", {"P-03": 1, "M/01/X": 1}, "ballot.over_budget"),
        ("points-areas", {"P-06": 6}, "ballot.too_many_points"),
    ],
)
def test_a_ballot_that_breaks_a_rule_is_refused_and_says_which(
    name: str, marks: dict[ProjectRef, int], code: str
) -> None:
    case = BY_NAME[name]
    assert code in codes(refusal(case, case.posted(marks)))
    assert not case.format.constraints(OFFER, case.settings).admits(marks)


def test_every_combination_of_three_ticks_keeps_the_pot_of_a_knapsack() -> None:
    case = BY_NAME["knapsack"]
    cost = {project.ref: project.cost.minor for project in OFFER.projects}
    for ticks in product((False, True), repeat=len(REFS)):
        marks = {ref: 1 for ref, ticked in zip(REFS, ticks, strict=True) if ticked}
        fits = bool(marks) and sum(cost[ref] for ref in marks) <= 60_00
        try:
            case.format.parse(case.posted(marks), OFFER, case.settings)
        except BallotInvalid:
            assert not fits
        else:
            assert fits


def test_an_order_is_sealed_in_its_order_and_scored_from_the_top() -> None:
    case = BY_NAME["ranked"]
    ballot = case.format.parse(case.posted({"P-01": 2, "M/01/X": 1}), OFFER, case.settings)
    assert ballot.choices == ("M/01/X", "P-01")
    assert case.format.scores(ballot, OFFER) == {"M/01/X": 4, "P-01": 3}
    assert case.format.canonical(ballot) == b'{"choices":["M/01/X","P-01"],"format":"ranked","points":[4,3]}'
    other = case.format.parse(case.posted({"P-01": 1, "M/01/X": 2}), OFFER, case.settings)
    assert case.format.canonical(other) != case.format.canonical(ballot)
    with pytest.raises(BallotInvalid):
        case.format.parse(Ballot("ranked", ("M/01/X", "P-01"), (3, 4)), OFFER, case.settings)


def test_no_points_are_the_same_as_an_empty_field_and_the_worst_grade_is_not() -> None:
    points, grades = BY_NAME["points"], BY_NAME["majority-judgement"]
    given_none = points.format.parse(points.posted({"P-01": 3, "P-02": 0}), OFFER, points.settings)
    assert given_none == points.format.parse(points.posted({"P-01": 3}), OFFER, points.settings)
    judged = grades.format.parse(grades.posted({"P-01": 3, "P-02": 0}), OFFER, grades.settings)
    assert judged != grades.format.parse(grades.posted({"P-01": 3}), OFFER, grades.settings)
    assert grades.format.scores(judged, OFFER) == {"P-01": 3}
    assert [line.detail.en for line in grades.format.summary(judged, OFFER)] == [
        "Excellent · £10",
        "Not convinced · £15",
    ]
    assert grades.format.summary(judged, OFFER)[1].detail.gd == "Chan eil mi cinnteach às · £15"


def test_an_area_that_was_chosen_decides_what_is_shown_and_kept() -> None:
    case = BY_NAME["approval-areas"]
    shown = case.format.form(OFFER, case.settings, {"area": [SOUTH]}).context
    assert [row["ref"] for sheet in shown["sheets"] for row in sheet["rows"]] == ["pròiseact", "P-06", "P-03", "M/01/X"]
    assert [one["value"] for one in shown["areas"]["options"] if one["checked"]] == [SOUTH]
    none = case.format.form(OFFER, case.settings, {}).context
    assert [row["ref"] for sheet in none["sheets"] for row in sheet["rows"]] == ["pròiseact", "P-06"]
    other = refusal(case, {"area": [SOUTH], "project": ["P-01"]})
    assert codes(other) == {"ballot.other_area"}
    assert other.problems[0].path == "area"
    assert codes(refusal(case, {"area": ["Nowhere"], "project": ["P-01"]})) == {"ballot.unknown_area"}
    assert codes(refusal(case, {"area": [NORTH, SOUTH], "project": ["P-01"]})) == {"ballot.unknown_area"}
    only_all = case.format.parse({"area": [NORTH], "project": ["P-06"]}, OFFER, case.settings)
    assert only_all.choices == ("P-06",)


def test_officers_hear_of_limits_that_cannot_be_met() -> None:
    def said(module: Any, **chosen: Any) -> set[str]:
        problems = module.check(OFFER, module.Settings.model_validate(chosen))
        assert all(one.message.en and one.message.gd for one in problems)
        return {one.code for one in problems}

    assert said(Approval(), minimum=7) == {"ballot_format.minimum"}
    assert said(ExactK(), count=7) == {"ballot_format.count"}
    assert said(Knapsack(), cap=32_00) == {"ballot_format.too_dear"}
    assert said(Knapsack(), floor=90_00) == set()
    assert said(Knapsack(), cap=200_00, floor=150_00) == {"ballot_format.floor"}
    assert said(Points(), total=100, projects=7) == {"ballot_format.projects"}
    assert said(Points(), total=100, most=10, use_all=True) == {"ballot_format.use_all"}
    assert said(Ranked(), minimum=7, maximum=9) == {"ballot_format.minimum"}
    assert said(Score(), projects=7) == {"ballot_format.projects"}
    assert said(MajorityJudgement(), projects=7) == {"ballot_format.projects"}
    assert said(MajorityJudgementAreas(), local={"projects": 3}) == {"ballot_format.projects"}
    no_pots = replace(OFFER, pots=())
    module = KnapsackAreas()
    assert {one.code for one in module.check(no_pots, module.Settings())} == {"ballot_format.no_pot"}
    assert module.check(no_pots, module.Settings(local={"cap": 60_00}, everywhere={"cap": 60_00})) == []
    flat = replace(OFFER, projects=tuple(replace(one, area="") for one in OFFER.projects))
    assert [one.code for one in module.check(flat, module.Settings())] == ["offer.no_areas"]


@pytest.mark.parametrize(
    ("module", "chosen"),
    [
        (Approval, {"minimum": 3, "maximum": 2}),
        (Knapsack, {"cap": 10, "floor": 11}),
        (Knapsack, {"cap": -1}),
        (Points, {"total": 5, "most": 6}),
        (Points, {"total": 2, "projects": 3}),
        (Points, {"total": 0}),
        (Ranked, {"minimum": 4, "maximum": 3}),
        (Ranked, {"maximum": 21}),
        (Score, {"lowest": 5, "highest": 5}),
        (MajorityJudgement, {"grades": [{"en": "Good", "gd": "Math"}]}),
        (MajorityJudgement, {"grades": [{"en": "Good", "gd": "Math"}, {"en": "good ", "gd": "Eile"}]}),
        (MajorityJudgement, {"grades": [{"en": "Good", "gd": ""}, {"en": "Bad", "gd": "Dona"}]}),
        (
            MajorityJudgementAreas,
            {"local": {"grades": [{"en": "Yes", "gd": "Tha"}, {"en": "No", "gd": "Chan eil"}]}},
        ),
        (Score, {"more": 1}),
    ],
)
def test_settings_that_contradict_themselves_are_refused(module: Any, chosen: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        module.Settings.model_validate(chosen)


@each
def test_settings_come_back_from_json(case: Case) -> None:
    kept = case.settings.model_dump(mode="json")
    assert case.format.Settings.model_validate(kept) == case.settings


def test_areas_of_the_offer_are_those_that_the_cases_mean() -> None:
    assert {project.ref: project.area for project in OFFER.projects} == AREAS
