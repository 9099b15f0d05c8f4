"""A round, its pots and where their money comes from, and the rules it is decided by."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.kernel.fields import LocalisedTextField, MoneyField
from core.rounds.lifecycle import Reason, State
from plugins.api.money import Money
from tenants.registry.seal import Sealed

STATES = [(state.value, state.value) for state in State]


class Programme(models.Model):
    """A lasting frame for rounds, such as a council's yearly community choices."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    name = LocalisedTextField()

    def __str__(self) -> str:
        return self.slug


class Round(models.Model):
    """One vote from design to evaluation. `state` is moved by `round_advance` alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    programme = models.ForeignKey(Programme, null=True, blank=True, on_delete=models.PROTECT)
    slug = models.SlugField(max_length=80, unique=True)
    name = LocalisedTextField()
    purpose = LocalisedTextField()
    open_to_influence = LocalisedTextField(help_text="what residents decide")
    fixed = LocalisedTextField(help_text="what is not up for decision")
    state = models.CharField(max_length=16, choices=STATES, default=State.DESIGN.value)
    area_code = models.CharField(max_length=32, blank=True, help_text="empty: the whole council area")
    area_name = models.CharField(max_length=120, blank=True)
    ballot_opens_at = models.DateTimeField(null=True, blank=True)
    ballot_closes_at = models.DateTimeField(null=True, blank=True)
    min_age = models.PositiveSmallIntegerField(default=16)
    connections = models.JSONField(default=list, help_text="live, work, study …")
    eligibility = LocalisedTextField()
    proofs = models.JSONField(default=list, help_text="keys of eligibility proofs")
    deliberation = models.JSONField(default=list, help_text="keys of deliberation modules")
    revisable = models.BooleanField(default=False, help_text="a vote can be changed until voting closes")
    is_practice = models.BooleanField(default=False)
    is_demo = models.BooleanField(default=False)
    archive = models.BooleanField(default=False, help_text="a past round known from public sources")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in State]), name="rounds_round_state_known"
            ),
            models.CheckConstraint(
                condition=Q(ballot_opens_at__isnull=True)
                | Q(ballot_closes_at__isnull=True)
                | Q(ballot_closes_at__gt=F("ballot_opens_at")),
                name="rounds_round_closes_after_opens",
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class Pot(Sealed):
    """Money that is decided together: the sum of its fund sources. Pots of the same area are one to the count."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="pots")
    name = LocalisedTextField()
    area = models.CharField(max_length=80, blank=True, help_text="whose projects it pays for; empty: everybody's")

    def __str__(self) -> str:
        return str(self.name.en)

    def total(self) -> Money:
        """The sum of the fund sources."""
        return sum((source.amount for source in self.sources.all()), Money(0))


class FundSource(Sealed):
    """Where money of a pot comes from, and what it may be spent on."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pot = models.ForeignKey(Pot, on_delete=models.CASCADE, related_name="sources")
    name = models.CharField(max_length=120)
    amount = MoneyField()
    restriction = models.CharField(max_length=200, blank=True, help_text="empty: for any project")
    category = models.CharField(max_length=80, blank=True, help_text="the kind of project it is kept for")
    unrestricted = models.BooleanField(default=False, help_text="every project keeps to the restriction's words")
    delegation = models.UUIDField(null=True, unique=True, help_text="the offer by which another tenant entrusted it")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gte=0), name="rounds_fund_amount_not_negative")]

    def __str__(self) -> str:
        return self.name


class RuleSet(models.Model):
    """One version of a round's rules: how ballots look and how they decide.

    Written once: no role may change or remove a version, and once voting has opened the database takes no new one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="rule_sets")
    version = models.PositiveIntegerField(default=1)
    ballot_format = models.CharField(max_length=80)
    ballot_settings = models.JSONField(default=dict)
    outcome_rule = models.CharField(max_length=80)
    outcome_settings = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "version"], name="rounds_rule_set_version_once")]

    def __str__(self) -> str:
        return f"{self.ballot_format} / {self.outcome_rule} v{self.version}"


class RoundTransition(Sealed):
    """One step of a round: who took it, when, and why. The words stay here; the public fact carries the code alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="transitions")
    verb = models.CharField(max_length=32)
    source = models.CharField(max_length=16, choices=STATES)
    target = models.CharField(max_length=16, choices=STATES)
    reason_code = models.CharField(max_length=16, blank=True, choices=[(one.value, one.value) for one in Reason])
    reason = models.TextField(blank=True, max_length=1000)
    actor = models.UUIDField(null=True, help_text="public id of the person; empty: the service itself")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["round", "made_at"], name="rounds_transition_in_order")]

    def __str__(self) -> str:
        return f"{self.verb}: {self.source} to {self.target}"
