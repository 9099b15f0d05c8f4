"""Rules of the house that no linter knows: file length, places for everything, words that must not stand anywhere."""

from __future__ import annotations

import re
import subprocess

from tests.support.bootstrap import ROOT

LONGEST = 600
CODE = (".py", ".html", ".css", ".js", ".sh")
GENERATED = ("package-lock.json", "core/places/data/")
# django-tenants, threads, async and drivers have one door each or none.
BANNED = {
    r"^\s*with tenant\b": "enter a tenant with in_tenant()",
    r"^\s*async def\b": "async code sees no tenant",
    # Composing SQL opens nothing.
    r"^\s*(import psycopg\b|from psycopg\b(?! import sql$))": "raw connections belong to tenants.office",
    r"connection\.connection\b": "a raw driver connection stands in any tenant",
    r"\bThread\(|ThreadPoolExecutor": "a new thread has no tenant",
    r"\bcache_page\b|\b(Update|Fetch)?CacheMiddleware\b": "a page's cache gives one reader's page to the next",
}
# `prepared.py` is the door by which the ballot box reaches the driver: it runs where the connection stands.
ALLOWED = {
    # Threads that speak HTTP to Keycloak and never to the database.
    "core/people/sso/realm/converge.py",
    # Benches: threads that speak HTTP alone, a backend's process id, the database that many tenants get for themselves.
    "core/project/bench/hostile_module.py",
    "core/project/bench/hostile_plugin.py",
    "core/project/bench/noise.py",
    "core/project/bench/noisy_neighbour.py",
    "core/project/bench/pages.py",
    "core/project/bench/tenants.py",
    "core/project/services.py",
    "core/project/start.py",
    "tenants/office/",
    "tenants/registry/prepared.py",
    "tests/",
}


def tracked() -> list[str]:
    answer = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in answer.stdout.splitlines() if (ROOT / name).exists()]


def test_no_file_is_too_long() -> None:
    long = {
        name: count
        for name in tracked()
        if name.endswith(CODE)
        and not name.startswith(GENERATED)
        and (count := len((ROOT / name).read_text(encoding="utf-8").splitlines())) > LONGEST
    }
    assert long == {}


def offences(name: str, text: str) -> list[str]:
    if not name.endswith(".py") or any(name.startswith(place) for place in ALLOWED):
        return []
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        found += [f"{name}:{number}: {why}" for pattern, why in BANNED.items() if re.search(pattern, line)]
    return found


def test_banned_ways_into_a_tenant_are_nowhere_and_would_be_seen() -> None:
    found = [
        one for name in tracked() for one in offences(name, (ROOT / name).read_text(encoding="utf-8", errors="ignore"))
    ]
    assert found == []
    planted = "with tenant:\nasync def view():\nimport psycopg\nconnection.connection.cursor()\nThread(target=x)\n"
    planted += "@cache_page(60)\n"
    assert len(offences("core/web/planted.py", planted)) == len(BANNED)


def test_lock_files_name_no_download_addresses() -> None:
    for name in tracked():
        if name.endswith("package-lock.json"):
            assert '"resolved"' not in (ROOT / name).read_text()
        if name.startswith("deploy/locks/"):
            text = (ROOT / name).read_text()
            assert "index-url" not in text
            assert "--hash=sha256:" in text


def test_every_top_folder_says_what_it_is() -> None:
    for folder in ("core", "tenants", "plugins", "cms", "deploy", "tests"):
        assert (ROOT / folder / "README.md").is_file(), folder
