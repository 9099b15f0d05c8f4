"""What was left by imports, restores and exports that were killed: schemas, folders and half files, taken away."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from core.kernel.files import halves_remove
from tenants.office.inspection import strays
from tenants.office.owner import owner_connection, schema_drop, schema_locks
from tenants.registry.context import in_public
from tenants.registry.models import Tenant

# A folder of files that was being filled for a schema that is not led to yet, or the one it has taken the place of.
FOLDER = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(t_[a-z0-9]+|old)")


@dataclass(frozen=True, slots=True)
class Swept:
    """Names of what was removed, and of schemas somebody is at work on, which were left alone."""

    schemas: tuple[str, ...]
    folders: tuple[str, ...]
    files: tuple[str, ...]
    busy: tuple[str, ...]


def _ours() -> set[str]:
    with in_public():
        return set(Tenant.objects.values_list("schema_name", flat=True))


def strays_remove(*, say: Callable[[str], None] = lambda text: None) -> Swept:
    """Remove every schema, folder and half file that is nobody's. What somebody is filling or writing stays."""
    with owner_connection() as owner:
        present = {str(row[0]) for row in owner.execute("SELECT nspname FROM pg_namespace").fetchall()}
    removed, busy = [], []
    with schema_locks() as locks:
        for name in strays(present, _ours()):
            with locks.held(name) as free:
                # Asked again under its lock: whoever held it until now may have led a tenant there.
                if free and name not in _ours():
                    say(f"Removing {name} …")
                    schema_drop(name)
                    removed.append(name)
                else:
                    busy.append(name)
    folders = _folders(kept=_ours() | set(busy))
    return Swept(tuple(removed), tuple(folders), tuple(map(str, halves_remove())), tuple(busy))


def _folders(*, kept: set[str]) -> list[str]:
    root, removed = Path(settings.MEDIA_ROOT), []
    for path in sorted(root.iterdir()) if root.is_dir() else []:
        named = FOLDER.fullmatch(path.name)
        # A schema's files that are being put in place are still needed where a tenant is led to it already.
        if named and path.is_dir() and named[1] not in kept:
            shutil.rmtree(path, ignore_errors=True)
            removed.append(path.name)
    return removed
