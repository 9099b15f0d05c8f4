"""A circuit breaker before the provider: while it does not answer, nobody waits for it and no thread is held.

Per process, and holding nothing of anybody. After a few failures in a row it refuses at once for a short while, then
lets one request try.
"""

from __future__ import annotations

import threading
import time

MOST_FAILURES = 3
PAUSE_SECONDS = 15.0


class Breaker:
    """`refuses()` before asking, then `answered()` or `failed()`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._until = 0.0

    def refuses(self) -> bool:
        """Whether to refuse without asking. Once the pause is over, whoever comes first tries for everybody."""
        with self._lock:
            now = time.monotonic()
            if self._failures < MOST_FAILURES:
                return False
            if now < self._until:
                return True
            self._until = now + PAUSE_SECONDS
            return False

    def answered(self) -> None:
        """Whatever the answer was: somebody is there."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= MOST_FAILURES:
                self._until = time.monotonic() + PAUSE_SECONDS
