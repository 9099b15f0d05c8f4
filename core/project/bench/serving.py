"""The real web server on a free port, in the database that the bench stands in."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from core.kernel.env import environment
from core.kernel.errors import Unavailable
from core.project.cli.serve import command
from tenants.office.fleet import _worker_environment

START_SECONDS = 60.0
ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Web:
    """A server that answers on a port of this machine."""

    port: int
    pid: int

    def memory(self) -> int:
        """Bytes of the largest of its processes: what is its own and not shared with others."""
        process = psutil.Process(self.pid)
        return max(int(one.memory_full_info().uss) for one in [process, *process.children(recursive=True)])


class Browser:
    """One connection that is kept open, as a browser or a proxy keeps it; asks for pages of any tenant."""

    def __init__(self, web: Web) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=ANSWER_SECONDS)

    def get(self, slug: str, path: str) -> tuple[int, float]:
        """Status of a page on the tenant's public host, and seconds until the last byte of it was here.

        A connection that the server has closed meanwhile, since nobody used it, is opened again, as browsers do.
        """
        host = f"{slug}.{environment().base_domain}:{environment().port}"
        begun = time.perf_counter()
        for last in (False, True):
            fresh = self._connection.sock is None
            try:
                self._connection.request("GET", path, headers={"Host": host})
                answer = self._connection.getresponse()
                answer.read()
            except (http.client.HTTPException, OSError) as error:
                self._connection.close()
                idle = isinstance(error, http.client.RemoteDisconnected | ConnectionError)
                if last or fresh or not idle:
                    return 0, time.perf_counter() - begun
            else:
                break
        return answer.status, time.perf_counter() - begun

    def close(self) -> None:
        self._connection.close()


@contextmanager
def serving(*, workers: int = 2) -> Iterator[Web]:
    """The web server of `commonty serve`; stopped afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    words = command(address="127.0.0.1", port=port, workers=workers)
    own = {**os.environ, **_worker_environment(), "COMMONTY_PORT": str(environment().port)}
    process = subprocess.Popen(words, env=own)  # noqa: S603  # our own words
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None or time.monotonic() > deadline:
                raise Unavailable("The web server did not come up.", code="bench.web", remedy="Its words are above.")
            time.sleep(0.1)
        yield Web(port, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)
