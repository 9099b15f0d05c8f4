"""The ballot box. While voting is open its rows stand in partitions of their own, one per round; the seal copies them
in random order into tables without pseudonyms, times or links, and drops the partitions.

No table here holds a choice that can be read without the round's private key, until the box is opened by two people.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.people.models import Person
from core.rounds.models import Round
from tenants.registry.seal import Sealed


class FrozenOffer(Sealed):
    """What voters choose from and by which rules, as it was when voting opened. Never changed."""

    round = models.OneToOneField(Round, primary_key=True, on_delete=models.PROTECT, related_name="frozen_offer")
    body = models.JSONField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of the canonical body, published")
    frozen_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.digest


class BallotGate(Sealed):
    """Open or not. Read under a shared lock by each cast, changed under the exclusive one."""

    round = models.OneToOneField(Round, primary_key=True, on_delete=models.PROTECT, related_name="gate")
    lock_tenant = models.IntegerField()
    lock_round = models.IntegerField()
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    is_open = models.BooleanField(default=True)
    revisable = models.BooleanField(default=False)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(closes_at__gt=models.F("opens_at")), name="voting_gate_times"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(is_open=False), name="voting_gate_closed_is_shut"
            ),
        ]

    def __str__(self) -> str:
        return "open" if self.is_open else "closed"


class RoundKeys(Sealed):
    """The round's keys, wrapped by keys of the key port that lie outside the database and its backups.

    `cast_wrapped` is what casting needs (for the pseudonym, the body's code, the receipt and the log);
    `count_wrapped` is what opening needs (the private key of the box and the seed of the order of ties).
    """

    round = models.OneToOneField(Round, primary_key=True, on_delete=models.PROTECT, related_name="keys")
    box_public = models.BinaryField()
    cast_wrapped = models.BinaryField()
    count_wrapped = models.BinaryField()

    def __str__(self) -> str:
        return "keys of a round"


class RollEntry(Sealed):
    """One person with the right to vote in a round. No name, no time."""

    pk = models.CompositePrimaryKey("round_id", "id")
    round_id = models.UUIDField()
    id = models.UUIDField(default=uuid.uuid4)
    rung = models.CharField(max_length=8)

    def __str__(self) -> str:
        return "a roll entry"


class RollKey(Sealed):
    """A keyed digest by which an entry is found again. The same digest never leads to two entries."""

    pk = models.CompositePrimaryKey("round_id", "namespace", "value_mac")
    round_id = models.UUIDField()
    namespace = models.CharField(max_length=40)
    value_mac = models.BinaryField()
    entry_id = models.UUIDField()

    def __str__(self) -> str:
        return self.namespace


class Ballot(Sealed):
    """A sealed box. Its primary key is the claim: one revision of one pseudonym."""

    pk = models.CompositePrimaryKey("round_id", "pseudonym", "revision")
    round_id = models.UUIDField()
    pseudonym = models.BinaryField()
    revision = models.IntegerField()
    idempotency_key = models.BinaryField()
    mac = models.BinaryField()
    box = models.BinaryField()
    receipt_hash = models.BinaryField()
    channel = models.CharField(max_length=20)

    def __str__(self) -> str:
        return "a sealed ballot"


class ReceiptRecord(Sealed):
    """The digest of a receipt that was given out."""

    pk = models.CompositePrimaryKey("round_id", "receipt_hash")
    round_id = models.UUIDField()
    receipt_hash = models.BinaryField()

    def __str__(self) -> str:
        return "a receipt"


class BallotLog(Sealed):
    """The round's log in the sequencer's order, mixed within each batch. `box_mark` is a keyed digest of the box.

    It is keyed because receipts and box digests are both published: a plain digest would let anybody find the pairs
    by trying them.
    """

    pk = models.CompositePrimaryKey("round_id", "seq")
    round_id = models.UUIDField()
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=12, default="ballot")
    receipt_hash = models.BinaryField()
    box_mark = models.BinaryField()
    leaf = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round_id", "receipt_hash"], name="voting_log_receipt_once")]

    def __str__(self) -> str:
        return str(self.seq)


class SealedRollEntry(Sealed):
    """An entry of the roll after the seal."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    round_id = models.UUIDField(db_index=True)
    rung = models.CharField(max_length=8)
    keys = models.JSONField()

    def __str__(self) -> str:
        return "a roll entry"


class SealedBallot(Sealed):
    """A box after the seal; of a replaced ballot the digest alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    round_id = models.UUIDField(db_index=True)
    digest = models.BinaryField()
    box = models.BinaryField(null=True)

    def __str__(self) -> str:
        return "a sealed ballot"


class SealedReceipt(Sealed):
    """A receipt after the seal. `counted` is false where its ballot was replaced by a later one."""

    pk = models.CompositePrimaryKey("round_id", "receipt_hash")
    round_id = models.UUIDField()
    receipt_hash = models.BinaryField()
    counted = models.BooleanField()

    def __str__(self) -> str:
        return "a receipt"


class RoundSeal(Sealed):
    """What was published at the close, before anything was opened."""

    round = models.OneToOneField(Round, primary_key=True, on_delete=models.PROTECT, related_name="seal")
    boxes = models.IntegerField(help_text="digests in the set, replaced ballots included")
    kept = models.IntegerField(help_text="ballots to be counted")
    receipts = models.IntegerField()
    entries = models.IntegerField(help_text="people on the roll who proved their right")
    channels = models.JSONField(help_text="ballots to be counted, by channel")
    digests = models.BinaryField(help_text="SHA-256 of every box, sorted, 32 bytes each")
    digest = models.CharField(max_length=64, help_text="SHA-256 of that list")
    log_root = models.CharField(max_length=64, help_text="head of the round's log (RFC 6962)")
    sealed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(boxes=models.F("receipts")), name="voting_seal_every_receipt"),
        ]

    def __str__(self) -> str:
        return self.digest


class Opening(Sealed):
    """A named person's word that the box be opened. Two different people are needed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="openings")
    person = models.ForeignKey(Person, on_delete=models.PROTECT)
    approved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "person"], name="voting_opening_person_once")]

    def __str__(self) -> str:
        return "an approval"


class OpenedBallot(Sealed):
    """Opened ballots: each distinct one with how often it was cast, in an order of no meaning, without digests."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="opened_ballots")
    body = models.BinaryField()
    times = models.IntegerField()

    def __str__(self) -> str:
        return "an opened ballot"


class TallyRun(Sealed):
    """One count, done twice over. A count that failed says why in a code, and another may follow."""

    class State(models.TextChoices):
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="tallies")
    state = models.CharField(max_length=8, choices=State.choices)
    error = models.CharField(max_length=200, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    document = models.JSONField(null=True)
    finished_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.state


class Result(Sealed):
    """What was published."""

    round = models.OneToOneField(Round, primary_key=True, on_delete=models.PROTECT, related_name="result")
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    published_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.digest
