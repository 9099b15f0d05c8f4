"""A mail server on a loopback port that takes every letter and keeps whom it was for."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer


@dataclass
class Letters:
    """The server's port, and the address of each letter in the order they came."""

    port: int
    to: list[str] = field(default_factory=list)


@contextmanager
def letter_box() -> Iterator[Letters]:
    box = Letters(0)

    class Speaks(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            for line in self.rfile:
                word = line[:4].upper().strip()
                if word == b"RCPT":
                    box.to += [found.decode() for found in re.findall(rb"<([^>]+)>", line)]
                if word == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    for part in self.rfile:
                        if part.rstrip(b"\r\n") == b".":
                            break
                self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 yes\r\n")
                if word == b"QUIT":
                    return

    class Quiet(ThreadingTCPServer):
        daemon_threads = True

    with Quiet(("127.0.0.1", 0), Speaks) as server:
        box.port = int(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield box
        finally:
            server.shutdown()
