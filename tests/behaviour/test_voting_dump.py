"""What somebody learns who has the whole database and none of the keys: while voting is open, and after the seal."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import subprocess
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from core.counting.receipt import receipt_hash
from core.kernel.crypto import box_open
from core.kernel.env import environment
from core.kernel.errors import Invalid
from core.rounds.models import Round
from core.rounds.services import round_advance
from core.voting.box import box_of
from core.voting.keys import count_keys
from core.voting.log import log_write
from core.voting.services import roll_claim
from tenants.office.clone import pg_dump_program
from tenants.registry.context import Role, in_tenant
from tests.support.journey import Resident, round_open
from tests.support.votes import by_email, by_force, by_sign_in, canonical, cast_with, voting_open

BYTES = re.compile(r"\\\\x([0-9a-f]+)")
UUIDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PEOPLE = [f"person{number}@homes.example" for number in range(12)]
CHOICES: list[tuple[str, ...]] = [("P-01",), ("P-02", "P-03"), ("P-01",), ("P-05",)] * 3


def dump(tenant: Any) -> str:
    """The tenant's whole schema as pg_dump writes it."""
    parts = psycopg.conninfo.conninfo_to_dict(environment().admin_database_url)
    ran = subprocess.run(
        [
            str(pg_dump_program()),
            "--data-only",
            f"--schema={tenant.schema}",
            f"--host={parts.get('host', '')}",
            f"--port={parts.get('port', '')}",
            f"--username={parts.get('user', '')}",
            str(connection.settings_dict["NAME"]),
        ],
        env={"PGPASSWORD": str(parts.get("password", "")), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return ran.stdout


def tables(text: str) -> dict[str, list[str]]:
    """Each table's lines, partitions under their table's name."""
    found: dict[str, list[str]] = {}
    for block in re.finditer(r"^COPY \S+?\.(\w+) \(.*?\) FROM stdin;\n(.*?)^\\\.$", text, re.M | re.S):
        name = re.sub(r"_[0-9a-f]{32}$", "", block[1])
        found.setdefault(name, []).extend(block[2].splitlines())
    return found


def blobs(lines: list[str]) -> set[bytes]:
    return {bytes.fromhex(one) for line in lines for one in BYTES.findall(line)}


def plain_forms(data: bytes) -> set[bytes]:
    """The ways in which a value could stand in a dump without a key: itself, and its digests."""
    return {data, *(hashlib.new(name, data).digest() for name in ("sha256", "sha1", "md5", "sha3_256", "blake2s"))}


@pytest.fixture
def voted(tenants: Any) -> tuple[Round, list[str]]:
    """A round of alpha with voting open and twelve ballots, and their receipts in order."""
    with in_tenant(tenants.alpha):
        row = voting_open(revisable=True)
    receipts = []
    with in_tenant(tenants.alpha, role=Role.VOTER):
        for number, (address, refs) in enumerate(zip(PEOPLE, CHOICES, strict=True)):
            proof = by_sign_in(f"subject-{number}", address) if number % 2 else by_email(address)
            credential = roll_claim(round_id=row.id, proof=proof)
            receipts.append(cast_with(row.id, credential, *refs, key=f"key-of-form-{number:04}".encode()).receipt)
    with in_tenant(tenants.alpha, role=Role.WORKER), transaction.atomic():
        assert log_write(row.id, box_of(row.id).keys, limit=7) == 7
    return row, receipts


def assert_unreadable(text: str, row: Round, receipts: list[str], tenant: Any) -> None:
    """Neither who, nor what, nor a receipt that anybody could use, in the clear or as a digest that can be tried."""
    rows = tables(text)
    for address in PEOPLE:
        assert address not in text
        assert address.encode().hex() not in text
    held = {name: blobs(lines) for name, lines in rows.items() if name.startswith("voting_")}
    everything = set().union(*held.values())
    small = {one[start : start + 32] for one in everything for start in range(0, max(len(one) - 31, 1), 32)}
    with in_tenant(tenant):
        bodies = [canonical(row.id, *refs) for refs in set(CHOICES)]
        keys = box_of(row.id).keys
    for body in bodies:
        for form in plain_forms(body):
            assert form.hex() not in text
    for address in PEOPLE:
        for said in (address, f"email\0{address}", f"email:{address}"):
            assert not plain_forms(said.encode()) & small
    for number in range(len(PEOPLE)):
        for said in (f"subject-{number}", f"person\0subject-{number}"):
            assert not plain_forms(said.encode()) & small
            assert said not in text
    for code in receipts:
        assert code not in text
    assert {receipt_hash(code) for code in receipts} <= everything
    for secret in (keys.pseudonym, keys.mac, keys.roll, keys.receipt, keys.log):
        assert secret.hex() not in text
    # What stands on the ballot is named in the frozen offer and never beside a ballot.
    for name, lines in rows.items():
        if name.startswith("voting_") and name not in ("voting_frozenoffer",):
            assert not re.search(r"\bP-0[1-5]\b", "\n".join(lines)), name


def test_with_voting_open(tenants: Any, voted: tuple[Round, list[str]]) -> None:
    row, receipts = voted
    text = dump(tenants.alpha)
    rows = tables(text)
    assert len(rows["voting_ballot"]) == 12
    assert len(rows["voting_rollentry"]) == 12
    assert_unreadable(text, row, receipts, tenants.alpha)
    boxes = by_force(tenants.alpha, "SELECT box, mac, pseudonym FROM voting_ballot")
    # Equal ballots do not look alike, and all are as long.
    assert len({bytes(one[0]) for one in boxes}) == len({bytes(one[1]) for one in boxes}) == 12
    assert len({len(one[0]) for one in boxes}) == 1
    # Pseudonyms are not to be made from what stands beside them.
    entries = set(UUIDS.findall("\n".join(rows["voting_rollentry"])))
    material = blobs([line for name, lines in rows.items() if name.startswith("voting_") for line in lines])
    material = {one for one in material if len(one) <= 256} | {row.id.bytes, tenants.alpha.uuid.bytes}
    pseudonyms = {bytes(one[2]) for one in boxes}
    for entry in entries:
        raw = bytes.fromhex(entry.replace("-", ""))
        for said in (raw, entry.encode()):
            assert not plain_forms(said) & pseudonyms
            assert not {hmac.digest(key, said, "sha256") for key in material} & pseudonyms
    # No 32 bytes of the dump open a box; the key outside the database does, so that this test could fail.
    for box, _mac, _pseudonym in boxes[:2]:
        for blob in material:
            for start in range(max(len(blob) - 31, 0)):
                with pytest.raises(Invalid):
                    box_open(blob[start : start + 32], bytes(box))
    wrapped = bytes(by_force(tenants.alpha, "SELECT count_wrapped FROM voting_roundkeys")[0][0])
    private = count_keys(tenants.alpha.uuid, row.id, wrapped).box_private
    with in_tenant(tenants.alpha):
        bodies = [canonical(row.id, *refs) for refs in CHOICES]
    assert sorted(box_open(private, bytes(one[0])) for one in boxes) == sorted(bodies)
    # The roll and the ballots were written by different transactions: nothing but the order could join them.
    links = by_force(
        tenants.alpha, "SELECT xmin::text FROM voting_ballot INTERSECT SELECT xmin::text FROM voting_rollentry"
    )
    assert not links


def test_after_the_seal(tenants: Any, voted: tuple[Round, list[str]]) -> None:
    row, receipts = voted
    before = by_force(
        tenants.alpha,
        "SELECT pseudonym, mac, idempotency_key, sha256(box), receipt_hash FROM voting_ballot ORDER BY ctid",
    )
    entries = [one[0] for one in by_force(tenants.alpha, "SELECT id FROM voting_rollentry ORDER BY ctid")]
    with in_tenant(tenants.alpha):
        round_advance(round=row, verb="close_voting", actor=None)
    text = dump(tenants.alpha)
    rows = tables(text)
    assert_unreadable(text, row, receipts, tenants.alpha)
    for pseudonym, mac, key, _digest, _receipt in before:
        for gone in (pseudonym, mac, key):
            assert bytes(gone).hex() not in text
    for entry in entries:
        assert str(entry) not in text
        assert entry.hex not in text
    assert not {name for name in rows if name in ("voting_ballot", "voting_rollentry", "voting_rollkey") and rows[name]}
    # No value stands both beside a box and beside a receipt, a roll entry or the log.
    beside = {
        name: blobs(rows[name]) | {one.encode() for one in UUIDS.findall("\n".join(rows[name]))}
        for name in ("voting_sealedballot", "voting_sealedreceipt", "voting_sealedrollentry", "voting_ballotlog")
    }
    shared = {str(row.id).encode(), str(tenants.alpha.uuid).encode()}
    assert (beside["voting_sealedballot"] & beside["voting_sealedreceipt"]) <= shared
    assert (beside["voting_sealedballot"] & beside["voting_sealedrollentry"]) <= shared
    assert (beside["voting_sealedballot"] & beside["voting_ballotlog"]) <= shared
    assert (beside["voting_sealedrollentry"] & beside["voting_sealedreceipt"]) <= shared
    # The log's mark of a box is not to be made from its digest, with anything that stands in the dump.
    marks = {bytes(one[0]) for one in by_force(tenants.alpha, "SELECT box_mark FROM voting_ballotlog")}
    material = {one for name in rows if name.startswith("voting_") for one in blobs(rows[name]) if len(one) <= 256}
    for _pseudonym, _mac, _key, digest, _receipt in before:
        assert not plain_forms(bytes(digest)) & marks
        assert not {hmac.digest(one, bytes(digest), "sha256") for one in material} & marks
    # The order of the dump is not the order of casting, nor the same in two tables.
    cast = [bytes(one[4]) for one in before]
    boxes = [bytes(one[3]) for one in before]
    dumped = [next(cast.index(one) for one in blobs([line]) if one in cast) for line in rows["voting_sealedreceipt"]]
    by_box = [next(boxes.index(one) for one in blobs([line]) if one in boxes) for line in rows["voting_sealedballot"]]
    assert sorted(dumped) == sorted(by_box) == list(range(12))
    assert dumped != by_box
    assert list(range(12)) not in (dumped, by_box)
    # With the log's key an auditor finds each pair, until the round's keys are destroyed.
    with in_tenant(tenants.alpha):
        keys = box_of(row.id).keys
    assert {hmac.digest(keys.log, digest, "sha256") for digest in boxes} == marks
    assert b"" not in beside["voting_sealedballot"]
    assert PEOPLE[0] not in dump(tenants.beta)


def test_the_whole_way_over_the_web_leaves_no_address_and_no_choice(tenants: Any) -> None:
    address = "Morag+vote@homes.example"
    row = round_open(tenants.alpha)
    voter = Resident(tenants.alpha)
    voter.fill("leith", "P-01", "P-03")
    voter.proves_by_code("leith", address)
    assert voter.send(voter.send_form("leith")).status == 303
    code = voter.receipt("leith")
    for text in (dump(tenants.alpha), _closed_dump(tenants, row)):
        for said in (address, address.lower(), "morag@homes.example", code, "homes.example"):
            assert said not in text
            assert said.encode().hex() not in text
        found = tables(text)
        assert "P-03" in "\n".join(found["voting_frozenoffer"])
        for name, lines in found.items():
            if name not in ("voting_frozenoffer", "proposals_proposal", "audit_auditevent"):
                assert "P-03" not in "\n".join(lines), name


def _closed_dump(tenants: Any, row: Round) -> str:
    with in_tenant(tenants.alpha):
        round_advance(round=row, verb="close_voting", actor=None)
    return dump(tenants.alpha)
