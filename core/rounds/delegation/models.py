"""What this tenant asked of the ledger, and what it answered."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.kernel.fields import MoneyField
from tenants.office.delegation.rules import Act
from tenants.registry.seal import Sealed


class DelegationAct(Sealed):
    """One act of this tenant: sent, then booked by the ledger or refused with its reason."""

    class State(models.TextChoices):
        SENT = "sent"
        BOOKED = "booked"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, help_text="the act's identifier in the ledger too")
    delegation = models.UUIDField(db_index=True)
    act = models.CharField(max_length=16, choices=[(act.value, act.value) for act in Act])
    amount = MoneyField()
    facts = models.JSONField(default=dict, help_text="what an offer or an acceptance says beside the amount")
    pot = models.UUIDField(null=True, help_text="of an offer: the pot it is a part of")
    freed = MoneyField(default=0, help_text="of an offer: what of it no longer binds the pot, as last read")
    role = models.CharField(max_length=24)
    actor = models.UUIDField(help_text="public id of the person, known here alone")
    state = models.CharField(max_length=8, choices=State.choices, default=State.SENT)
    code = models.CharField(max_length=60, blank=True)
    answer = models.CharField(max_length=300, blank=True)
    remedy = models.CharField(max_length=300, blank=True)
    asked_at = models.DateTimeField(db_default=Now())
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["asked_at", "id"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="round_delegation_act_above_nothing")]

    def __str__(self) -> str:
        return f"{self.act} {self.state}"
