"""A person as one tenant knows them, their roles, and their sessions. No name, address or date of birth is needed."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from tenants.registry.seal import Sealed


class PersonManager(BaseUserManager["Person"]):
    def get_by_natural_key(self, username: str | None) -> Person:
        return self.get(public_id=uuid.UUID(username or ""))


class Person(Sealed, AbstractBaseUser, PermissionsMixin):
    """Someone who has signed in here, keyed by issuer and pairwise subject. The password can never be used."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4)
    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=255)
    display_name = models.CharField(max_length=80, blank=True)
    language = models.CharField(max_length=2, default="en")
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "public_id"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = PersonManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="people_person_subject_once")]

    def __str__(self) -> str:
        return self.display_name or "A person"

    def get_username(self) -> str:
        # Wagtail writes it into its pages as text.
        return str(self.public_id)

    # Wagtail asks its user for these.
    @property
    def is_staff(self) -> bool:
        return self.groups.exists()

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name


class PersonAlias(Sealed):
    """Another account that its owner has linked with themselves: whoever signs in with it is this person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="aliases")
    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=255)
    linked_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="people_alias_once")]

    def __str__(self) -> str:
        return str(self.id)


class RoleGrant(Sealed):
    """A role given to a person by another, for the whole tenant or one round, from a day until a day."""

    class Role(models.TextChoices):
        OFFICER = "officer"
        ROUND_MANAGER = "round_manager"
        STEERING_MEMBER = "steering_member"
        OBSERVER = "observer"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=16, choices=Role.choices)
    round_id = models.UUIDField(null=True, blank=True, help_text="empty: the whole tenant")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    giver = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="given")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")), name="people_grant_dates"
            )
        ]
        indexes = [models.Index(fields=["person", "role"], name="people_grant_person_role")]

    def __str__(self) -> str:
        return self.role


class GroupRole(Sealed):
    """A line of the officers' list: whoever the council's own sign-in names in this group is proposed for this role."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    group = models.CharField(max_length=120)
    role = models.CharField(max_length=16, choices=RoleGrant.Role.choices)
    round_id = models.UUIDField(null=True, blank=True, help_text="empty: the whole tenant")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "role", "round_id"], nulls_distinct=False, name="people_group_role_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.role}"


class RoleProposal(Sealed):
    """A role that a listed group proposes for somebody who has signed in; by itself it gives nothing.

    Open until an officer decides: `grant` is what came of it, `declined_at` keeps it from being proposed again.
    `unnamed_at`: since when the provider has not named the holder in the group any more.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="proposals")
    group = models.CharField(max_length=120)
    role = models.CharField(max_length=16, choices=RoleGrant.Role.choices)
    round_id = models.UUIDField(null=True, blank=True, help_text="empty: the whole tenant")
    proposed_at = models.DateTimeField(db_default=Now())
    declined_at = models.DateTimeField(null=True, blank=True)
    grant = models.OneToOneField(RoleGrant, null=True, on_delete=models.CASCADE, related_name="proposal")
    unnamed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "group", "role", "round_id"], nulls_distinct=False, name="people_proposal_once"
            ),
            models.CheckConstraint(
                condition=Q(grant__isnull=True) | Q(declined_at__isnull=True), name="people_proposal_one_end"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role}?"


class Session(Sealed, AbstractBaseSession):
    """A browser's session, in the tenant's own schema. `person` and `provider_mark` say which ones a provider ends."""

    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="sessions")
    # The provider's own name for a session is the same at every tenant, so only a keyed mark of it is kept.
    provider_mark = models.CharField(max_length=64, blank=True, db_index=True)

    class Meta(AbstractBaseSession.Meta):
        abstract = False

    @classmethod
    def get_session_store_class(cls) -> Any:
        from core.people.sessions import SessionStore

        return SessionStore


class SignIn(Sealed):
    """The sign-in behind a session: what its owner is shown of it, and what asks the provider whether it still stands.

    `place` is the host's purpose, `device` a browser and a system in two words. `renewal` is the provider's refresh
    token, encrypted; empty where there is none, so on a shared computer.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="sign_in")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="sign_ins")
    begun_at = models.DateTimeField(db_default=Now())
    level = models.PositiveSmallIntegerField(default=0)
    place = models.CharField(max_length=6)
    device = models.CharField(max_length=40, blank=True)
    shared = models.BooleanField(default=False)
    renewal = models.TextField(blank=True)

    def __str__(self) -> str:
        return str(self.id)


class PersonalFile(Sealed):
    """Everything held about a person, made once for them to take away: encrypted, good for a day, taken once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="files")
    asked_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField()
    held = models.TextField(blank=True, help_text="empty until a worker has made it, and again once it was taken")
    taken_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.id)


class Farewell(Sealed):
    """Somebody wants their national account deleted. Outlives the person here, and goes once the account is gone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=255)
    asked_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="people_farewell_once")]

    def __str__(self) -> str:
        return str(self.id)


class SubjectSalt(Sealed):
    """What makes a person somebody else at this tenant than at any other. Made once: another one orphans everybody.

    It goes with the tenant's export, since without it nobody who has ever signed in is known again.
    """

    only = models.BooleanField(primary_key=True, default=True, editable=False)
    held = models.TextField(help_text="encrypted for this tenant and purpose")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(only=True), name="people_subject_salt_one")]

    def __str__(self) -> str:
        return "salt of the subjects"
