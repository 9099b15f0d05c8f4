"""What a schema is made of, read from PostgreSQL's own catalogue: to compare one schema with another.

A clone, a schema that was migrated over the years and one migrated from nothing today must read the same. Three things
are left out here because they differ by right: the seal (it names its tenant), the partitions of rounds that are open,
and who may do what. `tenants.office.inspection` looks at the seal and at rights.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

import psycopg

TEXT_CASTS = re.compile(r"::(?:character varying|text)(?:\(\d+\))?(?:\[\])?")
BRACKETS = re.compile(r"[()]")
# PostgreSQL has an index of what depends on a schema and none of relations by their schema: to ask by the latter reads
# every relation of every tenant.
INSIDE = r"""
space AS (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s),
inside AS MATERIALIZED (SELECT d.classid, d.objid FROM pg_depend d
        WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = (SELECT oid FROM space)),
named AS (SELECT c.* FROM inside i JOIN pg_class c ON c.oid = i.objid WHERE i.classid = 'pg_class'::regclass)"""
# The schema's name is replaced by `@`. Order of columns counts by rank: dropped columns leave gaps in their numbers.
OF_TABLES = r"""
  SELECT concat_ws(' ', 'table', relname, relkind, relpersistence, relrowsecurity, relforcerowsecurity,
                   array_to_string(reloptions, ','), pg_get_partkeydef(oid),
                   CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END) AS line FROM rel
  UNION ALL
  SELECT concat_ws(' ', 'column', rel.relname, row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum), a.attname,
                   format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END,
                   nullif(a.attidentity, ''), nullif(a.attgenerated, ''), pg_get_expr(d.adbin, d.adrelid),
                   nullif(a.attcollation, t.typcollation)::regcollation)
    FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT concat_ws(' ', 'constraint', rel.relname, c.conname, pg_get_constraintdef(c.oid), c.condeferrable,
                   c.condeferred, c.convalidated)
    FROM rel JOIN pg_constraint c ON c.conrelid = rel.oid
   WHERE c.contype <> 'n' AND NOT (c.contype = 'c' AND c.conname = left(rel.relname, 50) || '_seal')
  UNION ALL
  SELECT concat_ws(' ', 'index', rel.relname, pg_get_indexdef(i.indexrelid), i.indisvalid)
    FROM rel JOIN pg_index i ON i.indrelid = rel.oid
  UNION ALL
  SELECT concat_ws(' ', 'trigger', rel.relname, t.tgname, pg_get_triggerdef(t.oid), t.tgenabled)
    FROM rel JOIN pg_trigger t ON t.tgrelid = rel.oid
   WHERE NOT t.tgisinternal AND t.tgname <> left(rel.relname, 50) || '_seal'
  UNION ALL
  SELECT concat_ws(' ', 'rule', rel.relname, pg_get_ruledef(r.oid))
    FROM rel JOIN pg_rewrite r ON r.ev_class = rel.oid WHERE r.rulename <> '_RETURN'
  UNION ALL
  SELECT concat_ws(' ', 'policy', rel.relname, p.polname, p.polcmd, pg_get_expr(p.polqual, p.polrelid),
                   pg_get_expr(p.polwithcheck, p.polrelid)) FROM rel JOIN pg_policy p ON p.polrelid = rel.oid
"""
OF_ITSELF = r"""
  UNION ALL
  SELECT concat_ws(' ', 'sequence', c.relname, q.seqtypid::regtype, q.seqstart, q.seqincrement, q.seqmin, q.seqmax,
                   q.seqcache, q.seqcycle)
    FROM named c JOIN pg_sequence q ON q.seqrelid = c.oid
   WHERE NOT EXISTS (SELECT 1 FROM pg_depend d JOIN part ON part.oid = d.refobjid WHERE d.objid = c.oid)
  UNION ALL
  SELECT concat_ws(' ', 'function', pg_get_functiondef(p.oid))
    FROM inside i JOIN pg_proc p ON p.oid = i.objid
   WHERE i.classid = 'pg_proc'::regclass AND p.prokind IN ('f', 'p') AND p.proname <> 'commonty_seal_guard'
  UNION ALL
  SELECT concat_ws(' ', 'type', t.typname, t.typtype, format_type(t.typbasetype, t.typtypmod),
                   (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e
                     WHERE e.enumtypid = t.oid))
    FROM inside i JOIN pg_type t ON t.oid = i.objid
   WHERE i.classid = 'pg_type'::regclass AND t.typtype IN ('e', 'd', 'r')
  UNION ALL
  SELECT concat_ws(' ', 'statistics', pg_get_statisticsobjdef(x.oid))
    FROM inside i JOIN pg_statistic_ext x ON x.oid = i.objid WHERE i.classid = 'pg_statistic_ext'::regclass
"""
STRUCTURE = (
    """
WITH @INSIDE@,
part AS (SELECT oid FROM named WHERE relispartition),
rel AS (SELECT * FROM named WHERE NOT relispartition AND relkind IN ('r', 'p', 'v', 'm', 'f'))
SELECT replace(line, %(schema)s, '@') FROM (@OF_TABLES@ @OF_ITSELF@) AS everything
""".replace("@INSIDE@", INSIDE)
    .replace("@OF_TABLES@", OF_TABLES)
    .replace("@OF_ITSELF@", OF_ITSELF)
)
# Of some tables alone: by their names there is an index.
STRUCTURE_OF = """
WITH rel AS (SELECT * FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s)
   AND relname = ANY(%(tables)s::name[]) AND NOT relispartition AND relkind IN ('r', 'p', 'v', 'm', 'f'))
SELECT replace(line, %(schema)s, '@') FROM (@OF_TABLES@) AS everything
""".replace("@OF_TABLES@", OF_TABLES)
TABLE_KINDS = ("table", "column", "constraint", "index", "trigger", "rule", "policy")


def structure_lines(owner: psycopg.Connection[Any], schema: str) -> list[str]:
    """One line for each part of the schema, in order. The connection keeps an empty search path afterwards."""
    # With an empty path PostgreSQL writes every name in full, whoever asks.
    owner.execute("SET search_path TO ''")
    return sorted(_plain(str(row[0])) for row in owner.execute(STRUCTURE.encode(), {"schema": schema}).fetchall())


def structure_lines_of(owner: psycopg.Connection[Any], schema: str, tables: Sequence[str]) -> list[str]:
    """The lines of some tables alone. The search path must be empty, as it is for the whole."""
    words = {"schema": schema, "tables": list(tables)}
    # Planned once for each connection: planning it costs more than answering it.
    rows = owner.execute(STRUCTURE_OF.encode(), words, prepare=True).fetchall()
    return sorted(_plain(str(row[0])) for row in rows)


def table_of(line: str) -> str:
    """The table that a line speaks of; empty for what stands in a schema by itself."""
    kind, _, rest = line.partition(" ")
    if kind not in TABLE_KINDS:
        return ""
    return rest.partition(" ")[0]


def _plain(line: str) -> str:
    """PostgreSQL's own dump of `state IN ('a', 'b')`, read back, has other casts between text types and brackets."""
    if line.startswith(("constraint ", "index ")):
        return BRACKETS.sub("", TEXT_CASTS.sub("", line))
    return line


def lines_digest(lines: Sequence[str]) -> str:
    """SHA-256 of a structure."""
    return hashlib.sha256(json.dumps(list(lines)).encode()).hexdigest()


def differences(ours: Sequence[str], theirs: Sequence[str], *, most: int = 5) -> list[str]:
    """What stands in one structure alone, in words, the first few."""
    missing = [f"missing: {line[:160]}" for line in sorted(set(theirs) - set(ours))]
    more = [f"not in the template: {line[:160]}" for line in sorted(set(ours) - set(theirs))]
    return [*missing, *more][:most]
