"""One additive release in one schema: one short transaction on a connection of the owner, and nothing of Django's.

A schema that the ledger knows to be of an earlier release is told what the template was told since, its record of
migrations is written, the tables that the two releases have differently are compared with the template's, and the
ledger says so: all of it or nothing. What lies outside those tables is as the earlier release left it, and that was
compared then. Whatever this cannot do (a migration that runs Python, a new table, another right) is done the long way
round by `tenants.office.fleet`.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from functools import partial

from core.kernel.errors import CommontyError
from tenants.office.catalogue import differences, structure_lines_of, table_of
from tenants.office.migrating import patiently
from tenants.office.models import TemplateRelease
from tenants.office.owner import owner_autocommit
from tenants.office.said import name_of
from tenants.office.template import release_mark
from tenants.registry.context import TenantRef
from tenants.registry.place import TIMEOUTS

SCHEMAS_PER_CONNECTION = 50
# All for the length of the transaction alone. The path is quoted by the server.
ENTER = (
    "SELECT set_config('search_path', quote_ident(%s), true), set_config('commonty.tenant', %s, true),"
    " set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true),"
    " set_config('idle_in_transaction_session_timeout', %s, true)"
)
# Between two migrations nothing is left to be checked: a table with a check that waits cannot be altered.
BETWEEN = "SET CONSTRAINTS ALL IMMEDIATE;\nSET CONSTRAINTS ALL DEFERRED"
# What takes rights along with what it removes, or gives some: rights and seal are then looked at as a whole.
OF_RIGHTS = re.compile(r"\bDROP\s+(?:COLUMN|TABLE)\b|\b(?:GRANT|REVOKE|OWNER)\b", re.IGNORECASE)
RECORDED = "SELECT app, name FROM django_migrations"
RECORD = (
    "INSERT INTO django_migrations (app, name, applied)"
    " SELECT app, name, now() FROM unnest(%s::text[], %s::text[]) AS x(app, name)"
)
DONE = (
    "UPDATE public.office_schemarelease SET state = 'done', error = '', seconds = %s, finished_at = clock_timestamp()"
    " WHERE id = %s"
)


class StructureDiffers(CommontyError):
    """A schema has every migration and still is not as the template is."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Shortcut:
    """What leads from one release to the next: the SQL, the record before it and of it, and what must stand then."""

    before: frozenset[tuple[str, str]]
    migrations: tuple[tuple[str, str], ...]
    words: str
    tables: tuple[str, ...]
    lines: tuple[str, ...]


def shortcut(before: TemplateRelease, after: TemplateRelease) -> Shortcut | None:
    """How a schema of one release becomes one of the other in one transaction; None where that is not possible."""
    had = frozenset((str(app), str(name)) for app, name in before.migrations)
    missing = [(str(app), str(name)) for app, name in after.migrations if (app, name) not in had]
    if not had <= {(app, name) for app, name in after.migrations}:
        return None
    said = [after.said.get(name_of(*pair)) for pair in missing]
    if any(words is None for words in said):
        return None
    changed = [table_of(line) for line in set(before.lines) ^ set(after.lines)]
    whole = {table_of(line) for line in before.lines} & {table_of(line) for line in after.lines}
    if not set(changed) <= whole - {""}:
        return None
    # Seal and rights are declared in code: where the earlier release's mark can no longer be made they have changed.
    if release_mark(before.lines, before.migrations) != before.mark:
        return None
    told = [";\n".join(one.strip().rstrip(";") for one in words or ()) for words in said]
    if any(map(OF_RIGHTS.search, told)):
        return None
    tables = sorted(set(changed))
    return Shortcut(
        before=had,
        migrations=tuple(missing),
        words=f";\n{BETWEEN};\n".join(words for words in told if words),
        tables=tuple(tables),
        lines=tuple(line for line in after.lines if table_of(line) in tables),
    )


class Hand:
    """A connection of the owner that brings one schema after another, given up after so many."""

    def __init__(self) -> None:
        self._count = 0
        self._open()

    def _open(self) -> None:
        self.connection = owner_autocommit()
        # A crash may lose the last of these transactions: each of them whole, and the ledger's word with it.
        self.connection.execute("SET synchronous_commit = off")

    def close(self) -> None:
        self.connection.close()

    def rest(self) -> None:
        """Between two schemas: a backend keeps something of each it has seen, so it is given up after so many."""
        self._count += 1
        if self._count % SCHEMAS_PER_CONNECTION == 0:
            self.connection.close()
            self._open()

    def bring(self, tenant: TenantRef, row: int, way: Shortcut) -> bool:
        """Do it, or find the schema not to be where this way begins, and change nothing.

        Raises StructureDiffers, with nothing changed, when the schema would not be as the template is afterwards.
        """
        return patiently(partial(self._bring, tenant, row, way))

    def _bring(self, tenant: TenantRef, row: int, way: Shortcut) -> bool:
        begun = time.perf_counter()
        statement, lock, idle = TIMEOUTS["fleet"]
        with self.connection.transaction():
            run = self.connection.execute
            run(ENTER, [tenant.schema, str(tenant.uuid), str(statement), str(lock), str(idle)])
            if frozenset(run(RECORDED, prepare=False).fetchall()) != way.before:
                return False
            if way.words:
                # Many statements in one round trip, which is why they must not be prepared.
                run(way.words.encode(), prepare=False)
            run(RECORD, [[app for app, _ in way.migrations], [name for _, name in way.migrations]], prepare=False)
            run("SET LOCAL search_path TO ''")
            lines = structure_lines_of(self.connection, tenant.schema, way.tables) if way.tables else []
            if lines != list(way.lines):
                raise StructureDiffers(
                    "The schema would differ from the template: " + "; ".join(differences(lines, way.lines)),
                    code="schema.differs",
                    remedy="Mend what is named, then run `commonty fleet migrate --resume`.",
                )
            run(DONE, [time.perf_counter() - begun, row])
        return True
