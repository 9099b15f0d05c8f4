"""Somebody at a keyboard in a real browser: every page they come to is looked at, and nothing is clicked."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from tests.support.look import axe, shot

MOST_TABS = 400
# What a person takes: words a minute that adults read silently (Brysbaert 2019), and seconds for a key of somebody who
# does not type for a living, for pointing at something and for making up one's mind (the keystroke-level model: Card,
# Moran and Newell 1980).
WORDS_A_MINUTE, KEY, POINT, MIND = 238, 0.28, 1.1, 1.35
# How many things that take the focus stand before it, at least: round buttons of one question count once.
PLACE = """one => {
  const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')];
  const names = new Set();
  return all.filter(other => {
    if (other === one || other.disabled || !other.offsetParent) return false;
    if (!(other.compareDocumentPosition(one) & 4)) return false;
    if (other.type !== 'radio') return true;
    const fresh = !names.has(other.name);
    names.add(other.name);
    return fresh;
  }).length;
}"""


class Walk:
    """One person's browser: a window of some width, with or without scripts.

    Where COMMONTY_SHOTS names a folder, a picture of every page visited is kept there.
    """

    def __init__(self, browser: Any, name: str, *, width: int = 1280, scripts: bool = True) -> None:
        self.name, self.width, self.scripts = name, width, scripts
        self.context = browser.new_context(
            viewport={"width": width, "height": 800},
            locale="en-GB",
            java_script_enabled=scripts,
            bypass_csp=scripts,
        )
        self.page = self.context.new_page()
        self.seen: list[str] = []
        self.complaints: list[str] = []
        self._read: set[str] = set()
        self._words = self._keys = self._acts = 0
        if scripts:
            self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def close(self) -> None:
        assert self.complaints == [], "\n".join(self.complaints)
        self.context.close()

    # -- looking ------------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """What holds for every page of ours: one heading, no sideways scrolling, nothing that axe finds."""
        self.page.wait_for_load_state("load")
        address = self.page.url
        self.seen.append(address)
        # Nobody reads twice what stands on each page, nor every choice of a list in which they look for their own.
        lines = set(self.page.locator("body").inner_text().split("\n"))
        lines -= set(self.page.locator("option").all_inner_texts())
        self._words += sum(len(line.split()) for line in lines - self._read)
        self._read |= lines
        shot(self.page, f"{self.name}-{len(self.seen):02}-{address.split('//', 1)[1].split('?')[0]}")
        if ".localhost" not in address:
            return
        assert self.page.locator("h1").count() == 1, address
        assert self.page.locator("body").evaluate("() => document.documentElement.scrollWidth") <= self.width, address
        if self.scripts:
            self.complaints += [f"{address}: {one}" for one in axe(self.page)]

    def text(self) -> str:
        return str(self.page.locator("main").inner_text())

    def sees(self, words: str) -> None:
        assert words in self.text(), f"{words!r} is not on {self.page.url}:\n{self.text()}"

    def seconds(self) -> float:
        """What a person would take for all this: every line read once, every key, each act thought about."""
        return self._words * 60 / WORDS_A_MINUTE + self._keys * KEY + self._acts * (MIND + POINT)

    # -- doing --------------------------------------------------------------------------------------------------------

    def go(self, address: str) -> None:
        self.page.goto(address)
        self.look()

    def _reach(self, target: Any, *, slack: int = 3) -> None:
        """Press Tab until it has the focus: as often as its place in the page says, then one by one."""
        found = target.first
        found.wait_for(state="attached", timeout=10_000)
        self.page.locator("body").evaluate("() => document.activeElement.blur()")
        place = found.evaluate(PLACE) - slack
        for pressed in range(1, MOST_TABS):
            self.page.keyboard.press("Tab")
            if pressed >= place and found.evaluate("one => one === document.activeElement"):
                return
        raise AssertionError(f"the keyboard does not reach {target} on {self.page.url}")

    def press(self, words: str, *, role: str = "button", exact: bool = False) -> None:
        """A button or link by its name, with Enter; then look at the page it leads to."""
        self._acts += 1
        self._reach(self.page.get_by_role(role, name=words, exact=exact))
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.look()

    def follow(self, words: str, *, exact: bool = False) -> None:
        self.press(words, role="link", exact=exact)

    def type(self, label: str, value: str) -> None:
        self._acts, self._keys = self._acts + 1, self._keys + len(value)
        self._reach(self.page.get_by_label(re.compile("^" + re.escape(label))))
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(value)

    def type_day(self, label: str, day: date) -> None:
        """Into the browser's own calendar, whose parts stand in the order of the country it thinks it is in."""
        for order in ("%m%d%Y", "%d%m%Y"):
            field = self.page.get_by_label(re.compile("^" + re.escape(label))).first
            # Each part of a calendar is a stop of its own: begin before the first.
            self._reach(field, slack=12)
            self.page.keyboard.type(day.strftime(order))
            if field.input_value() == day.isoformat():
                return
        raise AssertionError(f"{label} took {field.input_value()!r}")

    def tick(self, label: str) -> None:
        """A box or a round button by its label, with the space bar."""
        self._acts += 1
        box = self.page.get_by_label(label).first
        if not box.is_checked():
            self._reach_choice(box)
            if not box.is_checked():
                self.page.keyboard.press("Space")
        assert box.is_checked(), label

    def _reach_choice(self, box: Any) -> None:
        """Round buttons of one question share a place in the order of Tab; the arrows go between them."""
        if box.get_attribute("type") != "radio":
            self._reach(box)
            return
        name = box.get_attribute("name")
        group = self.page.locator(f'input[type=radio][name="{name}"]')
        self.page.locator("body").evaluate("() => document.activeElement.blur()")
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if group.evaluate_all("all => all.includes(document.activeElement)"):
                break
        for _ in range(group.count() + 1):
            if box.evaluate("one => one === document.activeElement"):
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"the arrows do not reach {name} on {self.page.url}")
