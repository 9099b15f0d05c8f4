"""A tenant moves to another cell: frozen, written out, put in there, visitors led on, and cleared here.

Each step is recorded when it is done and bears being done twice, so that a command that was cut off is run again. From
the first step on the tenant can be read and not written to; from the fourth on its new place serves it. What is put in
there is proved to be the same as the file before anything is taken away here.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import psycopg
from django.db import transaction
from django.db.models import Q
from psycopg import sql

from core.kernel.clock import database_now
from core.kernel.crypto import token_open, token_seal
from core.kernel.errors import Invalid, NotFound, Refused, Unavailable
from core.kernel.keys import key_port
from tenants.office.archive import Reader
from tenants.office.belongings import belongings_drop
from tenants.office.cells import Cell
from tenants.office.delegation.selectors import delegations_of
from tenants.office.lifecycle import MAY_BE_SUSPENDED, tenant_resume, tenant_suspend
from tenants.office.models import Erasure, Move, SchemaRelease
from tenants.office.owner import owner_connection, schema_drop, schema_lock
from tenants.office.portability import Carried, Say, _quiet, exports_folder, media_of, tenant_export, tenant_import
from tenants.office.requests.models import GroupLink
from tenants.registry.context import Role, TenantRef, in_public, in_tenant
from tenants.registry.hosts import KEPT_SECONDS, forget, origin
from tenants.registry.models import Domain, Tenant
from tenants.registry.selectors import hosts_of, tenant_by_slug

Step = Move.Step
REASON = "This site is moving to another part of the service. It can be read; writing is possible again after the move."
KEYS = "move/keys"
KEYS_LIFE = timedelta(days=7)
WRITERS_WAIT = "60s"


class MovePart(Protocol):
    """What a module above knows of a tenant that is to move. Called inside the tenant."""

    def obstacles(self) -> Sequence[str]:
        """Plain sentences: what must be over before the tenant may be frozen. None where nothing stands in its way."""

    def key_names(self) -> Sequence[str]:
        """Keys of the key port without which something of the tenant could not be opened at its new place."""


_parts: list[MovePart] = []


def bind_move_parts(parts: Sequence[MovePart]) -> None:
    """Called once by `project`."""
    _parts[:] = parts


@dataclass(frozen=True, slots=True)
class Moved:
    """How far a move is, and where the tenant is served now, by purpose of its hosts."""

    carried: Carried
    step: str
    origins: dict[str, str]


def tenant_move(
    *, slug: str, to: Cell, by: str, say: Say = _quiet, wait: Callable[[float], None] = time.sleep
) -> Moved:
    """Move a tenant to another cell, or go on with a move that was cut off.

    Raises Refused with everything that stands in its way before anything is changed; later what the other cell says,
    with the tenant frozen where it was cut off.
    """
    tenant = tenant_by_slug(slug)
    # A lock of the move's own: its steps take the schema's.
    with schema_lock(f"move {tenant.schema}"):
        return _moved(tenant, to, by, say, wait)


def _moved(tenant: TenantRef, to: Cell, by: str, say: Say, wait: Callable[[float], None]) -> Moved:
    begun = time.perf_counter()
    row = _begun(tenant, to, by)
    if row.step == Step.BEGUN:
        say("Freezing: from now on it can be read only …")
        _frozen(tenant, by)
        _at(row, Step.FROZEN)
    if row.step == Step.FROZEN or (row.step == Step.EXPORTED and not _file_whole(row)):
        say("Writing the file …")
        _exported(row, tenant.slug, say)
    if row.step == Step.EXPORTED:
        say(f"Putting it in at {to.name} …")
        _imported(row, tenant, to)
    if row.step == Step.IMPORTED:
        say("Leading visitors on …")
        _redirected(row, tenant)
    if row.step == Step.REDIRECTED:
        assert row.redirected_at is not None
        left = KEPT_SECONDS - (database_now_seconds() - row.redirected_at.timestamp())
        if left > 0:
            say(f"Waiting {left:.0f} s until every process knows …")
            wait(left)
        _cleared(row, tenant)
    # Last, so that a command that was cut off still tells how much it was.
    counted = _counted(Path(row.file))
    _file(row).unlink(missing_ok=True)
    return Moved(Carried(tenant, row.digest, *counted, time.perf_counter() - begun), row.step, dict(row.origins))


def move_cancel(*, slug: str, by: str, to: Cell) -> TenantRef:
    """Take a move back that has put nothing in at the other cell. Raises NotFound without one, Refused when it has."""
    tenant = tenant_by_slug(slug)
    with in_public():
        row = Move.objects.filter(tenant_id=tenant.uuid, step__in=[Step.BEGUN, Step.FROZEN, Step.EXPORTED]).first()
    if row is None:
        raise NotFound(f"{slug} is not moving, or stands at its new place already.", code="move.none")
    try:
        to.run(["tenant", "show", slug])
    except NotFound:
        pass
    else:
        raise Refused(
            f"{slug} stands at {to.name} already.",
            code="move.arrived",
            remedy="Run the same `commonty tenant move` again: it goes on from here.",
        )
    with schema_lock(f"move {tenant.schema}"):
        for left in (_keys_file(row), _file(row)):
            left.unlink(missing_ok=True)
        with in_public():
            Move.objects.filter(pk=row.pk).delete()
    if tenant_by_slug(slug).is_suspended:
        return tenant_resume(slug=slug, reason="The move was taken back.", by=by)
    return tenant


def database_now_seconds() -> float:
    with in_public():
        return database_now().timestamp()


def _at(row: Move, step: str, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.step = step
    with in_public():
        row.save(update_fields=["step", *values])


# -- what stands in its way -------------------------------------------------------------------------------------------


def _begun(tenant: TenantRef, to: Cell, by: str) -> Move:
    with in_public():
        known = Move.objects.filter(tenant_id=tenant.uuid).first()
    if known is not None:
        if known.cell != to.name:
            raise Refused(
                f"{tenant.slug} is on its way to {known.cell}.",
                code="move.elsewhere",
                remedy=f"Finish that move, or take it back with `commonty tenant move {tenant.slug} --to {known.cell}"
                " --cancel`.",
            )
        return known
    found = _obstacles(tenant)
    if found:
        raise Refused(
            f"{tenant.slug} cannot move now: " + " ".join(found),
            code="move.obstacles",
            remedy="Settle these first; nothing was changed.",
            problems=found,
        )
    with in_public():
        return Move.objects.create(tenant_id=tenant.uuid, cell=to.name, by=by)


def _obstacles(tenant: TenantRef) -> list[str]:
    found = []
    if tenant.is_hub:
        found.append("The national site stays where the registry is.")
    if tenant.is_suspended:
        found.append(f"It is suspended: {tenant.reason} Resume it first.")
    elif tenant.state not in MAY_BE_SUSPENDED:
        found.append(f"It is {tenant.state}.")
    open_money = [one for one in delegations_of(tenant.uuid) if one.balances.pending or one.balances.unspent]
    found += [
        f"Money that {one.giver.slug} entrusts to {one.receiver.slug} is not awarded or returned yet."
        for one in open_money
    ]
    with in_public():
        if Erasure.objects.filter(tenant=tenant.uuid, erased_at__isnull=True).exists():
            found.append("It is about to be erased.")
        mine = Q(group_id=tenant.uuid) | Q(council_id=tenant.uuid)
        links = GroupLink.objects.filter(mine, ended_at__isnull=True).select_related("group", "council")
        found += [
            f"{one.group.slug} and {one.council.slug} are linked; a link holds in one cell only." for one in links
        ]
    if found:
        return found
    with in_tenant(tenant, role=Role.WORKER):
        return [words for part in _parts for words in part.obstacles()]


# -- the steps --------------------------------------------------------------------------------------------------------


def _frozen(tenant: TenantRef, by: str) -> None:
    """Nobody writes any more, and who was writing has finished: what is written out now is the last."""
    # Said again where it was cut off: that the registry knows is not yet that the rights are gone.
    tenant_suspend(slug=tenant.slug, reason=REASON, by=by)
    with owner_connection() as owner:
        owner.execute(f"SET LOCAL lock_timeout TO '{WRITERS_WAIT}'".encode())
        rows = owner.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = %s AND c.relkind IN ('r', 'p') ORDER BY 1",
            [tenant.schema],
        ).fetchall()
        names = sql.SQL(", ").join(sql.Identifier(tenant.schema, str(row[0])) for row in rows)
        try:
            # Waits for every transaction that had begun to write while it still might.
            owner.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(names))
        except psycopg.errors.LockNotAvailable as error:
            raise Unavailable(
                "Somebody is still writing.", code="move.writers", remedy="Run the same command again in a minute."
            ) from error
        owner.rollback()


def _exported(row: Move, slug: str, say: Say) -> None:
    file = _file(row)
    done = tenant_export(slug=slug, out=file, say=say)
    with in_tenant(done.tenant, role=Role.WORKER):
        names = [name for part in _parts for name in part.key_names()]
    keys = {name: key.hex() for name in names if (key := key_port().carry_out(name)) is not None}
    row.file = str(file)
    sealed = token_seal(KEYS, done.tenant.uuid, {"keys": keys}, ttl=KEYS_LIFE)
    handle = os.open(_keys_file(row), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as opened:
        opened.write(sealed)
    _at(row, Step.EXPORTED, file=str(file), digest=done.digest)


def _file(row: Move) -> Path:
    return exports_folder() / f"move-{row.tenant_id}.zip"


def _keys_file(row: Move) -> Path:
    return exports_folder() / f"move-{row.tenant_id}.keys"


def _file_whole(row: Move) -> bool:
    """Whether what was written out is still there, as it was."""
    try:
        reader = Reader(Path(row.file))
    except Invalid:
        return False
    reader.close()
    return reader.digest == row.digest and _keys_file(row).is_file()


def _imported(row: Move, tenant: TenantRef, to: Cell) -> None:
    # Of a file that has arrived before, the other cell says the same again.
    answer = to.run(["tenant", "import", row.file, "--keys", str(_keys_file(row))])
    if answer.get("uuid") != str(tenant.uuid) or answer.get("digest") != row.digest:
        raise Refused(
            f"What stands at {to.name} is not what was sent.",
            code="move.differs",
            remedy="Look there with `commonty tenant show`; nothing was taken away here.",
        )
    _at(row, Step.IMPORTED, origins=dict(answer["origins"]))


def _redirected(row: Move, tenant: TenantRef) -> None:
    with in_public(), transaction.atomic():
        Tenant.objects.filter(id=tenant.uuid).update(state=Tenant.State.MOVED, state_before="", reason="")
        row.step, row.redirected_at = Step.REDIRECTED, database_now()
        row.save(update_fields=["step", "redirected_at"])
    forget()


def _cleared(row: Move, tenant: TenantRef) -> None:
    """Nothing of the tenant stays here but its line, its hosts and its signed facts: the file has done its work."""
    with schema_lock(tenant.schema):
        schema_drop(tenant.schema)
        shutil.rmtree(media_of(tenant.uuid), ignore_errors=True)
        _keys_file(row).unlink(missing_ok=True)
        with in_public(), transaction.atomic():
            SchemaRelease.objects.filter(tenant_id=tenant.uuid).delete()
            belongings_drop(tenant.uuid)
        _at(row, Step.CLEARED)


def _counted(file: Path) -> tuple[int, int]:
    """Rows and files of the file; nothing where it has done its work before."""
    try:
        reader = Reader(file)
    except Invalid:
        return 0, 0
    reader.close()
    return sum(member.rows for member in reader.members("tables")), len(reader.members("media"))


# -- at the other cell ------------------------------------------------------------------------------------------------


def tenant_receive(*, path: Path, keys: Path, slug: str = "", say: Say = _quiet) -> Carried:
    """Put in a file that comes with keys: first the keys, then the tenant. Safe to do again.

    Raises Invalid for keys of another tenant or of another secret, and whatever an import raises.
    """
    reader = Reader(path)
    tenant = reader.manifest.tenant.uuid
    reader.close()
    try:
        carried: dict[str, str] = token_open(KEYS, tenant, keys.read_text(encoding="ascii").strip())["keys"]
    except OSError as error:
        raise Invalid(f"{keys} cannot be read: {error.strerror}.", code="move.keys_unreadable") from error
    except Invalid as error:
        raise Invalid(
            "The keys of the tenant's rounds do not open here.",
            code="move.keys",
            remedy="Add the secret of the cell it comes from to COMMONTY_SECRET_KEY_FALLBACKS here, and try again.",
        ) from error
    for name, key in carried.items():
        key_port().carry_in(name, bytes.fromhex(key))
    return tenant_import(path=path, slug=slug, say=say)


def origins_of(tenant: UUID) -> dict[str, str]:
    """Purpose of each of a tenant's hosts to its origin, as links of this installation name it."""
    return {purpose: origin(host) for purpose, host in hosts_of(tenant).items()}


# -- leading on -------------------------------------------------------------------------------------------------------


def moved_origins() -> dict[str, str]:
    """The public origin of every tenant that another cell serves, by slug."""
    with in_public():
        rows = Move.objects.filter(tenant__state=Tenant.State.MOVED).values_list("tenant__slug", "origins")
        return {slug: str(origins.get("public", "")) for slug, origins in rows}


def moved_to(host: str) -> str:
    """The origin at which a host that has moved away is served; empty for every other."""
    with in_public():
        found = Domain.objects.filter(domain=host, tenant__state=Tenant.State.MOVED).first()
        row = Move.objects.filter(tenant_id=found.tenant_id).first() if found else None
        return str(row.origins.get(found.purpose, "")) if row and found else ""
