"""The file of one tenant: a zip with a JSON line for each row, the media, and a signed list of all of it.

    manifest.json     what this is, whose, of which release, with which own addresses and limits; every member with
                      its size and SHA-256
    signature.json    Ed25519 by the tenant's own key over the canonical form (RFC 8785) of the manifest
    tables/NAME.jsonl one row a line, columns by name, as PostgreSQL writes JSON, in order of the key
    media/…           the tenant's files

Rows are read and written one batch at a time. Left out are sessions, which are keys to somebody's browser, and the
record of migrations, which the manifest states. A row's text is the same whoever writes it, so the digest of a table
that was put back can be compared with that of the table it came from.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import psycopg
from psycopg import sql
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.kernel.crypto import canonical_json, digest, verify
from core.kernel.errors import Invalid, Refused
from tenants.office.quotas import MOST
from tenants.registry.limits import What

Owner = psycopg.Connection[Any]

FORMAT = "commonty-tenant/1"
MANIFEST, SIGNATURE = "manifest.json", "signature.json"
LEFT_OUT = ("django_migrations", "people_session", "people_signin", "people_personalfile")
BATCH_ROWS = 500
BLOCK = 1 << 20
LONGEST_MANIFEST = 64 << 20
# Whatever the server's defaults are, a row reads the same.
SESSION = (
    "SET search_path TO ''; SET timezone TO 'UTC'; SET datestyle TO 'ISO'; SET intervalstyle TO 'iso_8601';"
    " SET bytea_output TO 'hex'; SET extra_float_digits TO 1"
)
TABLES = """
SELECT c.relname,
       (SELECT array_agg(a.attname::text ORDER BY k.ord) FROM pg_index i,
          unnest(i.indkey::int2[]) WITH ORDINALITY AS k(num, ord) JOIN pg_attribute a ON a.attnum = k.num
         WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid),
       (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod))
                        ORDER BY a.attnum)
          FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %s AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""
SEQUENCES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %s AND c.relkind = 'S' ORDER BY 1
"""
PARTITIONS = """
SELECT p.relname, c.relname, pg_get_expr(c.relpartbound, c.oid)
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
  JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r' AND c.relispartition ORDER BY 2
"""


class Told(BaseModel):
    """A part of the manifest: what is not expected is not read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Name(Told):
    en: str
    gd: str


class TenantTold(Told):
    uuid: UUID
    slug: str
    kind: str
    name: Name
    code: str
    accent: str
    state: str
    epoch: int = Field(ge=1)
    parent: str


class TableTold(Told):
    name: str
    key: list[str]
    columns: list[dict[str, str]]


class Member(Told):
    """A file within the file."""

    name: str
    size: int = Field(ge=0)
    sha256: str
    rows: int = 0


class FactTold(Told):
    body: dict[str, Any]
    stated_at: datetime
    signature: str


class HostTold(Told):
    """An address of the tenant's own, and what its domain's records said last."""

    host: str
    token: str
    state: Literal["asked", "proved", "lost"]
    leads_here: bool
    asked_at: datetime
    looked_at: datetime | None
    answered_at: datetime | None
    proved_at: datetime | None


class SenderTold(Told):
    """The address that its mail comes from or should come from."""

    address: str
    token: str
    good: bool
    found: dict[str, Literal["good", "missing", "wrong", "unanswered"]]
    asked_at: datetime
    looked_at: datetime | None
    answered_at: datetime | None


class BelongingsTold(Told):
    """What the registry kept for the tenant: `service` is the host it was given, `main` the one that links named."""

    service: str = ""
    main: str = ""
    hosts: list[HostTold] = []
    sender: SenderTold | None = None
    quotas: dict[What, Annotated[int, Field(ge=0, le=MOST)]] = {}


class Manifest(Told):
    format: str
    made_at: str
    release: str
    fingerprint: str
    migrations: list[tuple[str, str]]
    tenant: TenantTold
    tables: list[TableTold]
    sequences: dict[str, tuple[int, bool]]
    partitions: list[tuple[str, str, str]]
    facts: list[FactTold]
    belongings: BelongingsTold = BelongingsTold()
    members: list[Member]


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is exported: its columns that are not computed, and by what its rows are put in order."""

    name: str
    key: tuple[str, ...]
    columns: tuple[dict[str, str], ...]


def tables_of(owner: Owner, schema: str) -> list[Table]:
    rows = owner.execute(TABLES.encode(), [schema]).fetchall()
    return [Table(str(name), tuple(key or ()), tuple(cols)) for name, key, cols in rows if name not in LEFT_OUT]


def sequences_of(owner: Owner, schema: str) -> dict[str, list[Any]]:
    """Where each sequence stands: its last value, and whether that was given out."""
    found = {}
    for (name,) in owner.execute(SEQUENCES.encode(), [schema]).fetchall():
        row = owner.execute(
            sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(schema, name))
        ).fetchone()
        assert row is not None
        found[str(name)] = [int(row[0]), bool(row[1])]
    return found


def partitions_of(owner: Owner, schema: str) -> list[list[str]]:
    """Partitions of rounds that are open: parent, name, bound."""
    return [[str(part) for part in row] for row in owner.execute(PARTITIONS.encode(), [schema]).fetchall()]


def rows_of(owner: Owner, schema: str, table: Table) -> Iterator[bytes]:
    """Every row as one line of JSON, in order of its key, a batch at a time."""
    columns = sql.SQL(", ").join(sql.Identifier(column["name"]) for column in table.columns)
    order = [sql.SQL('{}::text COLLATE "C"').format(sql.Identifier(name)) for name in table.key]
    inner = sql.SQL("SELECT {} FROM {}").format(columns, sql.Identifier(schema, table.name))
    if order:
        inner += sql.SQL(" ORDER BY ") + sql.SQL(", ").join(order)
    statement = sql.SQL("SELECT row_to_json(r)::text FROM ({}) r").format(inner)
    with owner.cursor(name="commonty_export") as cursor:
        cursor.itersize = BATCH_ROWS
        cursor.execute(statement)
        for (line,) in cursor:
            yield str(line).encode() + b"\n"


def table_mark(owner: Owner, schema: str, table: Table) -> tuple[int, str]:
    """How many rows a table has, and the SHA-256 of their lines."""
    mark, rows = hashlib.sha256(), 0
    for line in rows_of(owner, schema, table):
        mark.update(line)
        rows += 1
    return rows, mark.hexdigest()


# -- writing ----------------------------------------------------------------------------------------------------------


class Writer:
    """A zip that is written from front to back; what went in is remembered for the manifest."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.members: list[dict[str, Any]] = []

    def put(self, name: str, blocks: Iterator[bytes], **facts: Any) -> int:
        """Returns the number of blocks, which for a table is the number of its rows."""
        mark, size, count = hashlib.sha256(), 0, 0
        with self._archive.open(name, "w", force_zip64=True) as member:
            for block in blocks:
                member.write(block)
                mark.update(block)
                size += len(block)
                count += 1
        self.members.append({"name": name, "size": size, "sha256": mark.hexdigest(), **facts})
        return count

    def close(self, manifest: dict[str, Any], signature: bytes, public: bytes) -> None:
        self._archive.writestr(MANIFEST, canonical_json(manifest))
        self._archive.writestr(
            SIGNATURE, json.dumps({"algorithm": "Ed25519", "public": public.hex(), "signature": signature.hex()})
        )


def blocks_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as opened:
        while block := opened.read(BLOCK):
            yield block


# -- reading ----------------------------------------------------------------------------------------------------------


def _broken(why: str) -> Invalid:
    return Invalid(
        f"This file cannot be used: {why}.",
        code="archive.broken",
        remedy="Fetch it again, or export the tenant again; nothing was changed here.",
    )


class Reader:
    """A file whose manifest and signature hold. Every member is checked against the manifest while it is read."""

    def __init__(self, path: Path) -> None:
        """Raises Invalid for what is no such file, is cut off, or was changed after it was signed."""
        try:
            self._archive = zipfile.ZipFile(path)
            document = json.loads(self._read(MANIFEST))
            signed = json.loads(self._read(SIGNATURE))
            self.public = bytes.fromhex(signed["public"])
            signature = bytes.fromhex(signed["signature"])
            form = document["format"]
        except OSError as error:
            raise Invalid(f"{path} cannot be read: {error.strerror}.", code="archive.unreadable") from error
        except (zipfile.BadZipFile, EOFError) as error:
            raise _broken("it is no zip file, or was cut off") from error
        except (KeyError, ValueError, TypeError) as error:
            raise _broken("its list of contents is missing or not as ours are") from error
        if form != FORMAT:
            raise _broken(f"it is of the form {form!r}, and this release reads {FORMAT!r}")
        if not verify(self.public, canonical_json(document), signature):
            raise _broken("its list of contents was changed after it was signed")
        try:
            self.manifest = Manifest.model_validate(document)
        except ValidationError as error:
            raise _broken("its list of contents is not as ours are") from error
        # Stands for everything in the file: SHA-256 of the canonical manifest.
        self.digest = digest(canonical_json(document))
        self._check_names()

    def close(self) -> None:
        self._archive.close()

    def _read(self, name: str) -> bytes:
        if self._archive.getinfo(name).file_size > LONGEST_MANIFEST:
            raise _broken("its list of contents is too long")
        return self._archive.read(name)

    def _check_names(self) -> None:
        listed = [member.name for member in self.manifest.members]
        held = [info.filename for info in self._archive.infolist()]
        if sorted([*listed, MANIFEST, SIGNATURE]) != sorted(held):
            raise _broken("it does not hold exactly what its list names")
        for name in listed:
            parts = name.split("/")
            plain = parts[0] in ("tables", "media") and not any(part in ("", ".", "..") for part in parts)
            if not plain or "\\" in name or "\0" in name:
                raise _broken("it names a place outside itself")

    def members(self, folder: str) -> list[Member]:
        return [member for member in self.manifest.members if member.name.startswith(folder + "/")]

    def blocks(self, member: Member) -> Iterator[bytes]:
        """The bytes of a member. Raises Invalid after the last one when they are not those that were signed for."""
        mark, size = hashlib.sha256(), 0
        try:
            with self._archive.open(member.name) as opened:
                while block := opened.read(BLOCK):
                    size += len(block)
                    if size > member.size:
                        break
                    mark.update(block)
                    yield block
        except (zipfile.BadZipFile, EOFError, OSError) as error:
            raise _broken(f"{member.name} is damaged") from error
        if size != member.size or mark.hexdigest() != member.sha256:
            raise _broken(f"{member.name} is not what was signed for")

    def lines(self, member: Member) -> Iterator[bytes]:
        rest = b""
        for block in self.blocks(member):
            *whole, rest = (rest + block).split(b"\n")
            yield from whole
        if rest:
            raise _broken(f"{member.name} ends in the middle of a row")


def rows_put(owner: Owner, schema: str, table: Table, lines: Iterator[bytes]) -> int:
    """Insert rows as they stand; the caller has switched the table's own triggers off."""
    name = sql.Identifier(schema, table.name)
    columns = sql.SQL(", ").join(sql.Identifier(column["name"]) for column in table.columns)
    statement = sql.SQL(
        "INSERT INTO {name} ({columns}) OVERRIDING SYSTEM VALUE"
        " SELECT {columns} FROM json_populate_recordset(NULL::{name}, %s::json)"
    ).format(name=name, columns=columns)
    rows, batch = 0, list[bytes]()

    def send() -> None:
        owner.execute(statement, [(b"[" + b",".join(batch) + b"]").decode()])
        batch.clear()

    try:
        for line in lines:
            batch.append(line)
            rows += 1
            if len(batch) >= BATCH_ROWS:
                send()
        if batch:
            send()
    except psycopg.DataError as error:
        raise _broken(f"{table.name} holds a row that is none") from error
    except psycopg.IntegrityError as error:
        raise Refused(
            f"{table.name} holds a row the database refuses.",
            code="archive.row_refused",
            remedy="The file belongs to another tenant, or was put together by hand.",
        ) from error
    return rows


def sequences_put(owner: Owner, schema: str, stands: Mapping[str, tuple[int, bool]]) -> None:
    known = {str(row[0]) for row in owner.execute(SEQUENCES.encode(), [schema]).fetchall()}
    for name, (value, called) in stands.items():
        if name in known:
            owner.execute("SELECT setval(%s::regclass, %s, %s)", [f'"{schema}"."{name}"', value, called])


def partitions_put(owner: Owner, schema: str, partitions: Sequence[Sequence[str]], bounds: re.Pattern[str]) -> None:
    """The partitions of rounds that were open, whose name and bound follow from the round alone."""
    for parent, name, bound in partitions:
        given = bounds.fullmatch(bound)
        if given is None or name != f"{parent}_{given[1].replace('-', '')}":
            raise _broken("it names a partition that is none of ours")
        part, whole = sql.Identifier(schema, name), sql.Identifier(schema, parent)
        owner.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(part, whole))
        owner.execute(
            sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES IN ({})").format(whole, part, sql.Literal(given[1]))
        )
