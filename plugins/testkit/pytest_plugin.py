"""The part of the testkit that pytest loads by itself: fixtures for a browser and two tenants, and the report of times.

Nothing heavy is imported before a test asks for it.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


# The first has no window to draw and takes a third less of the processor.
PROGRAMS = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]


def chromium_program() -> str | None:
    """The browser of this machine that tests use, None where there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def pytest_configure(config: Any) -> None:
    config.addinivalue_line("markers", "browser: needs Chromium")


def _axe() -> Path | None:
    named = os.environ.get("COMMONTY_AXE")
    if named:
        return Path(named)
    own = Path(__file__).resolve().parents[2] / "core" / "ui" / "node_modules" / "axe-core" / "axe.min.js"
    return own if own.exists() else None


def _missing(what: str) -> None:
    if "chromium" in os.environ.get("COMMONTY_REQUIRE", ""):
        pytest.fail(f"COMMONTY_REQUIRE names chromium: {what}")
    pytest.skip(f"not run: {what}")


# For a module at a time: while it is open an event loop runs in this thread, and Django refuses to work beside one.
@pytest.fixture(scope="module")
def commonty_axe() -> Iterator[Callable[[str], list[str]]]:
    """Lay a page into a browser, 320 pixels wide, and have axe say what is wrong with it."""
    program = chromium_program()
    axe = _axe()
    if program is None:
        _missing("there is no Chromium on the PATH")
    if axe is None:
        _missing("there is no axe-core; name its axe.min.js in COMMONTY_AXE")
    playwright_api = pytest.importorskip("playwright.sync_api", reason="not run: Playwright is not installed")
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)

        def look(html: str) -> list[str]:
            page = browser.new_page(viewport={"width": 320, "height": 800})
            page.set_content(html)
            page.add_script_tag(path=str(axe))
            said: list[str] = page.evaluate(
                "async () => (await axe.run()).violations.map(v => v.id + ': ' + v.nodes[0].html)"
            )
            page.close()
            return said

        yield look
        browser.close()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The slowest calls beside what the host lets them take."""
    modules = sys.modules.get("plugins.testkit.modules")
    times: dict[tuple[str, str], tuple[float, float]] = getattr(modules, "TIMES", {})
    if not times or (terminalreporter.verbosity < 0 and not os.environ.get("COMMONTY_TIMES")):
        return
    terminalreporter.section("plugin contract: time per call", sep="-")
    slowest = sorted(times.items(), key=lambda pair: -pair[1][0] / pair[1][1])[:20]
    for (module, method), (seconds, most) in slowest:
        terminalreporter.write_line(f"{module:48} {method:16} {seconds * 1000:9.1f} ms of {most * 1000:.0f} ms")
