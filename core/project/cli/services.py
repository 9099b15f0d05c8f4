"""`commonty services up|down|status`: the embedded PostgreSQL and Redis."""

from __future__ import annotations

import argparse
from typing import Any

NAME = "services"
HELP = "Embedded PostgreSQL and Redis: start, stop, show."
PUBLIC = ("address", "version", "running")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("verb", choices=["up", "down", "status"])


def run(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from core.project.services import services_down, services_status, services_up

    if args.verb == "up":
        out.say("Starting PostgreSQL and Redis …")
        found = services_up()
    else:
        found = services_down() if args.verb == "down" else services_status()
    # Addresses with passwords stay in the service's own directory.
    return {name: {key: values[key] for key in PUBLIC} for name, values in found.items()}
