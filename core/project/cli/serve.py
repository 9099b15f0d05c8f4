"""`commonty serve`: the web server, WSGI with blocking threads (no async code sees a tenant)."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from tenants.registry.turns import THREADS

NAME = "serve"
HELP = "The web server."


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--workers", type=int, default=2)
    which = parser.add_mutually_exclusive_group()
    for name, hosts in (("public", "residents' hosts"), ("staff", "officers' hosts and the editors'")):
        which.add_argument(
            f"--{name}", dest="which", action="store_const", const=name, help=f"answer {hosts} alone; others get 404"
        )


def command(*, address: str, port: int, workers: int) -> list[str]:
    """The server's command line."""
    words = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", address, "--port", str(port)]
    words += [
        # With HTTP/2 a request could name its host twice, in `:authority` and in `Host`.
        "--http",
        "1",
        "--workers",
        str(workers),
        "--blocking-threads",
        str(THREADS),
        "--log-level",
        "warning",
        "--respawn-failed-workers",
    ]
    return [*words, "core.project.wsgi:application"]


def run(args: argparse.Namespace, out: Any) -> None:
    from core.kernel.env import environment
    from core.project.start import start_check

    start_check()
    port = args.port or environment().port
    out.say(f"Serving on {args.address}:{port}")
    words = command(address=args.address, port=port, workers=args.workers)
    if args.which:
        os.environ["COMMONTY_SERVE"] = args.which
    os.execv(words[0], words)  # noqa: S606  # this process becomes the server; fixed words, no shell
