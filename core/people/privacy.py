"""What is held about a person here: shown to them as one file, and erased when they ask.

Each module that holds personal data registers a part. Reading everything and erasing are a worker's work: no web
process may read or change that much.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Protocol
from uuid import UUID

from django.apps import apps
from django.db import transaction
from django.db.models import ProtectedError

from core.audit.services import event_record, job_enqueue
from core.kernel.clock import database_now
from core.kernel.crypto import token_open, token_seal
from core.kernel.errors import NotFound, Refused
from core.kernel.jobs import Job
from core.people.events import PersonErased
from core.people.models import (
    Farewell,
    Person,
    PersonalFile,
    PersonAlias,
    RoleGrant,
    RoleProposal,
    Session,
    SignIn,
)
from core.people.selectors import roles_anywhere
from plugins.api import ErasureReport
from tenants.registry.context import current_tenant

FILE_JOB, ERASE_JOB = Job("people.file"), Job("people.erase")
PURPOSE = "people/personal-file"
LIFE = timedelta(hours=24)
GONE = "gone"

Rows = tuple[Mapping[str, Any], ...]


class PrivacyPart(Protocol):
    """One module's answer for a person. `tables` names every table of its own that leads to somebody."""

    @property
    def key(self) -> str: ...

    @property
    def tables(self) -> frozenset[str]: ...

    def held(self, person: Person) -> Mapping[str, Rows]: ...

    def erase(self, person: Person) -> ErasureReport: ...


@dataclass(frozen=True, slots=True)
class Traces:
    """Rows that say by whom something was done for the council: shown to that person, and kept when they go.

    They hold a number and no name, and the number leads to nobody once the person is erased. `by` names the columns
    with that number, `shown` those that are for the person's file; `because` says why the row stays.
    """

    model: str
    by: tuple[str, ...]
    shown: tuple[str, ...]
    because: str
    tables: frozenset[str] = field(init=False)
    key: str = field(init=False)

    def __post_init__(self) -> None:
        found = apps.get_model(self.model)._meta
        object.__setattr__(self, "tables", frozenset({found.db_table}))
        object.__setattr__(self, "key", found.db_table)

    def _rows(self, person: Person, by: str) -> Any:
        model = apps.get_model(self.model)
        named: Any = person if model._meta.get_field(by).is_relation else person.public_id
        return model._default_manager.filter(**{by: named})

    def held(self, person: Person) -> Mapping[str, Rows]:
        rows = [row for by in self.by for row in self._rows(person, by).values(*self.shown)]
        return {self.key: tuple(rows)} if rows else {}

    def erase(self, person: Person) -> ErasureReport:
        number = sum(self._rows(person, by).count() for by in self.by)
        return ErasureReport(kept_because={self.key: self.because}) if number else ErasureReport()


class OwnPart:
    """What this module itself holds: the person, their roles, where they are signed in."""

    key: ClassVar[str] = "people"
    tables: ClassVar[frozenset[str]] = frozenset(
        model._meta.db_table
        for model in (Person, PersonAlias, RoleGrant, RoleProposal, Session, SignIn, PersonalFile, Farewell)
    )

    def held(self, person: Person) -> Mapping[str, Rows]:
        account = {
            "name shown": person.display_name,
            "language": person.language,
            "first signed in here": person.joined_at,
            "last signed in here": person.last_login,
            "sign-in service": person.issuer,
            "your number at that service": person.subject,
        }
        linked = person.aliases.order_by("linked_at").values("issuer", "subject", "linked_at")
        grants = person.grants.order_by("starts_at").values("role", "round_id", "starts_at", "ends_at")
        proposed = person.proposals.order_by("proposed_at").values("group", "role", "proposed_at", "declined_at")
        places = person.sign_ins.order_by("begun_at").values("begun_at", "place", "device", "level", "shared")
        found = {
            "account": (account,),
            "linked accounts": tuple(linked),
            "roles": tuple(grants),
            "proposed": tuple(proposed),
            "signed in at": tuple(places),
        }
        return {name: rows for name, rows in found.items() if rows}

    def erase(self, person: Person) -> ErasureReport:
        """Everything goes. Where a record of the council's points at the person, an empty row stays in their place."""
        deleted = {
            "sessions": Session.objects.filter(person=person).delete()[0],
            "linked accounts": PersonAlias.objects.filter(person=person).delete()[0],
            "proposed roles": RoleProposal.objects.filter(person=person).delete()[0],
            "files": PersonalFile.objects.filter(person=person).delete()[0],
        }
        try:
            with transaction.atomic():
                person.delete()
        except ProtectedError:
            Person.objects.filter(pk=person.pk).update(
                issuer=GONE, subject=str(person.public_id), display_name="", language="en", is_active=False
            )
            return ErasureReport(
                deleted=deleted,
                anonymised={"account": 1},
                kept_because={"account": "A record of the council's needs somebody in this place; no name is left."},
            )
        return ErasureReport(deleted={**deleted, "account": 1})


_parts: list[PrivacyPart] = []


def privacy_bind(parts: Sequence[PrivacyPart]) -> None:
    """Say which modules hold personal data. The person's own part is always there, and is erased last."""
    _parts[:] = [*parts, OwnPart()]


def privacy_tables() -> frozenset[str]:
    """Every table that some part answers for."""
    return frozenset(table for part in _parts for table in part.tables)


# -- the file ---------------------------------------------------------------------------------------------------------


def file_ask(*, person: Person) -> PersonalFile:
    """Ask for everything held about oneself as one file. An earlier one that was not taken is dropped."""
    with transaction.atomic():
        PersonalFile.objects.filter(person=person).delete()
        row = PersonalFile.objects.create(person=person, ends_at=database_now() + LIFE)
        job_enqueue(FILE_JOB, payload={"file": str(row.id)})
    return row


def file_make(payload: dict[str, Any]) -> None:
    """A worker's part: gather what every module holds. A file that was dropped meanwhile is not made."""
    row = PersonalFile.objects.select_related("person").filter(pk=payload["file"], held="", taken_at=None).first()
    if row is None:
        return
    tenant = current_tenant()
    document = {
        "what": "Everything that this council or group holds about you, and nothing of your ballots: nobody can find "
        "them by your name.",
        "at": tenant.name.en,
        "made": database_now().isoformat(timespec="seconds"),
        "held": {part.key: {name: list(rows) for name, rows in part.held(row.person).items()} for part in _parts},
    }
    text = json.dumps(document, ensure_ascii=False, indent=1, default=str)
    held = token_seal(PURPOSE, tenant.uuid, {"file": str(row.id), "text": text}, ttl=LIFE)
    PersonalFile.objects.filter(pk=row.pk).update(held=held)


def file_of(person: Person) -> PersonalFile | None:
    """The person's file that is asked for or ready, while it lasts."""
    return PersonalFile.objects.filter(person=person, taken_at=None, ends_at__gt=database_now()).first()


def file_take(*, person: Person, file: UUID) -> str:
    """The file's text, once and only for its owner. Raises NotFound for anything else, whatever the reason."""
    with transaction.atomic():
        found = PersonalFile.objects.select_for_update(of=("self",)).filter(pk=file, person=person, taken_at=None)
        row = found.filter(ends_at__gt=database_now()).exclude(held="").first()
        if row is None:
            raise NotFound("There is no such file for you.", code="people.no_file")
        PersonalFile.objects.filter(pk=row.pk).update(held="", taken_at=database_now())
    kept = token_open(PURPOSE, current_tenant().uuid, row.held)
    if kept["file"] != str(row.id):
        raise NotFound("There is no such file for you.", code="people.no_file")
    return str(kept["text"])


# -- erasing ----------------------------------------------------------------------------------------------------------


def erasure_check(person: Person) -> None:
    """Raises Refused for whoever still works here: somebody has to know who did what while they did it."""
    if roles_anywhere(person):
        raise Refused(
            "You hold a role here.",
            code="people.still_working",
            remedy="Ask an officer to end your roles first; then you can be erased.",
        )


def erasure_ask(*, person: Person) -> None:
    """Have a worker erase the person here, and end every session at once. Raises Refused: see `erasure_check`."""
    erasure_check(person)
    with transaction.atomic():
        job_enqueue(ERASE_JOB, payload={"person": str(person.public_id)})
        Session.objects.filter(person=person).delete()


def farewell_ask(*, person: Person) -> None:
    """Have the person erased here now, and everywhere and at the provider soon.

    Raises Refused: see `erasure_check`, and for whoever has several accounts, of which one is meant.
    """
    if PersonAlias.objects.filter(person=person).exists():
        raise Refused(
            "You have linked another account here.",
            code="people.linked",
            remedy="Take them apart first, then sign in with the account that you want to delete.",
        )
    with transaction.atomic():
        erasure_ask(person=person)
        wish = Farewell(issuer=person.issuer, subject=person.subject)
        Farewell.objects.bulk_create([wish], ignore_conflicts=True)


def erase_handle(payload: dict[str, Any]) -> None:
    """A worker's part of an erasure. Whoever is gone already is left alone."""
    person = Person.objects.filter(public_id=payload["person"]).exclude(issuer=GONE).first()
    if person is not None and not roles_anywhere(person):
        person_erase(person)


def person_erase(person: Person) -> dict[str, ErasureReport]:
    """Erase a person here, in the caller's transaction: each part's own report, the person's last.

    The rolls of votes keep a keyed mark that was never the person's number here: nobody votes twice by being erased.
    """
    who = str(person.public_id)
    reports = {part.key: part.erase(person) for part in _parts}
    kept = sorted({name for report in reports.values() for name in report.kept_because})
    event_record(PersonErased(person=who, kept=kept))
    return reports
