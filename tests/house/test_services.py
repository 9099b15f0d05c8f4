"""The embedded services outlive whoever started them, and come back after a crash with what was committed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from tests.support.bootstrap import ROOT

Services = Callable[[str], dict[str, Any]]


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """`services("up")` is the command, with a directory of its own."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("COMMONTY_")}
    settings |= {"COMMONTY_ENV": "test", "COMMONTY_VAR": str(tmp_path)}

    def command(verb: str) -> dict[str, Any]:
        ran = subprocess.run(
            [sys.executable, "-m", "core.project.cli", "--json", "services", verb],
            cwd=ROOT,
            env=settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        document: dict[str, Any] = json.loads(ran.stdout)
        return document

    yield command
    command("down")


def _notes(var: Path) -> dict[str, Any]:
    path = var / "services.json"
    assert path.stat().st_mode & 0o077 == 0
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _kill(pid: int) -> None:
    process = psutil.Process(pid)
    children = process.children()
    process.send_signal(signal.SIGKILL)
    psutil.wait_procs([process, *children], timeout=30)


def test_a_second_start_finds_the_first_and_a_crash_loses_nothing(services: Services, tmp_path: Path) -> None:
    first = services("up")
    notes = _notes(tmp_path)
    assert services("up") == first
    assert _notes(tmp_path)["postgres"]["pid"] == notes["postgres"]["pid"]
    with psycopg.connect(notes["postgres"]["admin_url"], autocommit=True) as admin:
        admin.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        admin.execute("CHECKPOINT")

    _kill(notes["postgres"]["pid"])
    _kill(notes["redis"]["pid"])
    assert not any(found["running"] for found in services("status").values())

    assert all(found["running"] for found in services("up").values())
    again = _notes(tmp_path)["postgres"]
    assert again["pid"] != notes["postgres"]["pid"]
    with psycopg.connect(again["admin_url"]) as admin:
        assert admin.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_stale_pid_file_and_a_taken_port_are_no_obstacle(services: Services, tmp_path: Path) -> None:
    services("up")
    port = _notes(tmp_path)["postgres"]["port"]
    assert not any(found["running"] for found in services("down").values())
    stale = tmp_path / "postgres" / "data" / "postmaster.pid"
    # A living process that is no server of ours: this test.
    stale.write_text(f"{os.getpid()}\n{stale.parent}\n{int(time.time())}\n{port}\n\n127.0.0.1\n\nready\n")
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", port))
        stranger.listen()
        found = services("up")
    assert found["postgres"]["running"]
    assert _notes(tmp_path)["postgres"]["port"] != port


def test_the_logins_are_no_superusers(services: Services, tmp_path: Path) -> None:
    services("up")
    postgres = _notes(tmp_path)["postgres"]
    for login in ("database_url", "migrate_url"):
        with psycopg.connect(postgres[login]) as connection:
            row = connection.execute(
                "SELECT rolsuper, rolinherit, rolcanlogin FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
            assert row == (False, False, True)
    with (
        psycopg.connect(postgres["database_url"], autocommit=True) as app,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        app.execute("CREATE ROLE somebody")
