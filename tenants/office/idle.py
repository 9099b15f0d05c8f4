"""Is there anything to do for the fleet? One question to the ledger, without Django, whose start takes seconds.

Asked before every `commonty fleet migrate`: a deploy that changes no schema must cost nothing.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg

from core.kernel.env import environment

# Every tenant whose schema is there, by what the ledger says of it and the newest release.
QUESTION = """
WITH newest AS (SELECT id, mark FROM office_templaterelease ORDER BY recorded_at DESC, id DESC LIMIT 1)
SELECT newest.mark, count(n.oid) FILTER (WHERE s.state IS DISTINCT FROM 'done'),
       count(s.id) FILTER (WHERE s.state = 'done'), count(s.id) FILTER (WHERE s.state <> 'done')
  FROM newest CROSS JOIN registry_tenant t
  LEFT JOIN pg_namespace n ON n.nspname = t.schema_name
  LEFT JOIN office_schemarelease s ON s.tenant_id = t.id AND s.release_id = newest.id
 GROUP BY newest.mark
"""


def nothing_to_do() -> dict[str, Any] | None:
    """What `fleet migrate` would say when every schema has the newest release; None when it has work or cannot ask."""
    begun = time.perf_counter()
    try:
        with psycopg.connect(environment().migrate_database_url, connect_timeout=10) as owner:
            owner.execute("SET search_path TO public")
            row = owner.execute(QUESTION).fetchone()
    except psycopg.Error:
        # Whoever asks next says in words what is wrong.
        return None
    if row is None or row[1] or row[3]:
        return None
    return {
        "release": str(row[0])[:12],
        "schemas": int(row[2]),
        "done": 0,
        "skipped": int(row[2]),
        "failed": 0,
        "waiting": 0,
        "seconds": round(time.perf_counter() - begun, 2),
        "failures": [],
    }
