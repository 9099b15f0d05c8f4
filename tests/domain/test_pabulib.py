"""Real elections as files: all that can be read is read exactly, all that is broken is refused by line and column."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plugins.api.errors import PabulibInvalid
from plugins.api.pabulib import PabulibFile, pabulib_read

DATA = Path(__file__).parents[3] / "shared" / "data" / "pabulib"
REAL = sorted(DATA.glob("*.pb"))
real = pytest.mark.skipif(not REAL, reason="the real elections are not on this machine")

# Where the file's own columns differ from its ballots, and why.
COUNTED_OTHERWISE = {
    "Poland_Czestochowa_2020": "counts a project twice that stands twice in a ballot",
    "Poland_Warszawa_2022_Wola": "counts a project twice that stands twice in a ballot",
    "Switzerland_Zurich_S5D10": "counts as a vote a project that was given no points",
}
# Official winners that the file alone gives; for the rest `tally --rule official` says why not.
REFUSED = {
    "Netherlands_Amsterdam_252": "budget_per_neighborhood",
    "Poland_Poznan_2023": "greedy-custom",
    "Poland_Warszawa_2022_Bemowo": "greedy-exclusive",
}

SMALL = """META
key;value
vote_type;approval
budget;100
num_projects;2
num_votes;2
rule;greedy
PROJECTS
project_id;cost;name
a;60;"One; with a semicolon"
M/01/X;40.50;Two
VOTES
voter_id;vote
1;a
2;M/01/X,a
"""


def read(text: str) -> PabulibFile:
    return pabulib_read(text.encode())


def test_amounts_are_exact_in_a_unit_that_makes_them_whole() -> None:
    file = read(SMALL)
    assert (file.digits, file.unit, file.budget) == (2, 100, 10_000)
    assert [project.cost for project in file.projects] == [6_000, 4_050]
    assert file.projects[0].title == "One; with a semicolon"
    assert file.refs_of(file.ballots[1]) == ("a", "M/01/X")
    assert file.official is None
    assert list(file.profile().support) == [2, 1]


def test_what_real_files_do_is_accepted() -> None:
    marked = b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").replace("2;M/01/X,a", "2;a,M/01/X,a;more;values").encode()
    file = pabulib_read(marked)
    assert list(file.profile().support) == [2, 1]
    assert "twice" in file.notes[0]
    empty = read(SMALL.replace("1;a\n", "1;\n"))
    assert empty.profile().voters == 2


def test_votes_that_do_not_keep_to_their_own_type_are_refused_or_told() -> None:
    voted, twice = SMALL.replace("voter_id;vote", "voter_id;vote;points"), "1;a;3\n2;M/01/X,a;3,4\n"
    mixed = read(voted.replace("1;a\n2;M/01/X,a\n", twice))
    assert list(mixed.profile().support) == [2, 1]
    assert mixed.notes == ("2 different ballots give points, which votes of the type approval have not.",)
    with pytest.raises(PabulibInvalid, match="more than one project in an election of the type choose-1"):
        read(SMALL.replace("approval", "choose-1"))
    for most, told in ((6, ("1 different ballots give more than 6 points; they count as they are.",)), (7, ())):
        file = read(
            voted.replace("approval", "cumulative")
            .replace("rule;greedy", f"max_sum_points;{most}")
            .replace("1;a\n2;M/01/X,a\n", twice)
        )
        assert file.notes == told
        assert list(file.profile().points) == [7, 3]
    ranked = read(SMALL.replace("approval", "ordinal").replace("2;M/01/X,a", "2;M/01/X,a,M/01/X"))
    assert ranked.notes == ("1 different ballots name a project twice; it counts once.",)


def test_points_and_ranks() -> None:
    points = SMALL.replace("approval", "cumulative").replace("voter_id;vote", "voter_id;vote;points")
    points = points.replace("1;a\n", "1;a;3\n").replace("2;M/01/X,a", "2;M/01/X,a,a;1,2,2")
    assert list(read(points).profile().points) == [7, 1]
    ranks = SMALL.replace("approval", "ordinal").replace("rule;greedy", "max_length;3")
    assert list(read(ranks).profile().points) == [5, 3]
    # Without max_length the last of a ranking gets one point.
    assert list(read(SMALL.replace("approval", "ordinal")).profile().points) == [2, 2]


def test_a_file_that_funds_nothing_still_states_a_result() -> None:
    chosen = SMALL.replace("cost;name", "cost;name;selected").replace('semicolon"', 'semicolon";0')
    assert read(chosen.replace("Two\n", "Two;2\n")).official == frozenset()
    assert read(chosen.replace("Two\n", "Two;1\n")).official == {"M/01/X"}


@pytest.mark.parametrize(
    ("change", "line", "column", "words"),
    [
        (("M/01/X;40.50", "a;40.50"), 11, 1, "stands twice"),
        (("a;60;", "a;-60;"), 10, 2, "below nothing"),
        (("a;60;", "a;6e1;"), 10, 2, "cannot be used"),
        (("a;60;", "a;;"), 10, 2, "cannot be used"),
        (("1;a\n", "1;b\n"), 14, 2, "not in PROJECTS"),
        (("2;M/01/X,a", "1;a"), 15, 1, "stands twice"),
        (("2;M/01/X,a\n", ""), 15, 1, "cut short"),
        (("2;M/01/X,a", "2"), 15, 1, "cut short"),
        (("budget;100", "budget;12,5"), 4, 2, "cannot be used"),
        (("budget;100\n", ""), 1, 1, "no budget"),
        (("approval", "thumbs"), 3, 2, "vote_type"),
        (("VOTES\nvoter_id;vote\n1;a\n2;M/01/X,a\n", ""), 12, 1, "ends before VOTES"),
        (("META\n", ""), 1, 1, "begin with META"),
        (("num_votes;2", "num_votes;many"), 6, 2, "not a whole number"),
        (("num_projects;2", "num_votes;2"), 6, 1, "stands twice"),
        (("project_id;cost;name", "project_id;name"), 9, 1, "no column cost"),
    ],
)
def test_a_broken_file_is_refused_where_it_is_broken(
    change: tuple[str, str], line: int, column: int, words: str
) -> None:
    assert change[0] in SMALL
    with pytest.raises(PabulibInvalid, match=words) as refused:
        read(SMALL.replace(*change, 1))
    assert (refused.value.line, refused.value.column) == (line, column)


def test_empty_files_and_other_encodings_are_refused() -> None:
    for data in (b"", b"\n \n"):
        with pytest.raises(PabulibInvalid, match="empty"):
            pabulib_read(data)
    with pytest.raises(PabulibInvalid, match="UTF-8") as refused:
        pabulib_read(SMALL.replace("One; with", "Ein Gemüse").encode("latin-1"))
    assert (refused.value.line, refused.value.column) == (10, 14)
    with pytest.raises(PabulibInvalid):
        pabulib_read(SMALL.encode("utf-16"))


@real
def test_all_real_files_are_here() -> None:
    assert len(REAL) == 41


@real
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_a_real_file_is_read_and_agrees_with_itself(path: Path) -> None:
    started = time.perf_counter()
    file = pabulib_read(path)
    profile = file.profile()
    assert time.perf_counter() - started < 10
    assert profile.voters == int(file.meta["num_votes"])
    differs = [
        project.ref
        for project, points, support in zip(file.projects, profile.points, profile.support, strict=True)
        if project.votes not in (None, int(support)) or project.score not in (None, int(points))
    ]
    assert bool(differs) == (path.stem in COUNTED_OTHERWISE)


def tally(path: Path, *arguments: str) -> tuple[int, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "core.project.cli", "tally", str(path), "--json", *arguments],
        capture_output=True,
        check=False,
        text=True,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


@real
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_the_stated_rule_gives_the_official_winners(path: Path) -> None:
    file = pabulib_read(path)
    code, document = tally(path, "--rule", "official")
    if file.meta["rule"] == "unknown" or path.stem in REFUSED:
        assert code == 3
        assert REFUSED.get(path.stem, "no rule") in str(document["error"])
        return
    assert code == 0
    assert document["official"] == ("unknown" if file.official is None else "same")
    assert document["settings"]


def test_the_command_answers_bad_input_in_words(tmp_path: Path) -> None:
    small = tmp_path / "small.pb"
    small.write_text(SMALL, "utf-8")
    code, document = tally(small, "--rule", "greedy-skip", "--budget", "60")
    assert code == 0
    assert (document["winners"], document["spent"], document["remaining"]) == (["a"], 6_000, 0)
    assert tally(small, "--rule", "equal-shares", "--set", "increment=1")[0] == 0
    for arguments in (
        ("--rule", "best-of-all"),
        ("--rule", "equal-shares", "--set", "increment=0"),
        ("--rule", "equal-shares", "--set", "completion"),
        ("--rule", "equal-shares", "--set", "stop=never"),
        ("--rule", "greedy-skip", "--budget", "1e3"),
    ):
        assert tally(small, *arguments)[0] == 2
    assert tally(small, "--rule", "greedy-skip", "--budget", "0")[0] == 3
    assert tally(tmp_path / "absent.pb", "--rule", "greedy-skip")[0] == 2
    small.write_text(SMALL.replace("1;a\n", "1;b\n"), "utf-8")
    code, document = tally(small, "--rule", "greedy-skip")
    assert code == 2
    assert "Line 14, column 2" in str(document["error"])
