"""Counting sealed ballots, the order of ties, hash trees and receipts."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.counting import (
    ballots_tally,
    commitment_of,
    inclusion_holds,
    inclusion_proof,
    leaf_hash,
    log_leaf,
    node_hash,
    receipt_hash,
    root_of,
    tie_break_from,
)
from plugins.api import LocalisedText, Money, Offer, Project
from plugins.bundled.ballot_approval.format import Approval

REFS = ("a", "b", "c")
OFFER = Offer("r", Money(100), tuple(Project(ref, LocalisedText(ref), Money(10)) for ref in REFS))
FORMAT = Approval()


def sealed(*refs: str) -> bytes:
    return FORMAT.canonical(FORMAT.parse({"project": list(refs)}, OFFER, Approval.Settings()))


@given(st.lists(st.sets(st.sampled_from(REFS), min_size=1), max_size=40), st.randoms())
def test_a_tally_adds_up_in_any_order(choices: list[set[str]], random: object) -> None:
    ballots = [sealed(*choice) for choice in choices]
    tally = ballots_tally(ballot_format=FORMAT, settings=Approval.Settings(), offer=OFFER, ballots=ballots)
    assert tally.valid == len(choices)
    assert tally.invalid == tally.blank == 0
    assert tally.support == {ref: sum(ref in choice for choice in choices) for ref in REFS}
    assert tally.points == tally.support
    turned = ballots_tally(
        ballot_format=FORMAT, settings=Approval.Settings(), offer=OFFER, ballots=list(reversed(ballots))
    )
    assert turned.digest == tally.digest
    assert tally.profile.distinct == len({frozenset(choice) for choice in choices})


def test_what_cannot_be_read_or_breaks_a_rule_is_invalid() -> None:
    ballots = [sealed("a"), sealed("a", "b"), b"junk", b'{"choices":["z"],"format":"approval"}']
    limits = Approval.Settings(maximum=1)
    tally = ballots_tally(ballot_format=FORMAT, settings=limits, offer=OFFER, ballots=ballots)
    assert (tally.valid, tally.invalid) == (1, 3)
    assert tally.support == {"a": 1, "b": 0, "c": 0}


def test_the_order_of_ties_follows_the_seed_alone() -> None:
    refs = [f"P-{number:02}" for number in range(30)]
    first = tie_break_from(b"seed", refs)
    assert tie_break_from(b"seed", reversed(refs)) == first
    assert set(first.order) == set(refs)
    assert tie_break_from(b"other", refs).order != first.order
    assert list(first.order) != refs
    assert first.commitment == commitment_of(b"seed") != commitment_of(b"other")
    # A project keeps its place among the others when one is withdrawn.
    fewer = tie_break_from(b"seed", refs[:-1])
    assert [ref for ref in first.order if ref != refs[-1]] == list(fewer.order)
    with pytest.raises(ValueError, match="twice"):
        tie_break_from(b"seed", ["a", "a"])


def test_the_tree_is_that_of_rfc_6962() -> None:
    assert root_of([]) == hashlib.sha256(b"").digest()
    one, two, three = leaf_hash(b""), leaf_hash(b"\x00"), leaf_hash(b"\x10")
    assert one.hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert root_of([one, two]).hex() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    assert root_of([one, two, three]).hex() == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
    assert node_hash(one, two) != leaf_hash(one + two)


@given(st.integers(1, 40), st.data())
def test_a_leaf_is_proved_in_its_own_place_only(size: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(size)]
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(leaves, index)
    root = root_of(leaves)
    assert inclusion_holds(leaf=leaves[index], index=index, size=size, proof=proof, root=root)
    assert not inclusion_holds(leaf=leaf_hash(b"other"), index=index, size=size, proof=proof, root=root)
    other = data.draw(st.integers(0, size + 1))
    held = inclusion_holds(leaf=leaves[index], index=other, size=size, proof=proof, root=root)
    assert held == (other == index)


def test_receipts_are_found_however_they_are_typed() -> None:
    assert receipt_hash("K7M2-9QXD") == receipt_hash("k7m2 9qxd") != receipt_hash("K7M29QXE")
    leaf = log_leaf(kind="ballot", receipt_hash=b"r" * 32, box_digest=b"b" * 32)
    assert leaf != log_leaf(kind="ballot", receipt_hash=b"b" * 32, box_digest=b"r" * 32)
