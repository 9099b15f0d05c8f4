"""The real WSGI application on a loopback port, for a browser or for raw sockets; stops with the test run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from core.kernel.env import environment


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[int]:
    """The port on which the site answers."""
    from django.db import connections

    from core.project.wsgi import application

    def closing(environ: dict[str, Any], start: Any) -> Any:
        answer = application(environ, start)
        try:
            body = [b"".join(answer)]
        finally:
            # The ballot entry answers with a list, which has nothing to close.
            getattr(answer, "close", lambda: None)()
            connections.close_all()
        return body

    port = environment().port
    server = make_server("127.0.0.1", port, closing, server_class=_Threaded, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield port
    finally:
        server.shutdown()
        server.server_close()
