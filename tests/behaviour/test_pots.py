"""Pots on one ballot, kept money, and every kind of ballot with every rule, from the officer's form to the result."""

from __future__ import annotations

import html
import json
import re
import secrets
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.kernel.errors import Refused
from core.proposals.services import proposal_save
from core.rounds.models import Round
from core.rounds.services import fund_source_add, fund_source_remove, round_advance, rules_set
from core.voting.box import ballots_put, box_of
from core.voting.models import TallyRun
from core.voting.services import roll_import
from plugins.api.money import Money
from plugins.api.values import Ballot
from plugins.host.registry import registry
from tenants.registry.context import Role, in_tenant
from tests.behaviour.test_manage_rounds import browser, text
from tests.support.http import SiteClient
from tests.support.votes import counted, round_made, words

WALK, LINKS, ALL = "Leith Walk", "Leith Links", ""
COSTS = {"W1": (WALK, 300_000), "W2": (WALK, 250_001), "L1": (LINKS, 200_000), "L2": (LINKS, 150_000)}
COSTS |= {"E1": (ALL, 99_999), "E2": (ALL, 50_000)}
POTS = {WALK: 500_000, LINKS: 333_333, ALL: 100_000}


def made(slug: str, *, ballot: str, rule: str = "greedy-skip", rule_settings: Any = None, pots: Any = None) -> Round:
    """A round of six projects in two areas and for everybody, in ballot preparation."""
    row = round_made(slug, costs=())
    for source in [source for pot in row.pots.all() for source in pot.sources.all()]:
        fund_source_remove(source=source, actor=None)
    for area, pence in (POTS if pots is None else pots).items():
        name = f"Pot of {area or 'everybody'}"
        fund_source_add(round=row, pot_name=words(name), pot_area=area, name="Council", amount=Money(pence))
    for ref, (area, pence) in COSTS.items():
        proposal_save(round=row, ref=ref, title=words(f"Project {ref}"), cost=Money(pence), area=area, actor=None)
    rules_set(
        round=row,
        ballot_format=ballot,
        ballot_settings={},
        outcome_rule=rule,
        outcome_settings=rule_settings or {},
        actor=None,
    )
    return row


def opened(row: Round) -> Round:
    return round_advance(round=row, verb="open_voting", actor=None)


def blocked(row: Round) -> set[str]:
    with pytest.raises(Refused) as refused:
        opened(row)
    return {one.code for one in refused.value.problems}


def cast(tenant: Any, row: Round, ballots: Sequence[tuple[Sequence[str], Sequence[int]]]) -> None:
    """A ballot of a new voter for each, through the box."""
    with in_tenant(tenant, role=Role.VOTER), transaction.atomic():
        box = box_of(row.id)
        people = [f"{secrets.token_hex(8)}@example.com" for _ in ballots]
        entries = roll_import(round_id=row.id, namespace="email", values=people, rung="E1")
        sealed = [
            box.format.canonical(box.ballot_of(Ballot(box.format.key, tuple(refs), tuple(points))))
            for refs, points in ballots
        ]
        keyed = [(entry, ballot, secrets.token_bytes(16)) for entry, ballot in zip(entries, sealed, strict=True)]
        assert not any(isinstance(one, Refused) for one in ballots_put(box, keyed, channel="web"))


def document(run: TallyRun) -> dict[str, Any]:
    assert run.document is not None, run.error
    return run.document


def adds_up(found: dict[str, Any]) -> None:
    """Every sum of a result, to the penny."""
    projects = {one["ref"]: one for one in found["projects"]}
    for number, pot in enumerate(found["pots"]):
        paid = [projects[ref]["amount"] for ref in pot["allocation"]]
        assert sum(paid) == pot["spent"] <= pot["budget"]
        assert pot["spent"] + pot["remaining"] == pot["budget"]
        assert all(projects[ref]["pot"] == number for ref in pot["allocation"])
        assert all(projects[ref]["area"] == pot["area"] for ref in pot["allocation"] if "area" in projects[ref])
        for kept in pot["kept"]:
            assert 0 <= kept["spent"] <= kept["amount"]
    for key in ("budget", "spent", "remaining"):
        assert sum(pot[key] for pot in found["pots"]) == found[key]
    assert [ref for pot in found["pots"] for ref in pot["allocation"]] == found["allocation"]
    assert {ref for ref, one in projects.items() if one["funded"]} == set(found["allocation"])
    assert sum(one["amount"] for one in projects.values()) == found["spent"]


def test_each_pot_is_decided_by_its_own_ballots_and_money(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = opened(made("leith", ballot="approval-areas"))
    walk = [(("W1", "E1"), ())] * 3 + [(("W2",), ())] * 2
    links = [(("L1", "L2", "E2"), ())] * 3 + [(("L1",), ()), (("E2",), ()), (("E2",), ())]
    cast(tenants.alpha, row, walk + links)
    found = document(counted(tenants.alpha, row))
    adds_up(found)
    assert [(pot["area"], pot["budget"], pot["ballots"]) for pot in found["pots"]] == [
        (ALL, 100_000, 8),
        (LINKS, 333_333, 4),
        (WALK, 500_000, 5),
    ]
    # With all the money in one pot everything would be paid for.
    assert found["allocation"] == ["E2", "L1", "W1"]
    assert [pot["remaining"] for pot in found["pots"]] == [50_000, 133_333, 200_000]
    assert found["ballots"] == {"valid": 11, "invalid": 0, "blank": 0}
    with in_tenant(tenants.alpha):
        round_advance(round=row, verb="publish_result", actor=None)
    site = SiteClient(tenants.alpha)
    page = text(site.get("/rounds/leith/result/"))
    for said in ("Projects in Leith Links", "Projects for everybody", "£2,000 of £3,333.33", "4 ballots counted here"):
        assert said in page, said
    assert re.search(r"Together</th><td[^>]*>£9,333.33</td><td[^>]*>£5,500</td><td[^>]*>£3,833.33</td>", page)
    why = text(site.get("/rounds/leith/result/explain/L2/"))
    assert "Projects in Leith Links: £3,333.33" in " ".join(html.unescape(why).split())
    assert "£1,333.33 was left" in why
    assert json.loads(site.get("/rounds/leith/result.json").content)["pots"] == found["pots"]
    gaelic = text(site.get("/gd/rounds/leith/result/"))
    assert "Pròiseactan ann an Leith Links" in gaelic
    assert "Projects for everybody" not in gaelic
    assert SiteClient(tenants.beta).get("/rounds/leith/result/").status_code == 404
    with in_tenant(tenants.beta):
        assert not Round.objects.exists()


def test_pots_that_do_not_fit_the_ballot_stop_the_opening(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        assert blocked(made("plain", ballot="approval")) == {"pots.no_parts"}
        assert blocked(made("few", ballot="approval-areas", pots={WALK: 500_000, ALL: 100_000})) == {"pots.no_pot"}
        assert blocked(made("many", ballot="approval-areas", pots={**POTS, "Leith Dock": 5})) == {"pots.no_project"}
        dear = made("dear", ballot="approval-areas", pots={**POTS, WALK: 299_999})
        assert blocked(dear) == {"outcome.above_pot"}
        assert blocked(made("bare", ballot="knapsack-areas", pots={"": 933_333})) != set()
        # One pot for all, and parts on the ballot: everything is decided together.
        shared = opened(made("shared", ballot="approval-areas", pots={ALL: 933_333}))
        split = opened(made("split", ballot="knapsack-areas"))
        assert {shared.state, split.state} == {"voting"}
    cast(tenants.alpha, shared, [(("W1", "W2"), ()), (("L1",), ())])
    found = document(counted(tenants.alpha, shared))
    adds_up(found)
    assert [pot["area"] for pot in found["pots"]] == [ALL]
    assert sorted(found["allocation"]) == ["L1", "W1", "W2"]


def test_who_gave_every_project_of_an_area_the_worst_grade_is_a_voter_there(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = opened(
            made(
                "judged",
                ballot="majority-judgement-areas",
                rule="majority-judgement",
                rule_settings={"minimum_grade": 1},
            )
        )
    worst = [(("W1", "W2"), (0, 0))] * 3
    best = [(("W1", "W2"), (2, 0))] * 2
    elsewhere = [(("E1",), (2,))] * 6
    cast(tenants.alpha, row, worst + best + elsewhere)
    found = document(counted(tenants.alpha, row))
    adds_up(found)
    walk = next(pot for pot in found["pots"] if pot["area"] == WALK)
    # Three of five say the worst: the middle voter too. Were they left out, W1 would be funded.
    assert (walk["ballots"], walk["allocation"]) == (5, [])
    w1 = next(one for one in found["projects"] if one["ref"] == "W1")
    assert (w1["middle"], w1["grades"][0], sum(w1["grades"])) == (0, 3, 5)


def test_a_share_of_the_votes_of_an_area_is_of_those_who_marked_something_there(tenants: Any) -> None:
    half = {"percent": 50, "of": "area"}
    for slug, pots in (("by-pot", POTS), ("one-pot", {ALL: 933_333})):
        with in_tenant(tenants.alpha):
            row = opened(made(slug, ballot="approval-areas", rule="threshold", rule_settings=half, pots=pots))
        cast(tenants.alpha, row, [(("W1",), ()), (("W2",), ()), *[(("E1",), ())] * 20])
        found = document(counted(tenants.alpha, row))
        adds_up(found)
        # Half of the two who voted in Leith Walk; those who marked the projects of everybody alone are none of them.
        if slug == "by-pot":
            assert "E1" in found["allocation"]
            assert len({"W1", "W2"} & set(found["allocation"])) == 1
        else:
            assert set(found["allocation"]) == {"E1", "W1", "W2"}


BURNFOOT = {"H1": ("health", 400_000), "H2": ("health", 300_000), "G1": ("", 2_000_000), "G2": ("", 1_200_000)}


def burnfoot(slug: str, rule: str, settings_: Any = None) -> Round:
    """£30,000 for anything, and £4,500 for health alone."""
    row = round_made(slug, costs=(), rule=rule, rule_settings=settings_ or {})
    for source in [source for pot in row.pots.all() for source in pot.sources.all()]:
        fund_source_remove(source=source, actor=None)
    fund_source_add(round=row, pot_name=words("Main"), name="Council", amount=Money(3_000_000))
    fund_source_add(
        round=row,
        pot_name=words("Main"),
        name="NHS Borders",
        amount=Money(450_000),
        restriction="health only",
        category="health",
    )
    for ref, (kind, pence) in BURNFOOT.items():
        proposal_save(round=row, ref=ref, title=words(ref), cost=Money(pence), category=kind, actor=None)
    return row


@pytest.mark.parametrize(
    ("rule", "settings_"),
    [
        ("greedy-skip", {}),
        ("greedy-stop", {}),
        ("greedy-part-fund", {}),
        ("threshold", {"percent": 1, "inner": "greedy-skip"}),
        ("fund-all-if-under", {}),
        ("fund-all-if-under", {"inner": "threshold", "inner_settings": {"inner": "greedy-stop", "percent": 1}}),
    ],
)
def test_money_for_health_goes_to_health_first_and_to_nothing_else(tenants: Any, rule: str, settings_: Any) -> None:
    with in_tenant(tenants.alpha):
        row = opened(burnfoot("burnfoot", rule, settings_))
    # Everything but G2 costs £27,000; G2 would fit into the £7,500 left and £4,500 kept only with health money.
    cast(tenants.alpha, row, [(("G1", "G2", "H1"), ())] * 3 + [(("G1", "G2"), ()), (("G1",), ())])
    found = document(counted(tenants.alpha, row))
    adds_up(found)
    (pot,) = found["pots"]
    assert found["allocation"][0] == "G1"
    assert "G2" not in found["allocation"]
    assert "H1" in found["allocation"] or rule == "greedy-stop" or "greedy-stop" in str(settings_)
    assert pot["kept"] == [
        {"category": "health", "amount": 450_000, "spent": 400_000 if "H1" in found["allocation"] else 0}
    ]
    with in_tenant(tenants.alpha):
        round_advance(round=row, verb="publish_result", actor=None)
    page = text(SiteClient(tenants.alpha).get("/rounds/burnfoot/result/"))
    assert "of it for health only" in page
    with in_tenant(tenants.beta):
        assert not Round.objects.exists()


def test_a_rule_that_cannot_keep_money_is_refused_where_money_is_kept(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        for rule, more in (("equal-shares", {}), ("phragmen", {}), ("threshold", {"inner": "equal-shares"})):
            assert blocked(burnfoot(f"burnfoot-{rule}", rule, more)) == {"pots.not_kept"}, rule
        row = burnfoot("reach", "greedy-skip")
        proposal_save(round=row, ref="G3", title=words("G3"), cost=Money(3_200_000), actor=None)
        assert blocked(row) == {"pots.out_of_reach"}


def test_a_project_in_part_with_the_least_it_could_begin_with(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = burnfoot("part", "greedy-part-fund", {"reserve_list": 2})
        proposal_save(
            round=row, ref="G4", title=words("Play park"), cost=Money(1_300_000), minimum=Money(900_000), actor=None
        )
        row = opened(row)
    cast(tenants.alpha, row, [(("G1", "G4", "G2"), ())] * 2 + [(("G1", "G4"), ()), (("G1",), ())])
    found = document(counted(tenants.alpha, row))
    adds_up(found)
    g4 = next(one for one in found["projects"] if one["ref"] == "G4")
    assert (g4["funded"], g4["amount"]) == (True, 1_000_000)
    with in_tenant(tenants.alpha):
        round_advance(round=row, verb="publish_result", actor=None)
    site = SiteClient(tenants.alpha)
    page = text(site.get("/rounds/part/result/"))
    assert "£10,000 of £13,000" in page
    assert "Funded in part" in page
    assert "If one of these falls away" in page
    assert "Funded in part, with £10,000" in text(site.get("/rounds/part/result/explain/G4/"))


def modules(kind: str) -> list[str]:
    return sorted(key for (name, key), one in registry().modules.items() if name == kind and _bundled(one))


def _bundled(one: Any) -> bool:
    return type(one.module).__module__.startswith("plugins.bundled.")


def form_of(answer: Any) -> dict[str, Any]:
    """What a browser would send back of a form that nobody has touched."""
    page, found = text(answer), {}
    for tag in re.findall(r"<input[^>]*>", page):
        parts = {name: html.unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if parts.get("type") in ("radio", "checkbox") and " checked" not in tag:
            continue
        if name := parts.get("name"):
            found[name] = parts.get("value", "on")
    for name, value in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', page, re.S):
        found[name] = html.unescape(value).lstrip("\r\n")
    return found


def marked(box: Any, refs: Sequence[str], turn: int) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """A ballot of this box that marks some of these projects, the first most."""
    key, own = box.format.key.removesuffix("-areas"), getattr(box.settings, "local", box.settings)
    if key == "approval":
        return tuple(refs[: 1 + turn % 2]), ()
    if key == "knapsack":
        return (refs[turn % 2],), ()
    if key == "exact-k":
        return (*refs, "E1", "E2")[: own.count], ()
    few = tuple(refs[:2])
    points = {
        "points": lambda: (own.total // 2, own.total // 4),
        "score": lambda: (own.highest, own.lowest + 1),
        "ranked": lambda: (own.maximum, own.maximum - 1),
        "majority-judgement": lambda: (len(own.grades) - 1, turn % 2),
    }[key]()
    return few, points


SAID = {
    "approval": "Votes for each project",
    "exact-k": "Votes for each project",
    "knapsack": "Votes for each project",
    "points": "Points for each project",
    "score": "All scores of each project, added up",
    "majority-judgement": "Grade of the middle voter",
}


@pytest.mark.parametrize("ballot", modules("ballot_format"))
def test_every_ballot_with_every_rule_from_the_form_to_the_published_result(tenants: Any, ballot: str) -> None:
    staff, site = browser(tenants.alpha), SiteClient(tenants.alpha)
    family = registry().modules["ballot_format", ballot].module.family  # type: ignore[attr-defined]
    done = 0
    for rule in modules("outcome_rule"):
        slug = f"{ballot}-{rule}"
        with in_tenant(tenants.alpha):
            pots = POTS if ballot.endswith("-areas") else {ALL: 933_333}
            made(slug, ballot="approval-areas", pots=pots)
        choice = staff.post(f"/rounds/{slug}/rules/", {"ballot_format": ballot, "outcome_rule": rule})
        if family not in registry().modules["outcome_rule", rule].module.accepts:  # type: ignore[attr-defined]
            assert choice.status_code == 422
            continue
        assert choice.status_code == 302, text(choice)
        at = choice.headers["Location"]
        saved = staff.post(at, form_of(staff.get(at)))
        assert saved.status_code == 302, (slug, text(saved))
        assert staff.get(at).status_code == 200
        with in_tenant(tenants.alpha):
            row = opened(Round.objects.get(slug=slug))
        with in_tenant(tenants.alpha, role=Role.VOTER):
            box = box_of(row.id)
            first, second = ("W1", "W2"), ("L1", "L2")
            ballots = [marked(box, first, 0), marked(box, first, 1), marked(box, second, 2)]
            if not ballot.endswith("-areas"):
                ballots += [marked(box, ("W2", "L2"), 1)] * 2
        cast(tenants.alpha, row, ballots)
        found = document(counted(tenants.alpha, row))
        adds_up(found)
        assert found["ballots"] == {"valid": len(ballots), "invalid": 0, "blank": 0}
        assert found["allocation"], slug
        with in_tenant(tenants.alpha):
            round_advance(round=row, verb="publish_result", actor=None)
        page = text(site.get(f"/rounds/{slug}/result/"))
        base = ballot.removesuffix("-areas")
        ranked = "First choices" if rule == "stv" else "Points by place"
        assert SAID.get(base, ranked) in page, slug
        assert ("Votes for each project" in page) == (base in ("approval", "exact-k", "knapsack")), slug
        assert site.get(f"/rounds/{slug}/result/explain/{found['allocation'][0]}/").status_code == 200
        done += 1
    assert done >= 4
    with in_tenant(tenants.beta):
        assert not Round.objects.exists()


AREA_BALLOT = st.tuples(
    st.sampled_from([("W1", "W2"), ("L1", "L2")]).flatmap(
        lambda own: st.lists(st.sampled_from([*own, "E1", "E2"]), min_size=1, max_size=4, unique=True)
    ),
    st.just(()),
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ballots=st.lists(AREA_BALLOT, max_size=12),
    pots=st.fixed_dictionaries({area: st.integers(pence, 10 * pence + 7) for area, pence in POTS.items()}),
    rule=st.sampled_from(["greedy-skip", "greedy-stop", "greedy-part-fund", "equal-shares", "phragmen", "threshold"]),
)
def test_sums_by_pot_are_right_to_the_penny(tenants: Any, ballots: Any, pots: Any, rule: str) -> None:
    with in_tenant(tenants.alpha):
        row = opened(made(f"r-{uuid4()}", ballot="approval-areas", rule=rule, pots=pots))
    cast(tenants.alpha, row, ballots)
    found = document(counted(tenants.alpha, row))
    adds_up(found)
    assert {pot["area"]: pot["budget"] for pot in found["pots"]} == pots
    for pot, own in zip(found["pots"], ({"E1", "E2"}, {"L1", "L2"}, {"W1", "W2"}), strict=True):
        assert pot["ballots"] == sum(1 for refs, _ in ballots if own & set(refs))
