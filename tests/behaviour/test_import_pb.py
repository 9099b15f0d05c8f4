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
        (("vote_type;approval", "vote_type;ordinal"), 3, "no ballot format"),
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


@pytest.mark.parametrize(
    ("name", "ballots", "settings"),
    [
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
