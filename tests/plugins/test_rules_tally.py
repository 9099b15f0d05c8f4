"""`commonty tally` with every rule and every Pabulib type of vote; settings in words and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.project.cli import main

HEAD = """META
key;value
vote_type;{kind}
budget;100.00
num_projects;4
num_votes;5
{more}rule;greedy
PROJECTS
project_id;cost;category;neighborhood;minimum;groups
a;60;health;north;;
b;50;play;north;40;
c;30;health;south;;square
d;10;play;south;;square
VOTES
"""
VOTES = {
    "approval": ("", "voter_id;vote\n1;a,b\n2;a\n3;b,c\n4;c,d\n5;a\n"),
    "choose-1": ("", "voter_id;vote\n1;a\n2;a\n3;b\n4;c\n5;\n"),
    "cumulative": ("", "voter_id;vote;points\n1;a,b;3,2\n2;a;5\n3;b,c;4,1\n4;c,d;2,3\n5;a;1\n"),
    "scoring": ("", "voter_id;vote;points\n1;a,b,c;5,3,0\n2;a,d;4,4\n3;b,c;2,5\n4;c,d;3,1\n5;a;2\n"),
    "ordinal": ("max_length;3\n", "voter_id;vote\n1;a,b,c\n2;a\n3;b,c\n4;c,d\n5;d,a\n"),
}
EVERY = {"greedy-skip", "greedy-stop", "greedy-part-fund", "fund-all-if-under", "threshold", "equal-shares"}
ACCEPTED = {
    "approval": EVERY | {"phragmen"},
    "choose-1": EVERY | {"phragmen"},
    "cumulative": EVERY,
    "scoring": EVERY | {"majority-judgement"},
    "ordinal": EVERY | {"stv"},
}
RULES = sorted(EVERY | {"phragmen", "stv", "majority-judgement"})


@pytest.fixture
def tally(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(kind: str, *arguments: str) -> tuple[int, dict[str, Any]]:
        more, votes = VOTES[kind]
        path = tmp_path / f"{kind}.pb"
        path.write_text(HEAD.format(kind=kind, more=more) + votes, "utf-8")
        code = main(["--json", "tally", str(path), *arguments])
        return code, json.loads(capsys.readouterr().out)

    return run


@pytest.mark.parametrize("kind", VOTES)
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_on_every_type_of_vote(tally: Any, kind: str, rule: str) -> None:
    code, document = tally(kind, "--rule", rule)
    if rule not in ACCEPTED[kind]:
        assert code == 3
        assert f"{rule} does not count ballots of the type {kind}" in document["error"]["message"]
        return
    assert code == 0
    assert (
        document["spent"] + document["remaining"] == document["budget"] == 10_000 // (1 if document["digits"] else 100)
    )
    assert sum(document["amounts"].values()) == document["spent"]
    assert set(document["amounts"]) == set(document["winners"])
    assert document["settings"]
    assert {step["project"] for step in document["steps"]} - {""} == {"a", "b", "c", "d"}
    assert tally(kind, "--rule", rule)[1]["digest"] == document["digest"]


def test_settings_are_words_or_json_and_amounts_in_the_unit_of_the_file(tally: Any) -> None:
    code, document = tally(
        "approval", "--rule", "greedy-skip", "--set", 'ring_fences=[{"category": "health", "amount": 60}]'
    )
    assert code == 0
    assert document["winners"] == ["a", "c"]
    assert document["settings"]["ring_fences"] == [{"amount": 60, "category": "health", "area": ""}]
    code, document = tally("approval", "--rule", "greedy-skip", "--set", 'caps=[{"area": "north", "amount": "55"}]')
    assert document["winners"] == ["b", "c"]
    code, document = tally("approval", "--rule", "greedy-part-fund", "--set", 'exclusive=[["a", "c"]]')
    assert document["amounts"] == {"a": 60, "b": 40}
    code, document = tally(
        "approval", "--rule", "threshold", "--set", "percent=40", "--set", "inner=greedy-stop",
        "--set", "inner_settings.on_tie=stop",
    )  # fmt: skip
    assert code == 0
    assert document["settings"]["inner_settings"]["on_tie"] == "stop"
    assert document["winners"] == ["a"]
    assert [(sorted(tie["projects"]), tie["chosen"]) for tie in document["ties"]] == [(["b", "c"], "")]


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (2, ("--rule", "greedy-skip", "--set", "caps=[{")),
        (2, ("--rule", "greedy-skip", "--set", 'caps=[{"area": "north", "amount": 12.345}]')),
        (2, ("--rule", "greedy-skip", "--set", 'caps=[{"area": "north", "amount": -5}]')),
        (2, ("--rule", "greedy-skip", "--set", 'caps=[{"amount": 5}]')),
        (2, ("--rule", "greedy-skip", "--set", "caps=5")),
        (2, ("--rule", "greedy-skip", "--set", "caps.area=5")),
        (2, ("--rule", "threshold", "--set", "inner=nobody")),
        (2, ("--rule", "threshold", "--set", "inner_settings.best=1")),
        (2, ("--rule", "threshold", "--set", "inner_settings=1")),
        (2, ("--rule", "threshold", "--set", "percent=101")),
        (2, ("--rule", "stv", "--set", "seats")),
        (3, ("--rule", "threshold", "--set", "inner=stv")),
        (3, ("--rule", "majority-judgement")),
    ],
)
def test_what_cannot_be_read_is_answered_in_words(tally: Any, code: int, arguments: tuple[str, ...]) -> None:
    assert tally("approval", *arguments)[0] == code
