"""Ballots of the bundled formats: read back, refused, and sealed as the same bytes everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.api import BallotFormat, BallotInvalid, LocalisedText, Money, Offer, Project
from plugins.bundled.ballot_approval.format import Approval
from plugins.bundled.ballot_exact_k.format import ExactK

REFS = ("P-01", "P-02", "P-03", "M/01/X", "pròiseact")
OFFER = Offer(
    "round", Money(100_00), tuple(Project(ref, LocalisedText(f"Project {ref}"), Money(10_00)) for ref in REFS)
)
FORMATS: list[tuple[BallotFormat, Any]] = [
    (Approval(), Approval.Settings(maximum=3)),
    (Approval(), Approval.Settings(minimum=2)),
    (ExactK(), ExactK.Settings(count=2)),
]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


def codes(error: BallotInvalid) -> set[str]:
    return {problem.code for problem in error.problems}


@pytest.mark.parametrize(("ballot_format", "chosen"), FORMATS)
@given(refs=st.lists(st.sampled_from(REFS), unique=True, min_size=2, max_size=2), random=st.randoms())
def test_what_was_chosen_comes_back(ballot_format: BallotFormat, chosen: Any, refs: list[str], random: Any) -> None:
    ballot = ballot_format.parse({"project": refs, "other": ["x"]}, OFFER, chosen)
    assert set(ballot.choices) == set(refs)
    assert ballot_format.parse(ballot, OFFER, chosen) == ballot
    assert ballot_format.parse(ballot_format.draft(ballot), OFFER, chosen) == ballot
    assert ballot_format.restore(ballot_format.canonical(ballot)) == ballot
    shuffled = random.sample(refs, len(refs))
    again = ballot_format.parse({"project": shuffled}, OFFER, chosen)
    assert ballot_format.canonical(again) == ballot_format.canonical(ballot)
    assert ballot_format.scores(ballot, OFFER) == dict.fromkeys(sorted(refs), 1)
    assert [line.title.en for line in ballot_format.summary(ballot, OFFER)] == [
        f"Project {ref}" for ref in REFS if ref in refs
    ]
    form = ballot_format.form(OFFER, chosen, ballot_format.draft(ballot))
    assert [row["ref"] for row in form.context["projects"] if row["checked"]] == [r for r in REFS if r in refs]


@pytest.mark.parametrize(
    ("refs", "code"),
    [
        ([], "ballot.none"),
        (["P-01"], "ballot.too_few"),
        (["P-01", "P-02", "P-03"], "ballot.too_many"),
        (["P-01", "P-99"], "ballot.unknown_project"),
        (["P-01", "P-01"], "ballot.duplicate"),
    ],
)
def test_a_ballot_that_breaks_a_rule_is_refused_and_says_which(refs: list[str], code: str) -> None:
    with pytest.raises(BallotInvalid) as refused:
        ExactK().parse({"project": refs}, OFFER, ExactK.Settings(count=2))
    assert code in codes(refused.value)
    for problem in refused.value.problems:
        assert problem.message.en
        assert problem.message.gd


@pytest.mark.parametrize(("ballot_format", "chosen"), FORMATS)
@given(junk=JUNK)
@settings(deadline=None)
def test_junk_is_refused_and_nothing_else(ballot_format: BallotFormat, chosen: Any, junk: Any) -> None:
    for raw in (junk, {"project": junk}, {"project": [junk]}):
        with pytest.raises(BallotInvalid):
            ballot_format.parse(raw, OFFER, chosen)


@given(data=st.binary() | st.text().map(str.encode) | JUNK.map(lambda value: repr(value).encode()))
@settings(deadline=None)
def test_bytes_that_were_never_sealed_are_refused(data: bytes) -> None:
    with pytest.raises(BallotInvalid):
        Approval().restore(data)


def test_only_one_way_of_writing_is_restored() -> None:
    assert Approval().restore(b'{"choices":["a","b"],"format":"approval"}').choices == ("a", "b")
    for other in (
        b'{"choices":["b","a"],"format":"approval"}',
        b'{"choices": ["a"],"format":"approval"}',
        b'{"choices":["a","a"],"format":"approval"}',
        b'{"choices":["a"],"format":"exact-k"}',
        b'{"choices":["a"],"format":"approval","more":1}',
        b"[" * 100_000,
    ):
        with pytest.raises(BallotInvalid):
            Approval().restore(other)


def test_sealed_bytes_do_not_depend_on_the_process() -> None:
    program = (
        "from plugins.bundled.ballot_approval.format import Approval\n"
        "from plugins.api import Ballot\n"
        "import sys\n"
        "refs = set('P-%02d' % number for number in range(40)) | {'pròiseact'}\n"
        "sys.stdout.buffer.write(Approval().canonical(Ballot('approval', tuple(refs))))\n"
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
    assert len(written) == 1


def test_officers_hear_of_limits_that_cannot_be_met() -> None:
    assert not Approval().check(OFFER, Approval.Settings(maximum=3))
    assert Approval().check(OFFER, Approval.Settings(minimum=6))[0].code == "ballot_format.minimum"
    assert ExactK().check(OFFER, ExactK.Settings(count=6))[0].code == "ballot_format.count"
    empty = Offer("round", Money(1), ())
    assert Approval().check(empty, Approval.Settings())[0].code == "offer.no_projects"
