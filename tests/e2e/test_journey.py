"""The whole way of a round, as an officer and a resident walk it: on the running demo, by keyboard alone.

The demo is started as its users start it, with its own sign-in, workers and mail; two councils run a round side by
side, one with scripts on a desk, one without scripts on a phone and in Gaelic.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.bootstrap import ROOT
from tests.support.walk import Walk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
BUDGET = 12_000
# Title, cost in pounds, and the votes it gets.
PROJECTS = (("Benches on the green", 6_000, 1), ("Lights on the path", 9_500, 1), ("Garden for all", 4_000, 2))
FUNDED = ("Garden for all", "Benches on the green")
RULE = "Most votes first, passing over what does not fit"
START_SECONDS = 240


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def demo() -> Iterator[int]:
    """The demo on a port of its own, from nothing to serving; stopped as Ctrl-C stops it."""
    port = _free_port()
    words = {key: value for key, value in os.environ.items() if not key.startswith(("COMMONTY_", "DJANGO_"))}
    words |= {"COMMONTY_VAR": str(ROOT / "var" / "test-journey"), "COMMONTY_PORT": str(port)}
    command = [sys.executable, "-m", "core.project.cli", "demo", "--fresh"]
    process = subprocess.Popen(command, cwd=ROOT, env=words, start_new_session=True)
    try:
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends:
            assert process.poll() is None, "the demo ended by itself"
            try:
                request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Host": f"hub.localhost:{port}"})
                urllib.request.urlopen(request, timeout=5).close()  # noqa: S310  # the demo's own address
                break
            except OSError:
                time.sleep(0.5)
        else:
            pytest.fail("the demo did not come up")
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    with socket.socket() as after:
        assert after.connect_ex(("127.0.0.1", port)) != 0, "something still serves after the demo was stopped"


class Round:
    """A round of one council in the demo: its addresses and the people who walk through it."""

    def __init__(self, browser: Any, port: int, slug: str, mark: str, *, scripts: bool, width: int, language: str):
        self.public = f"http://{slug}.localhost:{port}{'/gd' if language == 'gd' else ''}"
        self.staff = f"http://{slug}.staff.localhost:{port}"
        self.round = f"choices-{mark}"
        self.language = language
        self.first = Walk(browser, f"{slug}-first-officer", scripts=scripts, width=width)
        self.second = Walk(browser, f"{slug}-second-officer", scripts=scripts, width=width)
        self.resident = Walk(browser, f"{slug}-resident", scripts=scripts, width=width)
        self.neighbour = Walk(browser, f"{slug}-neighbour", scripts=scripts, width=width)

    def close(self) -> None:
        for one in (self.first, self.second, self.resident, self.neighbour):
            one.close()

    def say(self, english: str, gaelic: str) -> str:
        return gaelic if self.language == "gd" else english


def officer_makes_a_round(one: Round) -> None:
    walk = one.first
    walk.go(one.staff + "/")
    walk.press("Demo officer of")
    walk.follow("New round")
    walk.type("Name in English", f"Choices {one.round}")
    walk.type("Name in Gaelic", f"Roghainnean {one.round}")
    walk.type("What the round is for", "Better streets for everybody.")
    walk.type("Address of the round", one.round)
    walk.press("Create the round")
    walk.follow("What residents decide")
    walk.type("What residents decide", "Which projects get their money.")
    walk.type("What is already fixed", "The sum, and that it is spent this year.")
    walk.press("Save")
    walk.follow("Who may vote", exact=True)
    walk.type("Who may vote, in one sentence", "Anyone who lives here.")
    walk.type("Youngest age to vote", "12")
    for label in ("Code by e-mail", "Sign in"):
        walk.tick(label)
    walk.press("Save")
    walk.follow("Dates", exact=True)
    today = datetime.now(UTC).date()
    opens, closes = today - timedelta(days=1), today + timedelta(days=14)
    for what, day in (("opens", opens), ("closes", closes)):
        walk.type_day(f"Day voting {what}", day)
    walk.press("Save")
    walk.follow("Money", exact=True)
    walk.follow("Add money")
    walk.type("Where the money comes from", "The council")
    walk.type("Amount", "12,5")
    walk.press("Save")
    assert walk.page.get_by_label("Where the money comes from").input_value() == "The council"
    walk.type("Amount", f"£{BUDGET:,}")
    walk.press("Save")
    walk.go(f"{one.staff}/rounds/{one.round}/")
    walk.follow("Ballot and result")
    walk.tick("Choose the projects you support")
    walk.tick(RULE)
    walk.press("Go on to the settings")
    walk.press("Save")
    for title, cost, _ in PROJECTS:
        walk.go(f"{one.staff}/rounds/{one.round}/projects/")
        walk.follow("Add a project")
        walk.type("Title", title)
        walk.type("What it brings, in one line", "Somewhere to meet.")
        walk.type("Cost", f"£{cost:,}")
        walk.press("Save")
    walk.go(f"{one.staff}/rounds/{one.round}/")
    walk.sees("9 of 9 parts are ready")
    walk.follow("Preview, with projects, rules and ballot")
    walk.sees("Better streets for everybody.")
    walk.go(f"{one.staff}/rounds/{one.round}/")
    for step in ("Show the projects and get ready for voting", "Open voting"):
        walk.follow(step)
        walk.press(step)
    walk.sees("What residents choose from is frozen")


def resident_fills_a_ballot(one: Round, walk: Walk, titles: list[str]) -> None:
    """From the council's front page to the page that asks who one is, without an account."""
    walk.go(one.public + "/")
    walk.follow(one.say("Rounds", "Cuairtean"), exact=True)
    walk.follow(one.say(f"Choices {one.round}", f"Roghainnean {one.round}"))
    walk.go(f"{one.public}/rounds/{one.round}/projects/")
    walk.go(f"{one.public}/rounds/{one.round}/rules/")
    walk.go(f"{one.public}/rounds/{one.round}/result/")
    walk.go(f"{one.public}/rounds/{one.round}/vote/")
    walk.press(one.say("Check my ballot", "Thoir sùil air a’ bhòt agam"))
    walk.sees(one.say("There is a problem", "Tha duilgheadas ann"))
    for title in titles:
        walk.tick(title)
    walk.press(one.say("Check my ballot", "Thoir sùil air a’ bhòt agam"))
    for title in titles:
        walk.sees(title)
    walk.follow(one.say("Go on", "Lean air adhart"))


def resident_sends(one: Round, walk: Walk) -> str:
    """The receipt's code, once the ballot is in the box."""
    walk.press(one.say("Send my ballot", "Cuir a’ bhòt agam"))
    walk.sees(one.say("Your ballot is in the box", "Tha a’ bhòt agad sa bhogsa"))
    return str(walk.page.locator(".cc-receipt").inner_text()).strip()


def votes_by_code(one: Round, walk: Walk, address: str, titles: list[str]) -> str:
    resident_fills_a_ballot(one, walk, titles)
    walk.follow(one.say("Code by e-mail", "Còd air a’ phost-d"))
    walk.type(one.say("E-mail address", "Seòladh puist-d"), address)
    walk.press(one.say("Send me a code", "Cuir còd thugam"))
    wrong = one.say("That code is wrong", "Tha an còd sin ceàrr")
    walk.type(one.say("Code", "Còd"), "000000")
    walk.press(one.say("Go on", "Air adhart"))
    walk.sees(wrong)
    walk.type(one.say("Code", "Còd"), _code_sent(one, address))
    walk.press(one.say("Go on", "Air adhart"))
    return resident_sends(one, walk)


def _code_sent(one: Round, address: str) -> str:
    """The code in the demo's letter box, once a worker has written it."""
    mail = one.first.context.new_page()
    try:
        for _ in range(60):
            mail.goto(one.staff + "/demo-mail/")
            letters = mail.locator("main").inner_text().split(address)
            found = re.search(r"(?<!\d)(\d{6})(?!\d)", letters[1]) if len(letters) > 1 else None
            if found:
                return found[1]
            time.sleep(0.5)
    finally:
        mail.close()
    raise AssertionError("no code was sent")


def votes_by_sign_in(one: Round, walk: Walk, titles: list[str]) -> str:
    resident_fills_a_ballot(one, walk, titles)
    walk.follow(one.say("Sign in", "Clàraich a-steach"), exact=True)
    walk.press(one.say("Go on to sign in", "Lean air adhart gus clàradh a-steach"))
    walk.press("Demo resident Morag")
    if walk.page.get_by_role("button", name=one.say("Send my ballot", "Cuir a’ bhòt agam")).count() == 0:
        walk.press(one.say("Go on", "Lean air adhart"))
    return resident_sends(one, walk)


def two_people_open_and_publish(one: Round) -> None:
    first, second = one.first, one.second
    first.go(f"{one.staff}/rounds/{one.round}/")
    first.follow("Close voting and seal the box")
    first.tick("Another reason")
    first.type("The reason in your own words", "The journey is a test.")
    first.press("Close voting and seal the box")
    first.press("I agree that the box is opened")
    second.go(one.staff + "/")
    second.press("Second demo officer of")
    second.go(f"{one.staff}/rounds/{one.round}/count/")
    second.press("I agree that the box is opened")
    for _ in range(60):
        second.page.goto(f"{one.staff}/rounds/{one.round}/count/")
        if "both counts agree" in second.text():
            break
        time.sleep(0.5)
    second.look()
    second.sees("both counts agree")
    second.follow("Look at the result")
    second.go(f"{one.staff}/rounds/{one.round}/count/")
    second.follow("Publish the result")
    second.press("Publish the result")


def residents_see_it_counted(one: Round, receipts: list[str]) -> None:
    walk = one.resident
    walk.go(f"{one.public}/rounds/{one.round}/result/")
    for title, cost, votes in PROJECTS:
        row = walk.page.get_by_role("row").filter(has_text=title).first
        assert str(votes) in row.inner_text(), title
        assert f"£{cost:,}" in row.inner_text(), title
    walk.sees(f"£{BUDGET - sum(cost for title, cost, _ in PROJECTS if title in FUNDED):,}")
    for code in receipts:
        walk.go(f"{one.public}/rounds/{one.round}/receipts/?code={code}")
        walk.sees(one.say("Counted.", "Air a cunntadh."))
    walk.go(f"{one.public}/rounds/{one.round}/receipts/?code=ZZZZ-ZZZZ-Z")
    walk.go(f"{one.public}/how-your-vote-is-kept/")


def walked(browser: Any, port: int, slug: str, *, scripts: bool, width: int, language: str, mark: str) -> None:
    """One round of one council from nothing to its result."""
    one = Round(browser, port, slug, mark, scripts=scripts, width=width, language=language)
    benches, lights, garden = (title for title, _, _ in PROJECTS)
    officer_makes_a_round(one)
    one.first.go(f"http://hub.localhost:{port}/")
    receipts = [votes_by_code(one, one.resident, "resident@people.example", [lights, garden])]
    receipts.append(votes_by_sign_in(one, one.neighbour, [garden, benches]))
    two_people_open_and_publish(one)
    residents_see_it_counted(one, receipts)
    one.close()


@pytest.mark.parametrize(
    ("slug", "scripts", "width", "language"),
    [("glasgow-city", True, 1280, "en"), ("na-h-eileanan-siar", False, 360, "gd")],
)
def test_a_round_from_nothing_to_its_result_by_keyboard(
    browser: Any, demo: int, slug: str, scripts: bool, width: int, language: str
) -> None:
    walked(browser, demo, slug, scripts=scripts, width=width, language=language, mark="2027")
