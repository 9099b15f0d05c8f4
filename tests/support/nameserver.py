"""A real name server on a loopback port, with records that a test adds and takes away. The real resolver asks it."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

TTL = 0


@dataclass
class Zone:
    """Records by name and type; a name in `silent` is answered with a failure, as a broken server does."""

    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    server: str = ""

    def put(self, name: str, kind: str, *values: str) -> None:
        self.records[name.lower(), kind] = list(values)

    def text(self, name: str, value: str) -> None:
        # As zones write them: strings of at most 255 letters.
        parts = [value[at : at + 200] for at in range(0, len(value), 200)]
        self.put(name, "TXT", " ".join(f'"{part}"' for part in parts))

    def drop(self, name: str, kind: str) -> None:
        del self.records[name.lower(), kind]

    def answer(self, asked: dns.message.Message) -> dns.message.Message:
        reply = dns.message.make_response(asked)
        reply.flags |= dns.flags.AA | dns.flags.RA
        question = asked.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        if name in self.silent:
            reply.set_rcode(dns.rcode.SERVFAIL)
            return reply
        for _hop in range(8):
            target = self.records.get((name, "CNAME"))
            if target is None or kind == "CNAME":
                break
            reply.answer.append(dns.rrset.from_text(f"{name}.", TTL, "IN", "CNAME", f"{target[0]}."))
            name = target[0].lower()
        values = self.records.get((name, kind))
        if values:
            reply.answer.append(dns.rrset.from_text(f"{name}.", TTL, "IN", kind, *values))
        elif not reply.answer and not any(known == name for known, _kind in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply


@contextmanager
def name_server() -> Iterator[Zone]:
    """Runs until the end of the block; `zone.server` is its address with the port."""
    zone = Zone()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, socket = self.request
            socket.sendto(zone.answer(dns.message.from_wire(data)).to_wire(max_size=4096), self.client_address)

    server: Any = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    zone.server = f"127.0.0.1:{server.server_address[1]}"
    try:
        yield zone
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
