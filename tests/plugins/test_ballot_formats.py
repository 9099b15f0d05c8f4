"""What each bundled ballot format says and refuses. What all formats promise is in test_formats_contract.py."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import strategies as st
from pydantic import ValidationError

from core.counting import ballots_tally
from plugins.api import (
    Ballot,
    BallotFamily,
    BallotInvalid,
    Mark,
    Money,
    Offer,
    Profile,
    ProjectRef,
)
from plugins.bundled.ballot_approval.format import Approval
from plugins.bundled.ballot_exact_k.format import ExactK
from plugins.bundled.ballot_knapsack.format import Knapsack, KnapsackAreas
from plugins.bundled.ballot_majority_judgement.format import MajorityJudgement, MajorityJudgementAreas
from plugins.bundled.ballot_points.format import Points
from plugins.bundled.ballot_ranked.format import Ranked
from plugins.bundled.ballot_score.format import Score
from tests.support.ballots import AREAS, BY_NAME, CASES, NORTH, OFFER, PREFIXES, REFS, SOUTH, Case

each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
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


def test_areas_of_the_offer_are_those_that_the_cases_mean() -> None:
    assert {project.ref: project.area for project in OFFER.projects} == AREAS
