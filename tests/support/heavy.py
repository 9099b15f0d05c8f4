"""A worker and a sequencer in processes of their own, on this run's database, that know two heavy jobs of tests."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

STARTED = "test:started"


def heavy(payload: dict[str, Any]) -> None:
    """Says that it has started, and for whom."""
    import redis

    from core.kernel.env import environment
    from tenants.registry.context import current_tenant

    with redis.Redis.from_url(environment().redis_url) as server:
        server.rpush(STARTED, current_tenant().slug)


def long(payload: dict[str, Any]) -> None:
    """A report over far too much."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(60)")


class _Out:
    def say(self, text: str) -> None:
        pass


def main(role: str) -> None:
    from core.project.cli import setup_django

    setup_django()
    from core.audit.outbox import bind_jobs
    from core.kernel import jobs
    from core.project.cli import sequencer, worker

    bind_jobs({jobs.Job("test.heavy", jobs.Queue.REPORTS): heavy, jobs.Job("test.long", jobs.Queue.REPORTS): long})
    jobs.SECONDS[jobs.Queue.REPORTS] = 1
    if role == "worker":
        worker.run(argparse.Namespace(queues="reports", processes=1), _Out())
    else:
        sequencer.run(argparse.Namespace(), _Out())


def database_address() -> str:
    """This run's database as the service's login reaches it."""
    import psycopg
    from django.db import connection

    from core.kernel.env import environment

    here = psycopg.conninfo.conninfo_to_dict(environment().database_url)
    name = connection.settings_dict["NAME"]
    return f"postgresql://{here['user']}:{here['password']}@{here['host']}:{here['port']}/{name}"


@contextmanager
def at_work() -> Iterator[None]:
    """Both run until the end of the block."""
    from tests.support.bootstrap import ROOT

    env = {**os.environ, "COMMONTY_DATABASE_URL": database_address()}
    words = [sys.executable, "-m", "tests.support.heavy"]
    started = [subprocess.Popen([*words, role], cwd=ROOT, env=env) for role in ("worker", "sequencer")]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=30)


if __name__ == "__main__":
    main(sys.argv[1])
