"""Putting a ballot into the box: one statement and nothing else. No plugin, cache, queue or file beside it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from core.counting.receipt import receipt_hash
from core.kernel.crypto import box_seal
from core.kernel.errors import NotFound, Refused
from core.voting.keys import CastKeys, cast_keys
from core.voting.models import FrozenOffer, RoundKeys
from core.voting.offer import offer_from
from plugins.api import BallotFormat
from plugins.api.values import Ballot, Offer
from plugins.host.selectors import ballot_format
from plugins.host.settings import pinned_settings
from tenants.registry.context import current_tenant
from tenants.registry.prepared import prepared_row, prepared_rows

CAST = (
    "SELECT outcome, kept_key, kept_revision FROM cast_ballot(%s::uuid, %s::uuid, %b::bytea, %b::bytea, %b::bytea,"
    " %b::bytea, %b::bytea, %s::text)"
)
KEPT_SECONDS = 30.0
KEPT_MOST = 512
ACCEPTED = ("recorded", "same")
REFUSALS: dict[str, tuple[Any, Any]] = {
    "closed": (_("Voting has closed. Your ballot was not recorded."), _("See the round's page for what comes next.")),
    "not_open": (_("Voting has not opened yet."), _("See the round's page for the dates.")),
    "already_voted": (
        _("You have voted already in this round, and votes cannot be changed in it."),
        _("Your first ballot stands."),
    ),
    "key_reused": (
        _("This page has already sent another ballot. That first ballot stands."),
        _("Go back to your ballot if you want to see it again."),
    ),
}


@dataclass(frozen=True, slots=True)
class CastOutcome:
    """`recorded`, or `same` for a ballot that was in the box already; then the receipt is the first one's.

    `revision` is 0 where voting has closed since: the seal keeps no revisions.
    """

    status: str
    receipt: str
    revision: int


@dataclass(frozen=True, slots=True)
class Envelope:
    """A ballot on its way: what the database function is given, and what its answer is read with."""

    pseudonym: bytes
    key: bytes
    receipt: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Box:
    """What casting needs of an open round. Everything in it was frozen when voting opened."""

    tenant: UUID
    round_id: UUID
    slug: str
    offer: Offer
    format: BallotFormat
    settings: Any
    public: bytes
    keys: CastKeys

    def ballot_of(self, raw: Any) -> Ballot:
        """A posted form or a ballot, checked against the frozen offer. Raises BallotInvalid with every problem."""
        return self.format.parse(raw, self.offer, self.settings)

    def envelope(self, entry: UUID, ballot: bytes, channel: str, key: bytes) -> Envelope:
        """One ballot, sealed, as it goes to the database function."""
        pseudonym = self.keys.pseudonym_of(entry)
        receipt = self.keys.receipt_of(pseudonym, key)
        values = (
            self.tenant,
            self.round_id,
            pseudonym,
            key,
            self.keys.mac_of(pseudonym, ballot),
            box_seal(self.public, ballot),
            receipt_hash(receipt),
            channel,
        )
        return Envelope(pseudonym, key, receipt, values)

    def answer(self, sent: Envelope, row: Sequence[Any]) -> CastOutcome:
        """What the database function said of a ballot. Raises Refused for one that was not taken."""
        status = str(row[0])
        if status not in ACCEPTED:
            message, remedy = REFUSALS[status]
            raise Refused(message, code=f"voting.{status}", remedy=remedy)
        kept = bytes(row[1])
        receipt = sent.receipt if kept == sent.key else self.keys.receipt_of(sent.pseudonym, kept)
        return CastOutcome(status, receipt, int(row[2]))


_kept: dict[tuple[UUID, UUID], tuple[float, Box]] = {}


def box_of(round_id: UUID) -> Box:
    """The box of a round of this tenant, kept for a while. Raises NotFound before voting has opened."""
    tenant = current_tenant().uuid
    kept = _kept.get((tenant, round_id))
    now = time.monotonic()
    if kept is not None and kept[0] > now:
        return kept[1]
    box = _load(tenant, round_id)
    if len(_kept) >= KEPT_MOST:
        _kept.clear()
    _kept[tenant, round_id] = (now + KEPT_SECONDS, box)
    return box


def _load(tenant: UUID, round_id: UUID) -> Box:
    frozen = FrozenOffer.objects.filter(pk=round_id).first()
    keys = RoundKeys.objects.filter(pk=round_id).values_list("box_public", "cast_wrapped").first()
    if frozen is None or keys is None:
        raise NotFound("Voting has not opened in this round.", code="voting.not_open")
    chosen = frozen.body["ballot_format"]
    module = ballot_format(chosen["key"])
    return Box(
        tenant=tenant,
        round_id=round_id,
        slug=frozen.body["round"]["slug"],
        offer=offer_from(frozen.body, frozen.digest),
        format=module,
        settings=pinned_settings("ballot_format", chosen),
        public=bytes(keys[0]),
        keys=cast_keys(tenant, round_id, bytes(keys[1])),
    )


def ballot_put(box: Box, *, entry: UUID, ballot: bytes, channel: str, key: bytes) -> CastOutcome:
    """Put the canonical bytes of a ballot that was checked into the box. Raises Refused."""
    sent = box.envelope(entry, ballot, channel, key)
    return box.answer(sent, prepared_row(CAST, sent.values))


def ballots_put(box: Box, many: Iterable[tuple[UUID, bytes, bytes]], *, channel: str) -> list[CastOutcome | Refused]:
    """The same for many ballots (entry, canonical bytes, key), each by its own call, in one transaction."""
    sent = [box.envelope(entry, ballot, channel, key) for entry, ballot, key in many]
    found: list[CastOutcome | Refused] = []
    for one, row in zip(sent, prepared_rows(CAST, [one.values for one in sent]), strict=True):
        try:
            found.append(box.answer(one, row))
        except Refused as refused:
            found.append(refused)
    return found
