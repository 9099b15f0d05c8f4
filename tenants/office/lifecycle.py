"""What becomes of a tenant after it was made: suspended and resumed, given up before it served, or erased for good.

A suspended tenant is read on. That nobody writes is the database's doing: its roles lose every right but reading, in
every process at the same moment. Erasing takes two named people, a delay and a last file; that it happened outlives it,
in the registry and in a journal outside the database, which is played back after a backup was restored.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone

from core.audit.services import event_record
from core.kernel.env import environment
from core.kernel.errors import Invalid, NotFound, Refused
from tenants.office.archive import Reader
from tenants.office.delegation.services import receiver_left
from tenants.office.events import TenantStateChanged
from tenants.office.models import Erasure, Move
from tenants.office.owner import owner_connection, schema_drop, schema_lock
from tenants.office.portability import Carried, media_of, tenant_export
from tenants.office.protection import grants_apply
from tenants.registry.context import Role, TenantRef, in_public, in_tenant
from tenants.registry.hosts import forget
from tenants.registry.models import Domain, Tenant
from tenants.registry.selectors import tenant_by_slug

State = Tenant.State
MAY_BE_SUSPENDED = (State.PRACTICE, State.ACTIVE, State.LEAVING)
DELAY = timedelta(days=14)
JOURNAL = "erasures.jsonl"


def _words(text: str, what: str, most: int) -> str:
    plain = " ".join(text.split())
    if not plain or len(plain) > most:
        raise Invalid(f"{what} is missing or too long.", code="lifecycle.words", remedy=f"Use up to {most} characters.")
    return plain


def _row(slug: str) -> Tenant:
    """The tenant's row, locked. Raises NotFound. Called in a transaction in the registry."""
    row: Tenant | None = Tenant.objects.select_for_update().filter(slug=slug).first()
    if row is None:
        raise NotFound(
            f"There is no tenant {slug!r}.", code="tenant.unknown", remedy="`commonty tenant list` shows all of them."
        )
    return row


def _not_moving(slug: str) -> None:
    """Raises Refused while the tenant is on its way to another cell: what was written out already must stay the last.

    Called in the registry.
    """
    done = (Move.Step.BEGUN, Move.Step.CLEARED)
    move = Move.objects.filter(tenant__slug=slug).exclude(step__in=done).first()
    if move is not None:
        raise Refused(
            f"{slug} is on its way to {move.cell}.",
            code="move.unfinished",
            remedy=f"Finish it with `commonty tenant move {slug} --to {move.cell}`, or take it back with --cancel.",
        )


# -- suspended --------------------------------------------------------------------------------------------------------


def tenant_suspend(*, slug: str, reason: str, by: str) -> TenantRef:
    """Let a tenant be read and nothing more. Said again, it changes the reason. Raises Refused for one not served."""
    why = _words(reason, "The reason", 300)
    who = _words(by, "The name of who decides", 80)
    with in_public(), transaction.atomic():
        row = _row(slug)
        if row.state != State.SUSPENDED:
            if row.state not in MAY_BE_SUSPENDED:
                raise Refused(f"{slug} is {row.state} and cannot be suspended.", code="tenant.state")
            row.state_before, row.state = row.state, State.SUSPENDED
        row.reason = why
        row.save(update_fields=["state", "state_before", "reason"])
    return _rights_follow(slug, why, who)


def tenant_resume(*, slug: str, reason: str, by: str) -> TenantRef:
    """Back to what it was before. Raises Refused for one that is not suspended."""
    why = _words(reason, "The reason", 300)
    who = _words(by, "The name of who decides", 80)
    with in_public(), transaction.atomic():
        row = _row(slug)
        _not_moving(slug)
        # Cut off between here and the rights, it is said again.
        if row.state == State.SUSPENDED:
            row.state, row.state_before, row.reason = row.state_before or State.ACTIVE, "", ""
            row.save(update_fields=["state", "state_before", "reason"])
        elif row.state not in MAY_BE_SUSPENDED:
            raise Refused(f"{slug} is {row.state}, not suspended.", code="tenant.state")
    return _rights_follow(slug, why, who)


def _rights_follow(slug: str, reason: str, by: str) -> TenantRef:
    tenant = tenant_by_slug(slug)
    with schema_lock(tenant.schema), owner_connection() as owner:
        grants_apply(owner, tenant)
    forget()
    with in_tenant(tenant, role=Role.WORKER), transaction.atomic():
        event_record(TenantStateChanged(state=tenant.state, reason=reason, by=by))
    return tenant


# -- given up ---------------------------------------------------------------------------------------------------------


def tenant_abandon(*, slug: str) -> None:
    """Take back a creation that was never finished, with everything it made. Raises Refused for one that has served."""
    tenant = tenant_by_slug(slug)
    if tenant.state != State.REQUESTED:
        raise Refused(
            f"{slug} has served people and is not given up.",
            code="tenant.state",
            remedy="`commonty tenant erase` takes two people and a delay.",
        )
    with schema_lock(tenant.schema):
        schema_drop(tenant.schema)
        shutil.rmtree(media_of(tenant.uuid), ignore_errors=True)
        with in_public(), transaction.atomic():
            Tenant.objects.filter(id=tenant.uuid, state=State.REQUESTED).delete()
    forget()


# -- erased -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Erased:
    """How far an erasure is: `asked`, `agreed` (not before `due`) or `erased`."""

    slug: str
    stage: str
    due: datetime | None
    carried: Carried | None = None


def tenant_erase(
    *, slug: str, by: str, reason: str = "", out: Path | None = None, say: Callable[[str], None]
) -> Erased:
    """The next step of an erasure: the first person asks, another agrees, and after the delay either carries it out.

    Raises Refused when the same person speaks twice, or before the delay is over; Invalid without a place for the file.
    """
    who = _words(by, "The name of who decides", 80)
    tenant = tenant_by_slug(slug)
    with in_public(), transaction.atomic():
        row = _row(slug)
        _not_moving(slug)
        known = Erasure.objects.select_for_update().filter(tenant=tenant.uuid).first()
        if known is None:
            if row.kind == Tenant.Kind.HUB:
                raise Refused("The national site is not erased.", code="erase.hub")
            if row.state not in (*MAY_BE_SUSPENDED, State.SUSPENDED):
                raise Refused(f"{slug} is {row.state}: `commonty tenant abandon` gives it up.", code="tenant.state")
            Erasure.objects.create(
                tenant=tenant.uuid,
                slug=slug,
                schema=tenant.schema,
                reason=_words(reason, "The reason", 300),
                first_by=who,
            )
            if row.state != State.SUSPENDED:
                row.state = State.LEAVING
                row.save(update_fields=["state"])
            return Erased(slug, "asked", None)
        if not known.second_by:
            if known.first_by.casefold() == who.casefold():
                raise Refused(
                    "Two people are needed, and this one has asked already.",
                    code="erase.same_person",
                    remedy="Let somebody else agree, by name.",
                )
            known.second_by, known.due_at = who, timezone.now() + DELAY
            known.save(update_fields=["second_by", "due_at"])
            return Erased(slug, "agreed", known.due_at)
    assert known.due_at is not None
    if known.due_at > timezone.now():
        raise Refused(
            f"{slug} is erased on {known.due_at.date().isoformat()} at the earliest.",
            code="erase.too_early",
            remedy="Until then `commonty tenant erase --cancel` takes it back.",
        )
    if out is None:
        raise Invalid("Say where the last file goes, with --out.", code="erase.no_file")
    return _carry_out(tenant, known, out, say)


def erase_cancel(*, slug: str) -> None:
    """Take an erasure back that was not carried out. Raises NotFound when there is none."""
    tenant = tenant_by_slug(slug)
    with in_public(), transaction.atomic():
        gone, _ = Erasure.objects.filter(tenant=tenant.uuid, erased_at__isnull=True, export_digest="").delete()
        if not gone:
            raise NotFound(f"{slug} is not about to be erased.", code="erase.none")
        Tenant.objects.filter(id=tenant.uuid, state=State.LEAVING).update(state=State.ACTIVE)
    forget()


def _carry_out(tenant: TenantRef, erasure: Erasure, out: Path, say: Callable[[str], None]) -> Erased:
    begun = time.perf_counter()
    carried = Carried(tenant, erasure.export_digest, 0, 0, 0)
    # Cut off after its schema was dropped, it has its last file and its line in the journal already.
    if not erasure.export_digest or _stands(tenant.schema):
        say("Writing the last file …")
        carried = tenant_export(slug=tenant.slug, out=out, say=say)
        reader = Reader(out)
        reader.close()
        with in_public():
            Erasure.objects.filter(pk=erasure.pk).update(export_digest=carried.digest)
        _journal_add(tenant, carried.digest)
    say("Erasing …")
    _gone(tenant.uuid, tenant.schema)
    spent = time.perf_counter() - begun
    return Erased(
        erasure.slug,
        "erased",
        erasure.due_at,
        Carried(tenant, carried.digest, carried.rows, carried.files, spent),
    )


def _stands(schema: str) -> bool:
    with owner_connection() as owner:
        return owner.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema]).fetchone() is not None


def _gone(uuid: UUID, schema: str) -> None:
    """Everything of a tenant but its line in the registry, which the money ledger refers to. Safe to do again."""
    # What others have entrusted to it and it has not awarded is theirs again.
    receiver_left(tenant=uuid)
    with in_public(), transaction.atomic():
        # Nobody is led there any more; then it is dropped.
        Domain.objects.filter(tenant_id=uuid).delete()
    forget()
    with schema_lock(schema):
        schema_drop(schema)
    shutil.rmtree(media_of(uuid), ignore_errors=True)
    with in_public(), transaction.atomic():
        for relation in Tenant._meta.related_objects:
            # Everything national that stands for this tenant alone; the money ledger protects its own lines.
            if relation.on_delete is models.CASCADE:
                relation.related_model._base_manager.filter(**{relation.field.attname: uuid}).delete()
        Tenant.objects.filter(id=uuid).update(
            state=State.ERASED, slug=f"erased-{uuid.hex[:16]}", reason="", state_before="", signing_key=None
        )
        Erasure.objects.filter(tenant=uuid, erased_at__isnull=True).update(erased_at=timezone.now())


def _journal() -> Path:
    return environment().var_dir / JOURNAL


def _journal_add(tenant: TenantRef, digest: str) -> None:
    """A line outside the database and its backups, on disk before anything is dropped."""
    line = {
        "tenant": str(tenant.uuid),
        "slug": tenant.slug,
        "digest": digest,
        "at": timezone.now().isoformat(timespec="seconds"),
    }
    handle = os.open(_journal(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        opened.write(json.dumps(line) + "\n")
        opened.flush()
        os.fsync(opened.fileno())


def erasures_replay(*, say: Callable[[str], None]) -> list[str]:
    """After a backup was restored: erase again what the journal says was erased. Returns the addresses."""
    if not _journal().is_file():
        return []
    lines: list[dict[str, Any]] = [json.loads(line) for line in _journal().read_text(encoding="utf-8").splitlines()]
    again = []
    for line in lines:
        uuid = UUID(line["tenant"])
        with in_public(), transaction.atomic():
            row = Tenant.objects.filter(id=uuid).exclude(state=State.ERASED).first()
            if row is None:
                continue
            Erasure.objects.update_or_create(
                tenant=uuid,
                defaults={
                    "slug": line["slug"],
                    "schema": row.schema_name,
                    "reason": "erased before the backup was restored",
                    "first_by": "the journal",
                    "second_by": "the restore",
                    "export_digest": line["digest"],
                },
            )
            schema = str(row.schema_name)
        say(f"Erasing {line['slug']} again …")
        _gone(uuid, schema)
        again.append(str(line["slug"]))
    return again
