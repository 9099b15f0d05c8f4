"""Majority judgement: examples of Balinski and Laraki, and the middle taken away one by one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from core.counting import tie_break_from
from plugins.api import BallotFamily, Candidate, Instance, Profile, TieBreak
from plugins.bundled.outcome_majority_judgement.merit import merits_of, taken_away
from plugins.bundled.outcome_majority_judgement.rule import MajorityJudgement
from plugins.bundled.outcome_majority_judgement.settings import MajorityJudgementSettings
from tests.support.elections import Election, elections, keeps_its_word

RULE = MajorityJudgement()


def judged(grades: dict[str, list[int]]) -> Profile:
    """One ballot after another; `grades` holds what each gave a project."""
    refs = tuple(grades)
    rows: dict[tuple[tuple[int, int], ...], int] = {}
    for ballot in zip(*grades.values(), strict=True):
        row = tuple((column, grade) for column, grade in enumerate(ballot) if grade)
        rows[row] = rows.get(row, 0) + 1
    return Profile.build(BallotFamily.CARDINAL, refs, rows)


def middles(grades: list[int]) -> list[int]:
    """The majority value by the words of the rule: the lower middle, taken away, again and again."""
    row, found = sorted(grades), []
    while row:
        found.append(row.pop((len(row) - 1) // 2))
    return found


def ranked(grades: dict[str, list[int]]) -> tuple[str, ...]:
    instance = Instance(1000, tuple(Candidate(ref, 1) for ref in grades), currency="units", digits=0)
    outcome = RULE.decide(instance, judged(grades), MajorityJudgementSettings(minimum_grade=0), TieBreak(tuple(grades)))
    return outcome.allocation


@given(st.integers(0, 40))
@settings(max_examples=41)
def test_the_middle_is_taken_away(voters: int) -> None:
    row, expected = list(range(voters)), []
    while row:
        expected.append(row.pop((len(row) - 1) // 2))
    assert taken_away(voters).tolist() == expected


def test_equal_medians_are_told_apart_by_the_next_ones() -> None:
    """By hand, by the definition of the majority value in Balinski and Laraki 2007: the same middle grade of five.

    First: 8 9 10 11 12 has the majority value 10 9 11 8 12; second: 7 9 10 11 14 has 10 9 11 7 14. They part at the
    fourth, 8 against 7, whatever the 14.
    """
    grades = {"second": [7, 9, 10, 11, 14], "first": [8, 9, 10, 11, 12]}
    assert ranked(grades) == ("first", "second")
    instance = Instance(2, (Candidate("first", 1), Candidate("second", 1)), currency="units", digits=0)
    outcome = RULE.decide(instance, judged(grades), MajorityJudgementSettings(), TieBreak(("second", "first")))
    told = next(step for step in outcome.steps if "taken" in step.facts)
    assert told.facts["taken"] == 3
    assert "the same until 3 are gone; then it is 8 for first and 7 for second" in told.sentence.en
    assert outcome.ties == ()


def test_the_example_of_another_implementation() -> None:
    """PyPI majorityjudgement 0.1.2: two 0 and two 1 read 0 1 0 1; five and five are less than three and seven."""
    assert list(merits_of(judged({"a": [0, 0, 1, 1]}))[0].value) == [0, 1, 0, 1]
    assert ranked({"half": [0] * 5 + [1] * 5, "more": [0] * 3 + [1] * 7}) == ("more", "half")


def test_the_french_experiment_of_2007() -> None:
    """Orsay, 22 April 2007: the grades that Balinski and Laraki published, a missing one counted as the worst.

    The grades are very good down to reject, the order printed is Bayrou (Good+, 44.3 % better, 30.6 % worse), Royal
    (Good-, 39.4 and 41.5), Sarkozy (Good-, 38.9 and 46.9), Voynet (Acceptable-); the last tenths are those of rounded
    percentages.
    """
    shares = {  # in tenths of a percent, the best grade first
        "Bayrou": [136, 307, 251, 148, 84, 74],
        "Royal": [167, 227, 191, 168, 122, 125],
        "Sarkozy": [191, 198, 143, 115, 71, 282],
        "Voynet": [29, 93, 175, 237, 261, 205],
    }
    grades = {ref: [5 - place for place, share in enumerate(row) for _ in range(share)] for ref, row in shares.items()}
    assert {len(row) for row in grades.values()} == {1000}
    profile = judged(grades)
    merits = dict(zip(profile.refs, merits_of(profile), strict=True))
    assert {ref: (one.grade, one.better, one.worse) for ref, one in merits.items()} == {
        "Bayrou": (3, 443, 306),
        "Royal": (3, 394, 415),
        "Sarkozy": (3, 389, 468),
        "Voynet": (2, 297, 466),
    }
    assert ranked(dict(reversed(grades.items()))) == ("Bayrou", "Royal", "Sarkozy", "Voynet")


@given(
    elections(BallotFamily.CARDINAL, most=4),
    st.binary(max_size=3),
    st.integers(0, 4),
    st.sampled_from(["skip", "stop"]),
)
@settings(max_examples=300, deadline=None)
def test_projects_stand_by_the_middle_voter(election: Election, seed: bytes, minimum: int, too_dear: str) -> None:
    instance, profile = election
    order = tie_break_from(seed, profile.refs)
    chosen = MajorityJudgementSettings(minimum_grade=minimum, too_dear=too_dear)
    outcome = keeps_its_word(RULE, election, chosen, order)
    given_to: dict[str, list[int]] = {ref: [0] * profile.voters for ref in profile.refs}
    at = 0
    for row, times in enumerate(profile.multiplicity.tolist()):
        for cell in range(profile.start[row], profile.start[row + 1]):
            ref = profile.refs[profile.columns[cell]]
            given_to[ref][at : at + times] = [int(profile.scores[cell])] * times
        at += times
    costs = {one.ref: one.cost for one in instance.candidates}
    left, expected = instance.budget, []
    value = {ref: middles(row) for ref, row in given_to.items()}
    for ref in sorted(profile.refs, key=lambda ref: ([-grade for grade in value[ref]], order.rank(ref))):
        if value[ref][0] < minimum:
            continue
        if costs[ref] <= left:
            expected.append(ref)
            left -= costs[ref]
        elif too_dear == "stop":
            break
    assert list(outcome.allocation) == expected
