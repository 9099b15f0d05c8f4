"""`commonty sequencer`: chains what has committed and hands out the outbox, tenant by tenant, until stopped."""

from __future__ import annotations

import argparse
import signal
import threading
from typing import Any

NAME = "sequencer"
HELP = "Chain events and ballots after commit, hand out the outbox."
NEEDS_DJANGO = True


def arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace, out: Any) -> None:
    from core.audit.ports import bind_carrier
    from core.audit.sequencer import run as go_round
    from core.project.celery import CeleryCarrier
    from core.project.start import start_check

    start_check()
    stop = threading.Event()

    def leave(number: int, frame: Any) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    bind_carrier(CeleryCarrier())
    out.say("Sequencing")
    go_round(stop)
