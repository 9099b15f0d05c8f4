"""What holds for every page of ours in a real browser, however wide its window is."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from tests.support.bootstrap import ROOT

AXE = ROOT / "core" / "ui" / "node_modules" / "axe-core" / "axe.min.js"
# A narrow phone, a usual phone, a desk. axe looks at the narrowest and the widest: our layouts are two.
WIDTHS = (320, 360, 1280)


def axe(page: Any) -> list[Any]:
    """What axe finds in the page as it stands: rule and place. The context must have been made with `bypass_csp`."""
    if not page.evaluate("() => 'axe' in window"):
        page.add_script_tag(path=str(AXE))
    found = page.evaluate("async () => (await axe.run()).violations.map(v => [v.id, v.nodes.map(n => n.html)])")
    assert isinstance(found, list)
    return found


def look(page: Any, *, name: str = "", widths: tuple[int, ...] = WIDTHS) -> list[Any]:
    """What is wrong with the page that is shown: other than one heading, wider than the window, or found by axe.

    The page is loaded once and its window is made as wide as each of `widths`. Where COMMONTY_SHOTS names a folder,
    a picture at each width is kept there under `name`.
    """
    wrong: list[Any] = []
    headings = page.locator("h1").count()
    if headings != 1:
        wrong.append((page.url, f"{headings} headings"))
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        taken = page.evaluate("() => document.documentElement.scrollWidth")
        if taken > width:
            wrong.append((page.url, width, f"{taken} wide"))
        shot(page, f"{name or page.url.split('//', 1)[-1]}-{width}")
        if width in (min(widths), max(widths)):
            wrong += [(page.url, width, one) for one in axe(page)]
    return wrong


def shot(page: Any, name: str) -> None:
    """A picture of the whole page, where somebody asked for pictures."""
    if shots := os.environ.get("COMMONTY_SHOTS"):
        folder = Path(shots)
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(folder / (re.sub(r"[^a-z0-9]+", "-", name).strip("-") + ".png")), full_page=True)
