"""Real elections through the ballot box: whole or not at all, and with the official winners."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.project.cli import main
from core.proposals.models import Proposal
from core.rounds.models import Round
from core.voting import importing
from core.voting.models import Opening, RoundSeal, TallyRun
from tenants.registry.context import Role, in_tenant
from tests.support.http import SiteClient
from tests.support.votes import by_force

DATA = Path(__file__).parents[3] / "shared" / "data" / "pabulib"
SMALL = """META
key;value
description;A small election
unit;Łódź
instance;2024
currency;PLN
num_projects;4
num_votes;6
budget;1000
vote_type;approval
rule;greedy
min_length;1
max_length;2
PROJECTS
project_id;cost;name;selected
M/01/X;600;Benches;1
b;500;Bicycles;0
c;300;Trees;1
d;5000;A bridge;0
VOTES
voter_id;vote
1;M/01/X,b
2;M/01/X
3;M/01/X,c
4;b,d
5;d
6;M/01/X,b,c
"""


def run(capsys: Any, *words: str) -> tuple[int, dict[str, Any], str]:
    code = main(["round", "import-pb", *words, "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else {}, said.err


def nothing_in(tenant: Any) -> bool:
    parts = by_force(tenant, "SELECT count(*) FROM pg_class WHERE relname ~ '^voting_[a-z]+_[0-9a-f]{32}$'")[0][0]
    with in_tenant(tenant):
        return not Round.objects.exists() and not RoundSeal.objects.exists() and parts == 0


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.pb"
    path.write_text(SMALL, "utf-8")
    return path


def test_a_small_election_from_the_file_to_the_published_result(tenants: Any, small: Path, capsys: Any) -> None:
    code, document, said = run(capsys, str(small), "--tenant", "alpha", "--publish")
    assert code == 0, said
    assert document["round"] == "lodz-2024"
    assert document["url"].endswith("/rounds/lodz-2024/result/")
    assert document["url"].startswith("http://alpha.")
    assert (document["ballots"], document["rejected"]) == (4, 2)
    assert document["rejected_by_reason"] == {"ballot.none": 1, "ballot.too_many": 1}
    assert document["winners"] == ["M/01/X", "c"]
    assert (document["official"], document["spent"], document["published"]) == ("same", 90_000, True)
    assert document["seconds"] > 0
    assert "4 ballots cast" in said
    assert "not on the ballot: d" in said
    page = SiteClient(tenants.alpha).get("/rounds/lodz-2024/result/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "From the file of an earlier election" in text
    assert "£900 of £1,000" in text
    with in_tenant(tenants.alpha, role=Role.WORKER):
        row = Round.objects.get()
        assert row.is_demo
        assert RoundSeal.objects.get().channels == {"import": 4}
        assert Proposal.objects.get(title__en="A bridge").state == "withdrawn"
        agreed = [one.person.display_name for one in Opening.objects.select_related("person")]
        assert sorted(agreed) == [f"Import by the operator of this service ({number})" for number in (1, 2)]
    assert nothing_in(tenants.beta)
    # Once more is another round.
    assert run(capsys, str(small), "--tenant", "alpha", "--rule", "equal-shares")[1]["round"] == "lodz-2024-2"
    assert SiteClient(tenants.alpha).get("/rounds/lodz-2024-2/result.json").status_code == 404


def test_what_cannot_be_imported_leaves_nothing_behind(
    tenants: Any, small: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for change, expected, words in (
        (("1;M/01/X,b", "1;nobody"), 2, "Line 22, column 2"),
        (("vote_type;approval", "vote_type;cumulative"), 2, "need a column points"),
        (("rule;greedy", "rule;unknown"), 3, "--rule"),
        (("budget;1000", "budget;0"), 3, "no money"),
        (("b;500", "b;500.001"), 2, "finer than a penny"),
    ):
        assert change[0] in SMALL
        small.write_text(SMALL.replace(*change, 1), "utf-8")
        code, document, said = run(capsys, str(small), "--tenant", "alpha")
        assert code == expected, said
        assert words in said
        assert "Traceback" not in said
        assert document["error"]["code"]
        assert nothing_in(tenants.alpha)
    small.write_text(SMALL, "utf-8")
    assert run(capsys, str(small), "--tenant", "nowhere")[0] != 0
    assert run(capsys, str(small), "--tenant", "alpha", "--rule", "by-lot")[0] != 0

    def stopped(*args: Any, **kwargs: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(importing, "ballots_put", stopped)
        assert run(capsys, str(small), "--tenant", "alpha")[0] == 1
    assert nothing_in(tenants.alpha)
    assert run(capsys, str(small), "--tenant", "alpha")[0] == 0


HEAD, VOTES = SMALL.split("vote_type;approval")[0], "VOTES\nvoter_id;vote;points\n"
PROJECTS = SMALL[SMALL.index("PROJECTS") : SMALL.index("VOTES")]


@pytest.mark.parametrize(
    ("meta", "votes", "format_", "points", "rejected"),
    [
        # The third gives more than there is; the bridge costs more than the pot, so its points are left out.
        (
            "vote_type;cumulative\nrule;greedy\nmax_sum_points;7\nmax_points;5\n",
            "1;M/01/X,b;5,2\n2;c;3\n3;M/01/X,b;5,4\n4;c,d;2,5\n5;b;6\n6;b;1\n",
            "points",
            {"M/01/X": 5, "b": 3, "c": 5},
            {"ballot.over_total": 1, "ballot.too_many_points": 1},
        ),
        (
            "vote_type;scoring\nrule;greedy\nmax_points;5\n",
            "1;M/01/X,b;5,2\n2;c;3\n3;M/01/X;6\n4;c,d;2,5\n5;b;1\n6;b;1\n",
            "score",
            {"M/01/X": 5, "b": 4, "c": 5},
            {"ballot.out_of_range": 1},
        ),
        # Without the bridge the second place of the fourth becomes the first.
        (
            "vote_type;ordinal\nrule;greedy\nmin_length;1\nmax_length;3\n",
            "1;M/01/X,b,c;\n2;b,c;\n3;c;\n4;d,b;\n5;d;\n6;M/01/X;\n",
            "ranked",
            {"M/01/X": 6, "b": 8, "c": 6},
            {"ballot.none": 1},
        ),
    ],
)
def test_points_scores_and_rankings_go_through_the_box_as_they_are(
    tenants: Any,
    tmp_path: Path,
    capsys: Any,
    meta: str,
    votes: str,
    format_: str,
    points: dict[str, int],
    rejected: dict[str, int],
) -> None:
    path = tmp_path / "small.pb"
    path.write_text(HEAD + meta + PROJECTS + VOTES + votes, "utf-8")
    code, document, said = run(capsys, str(path), "--tenant", "alpha", "--publish")
    assert code == 0, said
    assert document["rejected_by_reason"] == rejected
    with in_tenant(tenants.alpha):
        counted = TallyRun.objects.get().document
        assert counted is not None
        assert counted["ballot_format"]["key"] == format_
        found = {row["ref"]: row["points"] for row in counted["projects"]}
        titles = {one.ref: one.title.en for one in Proposal.objects.all()}
        named = {"M/01/X": "Benches", "b": "Bicycles", "c": "Trees"}
        assert {ref: found[here] for here, title in titles.items() for ref, name in named.items() if name == title} == (
            points
        )
    assert nothing_in(tenants.beta)


@pytest.mark.parametrize(
    ("name", "ballots", "settings"),
    [
        ("Poland_Czestochowa_2024_Bleszno", 618, {}),
        ("Poland_Krakow_2021_Debniki", 5_698, {}),
        ("Poland_Wieliczka_2023_Green_Budget", 6_586, {"stop": "last-feasible", "comparison": "voters"}),
        ("Poland_Wroclaw_2018", 53_801, {}),
    ],
)
def test_the_official_winners_of_a_real_election(
    tenants: Any, capsys: Any, name: str, ballots: int, settings: dict[str, str]
) -> None:
    path = DATA / f"{name}.pb"
    if not path.is_file():
        pytest.skip("the real elections are not on this machine")
    code, document, said = run(capsys, str(path), "--tenant", "alpha", "--publish")
    assert code == 0, said
    assert (document["ballots"], document["rejected"], document["official"]) == (ballots, 0, "same")
    assert main(["tally", str(path), "--rule", "official", "--json"]) == 0
    direct = json.loads(capsys.readouterr().out)
    assert document["winners"] == direct["winners"]
    with in_tenant(tenants.alpha):
        run_ = TallyRun.objects.get()
        assert run_.document is not None
        assert run_.document["ballots"]["valid"] == ballots
        chosen = run_.document["outcome_rule"]["settings"]
        assert {key: chosen[key] for key in settings} == settings
