"""A fair turn between tenants for a web process's pages: who comes next, who is turned away, that seats come back."""

from __future__ import annotations

import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.http import HttpResponse, StreamingHttpResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from core.kernel.errors import Limited
from core.rounds.selectors import round_by_slug
from core.web.public import rounds
from tenants.registry import middleware
from tenants.registry import turns as turns_module
from tenants.registry.context import current_tenant, in_tenant
from tenants.registry.limits import What, uses
from tenants.registry.turns import AGAIN_SECONDS, PROCESSES, SLOW_SECONDS, TENANTS, Machine, Turns
from tests.behaviour.test_manage_rounds import browser, text
from tests.support.bootstrap import ROOT
from tests.support.http import SiteClient

PATIENCE = 20.0


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Page:
    """A page that is in work from when it has its turn until it is told to end."""

    def __init__(self, turns: Turns, who: str) -> None:
        self.begun, self._end = threading.Event(), threading.Event()
        self._gone = threading.Event()
        self.refused: Limited | None = None

        def work() -> None:
            try:
                with turns.turn(who):
                    self.begun.set()
                    assert self._end.wait(PATIENCE)
            except Limited as error:
                self.refused = error
            finally:
                self._gone.set()

        threading.Thread(target=work, daemon=True).start()
        until(lambda: self.begun.is_set() or self._gone.is_set() or waits(turns, who))

    def leave(self) -> None:
        """End as soon as it has begun."""
        self._end.set()

    def end(self) -> None:
        self.leave()
        assert self._gone.wait(PATIENCE)


def waits(turns: Turns, who: str) -> int:
    return len(turns._lines.get(who, ()))


def until(question: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not question():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.002)  # between two looks, so that the threads looked at get their turn


def line(turns: Turns, who: str, many: int) -> list[Page]:
    """Pages that come one after another."""
    pages = []
    for _ in range(many):
        before = waits(turns, who)
        pages.append(page := Page(turns, who))
        until(lambda page=page, before=before: page.begun.is_set() or page.refused or waits(turns, who) > before)  # type: ignore[misc]
    return pages


def test_who_was_worked_for_less_begins_beside_a_rush_and_the_rush_waits_for_it() -> None:
    clock = Clock()
    turns = Turns(seats=1, threads=24, clock=clock)
    first, second, third = line(turns, "alpha", 3)
    clock.now = 0.1
    (page,) = line(turns, "beta", 1)
    # At once, beside the one of alpha's that is in work; none of alpha's begins before it has ended.
    assert (first.begun.is_set(), page.begun.is_set(), second.begun.is_set()) == (True, True, False)
    first.end()
    assert not second.begun.wait(0.05)
    clock.now = 0.15
    page.end()
    assert second.begun.wait(PATIENCE)
    # Beta has been worked for less until now: its next page begins beside alpha's, and a second one of its own waits.
    again, more = line(turns, "beta", 2)
    assert (again.begun.is_set(), more.begun.is_set(), third.begun.is_set()) == (True, False, False)
    for one in (second, again, more, third):
        assert one.begun.wait(PATIENCE)
        one.end()
    assert (turns._lines, turns._begun) == ({}, {})


def test_those_who_were_worked_for_alike_take_turns() -> None:
    turns = Turns(seats=1, clock=Clock())
    (hold,) = line(turns, "hub", 1)
    names = ["alpha"] * 3 + ["beta"] * 2 + ["gamma"]
    pages = [(name, line(turns, name, 1)[0]) for name in names]
    order: list[str] = []
    in_work = hold
    while pages:
        in_work.end()
        until(lambda: any(page.begun.is_set() for _, page in pages))
        name, in_work = next(one for one in pages if one[1].begun.is_set())
        pages.remove((name, in_work))
        order.append(name)
    in_work.end()
    assert order == ["alpha", "beta", "gamma", "alpha", "beta", "alpha"]


def test_one_tenant_keeps_half_of_the_threads_waiting_and_another_finds_a_place() -> None:
    turns = Turns(seats=1, threads=9, clock=Clock())
    alpha = line(turns, "alpha", 6)
    # One in work and four in line: as many threads as wait are left.
    assert [one.refused is None for one in alpha] == [True] * 5 + [False]
    assert alpha[5].refused is not None
    assert alpha[5].refused.retry_after == AGAIN_SECONDS
    beta = line(turns, "beta", 3)
    assert [one.refused is None for one in beta] == [True, True, False]
    gamma = line(turns, "gamma", 2)
    assert [one.refused is None for one in gamma] == [True, False]
    inside = alpha[:5] + beta[:2] + gamma[:1]
    for one in inside:
        one.leave()
    for one in inside:
        one.end()
    assert (turns._lines, turns._begun) == ({}, {})


def test_a_slow_page_goes_on_and_gives_its_seat_up() -> None:
    clock = Clock()
    turns = Turns(seats=1, clock=clock)
    slow, next_ = line(turns, "alpha", 2)
    assert not next_.begun.wait(SLOW_SECONDS * 1.5)
    clock.now = SLOW_SECONDS
    # Whoever waits looks again, though nobody has left.
    assert next_.begun.wait(PATIENCE)
    (last,) = line(turns, "alpha", 1)
    slow.end()
    assert not last.begun.wait(0.05)
    next_.end()
    assert last.begun.wait(PATIENCE)
    last.end()


@settings(max_examples=25, deadline=None)
@given(
    seats=st.integers(1, 3),
    pages=st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=24),
)
def test_nobody_starves_and_every_seat_comes_back(seats: int, pages: list[tuple[str, bool]]) -> None:
    turns = Turns(seats=seats, threads=100)
    lock, inside, most = threading.Lock(), [0], [0]

    def visit(page: tuple[str, bool]) -> str:
        who, breaks = page
        try:
            with turns.turn(who):
                with lock:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                time.sleep(0.0005)  # a page's own work: whoever is inside together shows
                with lock:
                    inside[0] -= 1
                if breaks:
                    raise ValueError(who)
        except ValueError as error:
            return str(error)
        return who

    with ThreadPoolExecutor(len(pages)) as pool:
        assert list(pool.map(visit, pages, timeout=PATIENCE)) == [who for who, _ in pages]
    assert most[0] <= seats + 1
    assert (turns._lines, turns._begun) == ({}, {})


# -- over HTTP --------------------------------------------------------------------------------------------------------


@contextmanager
def in_threads() -> Iterator[Callable[..., Future[Any]]]:
    """`ask(SiteClient(alpha).get, "/")` asks in a thread of its own."""

    def alone(call: Callable[..., Any], *words: Any) -> Any:
        try:
            return call(*words)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        yield lambda call, *words: pool.submit(alone, call, *words)


def test_while_alphas_line_is_full_beta_is_answered_and_what_is_sent_is_taken(
    tenants: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    turns = Turns(seats=1, threads=3, clock=clock)
    monkeypatch.setattr(middleware, "TURNS", turns)
    begun, go = threading.Event(), threading.Event()
    found = round_by_slug

    def held(slug: str, **more: Any) -> Any:
        if current_tenant().slug == "alpha":
            begun.set()
            assert go.wait(PATIENCE)
        return found(slug, **more)

    monkeypatch.setattr(rounds, "round_by_slug", held)
    alpha, beta = SiteClient(tenants.alpha), SiteClient(tenants.beta)
    who = (tenants.alpha.uuid, "public")
    with in_threads() as ask:
        try:
            first = ask(SiteClient(tenants.alpha).get, "/rounds/none/")
            assert begun.wait(PATIENCE)
            clock.now = 0.1
            second = ask(SiteClient(tenants.alpha).get, "/privacy/")
            until(lambda: turns._lines.get(who))
            for path, words in (("/privacy/", "Try again in 2 seconds"), ("/gd/privacy/", "Feuch ris a-rithist")):
                refused = alpha.get(path)
                assert (refused.status_code, refused["Retry-After"]) == (429, str(AGAIN_SECONDS))
                assert words in refused.content.decode()
            assert alpha.head("/privacy/").status_code == 429
            # Its officers read how often, and beta's, that nobody was.
            with in_tenant(tenants.alpha):
                away = {one.what: one.turned_away for one in uses(tenants.alpha, running=0)}
            assert (away[What.REQUESTS], away[What.MAILS]) == (3, None)
            assert "3 pages could not be shown" in text(browser(tenants.alpha).get("/limits/"))
            assert "could not be shown" not in text(browser(tenants.beta).get("/limits/"))
            # What is sent passes by, as do files of the look, officers' pages and everything of beta's.
            assert alpha.post("/privacy/").status_code not in (429, 503)
            assert alpha.get("/static/nothing.css").status_code == 404
            assert SiteClient(tenants.alpha, purpose="staff").get("/").status_code == 302
            assert beta.get("/privacy/").status_code == 200
            assert not second.done()
        finally:
            go.set()
        assert (first.result(PATIENCE).status_code, second.result(PATIENCE).status_code) == (404, 200)
    assert alpha.get("/privacy/").status_code == 200
    assert (turns._lines, turns._begun) == ({}, {})


def test_the_seat_comes_back_after_an_error_and_after_a_streamed_answer(
    tenants: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns(seats=1, clock=Clock())
    monkeypatch.setattr(middleware, "TURNS", turns)
    inside: list[int] = []

    def looked() -> bytes:
        inside.append(len(turns._begun))
        return b"x"

    def raises(request: Any) -> HttpResponse:
        looked()
        raise ValueError("broken")

    def streams(request: Any) -> StreamingHttpResponse:
        return StreamingHttpResponse(looked() for _ in range(3))

    for tenant in tenants:
        for view in (raises, streams):
            answer = middleware.TenantMiddleware(view)
            asked = SiteClient(tenant).get("/privacy/").wsgi_request
            if view is raises:
                with pytest.raises(ValueError, match="broken"):
                    answer(asked)
            else:
                whole = answer(asked)
                assert isinstance(whole, HttpResponse)
                assert whole.content == b"xxx"
            assert (turns._lines, turns._begun) == ({}, {})
    assert inside == [1] * 8


# -- between processes, and between the steps of a page ----------------------------------------------------------

IN_WORK = """
import sys
from pathlib import Path
from tenants.registry.turns import Machine
with Machine(Path(sys.argv[1]), processors=2).page(sys.argv[2]):
    print("begun", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(path: Path, who: str) -> Iterator[subprocess.Popen[str]]:
    """A web process on the same machine with a page in work until its input is closed."""
    words = [sys.executable, "-c", IN_WORK, str(path), who]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield process
        process.stdin.close()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> float:
    """Long enough for a process to begin on a machine that is busy."""
    monkeypatch.setattr(turns_module, "SLOW_SECONDS", 3.0)
    monkeypatch.setattr(turns_module, "ABOUT_SECONDS", PATIENCE)
    return 3.0


def waited(machine: Machine, who: str) -> float:
    """Seconds that a page waited for one in another process; it goes on in the end."""
    begun = time.monotonic()
    with machine.page(who):
        return time.monotonic() - begun


def test_while_others_are_about_a_tenant_leaves_a_processor_of_the_machine_to_them(
    tmp_path: Path, patient: float
) -> None:
    path = tmp_path / "turns"
    with another_process(path, "loud"):
        here = Machine(path, processors=2)
        # Nobody else is about: the whole machine is the one tenant's.
        assert waited(here, "loud") < patient / 2
        assert waited(here, "quiet") < patient / 2
        # Now somebody is. On a larger machine it keeps all processors but one.
        assert waited(Machine(path, processors=3), "loud") < patient / 2
        # What waits in vain goes on, so that nobody is shut out by a page that hangs.
        begun = time.monotonic()
        waited(here, "loud")
        assert time.monotonic() - begun > patient / 4
        assert waited(here, "quiet") < patient / 2
    # A process that has ended holds no place.
    assert waited(here, "loud") < patient / 2


def test_what_a_killed_process_had_in_work_counts_for_a_moment_only(tmp_path: Path, patient: float) -> None:
    path = tmp_path / "turns"
    with another_process(path, "loud") as process:
        here = Machine(path, processors=2)
        process.kill()
        process.wait()
        waited(here, "quiet")
        waited(here, "loud")
        assert waited(here, "loud") < patient / 2


def test_what_was_written_before_the_machine_began_anew_does_not_count(tmp_path: Path, patient: float) -> None:
    path = tmp_path / "turns"
    # Its clock begins at nothing: every moment of the time before lies far ahead.
    path.write_bytes(struct.pack("d", time.monotonic() + 1e6) * (TENANTS * (PROCESSES + 1)))
    assert waited(Machine(path, processors=2), "loud") < patient / 2


@pytest.mark.parametrize("hangs", [False, True])
def test_between_its_questions_a_page_lets_those_go_first_that_were_let_in_beside_it(
    monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    monkeypatch.setattr(turns_module, "ASIDE_SECONDS", 0.2 if hangs else PATIENCE)
    turns, steps = Turns(seats=1), []
    begun, other_is_there = threading.Event(), threading.Event()

    def long_page() -> None:
        with turns.turn("loud"):
            turns.stand_aside()
            begun.set()
            assert other_is_there.wait(PATIENCE)
            turns.stand_aside()
            steps.append("loud")

    loud = threading.Thread(target=long_page, daemon=True)
    loud.start()
    assert begun.wait(PATIENCE)
    other = Page(turns, "quiet")
    assert other.begun.is_set()
    other_is_there.set()
    if hangs:
        # One that takes long itself is not waited for for ever.
        loud.join(PATIENCE)
    steps.append("quiet")
    other.end()
    loud.join(PATIENCE)
    assert steps == (["loud", "quiet"] if hangs else ["quiet", "loud"])
    # Outside a turn nobody stands aside.
    turns.stand_aside()
