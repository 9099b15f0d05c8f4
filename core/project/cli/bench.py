"""`commonty bench NAME`: our work against its baseline, in one run."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import signal
import sys
from typing import Any

from core.project.cli import CheckFailed

NAME = "bench"
HELP = "Measured work against its baseline, in one run."
NEEDS_DJANGO = True
BENCHES = (
    *("ballots", "equal-shares", "fleet", "groups", "hostile-plugin", "module-call", "noisy-neighbour", "pages"),
    *("provisioning", "restart", "round-pages", "rules", "scale"),
)
# Those that count and ask no database.
BARE = ("equal-shares", "groups", "rules")
# Those that stand in a database of their own, which can be kept for the next.
MANY = ("fleet", "noisy-neighbour", "pages", "provisioning", "restart", "scale")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", choices=BENCHES)
    parser.add_argument("--size", type=int, default=0, help="a smaller or larger run than the stated one")
    parser.add_argument(
        "--keep", action="store_true", help="go on with the tenants an earlier run left, and leave them for the next"
    )


def machine() -> str:
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"


def before_django(args: argparse.Namespace) -> None:
    """The services are started first: Django reads once where its database is."""
    from core.project.services import services_up

    if args.name not in BARE:
        services_up()


def run(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    # Ended from outside, it takes its servers and its database along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    module = importlib.import_module(f"core.project.bench.{args.name.replace('-', '_')}")
    more = {"keep": True} if args.keep and args.name in MANY else {}
    document: dict[str, Any] = {**module.run(args.size, out, **more), "machine": machine()}
    if not document["ok"]:
        raise CheckFailed(document, f"{args.name} does not hold.")
    return document
