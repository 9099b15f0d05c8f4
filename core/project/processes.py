"""The processes a demo starts, remembered on disk, so that the next start ends what a crash left running.

Each is the leader of its own process group. A remembered group is ended only while a member of it is as old as the
note says and runs our own Python: process ids come round again, and a stranger's process is never touched.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 10.0


class Processes:
    """What was started from one service directory."""

    def __init__(self, var: Path) -> None:
        self._note = var / "demo-processes.json"
        self._started: list[subprocess.Popen[bytes]] = []

    def start(
        self, words: Sequence[str], env: Mapping[str, str], *, log: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program in a group of its own and remember it. With `log` it says there what it has to say."""
        with log.open("ab") if log else nullcontext() as opened:
            process = subprocess.Popen(  # noqa: S603  # our own words
                list(words), env=dict(env), start_new_session=True, stdout=opened, stderr=opened
            )
        self._started.append(process)
        notes = [{"group": one.pid, "since": time.time(), "owner": os.getpid()} for one in self._started]
        self._note.write_text(json.dumps(notes), encoding="utf-8")
        return process

    def stop(self) -> None:
        """End everything started here, kindly first."""
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE_SECONDS
        for process in self._started:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            _end_group(process.pid, signal.SIGKILL)
        self._started.clear()
        self._note.unlink(missing_ok=True)

    def reap(self) -> int:
        """End what an earlier start left behind; returns how many groups there were.

        What belongs to a demo that is still in the foreground somewhere is left alone.
        """
        try:
            notes: list[dict[str, Any]] = json.loads(self._note.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return 0
        found = [note for note in notes if not _demo_lives(note["owner"]) and _ours(note["group"], note["since"])]
        for note in found:
            _end_group(note["group"], signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and any(_ours(note["group"], note["since"]) for note in found):
            time.sleep(0.1)
        for note in found:
            _end_group(note["group"], signal.SIGKILL)
        self._note.unlink(missing_ok=True)
        return len(found)


def _demo_lives(owner: int) -> bool:
    import psutil

    try:
        return "demo" in psutil.Process(owner).cmdline()
    except psutil.Error:
        return False


def _ours(group: int, since: float) -> bool:
    """Whether the group still has a member that is ours: our own Python, no younger than a reused id would be."""
    import psutil

    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            same = os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
            if same and sys.prefix in " ".join(process.cmdline()) and process.create_time() >= since - 60:
                return True
    return False


def _end_group(group: int, how: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, how)
