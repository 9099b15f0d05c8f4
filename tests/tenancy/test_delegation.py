"""Money entrusted by one tenant to another: exact to the penny, signed, and nobody else's business."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from core.audit.models import AuditEvent
from core.kernel.clock import database_now
from core.kernel.crypto import SigningKeys, canonical_json, sign, sign_keypair
from core.kernel.errors import CommontyError, Invalid, NotFound, Refused
from plugins.api.text import LocalisedText
from tenants.office.delegation.models import Delegation, LedgerEntry
from tenants.office.delegation.rules import MOVES, Account, Act, Balances, Party, amount_checked, balances_of
from tenants.office.delegation.selectors import committed, delegation_of, delegations_of, ledger_verify
from tenants.office.delegation.services import act_take, offers_lapse, receiver_left
from tenants.office.lifecycle import tenant_erase
from tenants.office.models import Erasure
from tenants.office.owner import schema_drop
from tenants.office.requests.services import link_agree, link_ask, link_end, link_told
from tenants.office.services import tenant_create
from tenants.registry.context import Role, in_public, in_tenant
from tenants.registry.models import Tenant
from tenants.registry.selectors import tenant_by_slug
from tests.support.jobs import work

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
def sides(tenants: Any) -> Iterator[tuple[Side, Side]]:
    """A council and a group; afterwards both are who they were."""
    with in_public():
        before = list(Tenant.objects.filter(id__in=[one.uuid for one in tenants]))
    yield Side(tenants.alpha), Side(tenants.beta, kind="community")
    with in_public():
        Tenant.objects.bulk_update(before, ["signing_key", "kind", "state"])


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


@pytest.mark.usefixtures("fleet_clean")
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


def test_the_database_itself_keeps_the_sums(sides: tuple[Side, Side]) -> None:
    """Planted past every rule of ours, as whoever holds the registry's role could: more than is there is refused."""
    council, group = sides
    delegation = offered(council, group, 1000)
    accept(group, delegation, 1000)
    group.do("award", delegation, 400)

    def planted(act: Act, amount: int, position: int, of: UUID = delegation) -> None:
        with in_public(), transaction.atomic():
            LedgerEntry.objects.create(
                id=uuid4(),
                delegation_id=of,
                position=position,
                act=act.value,
                source=MOVES[act].source.value,
                target=MOVES[act].target.value,
                amount=amount,
                by_id=group.uuid,
                role="officer",
                body={},
                signature=b"x",
            )

    for act, amount in (
        (Act.AWARD, 601),
        (Act.RETURN, 601),
        (Act.WITHDRAW_AWARD, 401),
        (Act.ACCEPT, 1),
        (Act.LAPSE, 1),
        (Act.OFFER, 1000),
        (Act.OFFER, 1),
    ):
        with pytest.raises(IntegrityError, match="holds less|made once"):
            planted(act, amount, 4)
    assert delegation_of(council.uuid, delegation).balances == Balances(unspent=600, awarded=400)
    # Two at once, each of which alone would fit: the second waits for the first and is judged by what that has left.
    outcomes: list[str] = []

    def one(position: int) -> None:
        try:
            planted(Act.AWARD, 400, position)
            outcomes.append("in")
        except IntegrityError:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(position,)) for position in (4, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["in", "refused"]
    assert delegation_of(council.uuid, delegation).balances == Balances(unspent=200, awarded=800)


def test_money_of_a_group_that_is_erased_returns_and_its_awards_stay(tenants: Any, tmp_path: Path) -> None:
    group_ref, _ = tenant_create(slug="links-group", kind="community", name=LocalisedText("Links Group"))
    other_ref, _ = tenant_create(slug="links-other", kind="community", name=LocalisedText("Other Group"))
    try:
        council, other = Side(tenants.alpha), Side(other_ref)
        kept = offered(council, other, 700)
        with in_public():
            real = Tenant.objects.get(id=group_ref.uuid).signing_key
        group = Side(group_ref)
        waiting, accepted = offered(council, group, 300), offered(council, group, 1000)
        accept(group, accepted, 1000)
        group.do("award", accepted, 250)
        with in_public():
            # The group's own key again, with which its last file is signed.
            Tenant.objects.filter(id=group_ref.uuid).update(signing_key=real)
        for by in ("Ann", "Ben"):
            tenant_erase(slug="links-group", by=by, reason="it ends", say=lambda text: None)
        # Until the delay is over it may be taken back, and nothing has moved.
        assert delegation_of(council.uuid, accepted).balances == Balances(unspent=750, awarded=250)
        with in_public():
            Erasure.objects.filter(slug="links-group").update(due_at=database_now() - timedelta(minutes=1))
        tenant_erase(slug="links-group", by="Ann", out=tmp_path / "last.zip", say=lambda text: None)
        assert delegation_of(council.uuid, waiting).balances == Balances(lapsed=300)
        assert delegation_of(council.uuid, accepted).balances == Balances(awarded=250, returned=750)
        assert committed(council.uuid, POT).minor == 250 + 700
        # A neighbour's money is where it was.
        assert delegation_of(council.uuid, kept).balances == Balances(pending=700)
    finally:
        connection.close()
        schema_drop(other_ref.schema)


def test_a_link_stands_in_the_record_of_both_sides(tenants: Any) -> None:
    with in_public():
        Tenant.objects.filter(id=tenants.beta.uuid).update(kind="community")
    council, group = tenant_by_slug("alpha"), tenant_by_slug("beta")

    def told() -> list[list[tuple[str, str, str]]]:
        for side in (council, group):
            work(side)
        found = []
        for side in (council, group):
            with in_tenant(side, role=Role.WORKER):
                events = AuditEvent.objects.filter(kind="link_changed").order_by("recorded_at")
                found.append([(one.body["what"], one.body["side"], one.body["shares"]) for one in events])
        return found

    link = link_ask(by=council, other=group.uuid, shares=["face", "money"])
    with pytest.raises(Refused):
        link_agree(link=link, by=council)
    asked = ("asked", "council", "face,money")
    assert told() == [[asked], [asked]]
    link_agree(link=link, by=group)
    link_agree(link=link, by=group)
    agreed = ("agreed", "group", "face,money")
    assert told() == [[asked, agreed], [asked, agreed]]
    link_end(link=link, by=council)
    with pytest.raises(NotFound):
        link_end(link=link, by=group)
    ended = ("ended", "council", "face,money")
    assert told() == [[asked, agreed, ended], [asked, agreed, ended]]
    # Word that comes twice is written once.
    link_told({"other": str(group.uuid), "link": str(link), "what": "ended", "side": "council", "shares": "face,money"})
    assert told()[1] == [asked, agreed, ended]


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
