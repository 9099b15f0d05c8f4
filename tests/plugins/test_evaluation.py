"""Frameworks as files, figures from facts, small numbers hidden, and the page of two councils."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from core.evaluation.suppression import HIDDEN, suppressed
from core.rounds.models import Round
from core.rounds.services import round_advance
from plugins.api import Answer, Audience, BallotFacts, Cell, MoneyFacts, ReportSpec, RoundFacts, Section, Table, Text
from plugins.bundled.evaluation_frameworks.framework import FOLDER, FrameworkInvalid, framework_read
from plugins.bundled.evaluation_frameworks.modules import CharterCheck, GlasgowToolkit, NationalCore
from tenants.registry.context import Role, in_tenant
from tests.support.votes import ballots_in, counted, voting_open

PAGE = "/rounds/leith/evaluation/"
NO_CONTEXT: Any = None
CHANGES: dict[str, Any] = {
    "an unknown unit": (lambda one: one["indicators"][0].update(unit="furlongs"), "indicators.0.unit"),
    "a double": (lambda one: one["indicators"].append(one["indicators"][0]), "The indicator I01 stands twice."),
    "a stray": (lambda one: one["indicators"][0].update(section="nowhere"), "section nowhere, which is not there"),
    "a circle": (
        lambda one: (one["sections"][0].update(under="people"), one["sections"][1].update(under="money")),
        "under itself",
    ),
    "no English": (lambda one: one.update(title={"en": "", "gd": "Gàidhlig"}), "title.en"),
    "a word too many": (lambda one: one.update(colour="red"), "colour"),
}


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_a_framework_that_does_not_hold_together_is_refused_by_name(change: str) -> None:
    raw = json.loads((FOLDER / "national-core.json").read_text("utf-8"))
    assert framework_read(json.dumps(raw).encode()).key == "national-core"
    alter, told = CHANGES[change]
    alter(raw)
    with pytest.raises(FrameworkInvalid) as caught:
        framework_read(json.dumps(raw).encode())
    assert told in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b'"x"'])
def test_what_is_no_framework_at_all(data: bytes) -> None:
    with pytest.raises(FrameworkInvalid):
        framework_read(data)


def test_the_national_indicators_are_all_there_in_both_languages_and_core() -> None:
    found = NationalCore().indicators(NationalCore.Settings())
    assert [one.code for one in found] == [f"I{number:02}" for number in range(1, 22)]
    assert all(one.is_core and one.title.gd and one.definition.gd and one.method.gd for one in found)


def test_figures_follow_from_facts_with_numerator_and_denominator_apart() -> None:
    facts = RoundFacts(
        round="leith",
        money=MoneyFacts(available=3_000_000, allocated=2_500_000),
        ballots=BallotFacts(valid=100, by_channel={"web": 80, "paper_event": 20}, rejected={"invalid": 3}),
        activities={"votes/web": 80, "votes/paper_event": 20},
        proposals={"on_ballot": 6, "withdrawn": 1, "funded": 4},
        eligible=1000,
    )
    core = NationalCore()
    found: dict[str, list[Any]] = {}
    for value in core.measure(NO_CONTEXT, facts, ()):
        found.setdefault(value.code, []).append(value)
    assert found["I01"][0].numerator == 2_500_000
    assert found["I02"][0].numerator == 500_000
    assert (found["I04"][0].numerator, found["I04"][0].denominator) == (100, 1000)
    assert found["I18"][0].value == Fraction(20, 100)
    assert {(one.group, one.numerator, one.denominator) for one in found["I10"]} == {
        ("on_ballot", 6, 7),
        ("withdrawn", 1, 7),
        ("funded", 4, 7),
    }
    assert found["I05"][0].missing.en
    assert found["I05"][0].value is None
    assert set(found) == {one.code for one in core.indicators(core.Settings())}
    # Before the result nothing is told that a ballot could be guessed from.
    early = core.measure(NO_CONTEXT, RoundFacts(round="leith", ballots=None), ())
    assert all(one.missing.en for one in early if one.code in ("I01", "I02", "I03", "I04", "I18"))


def test_a_rating_is_the_agreed_one_and_its_sum_and_count_stand_apart() -> None:
    check = CharterCheck()
    key = check.framework.questions[0].key

    def answer(value: str, agreed: bool = False) -> Answer:
        return Answer("x", key, value, Audience.STEERING_MEMBER, agreed)

    apart = check.measure(NO_CONTEXT, RoundFacts("x"), [answer("2"), answer("5"), answer("junk"), answer("9")])
    assert (apart[0].numerator, apart[0].denominator) == (7, 2)
    agreed = check.measure(NO_CONTEXT, RoundFacts("x"), [answer("2"), answer("5"), answer("4", agreed=True)])
    assert agreed[0].value == 4
    assert len(check.framework.sections) == 7


def test_the_size_of_a_round_chooses_the_questions() -> None:
    toolkit = GlasgowToolkit()
    sizes = {
        size: sum(
            field.kind == "choice"
            for sheet in toolkit.instruments(toolkit.Settings(size=size))
            for field in sheet.form.fields
        )
        for size in ("tiny", "small", "large", "mainstream")
    }
    assert 0 < sizes["tiny"] < sizes["small"] < sizes["mainstream"] == 10


def asked_in(sheets: Any) -> set[str]:
    return {field.name for sheet in sheets for field in sheet.form.fields if field.kind == "choice"}


def test_questions_are_picked_one_by_one_whatever_the_size_and_the_national_ones_are_not() -> None:
    toolkit, check = GlasgowToolkit(), CharterCheck()
    picked = toolkit.Settings(size="tiny", questions=("follow-through", "voting"))
    assert asked_in(toolkit.instruments(picked)) == {"follow-through", "voting"}
    assert "follow-through" not in asked_in(toolkit.instruments(toolkit.Settings(size="tiny")))
    schema = toolkit.Settings.model_json_schema()["properties"]["questions"]
    assert len(schema["items"]["enum"]) == len(schema["labels"]) == 10
    assert schema["labels"]["voting"] == "Voting is fair, safe and open to all."
    assert len(set(check.Settings.model_json_schema()["properties"]["questions"]["labels"].values())) == 21
    for module, wrong in ((toolkit, "creative-before"), (check, "voting")):
        with pytest.raises(ValidationError, match=wrong):
            module.Settings(questions=(wrong,))
    with pytest.raises(ValidationError):
        NationalCore.Settings.model_validate({"questions": ["easy"]})


def test_the_charter_check_and_what_was_learned_reach_the_national_figures() -> None:
    def answer(question: str, value: str, *, of: str = "charter-check-steering-member", agreed: bool = True) -> Answer:
        return Answer(of, question, value, Audience.STEERING_MEMBER, agreed)

    def figures(*answers: Answer) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for value in NationalCore().measure(NO_CONTEXT, RoundFacts("x"), answers):
            found.setdefault(value.code, []).append(value)
        return found

    none = figures()
    assert "the Charter self-check was not held" in none["I17"][0].missing.en
    assert "apart from the vote" in none["I07"][0].missing.en
    assert none["I15"][0].missing.en
    # The last time it was held counts, feature by feature; what nobody has agreed on is about those few who answered.
    both = figures(answer("creative-before", "2"), answer("creative-at-close", "5"), answer("inclusive-at-close", "4"))[
        "I17"
    ]
    assert {(one.group, one.numerator, one.denominator, one.people) for one in both} == {
        ("creative", 5, 1, None),
        ("inclusive", 4, 1, None),
    }
    apart = figures(*[answer("creative-before", value, agreed=False) for value in "26"])["I17"][0]
    assert (apart.numerator, apart.denominator, apart.people) == (8, 2, 2)
    # Another module's answers to a question of the same name are none of ours.
    assert figures(answer("creative-before", "2", of="elsewhere"))["I17"][0].missing.en
    ours = [answer("learned-steering", "agree", of="national-core-steering-member-at-close")] * 3
    learned = figures(*ours, answer("learned-steering", "agree", of="elsewhere"))["I15"][0]
    assert (learned.group, learned.numerator, learned.denominator) == ("learned-steering", 3, 3)


def table(*people: int | None) -> ReportSpec:
    rows = tuple((Cell(Text("x", "x")), Cell(value=Fraction(one or 7), people=one)) for one in people)
    return ReportSpec(Text("r", "r"), (Section(Text("s", "s"), tables=(Table(Text("t", "t"), (), rows),)),))


@pytest.mark.parametrize(
    ("people", "hidden"),
    [
        ((50, 40), ()),
        ((50, 3), (0, 1)),
        ((50, 3, 20), (1, 2)),
        ((50, 3, 4), (1, 2)),
        ((9,), (0,)),
        ((10,), ()),
        ((0, 50), ()),
        ((None, 3), (1,)),
    ],
)
def test_small_numbers_are_hidden_and_another_that_would_give_them_away(
    people: tuple[int | None, ...], hidden: tuple[int, ...]
) -> None:
    rows = suppressed(table(*people)).sections[0].tables[0].rows
    assert tuple(place for place, row in enumerate(rows) if row[1].text == HIDDEN) == hidden
    assert all(row[1].value is None for place, row in enumerate(rows) if place in hidden)


def published(tenant: Any, voters: int) -> None:
    with in_tenant(tenant):
        row = voting_open()
    with in_tenant(tenant, role=Role.WORKER):
        ballots_in(row.id, [("P-01",)] * voters)
    counted(tenant, row)
    with in_tenant(tenant):
        round_advance(round=Round.objects.get(), verb="publish_result", actor=None)


def test_the_page_tells_a_published_round_and_hides_what_is_small(tenants: Any, site: Any) -> None:
    with in_tenant(tenants.alpha):
        voting_open("early")
    assert site(tenants.alpha).get("/rounds/early/evaluation/").status_code == 404
    published(tenants.beta, 3)
    page = site(tenants.beta).get(PAGE)
    assert page.status_code == 200
    words = page.content.decode()
    assert "Hidden: too few people" in words
    assert "Money decided" in words
    assert "Airgead air an deach co-dhùnadh" in site(tenants.beta).get("/gd" + PAGE).content.decode()
    assert site(tenants.alpha).get(PAGE).status_code == 404
