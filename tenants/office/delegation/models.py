"""A delegation and the entries of its ledger. Both stand in `public`; neither names a person."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.kernel.fields import LocalisedTextField, MoneyField
from tenants.office.delegation.rules import Account, Act
from tenants.registry.models import Tenant


class Delegation(models.Model):
    """A part of a giver's pot that is offered to a receiver for its own round. Written once; entries tell the rest."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    giver = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="delegations_given")
    receiver = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="delegations_received")
    pot = models.UUIDField(help_text="the giver's own identifier of the pot")
    pot_name = LocalisedTextField()
    purpose = LocalisedTextField()
    restriction = models.CharField(max_length=200, blank=True)
    terms = models.TextField(max_length=20_000)
    terms_digest = models.CharField(max_length=64)
    ceiling = MoneyField()
    ends_at = models.DateTimeField(help_text="not accepted by then, the offer lapses")
    offered_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["offered_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(giver=F("receiver")), name="delegation_to_another"),
            models.CheckConstraint(condition=Q(ceiling__gt=0), name="delegation_ceiling_above_nothing"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class LedgerEntry(models.Model):
    """One act: an amount out of one account into another, signed by the tenant whose act it was.

    The database refuses to change or remove an entry. `signature` is empty for the office's own acts.
    """

    id = models.UUIDField(primary_key=True, help_text="the act's own identifier: done again it is the same act")
    delegation = models.ForeignKey(Delegation, on_delete=models.PROTECT, related_name="entries")
    position = models.PositiveIntegerField()
    act = models.CharField(max_length=16, choices=[(act.value, act.value) for act in Act])
    source = models.CharField(max_length=10, choices=[(one.value, one.value) for one in Account])
    target = models.CharField(max_length=10, choices=[(one.value, one.value) for one in Account])
    amount = MoneyField()
    by = models.ForeignKey(Tenant, null=True, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=24, help_text="the role in which it was done, never the person")
    body = models.JSONField()
    signature = models.BinaryField(null=True)
    booked_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["delegation", "position"]
        constraints = [
            models.UniqueConstraint(fields=["delegation", "position"], name="delegation_entry_in_order"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="delegation_entry_above_nothing"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="delegation_entry_moves"),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.amount}"
