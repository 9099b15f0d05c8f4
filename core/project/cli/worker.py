"""`commonty worker`: does what the outbox hands out, in processes of its own."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from typing import Any

NAME = "worker"
HELP = "The background worker."
NEEDS_DJANGO = True
# Steps of `nice` for a worker of nothing but work that gives way: beside a web process it gets a tenth of a processor.
NICE = 10


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--queues",
        default="",
        help="only these, by comma; all when left out; `quick` and `heavy` stand for those that somebody waits for, and"
        " those that give way to everything else",
    )
    parser.add_argument("--processes", type=int, default=2)


def queues_of(words: str) -> list[str]:
    """The names of the queues that were asked for. Raises Invalid for one that is not there."""
    from core.kernel.errors import Invalid
    from core.kernel.jobs import GIVES_WAY, Queue

    known = [queue.value for queue in Queue]
    groups = {
        "heavy": [queue.value for queue in Queue if queue in GIVES_WAY],
        "quick": [queue.value for queue in Queue if queue not in GIVES_WAY],
    }
    asked = [word.strip() for word in words.split(",") if word.strip()] or known
    wanted = [name for word in asked for name in groups.get(word, [word])]
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        raise Invalid(
            f"There is no queue {unknown[0]!r}.", code="worker.queue", remedy=f"The queues are {', '.join(known)}."
        )
    return wanted


def give_way(wanted: Iterable[str]) -> bool:
    """Lower this process, and those it starts, where all its work gives way; where it must also be quick it stays."""
    from core.kernel.jobs import GIVES_WAY

    if not set(wanted) <= GIVES_WAY:
        return False
    os.nice(NICE)
    return True


def run(args: argparse.Namespace, out: Any) -> None:
    from core.project.celery import app, register
    from core.project.start import start_check

    start_check()
    wanted = queues_of(args.queues)
    give_way(wanted)
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
