"""Every ballot format on a real round page: by keyboard, without scripts, on the narrowest phone, in Gaelic."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.look import look

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Sheet:
    """A format with its settings; what is filled in, by the number of the project; what the check page then says."""

    key: str
    settings: dict[str, Any]
    marks: dict[int, str]
    check: dict[int, tuple[str, str]]
    wrong: dict[int, str]
    total: tuple[str, str]
    area: str = ""
    rule: tuple[str, dict[str, Any]] = ("greedy-skip", {})
    kind: str = field(default="tick")


LEVEL = {"maximum": 2}
SHEETS = (
    Sheet("approval", LEVEL, {1: "x", 2: "x"}, {1: ("£5,000", "£5,000")}, {3: "x"}, ("so far: 2", "gu ruige seo: 2")),
    Sheet(
        "exact-k", {"count": 2}, {1: "x", 2: "x"}, {1: ("£5,000", "£5,000")}, {3: "x"}, ("so far: 2", "gu ruige seo: 2")
    ),
    Sheet(
        "knapsack",
        {"cap": 1_200_000},
        {1: "x", 2: "x"},
        {2: ("£6,000", "£6,000")},
        {3: "x"},
        ("£11,000 of £12,000", "£11,000 à £12,000"),
    ),
    Sheet(
        "points",
        {"total": 10, "most": 6},
        {1: "6", 3: "3"},
        {1: ("Points: 6", "Puingean: 6"), 3: ("Points: 3", "Puingean: 3")},
        {2: "many"},
        ("9 of 10", "9 à 10"),
        kind="text",
    ),
    Sheet(
        "ranked",
        {"maximum": 3},
        {3: "1", 1: "2"},
        {3: ("Number 1", "Àireamh 1"), 1: ("Number 2", "Àireamh 2")},
        {2: "2"},
        ("so far: 2", "gu ruige seo: 2"),
        kind="select",
    ),
    Sheet(
        "score",
        {"highest": 5},
        {1: "5", 2: "1"},
        {1: ("Score: 5", "Sgòr: 5"), 2: ("Score: 1", "Sgòr: 1")},
        {},
        ("2 of 6", "2 à 6"),
        kind="select",
    ),
    Sheet(
        "majority-judgement",
        {},
        {1: "3", 2: "0"},
        {1: ("Excellent", "Sgoinneil"), 2: ("Not convinced", "Chan eil mi cinnteach às")},
        {},
        ("2 of 6", "2 à 6"),
        kind="radio",
    ),
    Sheet(
        "approval-areas",
        {"local": {"maximum": 2}},
        {1: "x", 3: "x", 6: "x"},
        {1: ("£5,000", "£5,000"), 3: ("£7,000", "£7,000"), 6: ("£10,000", "£10,000")},
        {5: "x"},
        ("so far: 2", "gu ruige seo: 2"),
        area="Leith Links",
    ),
    Sheet(
        "points-areas",
        {"local": {"total": 5}},
        {1: "3", 3: "2", 6: "10"},
        {1: ("Points: 3", "Puingean: 3"), 6: ("Points: 10", "Puingean: 10")},
        {5: "9"},
        ("5 of 5", "5 à 5"),
        area="Leith Links",
        kind="text",
    ),
)
PREFIX = {"points": "points-", "points-areas": "points-", "ranked": "place-", "score": "score-"}
each = pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.key)


# Before the browser, because Django refuses to work beside its event loop.
@pytest.fixture(scope="module")
def rounds(server: int) -> Iterator[int]:
    """A round with voting open for each format, in alpha and in beta. Gives the port."""
    from core.proposals.models import Proposal
    from core.proposals.services import proposal_save
    from core.rounds.services import round_advance
    from tenants.registry.context import in_tenant
    from tenants.registry.hosts import forget
    from tests.support.database import refs, reset
    from tests.support.rounds import round_made

    forget()
    for tenant in refs():
        with in_tenant(tenant):
            for sheet in SHEETS:
                row = round_made(sheet.key, tenant=tenant.slug, ballot=(sheet.key, sheet.settings), rule=sheet.rule)
                if sheet.area:
                    last = Proposal.objects.get(round=row, ref="P-06")
                    proposal_save(round=row, proposal=last, title=last.title, cost=last.cost, area="", actor=None)
                round_advance(round=row, verb="open_voting", actor=None)
    yield server
    reset()
    forget()


@dataclass
class Voter:
    """A page of a browser that is used by keyboard alone."""

    page: Any
    sheet: Sheet
    language: str
    port: int
    host: str = "alpha"

    def go(self, path: str = "vote/") -> None:
        prefix = "/gd" if self.language == "gd" else ""
        self.page.goto(f"http://{self.host}.localhost:{self.port}{prefix}/rounds/{self.sheet.key}/{path}")

    def say(self, words: tuple[str, str]) -> str:
        return words[self.language == "gd"]

    def tab_to(self, selector: str) -> None:
        """Press Tab until the element has the focus."""
        for _ in range(120):
            if self.page.evaluate("s => document.activeElement.matches(s)", selector):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {selector}")

    def enter(self) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def from_the_top(self) -> None:
        self.page.evaluate(
            "document.activeElement.blur(); window.getSelection().removeAllRanges(); window.scrollTo(0, 0)"
        )
        self.page.keyboard.press("Tab")

    def choose_area(self) -> None:
        if not self.sheet.area:
            return
        self.tab_to("#area input")
        self.page.keyboard.press("Space")
        for _ in range(5):
            if self.page.evaluate("document.activeElement.value") == self.sheet.area:
                break
            self.page.keyboard.press("ArrowDown")
        self.tab_to("#area button")
        self.enter()

    def mark(self, number: int, value: str) -> None:
        ref = f"P-{number:02}"
        kind = self.sheet.kind
        if kind == "tick":
            self.tab_to(f'input[value="{ref}"]')
            self.page.keyboard.press("Space")
        elif kind == "radio":
            self.tab_to(f'input[name="grade-{ref}"]')
            for _ in range(6):
                if self.page.evaluate("document.activeElement.value") == value:
                    break
                self.page.keyboard.press("ArrowUp")
            self.page.keyboard.press("Space")
        else:
            self.tab_to(f'[name="{PREFIX[self.sheet.key]}{ref}"]')
            self.page.keyboard.type(value)

    def press(self, button: str) -> None:
        self.tab_to(f'button[name="do"][value="{button}"]:not(#area button)')
        self.enter()

    def in_order(self) -> list[int]:
        """The projects to be marked, in the order in which this visitor sees them."""
        seen = self.page.locator("[name^='project'], [name*='-P-']").evaluate_all(
            "all => all.map(one => one.name == 'project' ? one.value : one.name.slice(-4))"
        )
        wanted = {f"P-{number:02}": number for number in self.sheet.marks}
        return [wanted[ref] for ref in dict.fromkeys(seen) if ref in wanted]

    def fill(self) -> None:
        self.choose_area()
        self.from_the_top()
        for number in self.in_order():
            self.mark(number, self.sheet.marks[number])

    def accessible(self) -> None:
        assert look(self.page, widths=(320, 1280)) == []
        ids = self.page.locator("[id]").evaluate_all("all => all.map(one => one.id)")
        assert len(ids) == len(set(ids))


@pytest.fixture
def voter(rounds: int, browser: Any) -> Iterator[Any]:
    contexts: list[Any] = []

    def make(
        sheet: Sheet, *, language: str = "en", width: int = 1280, scripts: bool = True, host: str = "alpha"
    ) -> Voter:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, java_script_enabled=scripts, bypass_csp=False
        )
        contexts.append(context)
        return Voter(context.new_page(), sheet, language, rounds, host)

    yield make
    for context in contexts:
        context.close()


def lines_of(voter: Voter) -> str:
    return re.sub(r"\s+", " ", voter.page.locator(".cc-lines").inner_text())


@each
def test_by_keyboard_on_a_narrow_phone_in_gaelic_without_scripts(voter: Any, sheet: Sheet) -> None:
    one: Voter = voter(sheet, language="gd", width=320, scripts=False)
    one.go()
    one.fill()
    one.press("total")
    assert one.say(sheet.total) in one.page.locator("#ballot-chosen").inner_text()
    one.from_the_top()
    one.press("check")
    assert one.page.url.endswith("/vote/review/")
    said = lines_of(one)
    for words in sheet.check.values():
        assert one.say(words) in said
    assert said.count("£") == len(sheet.marks)


@each
def test_by_keyboard_on_a_desk_with_scripts(voter: Any, sheet: Sheet) -> None:
    one: Voter = voter(sheet, host="beta")
    refused: list[str] = []
    one.page.on("console", lambda message: refused.append(message.text) if "Refused to" in message.text else None)
    one.page.on("pageerror", lambda error: refused.append(str(error)))
    one.go()
    if sheet.key == "ranked":
        for number in sorted(sheet.marks, key=lambda number: int(sheet.marks[number])):
            one.from_the_top()
            one.tab_to(f'[data-rank]:has([name="place-P-{number:02}"]) button')
            one.page.keyboard.press("Enter")
    else:
        one.fill()
        one.page.keyboard.press("Tab")
    one.page.wait_for_function(
        "words => document.getElementById('ballot-chosen').innerText.includes(words)", arg=one.say(sheet.total)
    )
    one.from_the_top()
    one.press("check")
    assert one.page.url.endswith("/vote/review/")
    said = lines_of(one)
    for words in sheet.check.values():
        assert one.say(words) in said
    assert refused == []
    one.go()
    one.page.wait_for_load_state("networkidle")
    assert one.say(sheet.total) in one.page.locator("#ballot-chosen").inner_text()


@each
@pytest.mark.parametrize("language", ["en", "gd"])
def test_nothing_stands_in_anybodys_way(rounds: int, browser: Any, sheet: Sheet, language: str) -> None:
    context = browser.new_context(bypass_csp=True)
    one = Voter(context.new_page(), sheet, language, rounds)
    one.go()
    one.accessible()
    if sheet.area:
        one.choose_area()
        one.accessible()
    one.from_the_top()
    one.press("check")
    assert one.page.locator("#error-summary a").count() >= 1
    one.accessible()
    context.close()


# The fields of the others take no wrong value.
@pytest.mark.parametrize("sheet", [one for one in SHEETS if one.wrong], ids=lambda sheet: sheet.key)
def test_a_mistake_leads_to_its_field(voter: Any, sheet: Sheet) -> None:
    one: Voter = voter(sheet, scripts=False)
    one.go()
    one.choose_area()
    marks = {**sheet.marks, **sheet.wrong}
    filled = Voter(one.page, Sheet(**{**vars(sheet), "marks": marks, "area": ""}), one.language, one.port)
    filled.fill()
    filled.press("check")
    links = one.page.locator("#error-summary a")
    assert links.count() >= 1
    for link in links.all():
        target = str(link.get_attribute("href")).removeprefix("#")
        assert one.page.locator(f'[id="{target}"]').count() == 1
    if sheet.kind in ("text", "select") and sheet.key != "points-areas":
        number = next(iter(sheet.wrong))
        assert one.page.locator(f'#error-summary a[href$="P-{number:02}"]').count() or sheet.key == "ranked"
    for number, value in sheet.marks.items():
        if sheet.kind in ("text", "select"):
            assert one.page.locator(f'[name="{PREFIX[sheet.key]}P-{number:02}"]').input_value() == value


def test_an_order_is_made_changed_and_read_out_by_keyboard(voter: Any) -> None:
    sheet = next(one for one in SHEETS if one.key == "ranked")
    one: Voter = voter(sheet)
    one.go()
    page = one.page

    def press(selector: str) -> None:
        one.from_the_top()
        one.tab_to(selector)
        page.keyboard.press("Enter")

    def heard() -> str:
        return str(page.locator(".cc-ranking > [role=status]").inner_text())

    def placed() -> dict[str, str]:
        pairs = page.locator("[name^='place-']").evaluate_all("all => all.map(one => [one.name, one.value])")
        return {name.removeprefix("place-"): value for name, value in pairs if value}

    for number in (1, 2, 3):
        press(f'[data-rank]:has([name="place-P-{number:02}"]) button')
        assert heard().endswith(f"number {number} of {number}")
    assert placed() == {"P-01": "1", "P-02": "2", "P-03": "3"}
    press('[data-rank]:has([name="place-P-04"]) button')
    assert "full" in heard()
    assert placed() == {"P-01": "1", "P-02": "2", "P-03": "3"}
    press(".cc-ranking__item:nth-child(3) [data-do=up]")
    assert heard() == "Garden for the day centre: number 2 of 3"
    page.keyboard.press("Enter")
    assert placed() == {"P-03": "1", "P-01": "2", "P-02": "3"}
    assert "Garden" in page.evaluate("document.activeElement.textContent")
    press(".cc-ranking__item:nth-child(1) [data-do=down]")
    assert placed() == {"P-01": "1", "P-03": "2", "P-02": "3"}
    press(".cc-ranking__item:nth-child(3) button:last-child")
    assert heard() == "Bike shelter at the school: removed"
    assert placed() == {"P-01": "1", "P-03": "2"}
    assert "Bike shelter" in page.evaluate("document.activeElement.textContent")
    page.locator(".cc-ranking__item").nth(1).drag_to(page.locator(".cc-ranking__item").nth(0))
    assert placed() == {"P-03": "1", "P-01": "2"}


def test_another_area_takes_the_place_of_the_first(voter: Any) -> None:
    sheet = next(one for one in SHEETS if one.key == "approval-areas")
    one: Voter = voter(sheet, scripts=False)
    one.go()
    one.fill()
    page = one.page
    page.get_by_text("Leith Walk", exact=True).click()
    one.press("check")
    assert "You chose Leith Walk" in page.locator("#error-summary").inner_text()
    assert page.locator('input[value="P-01"]').count() == 0
    assert page.locator('input[value="P-02"]').count() == 1
    one.from_the_top()
    one.mark(2, "x")
    one.press("check")
    assert one.page.url.endswith("/vote/review/")
    # The project for everybody is kept, those of the first area are not.
    assert lines_of(one).count("£") == 2
