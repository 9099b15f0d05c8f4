"""A plugin that does not answer gets no more threads of the process than it holds.

A call in our process cannot be stopped. A plugin that hangs would take one thread after another, until nobody is left
to show a page or take a ballot. So while one of its calls is late, the next ones fail at once, by name.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_running: dict[str, dict[int, float]] = {}
"""Of each plugin, when each of its calls is late, on the monotonic clock."""

_number = itertools.count()


def hangs(plugin: str) -> bool:
    """Whether a call of this plugin in this process should have ended before now."""
    now = time.monotonic()
    with _lock:
        return any(late < now for late in _running.get(plugin, {}).values())


@contextmanager
def running(plugin: str, late: float) -> Iterator[None]:
    """A call, known while it runs; it is late after so many seconds."""
    own = next(_number)
    with _lock:
        _running.setdefault(plugin, {})[own] = time.monotonic() + late
    try:
        yield
    finally:
        with _lock:
            del _running[plugin][own]
