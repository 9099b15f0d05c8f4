"""What code of a plugin may not begin while the host waits for it: threads, processes, connections, another tenant.

A thread would have no tenant and outlive every check; a connection of its own goes past the guarded client that a
PluginContext lends. Python's audit events (PEP 578) tell of each before it happens, so the attempt itself fails, in
the plugin's own line. This is a fence against carelessness, not a sandbox: code that means harm can get round it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

REFUSED = {
    "_thread.start_new_thread": "start a thread",
    "os.fork": "start a process",
    "os.posix_spawn": "start a process",
    "os.exec": "start a process",
    "os.system": "start a process",
    "subprocess.Popen": "start a process",
    "socket.connect": "open a connection of its own",
    "socket.bind": "listen on an address",
    "commonty.enter": "enter another tenant",
}

_inside: ContextVar[bool] = ContextVar("commonty_inside_plugin", default=False)
_standing = False


class Fenced(RuntimeError):
    """A plugin tried to begin something it may not."""


def _hook(event: str, args: tuple[object, ...]) -> None:
    if event in REFUSED and _inside.get():
        raise Fenced(f"a plugin may not {REFUSED[event]}")


def fence_set_up() -> None:
    """Once per process: an audit hook cannot be taken away again."""
    global _standing
    if _standing:
        return
    sys.addaudithook(_hook)
    if sys.version_info < (3, 12):
        # Before Python 3.12 the start of a thread is no audit event.
        start: Callable[..., int] = threading._start_new_thread  # type: ignore[attr-defined]  # the door it starts by

        def told(*args: object) -> int:
            sys.audit("_thread.start_new_thread", *args)
            return start(*args)

        threading._start_new_thread = told  # type: ignore[attr-defined]
    _standing = True


def fence_close() -> None:
    """From now on, in this context, the fence holds."""
    _inside.set(True)


def fence_holds() -> bool:
    """Whether this is code of a plugin that the host waits for."""
    return _inside.get()


@contextmanager
def lifted() -> Iterator[None]:
    """Around the core's own work that a plugin has asked a port for."""
    mark = _inside.set(False)
    try:
        yield
    finally:
        _inside.reset(mark)
