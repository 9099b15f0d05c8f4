"""A real browser on the real application. Without Chromium the tests here are named as not run, or fail in CI."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from plugins.testkit.pytest_plugin import chromium_program

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.localhost 127.0.0.1",
]


# For a module at a time: while it is open an event loop runs in this thread, and Django refuses to work beside one.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser for as long as the block lasts."""
    program = chromium_program()
    if program is None:
        if "chromium" in os.environ.get("COMMONTY_REQUIRE", ""):
            pytest.fail("COMMONTY_REQUIRE names chromium, and there is none on the PATH.")
        pytest.skip("not run: no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()
