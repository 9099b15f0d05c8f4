"""A call in a process of its own, with an end: so much time, so much processor, so much memory.

The process is a fork of this one, so that what is called needs no name and what it is given is not copied; it writes
its answer into a pipe and ends without looking back (the connection to the database belongs to the parent). Whatever
it or its own children still do after the time is killed with the whole group. The answer is read by an unpickler that
knows the contract's values and nothing else.
"""

from __future__ import annotations

import io
import os
import pickle
import resource
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

LARGEST_ANSWER = 64 * 1024 * 1024
DONE, RAISED = b"d", b"r"
PLAIN = frozenset({("builtins", name) for name in ("frozenset", "set", "complex")} | {("fractions", "Fraction")})


class Exceeded(Exception):
    """The call did not come to an end inside its limits, or its process was lost. Says which."""


class Raised(Exception):
    """The call raised; `where` is the kind of error and its place, never its words."""

    def __init__(self, where: str) -> None:
        self.where = where
        super().__init__(where)


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` of wall time, `cpu_seconds` of processor time, `memory` in bytes beyond what the process has now."""

    seconds: float
    cpu_seconds: int
    memory: int = 2 * 1024**3


class _Answers(pickle.Unpickler):
    """Builds values of the contract, exact fractions and sets; anything else a process may send is refused."""

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("plugins.api.") or (module, name) in PLAIN:
            return super().find_class(module, name)
        raise pickle.UnpicklingError("an answer holds something that is not of the contract")


def _size_now() -> int:
    with open("/proc/self/statm", encoding="ascii") as opened:
        return int(opened.read().split()[0]) * resource.getpagesize()


def _child(write: int, function: Callable[[], Any], limits: Limits, where: Callable[[BaseException], str]) -> None:
    """Never returns."""
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(OSError, ValueError):
            most = _size_now() + limits.memory
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
        try:
            kind, answer = DONE, pickle.dumps(function(), protocol=pickle.HIGHEST_PROTOCOL)
        except BaseException as error:  # noqa: BLE001  # also what a plugin raises to end the process
            kind, answer = RAISED, where(error).encode("utf-8", "replace")
        with os.fdopen(write, "wb") as out:
            out.write(kind + answer)
    finally:
        os._exit(0)


def run_apart(function: Callable[[], Any], limits: Limits, *, where: Callable[[BaseException], str]) -> Any:
    """Call in a forked process and return its answer. Raises Exceeded, or Raised for what the call raised."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        _child(write, function, limits, where)
    os.close(write)
    data = io.BytesIO()
    ends = time.monotonic() + limits.seconds
    try:
        while True:
            left = ends - time.monotonic()
            if left <= 0 or not select.select([read], [], [], left)[0]:
                raise Exceeded(f"it took longer than {limits.seconds:g} seconds")
            part = os.read(read, 1 << 20)
            if not part:
                break
            data.write(part)
            if data.tell() > LARGEST_ANSWER:
                raise Exceeded("its answer is too large")
    finally:
        os.close(read)
        for target in (-pid, pid):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(target, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    whole = data.getvalue()
    if not whole:
        raise Exceeded(_lost(status))
    if whole[:1] == RAISED:
        said = whole[1:].decode("utf-8", "replace")
        raise Exceeded("it needed more memory than it may have") if said.startswith("MemoryError") else Raised(said)
    try:
        return _Answers(io.BytesIO(whole[1:])).load()
    except Exception as error:
        raise Exceeded("its answer could not be read") from error


def _lost(status: int) -> str:
    ended = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if ended == signal.SIGXCPU:
        return "it needed more processor time than it may have"
    return "its process ended before it answered"
