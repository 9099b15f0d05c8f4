"""The national indicators as functions of facts. Each gives numerator and denominator, or says why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from plugins.api import Answer, IndicatorValue, Moment, RoundFacts, Text
from plugins.bundled.evaluation_frameworks.framework import framework

Measured = Sequence[IndicatorValue]
Measuring = Callable[[str, RoundFacts, Sequence[Answer]], Measured]

# What an answer to a question of yes or no, or of how far somebody agrees, may be; who would rather not say is no part.
POSITIVE = frozenset({"yes", "agree", "agree-strongly"})
TELLING = POSITIVE | {"no", "neither", "disagree", "disagree-strongly"}
NOT_YET = Text("The result is not published yet.", "Chan eil an toradh foillsichte fhathast.")
NO_SURVEY = Text("No survey has been held.", "Cha deach suirbhidh a dhèanamh.")
NOT_KEPT = Text("Not recorded in this round.", "Cha deach seo a chlàradh sa chuairt seo.")
NOT_MONITORED = Text(
    "Not measured in this round: who took part may be asked only apart from the vote, and was not.",
    "Cha deach seo a thomhas sa chuairt seo: chan fhaodar faighneachd cò ghabh pàirt ach air leth bhon bhòt, agus "
    "cha deach.",
)
NO_SELF_CHECK = Text(
    "Not measured in this round: the Charter self-check was not held.",
    "Cha deach seo a thomhas sa chuairt seo: cha deach fèin-sgrùdadh na Cairte a dhèanamh.",
)
CHARTER = "charter-check"
RATED = frozenset("123456")


def rating(value: str) -> int:
    """A rating from 1 to 6; 0 for anything else."""
    return int(value) if value in RATED else 0


def rated(question: str, answers: Sequence[Answer]) -> tuple[list[int], bool]:
    """The ratings of a question that count, and whether the team has agreed on them: those agreed on, or else all."""
    mine = [answer for answer in answers if answer.question == question and rating(answer.value)]
    agreed = [answer for answer in mine if answer.agreed]
    return [rating(answer.value) for answer in agreed or mine], bool(agreed)


def surveyed(code: str, questions: Sequence[str], answers: Sequence[Answer]) -> Measured:
    """For each question the people who say yes, or agree, among those who answered it.

    A share gives away those who are not in it as well, so the figure is about the smaller of the two groups.
    """
    found = []
    for key in questions:
        given = [answer.value for answer in answers if answer.question == key and answer.value in TELLING]
        if not given:
            continue
        said_so = sum(value in POSITIVE for value in given)
        fewest = min(said_so, len(given) - said_so) or len(given)
        found.append(IndicatorValue(code, said_so, len(given), group=key, people=fewest))
    return found or [IndicatorValue(code, missing=NO_SURVEY)]


def _missing(why: Text) -> Measuring:
    return lambda code, facts, answers: [IndicatorValue(code, missing=why)]


def _decided(code: str, facts: RoundFacts, answers: Sequence[Answer]) -> Measured:
    if facts.ballots is None:
        return [IndicatorValue(code, missing=NOT_YET)]
    return [IndicatorValue(code, facts.money.allocated)]


def _undecided(code: str, facts: RoundFacts, answers: Sequence[Answer]) -> Measured:
    if facts.ballots is None:
        return [IndicatorValue(code, missing=NOT_YET)]
    return [IndicatorValue(code, facts.money.available - facts.money.allocated)]


def _activities(code: str, facts: RoundFacts, answers: Sequence[Answer]) -> Measured:
    """One value for each activity and channel: people who stand in several are counted in each."""
    if not facts.activities:
        return [IndicatorValue(code, missing=NOT_YET)]
    return [
        IndicatorValue(code, people, channel=name.partition("/")[2], group="", people=people)
        for name, people in sorted(facts.activities.items())
    ]


def _ballots(code: str, facts: RoundFacts, answers: Sequence[Answer]) -> Measured:
    if facts.ballots is None:
        return [IndicatorValue(code, missing=NOT_YET)]
    valid = facts.ballots.valid
    found = [IndicatorValue(code, valid, facts.eligible or None, people=valid)]
    refused = sum(facts.ballots.rejected.values())
    if refused:
        found.append(IndicatorValue(code, refused, group="rejected", people=refused))
    return found


def _states(code: str, facts: RoundFacts, answers: Sequence[Answer]) -> Measured:
    total = sum(number for state, number in facts.proposals.items() if state != "funded")
    if not total:
        return [IndicatorValue(code, missing=NOT_KEPT)]
    return [IndicatorValue(code, number, total, group=state) for state, number in sorted(facts.proposals.items())]


def _discussion(code: str, facts: RoundFacts, answers: Sequence[Answer]) -> Measured:
    if not facts.deliberation:
        return [IndicatorValue(code, missing=NOT_KEPT)]
    return [
        IndicatorValue(code, facts.deliberation[name], group=name)
        for name in ("published", "unanswered")
        if name in facts.deliberation
    ]


def _away_from_web(code: str, facts: RoundFacts, answers: Sequence[Answer]) -> Measured:
    if facts.ballots is None:
        return [IndicatorValue(code, missing=NOT_YET)]
    away = sum(number for channel, number in facts.ballots.by_channel.items() if channel != "web")
    return [IndicatorValue(code, away, sum(facts.ballots.by_channel.values()), people=away)]


def _charter(code: str, facts: RoundFacts, answers: Sequence[Answer]) -> Measured:
    """Sum and number of the ratings of each feature, from the last time the self-check was held in this round."""
    check = framework(CHARTER)
    given = [answer for answer in answers if answer.instrument.startswith(f"{CHARTER}-")]
    for moment in reversed(Moment):
        found = []
        for one in check.questions:
            ratings, agreed = rated(one.key, given)
            if one.moment is moment and ratings:
                people = None if agreed else len(ratings)
                found.append(IndicatorValue(code, sum(ratings), len(ratings), group=one.section, people=people))
        if found:
            return found
    return [IndicatorValue(code, missing=NO_SELF_CHECK)]


def _sum_of(name: str) -> Measuring:
    def measured(code: str, facts: RoundFacts, answers: Sequence[Answer]) -> Measured:
        counts: Mapping[str, int] = getattr(facts, name)
        if not counts:
            return [IndicatorValue(code, missing=NOT_KEPT)]
        return [IndicatorValue(code, number, group=group) for group, number in sorted(counts.items())]

    return measured


NATIONAL: Mapping[str, Measuring] = {
    "I01": _decided,
    "I02": _undecided,
    "I03": _activities,
    "I04": _ballots,
    "I05": _missing(NO_SURVEY),
    "I06": _missing(NO_SURVEY),
    "I07": _missing(NOT_MONITORED),
    "I08": _missing(NO_SURVEY),
    "I09": _missing(NO_SURVEY),
    "I10": _states,
    "I11": _sum_of("clocks"),
    "I12": _discussion,
    "I13": _sum_of("milestones"),
    "I14": _sum_of("efforts"),
    "I15": _missing(NO_SURVEY),
    "I16": _missing(NOT_KEPT),
    "I17": _charter,
    "I18": _away_from_web,
    "I19": _sum_of("organisations"),
    "I20": _sum_of("events"),
    "I21": _missing(NOT_KEPT),
}
