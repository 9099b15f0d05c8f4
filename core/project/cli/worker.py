"""`commonty worker`: does what the outbox hands out, in processes of its own."""

from __future__ import annotations

import argparse
from typing import Any

NAME = "worker"
HELP = "The background worker."
NEEDS_DJANGO = True


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--queues", default="", help="only these, by comma; all when left out")
    parser.add_argument("--processes", type=int, default=2)


def run(args: argparse.Namespace, out: Any) -> None:
    from core.kernel.errors import Invalid
    from core.kernel.jobs import Queue
    from core.project.celery import app, register
    from core.project.start import start_check

    start_check()

    known = [queue.value for queue in Queue]
    wanted = [word.strip() for word in args.queues.split(",") if word.strip()] or known
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        raise Invalid(
            f"There is no queue {unknown[0]!r}.", code="worker.queue", remedy=f"The queues are {', '.join(known)}."
        )
    register()
    out.say(f"Working on {', '.join(wanted)}")
    app.worker_main(
        [
            "worker",
            "--pool=prefork",
            f"--concurrency={args.processes}",
            f"--queues={','.join(wanted)}",
            "--loglevel=WARNING",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
    )
