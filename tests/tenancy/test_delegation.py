"""Money entrusted by one tenant to another: exact to the penny, signed, and nobody else's business."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.clock import database_now
from core.kernel.crypto import SigningKeys, canonical_json, sign, sign_keypair
from core.kernel.errors import CommontyError, Invalid, NotFound, Refused
from tenants.office.delegation.models import Delegation, LedgerEntry
from tenants.office.delegation.rules import MOVES, Account, Act, Balances, Party, amount_checked, balances_of
from tenants.office.delegation.selectors import committed, delegation_of, delegations_of, ledger_verify
from tenants.office.delegation.services import act_take, offers_lapse, receiver_left
from tenants.registry.context import in_public
from tenants.registry.models import Tenant

POT = uuid4()


@given(st.lists(st.tuples(st.sampled_from(sorted(Act)), st.integers(-5, 300)), max_size=30))
def test_whatever_is_tried_the_sums_hold_and_no_account_is_below_nothing(tried: list[tuple[Act, int]]) -> None:
    bookings: list[tuple[Account, Account, int]] = [(Account.GIVEN, Account.PENDING, 200)]
    for act, amount in tried:
        if act is Act.OFFER:
            continue
        before = balances_of(bookings)
        try:
            moved = amount_checked(act, amount, before)
        except Refused:
            continue
        bookings.append((MOVES[act].source, MOVES[act].target, moved))
        now = balances_of(bookings)
        parts = [now.pending, now.declined, now.lapsed, now.unspent, now.awarded, now.returned]
        assert min(parts) >= 0
        assert now.offered == now.accepted + now.declined + now.lapsed + now.pending == 200
        assert now.accepted == now.awarded + now.returned + now.unspent


class Side:
    """A tenant with a signing key the test holds."""

    def __init__(self, tenant: Any, **changes: Any) -> None:
        self.uuid: UUID = tenant.uuid
        self.keys: SigningKeys = sign_keypair()
        with in_public():
            Tenant.objects.filter(id=self.uuid).update(signing_key=self.keys.public, **changes)

    def body(self, act: str, delegation: UUID, amount: int, **more: Any) -> dict[str, Any]:
        return {
            "kind": "delegation",
            "key": str(uuid4()),
            "tenant": str(self.uuid),
            "at": database_now().isoformat(),
            "act": act,
            "delegation": str(delegation),
            "role": "officer",
            "amount": amount,
            **more,
        }

    def hand(self, body: dict[str, Any], *, as_tenant: UUID | None = None, keys: SigningKeys | None = None) -> Balances:
        signature = sign((keys or self.keys).private, canonical_json(body))
        return act_take(tenant=as_tenant or self.uuid, body=body, signature=signature)

    def do(self, act: str, delegation: UUID, amount: int, **more: Any) -> Balances:
        return self.hand(self.body(act, delegation, amount, **more))


@pytest.fixture
def sides(tenants: Any) -> tuple[Side, Side]:
    return Side(tenants.alpha), Side(tenants.beta, kind="community")


def offer_body(council: Side, group: Side, amount: int = 500_000, **over: Any) -> dict[str, Any]:
    values = {
        "receiver": str(group.uuid),
        "pot": str(POT),
        "pot_name": {"en": "Main pot"},
        "purpose": {"en": "Young people decide"},
        "restriction": "youth only",
        "terms": "Spend it by March and report back.",
        "ends_at": (database_now() + timedelta(days=30)).isoformat(),
    }
    return council.body("offer", uuid4(), amount, **{**values, **over})


def offered(council: Side, group: Side, amount: int = 500_000, **over: Any) -> UUID:
    body = offer_body(council, group, amount, **over)
    council.hand(body)
    return UUID(body["delegation"])


def accept(group: Side, delegation: UUID, amount: int = 500_000) -> Balances:
    return group.do("accept", delegation, amount, terms_digest=delegation_of(group.uuid, delegation).terms_digest)


def test_from_offer_to_return_both_sides_see_the_same_line(sides: tuple[Side, Side]) -> None:
    council, group = sides
    delegation = offered(council, group)
    assert committed(council.uuid, POT).minor == 500_000
    assert accept(group, delegation).unspent == 500_000
    group.do("award", delegation, 410_001)
    group.do("withdraw_award", delegation, 10_001)
    last = group.do("return", delegation, 100_000)
    assert last == Balances(awarded=400_000, returned=100_000)
    assert committed(council.uuid, POT).minor == 400_000
    theirs, ours = delegations_of(council.uuid), delegations_of(group.uuid)
    assert theirs == ours
    assert [one.act.value for one in ours[0].entries] == ["offer", "accept", "award", "withdraw_award", "return"]
    assert ledger_verify() == {"ok": True, "entries": 5, "broken": []}


def test_an_act_handed_over_again_is_booked_once_and_another_under_its_name_is_refused(
    sides: tuple[Side, Side],
) -> None:
    council, group = sides
    body = offer_body(council, group)
    assert council.hand(body) == council.hand(body)
    delegation = UUID(body["delegation"])
    accept(group, delegation)
    award = group.body("award", delegation, 300)
    assert group.hand(award).awarded == group.hand(award).awarded == 300
    with pytest.raises(Refused, match="otherwise"):
        group.hand({**award, "amount": 400})
    with pytest.raises(Refused, match="another delegation"):
        council.hand({**offer_body(council, group), "key": award["key"]})
    with pytest.raises(Refused, match="offered before"):
        council.hand({**body, "key": str(uuid4())})
    assert ledger_verify()["entries"] == 3


def test_each_refusal_leaves_the_ledger_as_it_was(sides: tuple[Side, Side], tenants: Any) -> None:
    council, group = sides
    delegation = offered(council, group, 1000)
    digest = delegation_of(group.uuid, delegation).terms_digest
    past = (database_now() - timedelta(minutes=1)).isoformat()
    stranger = SigningKeys(**{name: getattr(sign_keypair(), name) for name in ("public", "private")})
    refused: list[tuple[type[CommontyError], str, Any]] = [
        (Refused, "delegation.amount", lambda: council.hand(offer_body(council, group, -1))),
        (Refused, "delegation.amount", lambda: council.hand(offer_body(council, group, 0))),
        (Refused, "delegation.past", lambda: council.hand(offer_body(council, group, ends_at=past))),
        (Refused, "delegation.to_itself", lambda: council.hand(offer_body(council, council))),
        (Refused, "delegation.not_a_giver", lambda: group.hand(offer_body(group, council))),
        (Invalid, "delegation.malformed", lambda: council.hand(offer_body(council, group, terms=" "))),
        (Invalid, "delegation.malformed", lambda: council.hand({**offer_body(council, group), "amount": 1.5})),
        (Invalid, "delegation.malformed", lambda: council.do("seize", delegation, 1)),
        (Refused, "delegation.not_yours", lambda: council.do("accept", delegation, 1000, terms_digest=digest)),
        (Refused, "delegation.not_yours", lambda: group.do("cancel", delegation, 1000)),
        (Refused, "delegation.not_yours", lambda: council.do("lapse", delegation, 1000)),
        (Refused, "delegation.terms", lambda: group.do("accept", delegation, 1000, terms_digest="0" * 64)),
        (Refused, "delegation.amount", lambda: group.do("accept", delegation, 999, terms_digest=digest)),
        (Refused, "delegation.nothing_there", lambda: group.do("award", delegation, 1)),
        (Refused, "delegation.tenant", lambda: group.hand(council.body("cancel", delegation, 1000))),
        (
            Refused,
            "delegation.signature",
            lambda: group.hand(group.body("decline", delegation, 1000), keys=stranger),
        ),
        (NotFound, "delegation.unknown", lambda: group.do("decline", uuid4(), 1000)),
    ]
    for kind, code, attempt in refused:
        with pytest.raises(kind) as caught:
            attempt()
        assert caught.value.code == code
    with in_public():
        assert (Delegation.objects.count(), LedgerEntry.objects.count()) == (1, 1)
    accept(group, delegation, 1000)
    with pytest.raises(Refused) as again:
        accept(group, delegation, 1000)
    assert again.value.code == "delegation.nothing_there"
    with pytest.raises(Refused) as late:
        council.do("cancel", delegation, 1000)
    assert late.value.code == "delegation.nothing_there"
    with pytest.raises(Refused) as above:
        group.do("award", delegation, 1001)
    assert above.value.code == "delegation.amount"
    with in_public():
        Tenant.objects.filter(id=group.uuid).update(state="suspended")
    with pytest.raises(Refused) as suspended:
        group.do("return", delegation, 1000)
    assert suspended.value.code == "delegation.suspended"
    assert delegation_of(council.uuid, delegation).balances == Balances(unspent=1000)


def test_whoever_is_no_party_sees_nothing(sides: tuple[Side, Side]) -> None:
    council, group = sides
    delegation = offered(council, group)
    with in_public():
        hub = Tenant.objects.get(kind="hub")
    other = Side(hub.ref)
    assert delegations_of(other.uuid) == []
    with pytest.raises(NotFound):
        delegation_of(other.uuid, delegation)
    with pytest.raises(NotFound):
        other.do("decline", delegation, 500_000)


def test_time_runs_out_and_a_group_leaves(sides: tuple[Side, Side]) -> None:
    council, group = sides
    soon = (database_now() + timedelta(milliseconds=400)).isoformat()
    lapsing, kept = offered(council, group, ends_at=soon), offered(council, group)
    accept(group, kept)
    group.do("award", kept, 100)
    with connection.cursor() as cursor, in_public():
        cursor.execute("SELECT pg_sleep(0.5)")
    with pytest.raises(Refused) as caught:
        accept(group, lapsing)
    assert caught.value.code == "delegation.past"
    assert (offers_lapse(), offers_lapse()) == (1, 0)
    assert delegation_of(group.uuid, lapsing).balances == Balances(lapsed=500_000)
    assert (receiver_left(tenant=group.uuid), receiver_left(tenant=group.uuid)) == (1, 0)
    assert delegation_of(council.uuid, kept).balances == Balances(awarded=100, returned=499_900)
    assert ledger_verify()["ok"]


def test_two_at_once_are_judged_one_after_the_other(sides: tuple[Side, Side]) -> None:
    council, group = sides
    delegation = offered(council, group, 1000)
    accept(group, delegation, 1000)
    bodies = [group.body("award", delegation, 300) for _ in range(8)]
    outcomes: list[str] = []

    def one(body: dict[str, Any]) -> None:
        try:
            group.hand(body)
            outcomes.append("done")
        except Refused as refused:
            outcomes.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["delegation.amount"] * 5 + ["done"] * 3
    assert delegation_of(council.uuid, delegation).balances == Balances(unspent=100, awarded=900)


def test_an_entry_can_be_neither_changed_nor_removed_and_a_forged_one_is_found(sides: tuple[Side, Side]) -> None:
    council, group = sides
    delegation = offered(council, group, 1000)
    with in_public():
        entry = LedgerEntry.objects.get()
        for change in (
            lambda: LedgerEntry.objects.update(amount=1),
            lambda: LedgerEntry.objects.all()._raw_delete("default"),
            lambda: Delegation.objects.update(ceiling=1),
        ):
            with pytest.raises(IntegrityError, match="only grows"), transaction.atomic():
                change()
        LedgerEntry.objects.create(
            id=uuid4(),
            delegation_id=delegation,
            position=2,
            act=Act.ACCEPT.value,
            source=Account.PENDING.value,
            target=Account.UNSPENT.value,
            amount=entry.amount,
            by_id=group.uuid,
            role="officer",
            body=entry.body,
            signature=entry.signature,
        )
    assert ledger_verify()["broken"] == [{"delegation": str(delegation), "position": 2}]


def test_every_act_belongs_to_one_party() -> None:
    assert {act: move.party for act, move in MOVES.items()} == {
        Act.OFFER: Party.GIVER,
        Act.CANCEL: Party.GIVER,
        Act.LAPSE: Party.OFFICE,
        Act.DECLINE: Party.RECEIVER,
        Act.ACCEPT: Party.RECEIVER,
        Act.AWARD: Party.RECEIVER,
        Act.WITHDRAW_AWARD: Party.RECEIVER,
        Act.RETURN: Party.RECEIVER,
        Act.LEAVE: Party.OFFICE,
    }
