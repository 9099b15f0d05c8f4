"""One keep-alive client of the ballot bench: sends prepared requests over one connection and writes how long each took.

Run as `python voters.py PORT REQUESTS SECONDS_BETWEEN`, standing alone, so that a client costs the machine little.
It says `ready` once connected, begins at the first line on its input, and prints one JSON document.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path

TAKEN, DONE = b"HTTP/1.1 303", b"/vote/done/"


def requests_of(path: str) -> list[bytes]:
    """The requests in a file: each with its length before it."""
    data = Path(path).read_bytes()
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def answer_of(connection: socket.socket) -> bytes:
    """The head of one answer; what is acknowledged has no body."""
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.recv(16_384)
        if not part:
            return b""
        head += part
    return head


def main(port: int, path: str, between: float) -> None:
    requests = requests_of(path)
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # With a time-out each read would ask the system twice.
    connection.settimeout(None)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    began = time.time()
    taken, waits = 0, []
    for number, request in enumerate(requests):
        due = began + number * between
        if between:
            time.sleep(max(0.0, due - time.time()))
        else:
            due = time.time()
        connection.sendall(request)
        head = answer_of(connection)
        # Counted from when the request was due, so that a server which lags behind is not flattered.
        waits.append(time.time() - due)
        taken += head.startswith(TAKEN) and DONE in head
        if not head:
            break
    sys.stdout.write(json.dumps({"began": began, "ended": time.time(), "taken": taken, "waits": waits}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
