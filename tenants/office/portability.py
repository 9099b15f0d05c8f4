"""Taking one tenant out as a file, and putting such a file in: as a tenant of its own, or in place of itself.

What is put in is built in a schema of its own that nobody is led to, compared with the file, and only then given its
hosts. A tenant keeps its identifier for ever: rows are sealed with it and keys are derived from it. So a file can be
put in under another address, and never beside the tenant it came from.
"""

from __future__ import annotations

import re
import shutil
import time
import uuid
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from psycopg import sql

from core.audit.models import SigningKey
from core.audit.services import chain_verify, event_record
from core.audit.statements import KEY_PURPOSE
from core.kernel.clock import database_now
from core.kernel.crypto import canonical_json, digest, sign, token_open
from core.kernel.env import environment
from core.kernel.errors import CommontyError, Invalid, Refused, Unavailable
from core.kernel.files import written_whole
from plugins.api.text import LocalisedText
from tenants.office import archive
from tenants.office.belongings import belongings, belongings_check, belongings_take
from tenants.office.clone import structure_for
from tenants.office.events import TenantArrived
from tenants.office.fleet import release_now
from tenants.office.models import Arrival, Erasure, Move, SchemaRelease, SignedFact, TemplateRelease
from tenants.office.owner import owner_connection, schema_drop, schema_lock
from tenants.office.protection import grants_apply, roles_make, roles_tell, seal_apply
from tenants.office.provisioning import arrive
from tenants.office.services import hosts_for, look_check, schema_name, slug_check, slug_held_check
from tenants.registry.context import Role, TenantRef, in_public, in_tenant
from tenants.registry.hosts import forget
from tenants.registry.limits import quotas_forget
from tenants.registry.models import Domain, Tenant
from tenants.registry.selectors import tenant_by_slug, tenant_by_uuid

ROUND = re.compile(r"FOR VALUES IN \('([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})'\)")
Say = Callable[[str], None]


def _quiet(text: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Carried:
    """What was taken out or put in."""

    tenant: TenantRef
    digest: str
    rows: int
    files: int
    seconds: float


def media_of(tenant: uuid.UUID) -> Path:
    return Path(settings.MEDIA_ROOT) / str(tenant)


def _private_key(tenant: TenantRef) -> tuple[bytes, bytes]:
    """The tenant's own key pair. Raises Unavailable where it cannot be opened with this service's secret."""
    with in_tenant(tenant, role=Role.WORKER):
        held = SigningKey.objects.first()
    if held is None:
        raise Unavailable(
            "This tenant has no signing key, so its file could not be signed.",
            code="signing_key.missing",
            remedy="Run its creation again: it does the steps that are missing.",
        )
    opened = token_open(KEY_PURPOSE, tenant.uuid, held.private)
    return bytes.fromhex(opened["private"]), bytes(held.public)


# -- out --------------------------------------------------------------------------------------------------------------


def tenant_export(*, slug: str, out: Path, say: Say = _quiet) -> Carried:
    """Write one tenant into one file, as it stands at one moment, whole or not at all.

    Raises NotFound for an unknown tenant, Invalid where the file cannot be written, Refused while somebody writes it.
    """
    begun = time.perf_counter()
    tenant = tenant_by_slug(slug)
    private, public = _private_key(tenant)
    try:
        with written_whole(out) as part:
            # From its first byte on it is its owner's alone.
            part.touch(mode=0o600)
            with zipfile.ZipFile(part, "w", compression=zipfile.ZIP_DEFLATED, compresslevel=3) as opened:
                writer = archive.Writer(opened)
                manifest = _contents(tenant, writer, say)
                writer.close(manifest, sign(private, canonical_json(manifest)), public)
    except OSError as error:
        raise Invalid(
            f"The file could not be written: {error.strerror}.",
            code="export.unwritable",
            remedy="Name a folder that exists, has room and may be written to.",
        ) from error
    files = sum(1 for member in writer.members if member["name"].startswith("media/"))
    rows = sum(int(member.get("rows", 0)) for member in writer.members)
    return Carried(tenant, digest(canonical_json(manifest)), rows, files, time.perf_counter() - begun)


def _contents(tenant: TenantRef, writer: archive.Writer, say: Say) -> dict[str, Any]:
    """Write every table and file; returns the manifest."""
    with in_public():
        row = Tenant.objects.select_related("parent").get(id=tenant.uuid)
        facts = list(SignedFact.objects.filter(tenant=row).order_by("kind", "key"))
        parent = row.parent.slug if row.parent else ""
        owned = belongings(tenant.uuid, tenant.slug)
        made = SchemaRelease.objects.filter(tenant=row, state=SchemaRelease.State.DONE).select_related("release")
        latest = made.order_by("-release__recorded_at").first()
    if latest is None:
        raise Refused(
            "This tenant's schema is of no known release.",
            code="export.no_release",
            remedy="Run `commonty fleet migrate`, then export again.",
        )
    with owner_connection() as owner:
        # One moment for the whole file, whatever is written meanwhile.
        owner.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        owner.execute(archive.SESSION)
        tables = archive.tables_of(owner, tenant.schema)
        sequences = archive.sequences_of(owner, tenant.schema)
        partitions = archive.partitions_of(owner, tenant.schema)
        described = []
        for number, table in enumerate(tables, start=1):
            name = f"tables/{table.name}.jsonl"
            rows = writer.put(name, archive.rows_of(owner, tenant.schema, table))
            writer.members[-1]["rows"] = rows
            described.append({"name": table.name, "key": list(table.key), "columns": list(table.columns)})
            if number % 25 == 0:
                say(f"{number} of {len(tables)} tables")
    media = media_of(tenant.uuid)
    for path in sorted(media.rglob("*")) if media.is_dir() else []:
        if path.is_file() and not path.is_symlink():
            writer.put(f"media/{path.relative_to(media).as_posix()}", archive.blocks_of(path))
    return {
        "format": archive.FORMAT,
        "made_at": database_now_text(),
        "release": latest.release.mark,
        "fingerprint": latest.release.fingerprint,
        "migrations": latest.release.migrations,
        "tenant": {
            "uuid": str(tenant.uuid),
            "slug": tenant.slug,
            "kind": tenant.kind,
            "name": {"en": tenant.name.en, "gd": tenant.name.gd},
            "code": tenant.code,
            "accent": tenant.accent,
            "state": row.state_before or row.state,
            "epoch": tenant.epoch,
            "parent": parent,
        },
        "tables": described,
        "sequences": sequences,
        "partitions": partitions,
        "facts": [
            {"body": fact.body, "stated_at": fact.stated_at.isoformat(), "signature": bytes(fact.signature).hex()}
            for fact in facts
        ],
        "belongings": owned,
        "members": writer.members,
    }


def database_now_text() -> str:
    with in_public():
        return database_now().isoformat(timespec="seconds")


# -- in ---------------------------------------------------------------------------------------------------------------


def _release_of(reader: archive.Reader) -> TemplateRelease:
    with in_public():
        known = TemplateRelease.objects.filter(mark=reader.manifest.release).first()
    if known is None:
        same = {tuple(pair) for pair in release_now().migrations}
        newer = any(pair not in same for pair in reader.manifest.migrations)
        raise Refused(
            "The file is of a newer release than this service."
            if newer
            else "The file is of a release not known here.",
            code="archive.release",
            remedy="Bring this service to the release the file was made with, then import it again.",
        )
    return known


def _built(reader: archive.Reader, tenant: TenantRef, say: Say) -> int:
    """Clone the file's structure into the tenant's new schema, fill and seal it, and compare; returns the rows."""
    release = _release_of(reader)
    manifest = reader.manifest
    total = 0
    with owner_connection() as owner:
        owner.execute(structure_for(release.structure, tenant.schema).encode())
        owner.execute(archive.SESSION)
        owner.execute("SELECT set_config('commonty.tenant', %s, true)", [str(tenant.uuid)])
        tables = {table.name: table for table in archive.tables_of(owner, tenant.schema)}
        if sorted(tables) != sorted(table.name for table in manifest.tables):
            raise Invalid("The file's tables are not those of its release.", code="archive.tables")
        archive.partitions_put(owner, tenant.schema, manifest.partitions, ROUND)
        # The seal comes first: a row of another tenant must not even get in.
        seal_apply(owner, tenant)
        owner.execute(archive.SESSION)
        for table in tables.values():
            owner.execute(
                sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(tenant.schema, table.name))
            )
        for member in reader.members("tables"):
            known = tables.get(member.name.removeprefix("tables/").removesuffix(".jsonl"))
            if known is None:
                raise Invalid("The file holds a table that its release has not.", code="archive.tables")
            rows = archive.rows_put(owner, tenant.schema, known, reader.lines(member))
            if rows != member.rows:
                raise Invalid(f"{known.name} has {rows} rows instead of {member.rows}.", code="archive.rows")
            total += rows
        owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables.values():
            owner.execute(
                sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(tenant.schema, table.name))
            )
        archive.sequences_put(owner, tenant.schema, manifest.sequences)
        record = sql.Identifier(tenant.schema, "django_migrations")
        with owner.cursor() as cursor:
            cursor.executemany(
                sql.SQL("INSERT INTO {} (app, name, applied) VALUES (%s, %s, now())").format(record),
                manifest.migrations,
            )
        say("Comparing with the file …")
        wanted = {member.name: member.sha256 for member in reader.members("tables")}
        for table in tables.values():
            _rows, mark = archive.table_mark(owner, tenant.schema, table)
            if mark != wanted.get(f"tables/{table.name}.jsonl"):
                raise Invalid(f"{table.name} is not as it was in the file.", code="archive.differs")
        roles_make(owner, tenant)
        grants_apply(owner, tenant)
    return total


def _proved(reader: archive.Reader, tenant: TenantRef) -> None:
    """The record's chain holds, and the tenant's key opens here and is the one that signed the file."""
    with in_tenant(tenant, role=Role.WORKER):
        chain = chain_verify()
    if not chain["ok"]:
        raise Refused(
            f"The record of the tenant is broken at link {chain['broken']['seq']}.",
            code="archive.chain",
            remedy="Use an older file; somebody has changed the record this one was made from.",
        )
    try:
        _private, public = _private_key(tenant)
    except Invalid as error:
        raise Refused(
            "The tenant's keys do not open with this service's secret.",
            code="archive.secret",
            remedy="Add the secret of the service the file comes from to COMMONTY_SECRET_KEY_FALLBACKS.",
        ) from error
    if public != reader.public:
        raise Refused("The file was signed by somebody else than its tenant.", code="archive.signer")


def _media_put(reader: archive.Reader, place: Path) -> int:
    """The files into a new folder; returns how many."""
    members = reader.members("media")
    for member in members:
        path = place / member.name.removeprefix("media/")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as opened:
            for block in reader.blocks(member):
                opened.write(block)
    return len(members)


def _ref(reader: archive.Reader, *, slug: str, schema: str) -> TenantRef:
    told = reader.manifest.tenant
    return TenantRef(
        uuid=told.uuid,
        slug=slug,
        kind=told.kind,
        schema=schema,
        name=LocalisedText(told.name.en, told.name.gd),
        state=told.state,
        code=told.code,
        accent=told.accent,
        epoch=told.epoch,
    )


def _made(reader: archive.Reader, tenant: TenantRef, say: Say) -> tuple[int, Path, int]:
    """Build and prove everything beside what is served. What does not succeed leaves nothing behind.

    Whoever calls holds the schema's lock until it is led to: what is killed here is a stray that `fleet sweep` removes.
    """
    place = media_of(tenant.uuid).with_name(f"{tenant.uuid}.{tenant.schema}")
    try:
        rows = _built(reader, tenant, say)
        _proved(reader, tenant)
        files = _media_put(reader, place)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        with suppress(CommontyError):
            schema_drop(tenant.schema)
        raise
    return rows, place, files


def _given_up(tenant: TenantRef, *places: Path) -> None:
    """Take away what was made beside what is served, unless somebody is led to it by now."""
    led = tenant_by_uuid(tenant.uuid)
    if led is not None and led.schema == tenant.schema:
        return
    for place in places:
        shutil.rmtree(place, ignore_errors=True)
    schema_drop(tenant.schema)


def tenant_import(*, path: Path, slug: str = "", say: Say = _quiet) -> Carried:
    """Put a file in as a tenant, under its own or another address, and prove that it is the same as the file.

    Run again with the same file it goes on where it was cut off, and changes nothing where it is done.
    Raises Invalid for a file that is damaged or changed, Refused for one of
    another release, of a tenant that stands here, or that was erased.
    """
    begun = time.perf_counter()
    reader = archive.Reader(path)
    try:
        told = reader.manifest.tenant
        chosen = slug or told.slug
        slug_check(chosen, told.kind)
        slug_held_check(chosen)
        tenant = _ref(reader, slug=chosen, schema=schema_name())
        if not _arrived(reader, chosen):
            _free(tenant)
            with in_public():
                belongings_check(reader.manifest.belongings, tenant.uuid)
            with schema_lock(tenant.schema):
                _rows, place, _files = _made(reader, tenant, say)
                try:
                    # Before anybody is led there: cut off between the two, the files wait for the next try.
                    _media_swap(tenant.uuid, place)
                    roles_tell(tenant)
                    _registered(reader, tenant)
                except BaseException:
                    _given_up(tenant, place, media_of(tenant.uuid))
                    raise
        forget()
        quotas_forget()
        here = tenant_by_slug(chosen)
        with in_public():
            unfinished = Arrival.objects.filter(tenant_id=here.uuid, finished_at__isnull=True)
            waiting = unfinished.exists()
        if waiting:
            arrive(here)
            _note(here, "imported", reader.digest)
            with in_public():
                Arrival.objects.filter(tenant_id=here.uuid).update(finished_at=Now())
        else:
            say("This file has arrived here already; nothing was changed.")
        rows = sum(member.rows for member in reader.members("tables"))
        return Carried(here, reader.digest, rows, len(reader.members("media")), time.perf_counter() - begun)
    finally:
        reader.close()


def _note(tenant: TenantRef, how: str, digest: str) -> None:
    """The tenant's own record tells that it goes on from a file, in which epoch."""
    with in_tenant(tenant, role=Role.WORKER), transaction.atomic():
        event_record(TenantArrived(how=how, digest=digest, epoch=tenant.epoch))


def _arrived(reader: archive.Reader, slug: str) -> bool:
    """Whether the tenant stands here because of this very file."""
    with in_public():
        return Arrival.objects.filter(
            tenant_id=reader.manifest.tenant.uuid, tenant__slug=slug, digest=reader.digest
        ).exists()


def _not_moving(tenant: TenantRef) -> None:
    """Raises Refused while the tenant is on its way to another cell. Called in the registry."""
    if Move.objects.filter(tenant_id=tenant.uuid).exclude(step=Move.Step.CLEARED).exists():
        raise Refused(
            "This tenant's move away from here is not finished.",
            code="move.unfinished",
            remedy="Run the same `commonty tenant move` again.",
        )


def _free(tenant: TenantRef) -> None:
    """Raises Refused when the tenant stands here already, was erased, or its address is somebody else's.

    One that has moved away may come back.
    """
    with in_public():
        if Erasure.objects.filter(tenant=tenant.uuid, erased_at__isnull=False).exists():
            raise Refused("This tenant was erased and does not come back.", code="archive.erased")
        if Tenant.objects.filter(id=tenant.uuid).exclude(state=Tenant.State.MOVED).exists():
            raise Refused(
                "This tenant stands here already.",
                code="archive.stands",
                remedy="`commonty tenant restore FILE --into SLUG` puts the file in its place.",
            )
        _not_moving(tenant)
        hosts = [host for host, _purpose in hosts_for(tenant.slug)]
        others = Tenant.objects.exclude(id=tenant.uuid)
        domains = Domain.objects.exclude(tenant_id=tenant.uuid)
        if others.filter(slug=tenant.slug).exists() or domains.filter(domain__in=hosts).exists():
            raise Refused(
                f"The address {tenant.slug!r} is taken.", code="slug.taken", remedy="Choose another with --slug."
            )
        look_check(tenant.slug, besides=tenant.uuid)


def _registered(reader: archive.Reader, tenant: TenantRef) -> None:
    told = reader.manifest.tenant
    try:
        with in_public(), transaction.atomic():
            parent = Tenant.objects.filter(slug=told.parent, kind=Tenant.Kind.COUNCIL).first()
            # Of one that comes back a line is left here, which the ledger of money may refer to.
            row, _new = Tenant.objects.update_or_create(
                id=tenant.uuid,
                defaults={
                    "slug": tenant.slug,
                    "kind": tenant.kind,
                    "name": tenant.name,
                    "code": tenant.code,
                    "accent": tenant.accent,
                    "state": tenant.state,
                    "schema_name": tenant.schema,
                    # Cookies and links of the place it comes from mean nothing here.
                    "epoch": tenant.epoch + 1,
                    "parent": parent,
                    "signing_key": reader.public,
                },
            )
            for left in (Domain, SchemaRelease, SignedFact, Move, Arrival):
                left.objects.filter(tenant=row).delete()
            Arrival.objects.create(tenant=row, digest=reader.digest)
            Domain.objects.bulk_create(
                [
                    Domain(domain=host, tenant=row, purpose=purpose, is_primary=True)
                    for host, purpose in hosts_for(tenant.slug)
                ]
            )
            SchemaRelease.objects.create(tenant=row, release=_known(reader), state=SchemaRelease.State.DONE)
            SignedFact.objects.bulk_create([_fact(row, fact) for fact in reader.manifest.facts])
            belongings_take(reader.manifest.belongings, tenant)
    except IntegrityError as error:
        raise Refused(
            "Somebody else has just taken this address, or one of its own.",
            code="slug.taken",
            remedy="Run the same command again: then it is said which.",
        ) from error


def _known(reader: archive.Reader) -> TemplateRelease:
    return TemplateRelease.objects.get(mark=reader.manifest.release)


def _fact(row: Tenant, told: archive.FactTold) -> SignedFact:
    body = told.body
    return SignedFact(
        tenant=row,
        kind=body["kind"],
        key=body["key"],
        body=body,
        stated_at=told.stated_at,
        digest=digest(canonical_json(body)),
        signature=bytes.fromhex(told.signature),
    )


def _media_swap(tenant: uuid.UUID, fresh: Path) -> None:
    """The new folder in place of the old one; a tenant without files has none."""
    place = media_of(tenant)
    old = place.with_name(f"{tenant}.old")
    if place.exists():
        shutil.rmtree(old, ignore_errors=True)
        place.rename(old)
    if fresh.exists():
        fresh.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def tenant_restore(*, path: Path, into: str, keep: Path, say: Say = _quiet) -> Carried:
    """Put a file in place of the tenant it came from; everybody is signed out, and no neighbour is touched.

    The present state is first written to `keep`. Raises what import raises, and Refused for another tenant's file.
    """
    begun = time.perf_counter()
    now = tenant_by_slug(into)
    reader = archive.Reader(path)
    try:
        if reader.manifest.tenant.uuid != now.uuid:
            raise Refused(
                f"The file is of {reader.manifest.tenant.slug!r} and not of {into!r}.",
                code="archive.other_tenant",
            )
        with in_public():
            _not_moving(now)
            key = bytes(Tenant.objects.get(id=now.uuid).signing_key or b"")
        if key != reader.public:
            raise Refused("The file was signed by somebody else than its tenant.", code="archive.signer")
        tenant = _ref(reader, slug=into, schema=schema_name())
        with schema_lock(tenant.schema):
            rows, place, files = _made(reader, tenant, say)
            try:
                say(f"Keeping the present state in {keep} …")
                tenant_export(slug=into, out=keep)
                _swapped(reader, now, tenant)
            except BaseException:
                _given_up(tenant, place)
                raise
            _media_swap(tenant.uuid, place)
        schema_drop(now.schema)
        fresh = tenant_by_uuid(tenant.uuid)
        assert fresh is not None
        arrive(fresh)
        _note(fresh, "restored", reader.digest)
        return Carried(fresh, reader.digest, rows, files, time.perf_counter() - begun)
    finally:
        reader.close()


def _swapped(reader: archive.Reader, now: TenantRef, tenant: TenantRef) -> None:
    """Lead the registry to the restored schema, having shut the old one: nothing is written into it any more."""
    with schema_lock(now.schema):
        with owner_connection() as owner:
            for role in Role:
                owner.execute(
                    sql.SQL("REVOKE USAGE ON SCHEMA {} FROM {}").format(
                        sql.Identifier(now.schema), sql.Identifier(f"{now.schema}_{role.value}")
                    )
                )
        with in_public(), transaction.atomic():
            row = Tenant.objects.select_for_update().get(id=now.uuid)
            row.schema_name, row.epoch = tenant.schema, row.epoch + 1
            row.save(update_fields=["schema_name", "epoch"])
            SchemaRelease.objects.filter(tenant=row).delete()
            SchemaRelease.objects.create(tenant=row, release=_known(reader), state=SchemaRelease.State.DONE)
            # From now on it is this file's: what came by an earlier one is not what stands here.
            Arrival.objects.update_or_create(tenant=row, defaults={"digest": reader.digest, "finished_at": Now()})
        forget()


def exports_folder() -> Path:
    """Where files go that nobody named a place for."""
    place = environment().var_dir / "exports"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return place
