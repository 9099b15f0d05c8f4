"""A fair turn between tenants for the pages of one web process: a rush on one site leaves another's pages as they were.

Threads share a processor, so few pages are worked on at a time and the others wait, those of each tenant in a line of
their own. Next is the tenant that was worked for least of late, and where that is the same, who was served longest ago.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

from core.kernel.errors import Limited

# Threads of one web process. Each that has worked keeps a database connection.
THREADS = 24
# So many pages are worked on at a time, and one more of a tenant that was worked for less than those in work.
SEATS = 1
# A page that takes longer most likely waits itself, for a lock or another service: it goes on, and its seat is free.
SLOW_SECONDS = 0.5
# After this long, work that was done for a tenant counts half.
HALF_SECONDS = 2.0
# What is told to who finds the line too long. By then it has been served.
AGAIN_SECONDS = 2


class Turns:
    """Seats, and a line for each who wants one. Safe between threads; whoever waits is asleep."""

    def __init__(
        self, *, seats: int = SEATS, threads: int = THREADS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seats, self._threads, self._clock = seats, threads, clock
        self._lock = threading.Lock()
        # Whose pages are in work, each with when it began; and who waits, the one not served for longest first.
        self._begun: dict[Hashable, dict[threading.Event, float]] = {}
        self._lines: dict[Hashable, deque[threading.Event]] = {}
        # Seconds of work done for each, as they counted at a moment.
        self._done: dict[Hashable, tuple[float, float]] = {}

    @contextmanager
    def turn(self, who: Hashable) -> Iterator[None]:
        """Wait for a seat and hold it for the length of a block.

        Raises Limited for one whose line is as long as there are threads left: one tenant keeps at most half of them
        waiting, two a third each, and so on, so there is always one for somebody else.
        """
        seat = threading.Event()
        with self._lock:
            inside = sum(map(len, self._begun.values())) + sum(map(len, self._lines.values()))
            if len(self._lines.get(who, ())) >= self._threads - inside:
                raise Limited("pages", retry_after=AGAIN_SECONDS)
            self._lines.setdefault(who, deque()).append(seat)
            self._seat_next()
        try:
            while not seat.wait(SLOW_SECONDS):
                with self._lock:
                    self._seat_next()
            yield
        finally:
            with self._lock:
                self._leave(who, seat)
                self._seat_next()

    def _seat_next(self) -> None:
        now = self._clock()
        while self._lines:
            who = min(self._lines, key=lambda one: self._use(one, now))
            in_work = [
                one for one, pages in self._begun.items() for begun in pages.values() if now - begun < SLOW_SECONDS
            ]
            if len(in_work) > self._seats:
                return
            if len(in_work) == self._seats and self._use(who, now) >= min(self._use(one, now) for one in in_work):
                return
            line = self._lines.pop(who)
            seat = line.popleft()
            self._begun.setdefault(who, {})[seat] = now
            if line:
                # Behind everybody else again.
                self._lines[who] = line
            seat.set()

    def _use(self, who: Hashable, now: float) -> float:
        """Seconds of work for a tenant, those long ago counted less."""
        return self._past(who, now) + sum(now - begun for begun in self._begun.get(who, {}).values())

    def _past(self, who: Hashable, now: float) -> float:
        done, then = self._done.get(who, (0.0, now))
        return float(done * 0.5 ** ((now - then) / HALF_SECONDS))

    def _leave(self, who: Hashable, seat: threading.Event) -> None:
        """From the seat, or from the line where the waiting itself was broken off."""
        if seat.is_set():
            now = self._clock()
            self._done[who] = (self._past(who, now) + now - self._begun[who].pop(seat), now)
        else:
            self._lines[who].remove(seat)
        if not self._begun.get(who, True):
            del self._begun[who]
        if not self._lines.get(who, True):
            del self._lines[who]


# Those of this process.
TURNS = Turns()
