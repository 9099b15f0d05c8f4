"""A line to another service on loopback that can be made slow: requests pass at once, answers come late."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class SlowLine:
    """A running line: `delay` seconds before each answer, `opened` how many connections were made so far."""

    url: str
    delay: float = 0.0
    opened: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def carry(self, near: socket.socket, far: socket.socket) -> None:
        """Both ways until one side has had enough. An answer in several parts is late once."""
        late = threading.Event()

        def there() -> None:
            with suppress(OSError):
                while part := near.recv(65536):
                    late.set()
                    far.sendall(part)
                far.shutdown(socket.SHUT_WR)

        def back() -> None:
            with suppress(OSError):
                while part := far.recv(65536):
                    if late.is_set():
                        late.clear()
                        self.over.wait(self.delay)
                    near.sendall(part)
            for one in (near, far):
                one.close()

        for way in (there, back):
            threading.Thread(target=way, daemon=True).start()


@contextmanager
def slow_line(url: str) -> Iterator[SlowLine]:
    """A line to the service at `url`, until the end of the block."""
    parts = urlsplit(url)
    listening = socket.create_server(("127.0.0.1", 0))
    line = SlowLine(f"http://127.0.0.1:{listening.getsockname()[1]}")

    def accept() -> None:
        with suppress(OSError):
            while True:
                near, _address = listening.accept()
                line.opened += 1
                line.carry(near, socket.create_connection((str(parts.hostname), int(parts.port or 80)), timeout=60))

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield line
    finally:
        line.over.set()
        # Closing alone does not wake whoever waits for a connection.
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
