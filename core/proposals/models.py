"""Projects that residents choose between. `plugins.api.Project` is what a ballot sees of one."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from core.kernel.fields import LocalisedTextField, MoneyField
from core.proposals.pictures import FOLDER, small_name
from core.rounds.models import Round
from plugins.api.values import Project
from tenants.registry.seal import Sealed


class Proposal(Sealed):
    """A project of a round. `ref` ("P-07") is its address within the round."""

    class State(models.TextChoices):
        DRAFT = "draft"
        ON_BALLOT = "on_ballot"
        WITHDRAWN = "withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="proposals")
    ref = models.CharField(max_length=24)
    title = LocalisedTextField()
    benefit = LocalisedTextField(blank=True)
    description = LocalisedTextField(blank=True)
    cost = MoneyField()
    minimum = MoneyField(null=True, blank=True, help_text="with how much it could begin; empty: with its whole cost")
    running_cost = MoneyField(null=True, blank=True, help_text="a year")
    area = models.CharField(max_length=80, blank=True)
    category = models.CharField(max_length=80, blank=True)
    officer_view = LocalisedTextField(blank=True)
    image = models.ImageField(upload_to=FOLDER, blank=True, help_text="re-encoded when it came in")
    image_alt = LocalisedTextField(blank=True, null=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "ref"], name="proposals_ref_once_per_round"),
            models.CheckConstraint(condition=Q(cost__gte=0), name="proposals_cost_not_negative"),
            models.CheckConstraint(
                condition=Q(minimum__isnull=True) | Q(minimum__gt=0, minimum__lte=F("cost")),
                name="proposals_minimum_within_cost",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "on_ballot", "withdrawn"]), name="proposals_state_known"
            ),
            models.CheckConstraint(
                condition=Q(image="") | Q(image_alt__isnull=False), name="proposals_picture_is_described"
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    def picture_small(self) -> str:
        """Address of the smaller picture, empty where there is none."""
        return str(self.image.storage.url(small_name(str(self.image.name)))) if self.image else ""

    def as_project(self) -> Project:
        """What a ballot sees."""
        categories = (self.category,) if self.category else ()
        return Project(self.ref, self.title, self.cost, self.area, categories, self.minimum)
