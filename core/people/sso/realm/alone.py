"""One writer of the realms at a time, whichever machine it runs on: a lock in the registry's database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections

from core.kernel.errors import Unavailable
from tenants.registry.place import REGISTRY

LOCK = 0x5245414C
PATIENCE_SECONDS = 300.0


@contextmanager
def alone(patience: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Wait for whoever writes the realms now, then be the only one. Raises Unavailable after a while.

    The lock is held by a connection of its own, so that a crash lets go of it and entering tenants does not.
    """
    connection = connections[DEFAULT_DB_ALIAS].copy()
    connection.enter(REGISTRY)  # type: ignore[attr-defined]  # our own backend
    deadline = time.monotonic() + patience
    try:
        with connection.cursor() as cursor:
            while True:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
                if cursor.fetchone()[0]:
                    break
                if time.monotonic() > deadline:
                    raise Unavailable(
                        "Another run is changing the realms at this moment.",
                        code="realm.busy",
                        remedy="Wait until it has ended, then run this again.",
                    )
                time.sleep(0.1)
            yield
    finally:
        connection.close()
