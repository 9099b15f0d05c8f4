"""A round's list: handed in by an officer, refused where it is broken, looked up by voters, gone after the result."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.db import connection, transaction

from core.audit.models import AuditEvent
from core.rounds.models import Round
from core.rounds.services import round_advance
from core.voting.services import roll_claim
from plugins.api import ListInvalid, Proof, ProofRefused, SubjectRef
from plugins.bundled.roll_match.models import RollLine, RollList
from plugins.bundled.roll_match.reading import people
from plugins.bundled.roll_match.tries import TRIES, place
from plugins.host.context import plugin_context, proof_callback
from plugins.host.lists import list_take
from plugins.host.selectors import eligibility_proof, module_settings
from tenants.registry.context import Role, in_tenant
from tests.behaviour.test_manage_rounds import browser
from tests.support.jobs import work
from tests.support.votes import round_made, voting_open

HEAD = "first_name,last_name,postcode"
GOOD = f"{HEAD}\nMorag Ann,O’Donnell-Smith,EH6 6AA\nIain,MacLeod,G1 1AA\n"
COLUMNS = ("first_name", "last_name", "postcode", "birth_date")


def file(text: str) -> io.BytesIO:
    found = io.BytesIO(text.encode())
    found.name = "list.csv"
    return found


def ref(row: Any) -> SubjectRef:
    return SubjectRef("round", str(row.id))


def tried(tenant: Any, row: Any, **typed: str) -> Any:
    with in_tenant(tenant, role=Role.VOTER):
        proof, settings = eligibility_proof("roll-match"), module_settings("eligibility_proof", "roll-match")
        callback = proof_callback(typed, step="roll", session={"round": str(row.id)})
        return proof.complete(plugin_context(settings), callback, settings)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        (b"", 1, 1, "empty"),
        (b"first_name,last_name,postcode,birth_date\n", 1, 1, "Nobody"),
        (b"first_name,last_name\nA,B\n", 1, 3, "missing"),
        (b"first_name,last_name,postcode,birth_date,e-mail\n", 1, 5, "not needed"),
        (b"first_name,last_name,first_name\n", 1, 3, "twice"),
        (b"first_name,last_name,postcode,birth_date\nA,B,EH6 6AA\n", 2, 4, "3 cells"),
        (b"first_name,last_name,postcode,birth_date\nA,B,EH6 6AA,24/11/1990,x\n", 2, 5, "5 cells"),
        (b"first_name,last_name,postcode,birth_date\nA,,EH6 6AA,24/11/1990\n", 2, 2, "empty"),
        (b"first_name,last_name,postcode,birth_date\nA,B,Leith,24/11/1990\n", 2, 3, "postcode"),
        (b"first_name;last_name;postcode;birth_date\nA;B;EH6 6AA;24.11.1990\nC;D;EH6 6AA;31/02/1990\n", 3, 4, "date"),
        (b"first_name,last_name,postcode,birth_date\nA,B,EH6 6AA,1990-11-24\na,b,eh66aa,24/11/1990\n", 3, 1, "line 2"),
        (b'first_name,last_name,postcode,birth_date\nA,"B\nC,EH6 6AA,24/11/1990\n', 2, 1, "CSV"),
        (b"first_name,last_name,postcode\nM\xf2rag,B,EH6 6AA\n", 2, 2, "UTF-8"),
    ],
)
def test_a_broken_list_is_refused_by_line_and_column(text: bytes, line: int, column: int, words: str) -> None:
    with pytest.raises(ListInvalid, match=words) as refused:
        people(text, secret="s", round="r", columns=COLUMNS)
    assert (refused.value.line, refused.value.column) == (line, column)
    assert refused.value.reason.gd


def test_what_is_kept_is_the_same_however_it_is_written_and_of_one_round_and_key_alone() -> None:
    def marks(text: str, **other: str) -> list[bytes]:
        given = {"secret": "s", "round": "r", **other}
        return [one.digest for one in people(text.encode(), columns=COLUMNS[:3], **given)]

    known = marks(f"{HEAD}\nMòrag Ann,O’Donnell-Smith,EH6 6AA\n")
    for same in (
        "MORAG,ODONNELL SMITH,eh66aa",
        " Mo\u0300rag ,o'donnell smith,EH66AA",
        "Mòrag A.,O Donnell–Smith,Eh6 6aa",
    ):
        assert marks(f"\ufeff{HEAD}\r\n{same}\r\n\r\n") == known
    for other in (marks(GOOD, secret="t"), marks(GOOD, round="q"), marks(f"{HEAD}\nMórna,ODonnell Smith,EH6 6AA\n")):
        assert known[0] not in other


def test_an_officer_hands_in_a_list_and_it_opens_the_vote_of_that_round_alone(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = round_made(proofs=["roll-match"])
        other = round_made("other", proofs=["roll-match"])
    with in_tenant(tenants.beta):
        theirs = round_made(proofs=["roll-match"])
    officer = browser(tenants.alpha, name="anna")
    at = "/modules/lists/roll-match/"
    assert at in officer.get("/modules/eligibility_proof/roll-match/").content.decode()
    wrong = officer.post(at, {"round": "leith", "file": file(f"{HEAD}\nA,B,C\n")})
    assert wrong.status_code == 422
    assert "Line 2, column 3: This is not a postcode" in wrong.content.decode()
    assert officer.post(at, {"round": "leith"}).status_code == 422
    assert officer.post(at, {"round": "leith", "file": file(GOOD)}).status_code == 302
    assert browser(tenants.alpha, "observer", name="olly").post(at, {}).status_code == 403
    assert officer.get("/modules/lists/code-by-email/").status_code == 404
    typed = {"first_name": "Mòrag", "last_name": "ODonnell Smith", "postcode": "eh6 6aa"}
    proof = tried(tenants.alpha, row, **typed)
    assert isinstance(proof, Proof)
    assert proof.rung == "E2"
    for tenant, wrong_round in ((tenants.alpha, other), (tenants.beta, theirs), (tenants.beta, row)):
        assert isinstance(tried(tenant, wrong_round, **typed), ProofRefused)
    assert isinstance(tried(tenants.alpha, row, **{**typed, "first_name": "Iain"}), ProofRefused)
    with in_tenant(tenants.alpha, role=Role.STAFF), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(l)::text FROM roll_match_rollline l")
        assert "morag" not in str(cursor.fetchall()).lower()
        assert AuditEvent.objects.get(kind="proof_list_taken").body["people"] == 2
    page = officer.get(at).content.decode()
    assert "People on it: 2" in page
    # Handed in again it replaces the one before; whoever stands on both keeps their key.
    assert officer.post(at, {"round": "leith", "file": file(f"{GOOD}Ann,Bain,G1 1AB\n")}).status_code == 302
    assert tried(tenants.alpha, row, **typed).roll_keys == proof.roll_keys
    assert officer.post(at, {"drop": "leith"}).status_code == 302
    assert isinstance(tried(tenants.alpha, row, **typed), ProofRefused)
    with in_tenant(tenants.alpha):
        assert (RollList.objects.count(), RollLine.objects.count()) == (0, 0)


def test_each_on_the_list_votes_once_and_the_list_goes_when_the_round_is_over(tenants: Any) -> None:
    rows = {}
    for tenant in (tenants.alpha, tenants.beta):
        with in_tenant(tenant):
            rows[tenant.slug] = voting_open(proofs=["roll-match"])
        with in_tenant(tenant, role=Role.STAFF):
            list_take(key="roll-match", round=ref(rows[tenant.slug]), data=GOOD.encode(), actor=None)
    proof = tried(tenants.alpha, rows["alpha"], first_name="Iain", last_name="Macleod", postcode="G11AA")
    with in_tenant(tenants.alpha, role=Role.VOTER), transaction.atomic():
        first = roll_claim(round_id=rows["alpha"].id, proof=proof)
        assert roll_claim(round_id=rows["alpha"].id, proof=proof).entry == first.entry
    with in_tenant(tenants.alpha):
        row = Round.objects.get(pk=rows["alpha"].pk)
        for verb in ("suspend", "cancel"):
            row = round_advance(round=row, verb=verb, actor=None, reason_code="other", reason="A test.")
    for tenant in (tenants.alpha, tenants.beta):
        work(tenant)
    with in_tenant(tenants.alpha):
        assert (RollList.objects.count(), RollLine.objects.count()) == (0, 0)
    with in_tenant(tenants.beta):
        assert (RollList.objects.count(), RollLine.objects.count()) == (1, 2)


def test_guessing_ends_after_ten_tries_for_that_postcode_round_and_council_alone(tenants: Any) -> None:
    rows, iain = {}, {"first_name": "Iain", "last_name": "Macleod", "postcode": "G1 1AA"}
    for tenant in (tenants.alpha, tenants.beta):
        with in_tenant(tenant):
            rows[tenant.slug] = round_made(proofs=["roll-match"])
        with in_tenant(tenant, role=Role.STAFF):
            list_take(key="roll-match", round=ref(rows[tenant.slug]), data=GOOD.encode(), actor=None)
    for number in range(TRIES):
        assert isinstance(tried(tenants.alpha, rows["alpha"], **iain), Proof)
        wrong = tried(tenants.alpha, rows["alpha"], **{**iain, "first_name": f"Guess{number}", "postcode": "g11aa"})
        assert wrong.code == "roll.unknown"
    # Nobody learns from it whether the right one was among them.
    for name in ("Iain", "Another"):
        assert tried(tenants.alpha, rows["alpha"], **{**iain, "first_name": name}).code == "roll.tries"
    other = {"first_name": "Morag", "last_name": "ODonnell Smith", "postcode": "EH6 6AA"}
    assert isinstance(tried(tenants.alpha, rows["alpha"], **other), Proof)
    assert isinstance(tried(tenants.beta, rows["beta"], **iain), Proof)
    for _ in range(TRIES + 1):
        assert tried(tenants.alpha, rows["alpha"], first_name="A", last_name="B", postcode="x").code == "roll.unknown"


def test_where_more_is_asked_each_person_is_counted_alone() -> None:
    asked = ("first_name", "last_name", "postcode", "birth_date")
    ann = {"first_name": "Ann", "last_name": "Bain", "postcode": "EH6 6AA", "birth_date": "24/11/1990"}
    here = place("s", "r", asked, ann)
    assert here == place("s", "r", asked, {**ann, "birth_date": "25/11/1990", "first_name": "ANN Mary"})
    assert here != place("s", "r", asked, {**ann, "first_name": "Bob"})
    assert here != place("s", "other", asked, ann)
