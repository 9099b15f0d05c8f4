"""A fair turn between tenants for the pages of one web process: a rush on one site leaves another's pages as they were.

Threads share a processor, so few pages are worked on at a time and the others wait, those of each tenant in a line of
their own. Next is the tenant that was worked for least of late, and where that is the same, who was served longest ago.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import tempfile
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from core.kernel.errors import Limited

# Threads of one web process. Each that has worked keeps a database connection.
THREADS = 24
# So many pages are worked on at a time, and one more of a tenant that was worked for less than those in work.
SEATS = 1
# A page that takes longer most likely waits itself, for a lock or another service: it goes on, and its seat is free.
SLOW_SECONDS = 0.5
# After this long, work that was done for a tenant counts half.
HALF_SECONDS = 2.0
# A page that is not finished lets those that were let in beside it go first, for so long in all.
ASIDE_SECONDS = 0.1
# What is told to who finds the line too long. By then it has been served.
AGAIN_SECONDS = 2
# After its last page a tenant still counts as being about for so long.
ABOUT_SECONDS = 2.0
# How often a page looks whether one of its tenant's in another process has ended.
LOOK_SECONDS = 0.003
# Tenants and processes are told apart by these many places. Two in one place count as one: a turn less fair, no more.
TENANTS, PROCESSES = 256, 16


class Machine:
    """What the web processes of one machine tell each other, in memory that they share: whose pages are in work.

    While others are about, one tenant's pages leave a processor to them. Nobody waits for a lock here: each process
    writes in its own column, and what a dead one has left is too old to count.
    """

    def __init__(self, path: Path, *, processors: int) -> None:
        size = 8 * TENANTS * (PROCESSES + 1)
        # Open as long as the process lives: so long its column is its own.
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        os.ftruncate(self._file, size)
        cells = memoryview(mmap.mmap(self._file, size)).cast("d")
        now = time.monotonic()
        for place, moment in enumerate(cells):
            if moment > now:
                # Of before the machine began anew, and its clock with it.
                cells[place] = 0.0
        # When a page of each tenant began last, and since when one is in work in each process.
        self._last, self._work = cells[:TENANTS], cells[TENANTS:]
        self._most, self._column = max(1, processors - 1), self._free_column()

    def _free_column(self) -> int:
        for column in range(PROCESSES):
            with suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, column)
                return column
        return PROCESSES - 1

    @contextmanager
    def page(self, who: Hashable) -> Iterator[None]:
        """Hold one of the places that a tenant has on the machine, for the length of a block."""
        # The same in every process, as `hash` is not.
        row = zlib.crc32(repr(who).encode()) % TENANTS
        cell = row * PROCESSES + self._column
        deadline = time.monotonic() + SLOW_SECONDS
        self._last[row] = time.monotonic()
        while self._others(row) and self._elsewhere(row) >= self._most and time.monotonic() < deadline:
            # Nothing wakes a thread when a page of another process ends, so it looks again, until the deadline; few do
            # so at a time, since the other pages of this process have no seat yet.
            time.sleep(LOOK_SECONDS)
        self._work[cell] = time.monotonic()
        try:
            yield
        finally:
            self._work[cell] = 0.0

    def _others(self, row: int) -> bool:
        return max(max(self._last[:row], default=0.0), max(self._last[row + 1 :], default=0.0)) > (
            time.monotonic() - ABOUT_SECONDS
        )

    def _elsewhere(self, row: int) -> int:
        since = time.monotonic() - SLOW_SECONDS
        row *= PROCESSES
        return sum(self._work[row + column] > since for column in range(PROCESSES) if column != self._column)


def processors() -> int:
    """As many as these processes may use: a container's share counts, which Python does not look at."""
    most = os.cpu_count() or 1
    with suppress(OSError, ValueError):
        share, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        most = min(most, max(1, round(int(share) / int(period))))
    return most


def machine() -> Machine | None:
    """That of all web processes of this user; none where no memory can be shared."""
    try:
        return Machine(Path(tempfile.gettempdir()) / f"commonty-turns-{os.getuid()}", processors=processors())
    except OSError:
        return None


class Turns:
    """Seats, and a line for each who wants one. Safe between threads; whoever waits is asleep."""

    def __init__(
        self,
        *,
        seats: int = SEATS,
        threads: int = THREADS,
        clock: Callable[[], float] = time.monotonic,
        machine: Machine | None = None,
    ) -> None:
        self._seats, self._threads, self._clock, self._machine = seats, threads, clock, machine
        self._lock = threading.Lock()
        # The pages that were let in beside others, and whether there are none; how long a thread still stands aside.
        self._ahead: set[threading.Event] = set()
        self._nobody_ahead = threading.Event()
        self._nobody_ahead.set()
        self._patience = threading.local()
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
            with self._machine.page(who) if self._machine else nullcontext():
                self._patience.seconds = 0.0 if seat in self._ahead else ASIDE_SECONDS
                yield
        finally:
            self._patience.seconds = 0.0
            with self._lock:
                self._leave(who, seat)
                self._seat_next()

    def stand_aside(self) -> None:
        """Between two steps of a page: those let in beside it go first, as threads of a process share a processor."""
        left = getattr(self._patience, "seconds", 0.0)
        if left > 0 and not self._nobody_ahead.is_set():
            begun = time.monotonic()
            self._nobody_ahead.wait(left)
            self._patience.seconds = left - (time.monotonic() - begun)

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
            if in_work:
                self._ahead.add(seat)
                self._nobody_ahead.clear()
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
        self._ahead.discard(seat)
        if not self._ahead:
            self._nobody_ahead.set()
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
TURNS = Turns(machine=machine())
