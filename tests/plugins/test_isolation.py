"""Section 4 of the contract: whatever a plugin does, its call fails by name and everybody else goes on."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from core.audit import outbox
from core.audit.models import AuditEvent, OutboxMessage
from core.audit.outbox import message_again, message_failed, message_run, outbox_dispatch, parked
from core.audit.ports import bind_carrier
from core.audit.services import event_record
from core.kernel.errors import CommontyError, NotFound
from core.project.observing import BUILDERS
from core.rounds.events import RoundAdvanced
from plugins.api import Outcome, Problem, TemplateRef, TieBreak, hookimpl
from plugins.host import apart, breaker, guard
from plugins.host.apart import Exceeded, Limits, Raised, run_apart
from plugins.host.failures import PluginFailure
from plugins.host.guard import Guarded
from plugins.host.models import PluginActivation
from plugins.host.observing import OBSERVE_JOB, observe_handle, observers_tell, observing_bind
from plugins.host.registry import registry, registry_set
from plugins.host.services import plugin_activate
from tenants.registry.context import Role, in_public, in_tenant, tenant_or_none
from tests.plugins.test_host import INSTANCE, OFFER, Dummy, DummyRule, build, guarded, plugin

Call = Any


def where(error: BaseException) -> str:
    return type(error).__name__


def _thread() -> None:
    threading.Thread(target=time.sleep, args=(0,)).start()


def _process() -> None:
    subprocess.run([sys.executable, "-c", ""], check=False)


def _children() -> set[int]:
    """Every process below this one, also the ended ones that nobody waited for; a browser of another test may stand
    among them."""
    below: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            below.setdefault(parent, []).append(int(stat.parent.name))
    found: set[int] = set()
    todo = [os.getpid()]
    while todo:
        new = below.get(todo.pop(), [])
        found.update(new)
        todo += new
    return found


def _connection() -> None:
    with socket.socket() as own:
        own.connect(("127.0.0.1", 9))


ATTEMPTS: dict[str, Call] = {"a thread": _thread, "a process": _process, "a fork": os.fork, "a connection": _connection}


@pytest.mark.parametrize("what", sorted(ATTEMPTS))
def test_a_plugin_begins_nothing_of_its_own_and_the_core_still_may(what: str) -> None:
    attempt = ATTEMPTS[what]
    done: list[str] = []

    def check(self: Any, offer: Any, settings: Any) -> list[Problem]:
        attempt()
        done.append(what)
        return []

    with pytest.raises(PluginFailure):
        guarded(type("Broken", (Dummy,), {"check": check})).check(OFFER, None)
    assert done == []
    thread = threading.Thread(target=done.append, args=("core",))
    thread.start()
    thread.join()
    assert done == ["core"]


def test_what_a_plugin_is_given_cannot_be_changed_by_it() -> None:
    def form(self: Any, offer: Any, settings: Any, draft: Any) -> TemplateRef:
        draft["project"] = ["P-99"]
        return TemplateRef("dummy.html")

    def reads(self: Any, offer: Any, settings: Any, draft: Any) -> TemplateRef:
        return TemplateRef("dummy.html", {"first": draft["project"][0]})

    draft = {"project": ["P-01"]}
    with pytest.raises(PluginFailure):
        guarded(type("Broken", (Dummy,), {"form": form})).form(OFFER, None, draft)
    assert draft == {"project": ["P-01"]}
    assert guarded(type("Fine", (Dummy,), {"form": reads})).form(OFFER, None, draft).context == {"first": "P-01"}


LIMITS = Limits(seconds=1.5, cpu_seconds=30, memory=256 * 1024**2)


def _hog() -> int:
    return len(bytearray(2 * 1024**3))


def _grandchild() -> None:
    if os.fork() == 0:
        time.sleep(30)
        os._exit(0)
    time.sleep(30)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda: time.sleep(30), "longer than"),
        (_grandchild, "longer than"),
        (_hog, "more memory"),
        (lambda: os._exit(3), "ended before"),
        (lambda: sys.exit(1), None),
        (lambda: 1 // 0, None),
        (lambda: os.kill(os.getpid(), 9), "ended before"),
        (threading.Lock, None),
        (lambda: subprocess.Popen, "could not be read"),
    ],
)
def test_a_call_apart_ends_whatever_it_does_and_leaves_no_process(function: Call, words: str | None) -> None:
    begun = time.monotonic()
    before = _children()
    with pytest.raises(Exceeded if words else Raised) as caught:
        run_apart(function, LIMITS, where=where)
    assert words is None or words in str(caught.value)
    assert time.monotonic() - begun < 20  # it is killed, not waited for
    assert _children() <= before
    outcome = Outcome(("P-01",), 600, 400, ())
    assert run_apart(lambda: outcome, LIMITS, where=where) == outcome


def test_too_much_processor_time_and_too_long_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def spin() -> None:
        while True:
            pass

    with pytest.raises(Exceeded, match="processor"):
        run_apart(spin, Limits(seconds=20, cpu_seconds=1), where=where)
    monkeypatch.setattr(apart, "LARGEST_ANSWER", 1000)
    with pytest.raises(Exceeded, match="too large"):
        run_apart(lambda: "x" * 5000, LIMITS, where=where)


def test_a_rule_that_is_lost_fails_by_name_and_the_next_one_decides() -> None:
    def lost(self: Any, *given: Any) -> Outcome:
        os._exit(9)

    given = (INSTANCE, None, None, TieBreak(("P-01",)))
    with pytest.raises(PluginFailure, match=r"dummy-rule\.decide"):
        guarded(type("Broken", (DummyRule,), {"decide": lost}), "outcome_rule").decide(*given)
    assert guarded(DummyRule, "outcome_rule").decide(*given).spent == 600


def test_a_plugin_that_moves_elsewhere_is_put_back_and_its_writes_undone(tenants: Any) -> None:
    def elsewhere(self: Any, offer: Any, settings: Any) -> list[Problem]:
        PluginActivation.objects.create(plugin="planted", version="1")
        in_tenant(tenants.beta).__enter__()
        return []

    def opens(self: Any, offer: Any, settings: Any) -> list[Problem]:
        transaction.atomic().__enter__()
        PluginActivation.objects.create(plugin="planted", version="1")
        return []

    for broken in (elsewhere, opens):
        for outer in (True, False):
            with in_tenant(tenants.alpha):
                if outer:
                    with transaction.atomic(), pytest.raises(PluginFailure):
                        guarded(type("Broken", (Dummy,), {"check": broken})).check(OFFER, None)
                elif broken is opens:
                    with pytest.raises(PluginFailure):
                        guarded(type("Broken", (Dummy,), {"check": broken})).check(OFFER, None)
                now = tenant_or_none()
                assert now is not None
                assert now.slug == "alpha"
                assert not connection.in_atomic_block
                assert not PluginActivation.objects.filter(plugin="planted").exists()
    with in_tenant(tenants.beta):
        assert not PluginActivation.objects.filter(plugin="planted").exists()


def test_a_plugin_that_fails_again_and_again_is_left_alone_in_that_tenant_only(tenants: Any) -> None:
    calls: list[int] = []

    def check(self: Any, offer: Any, settings: Any) -> list[Problem]:
        calls.append(1)
        if len(calls) <= breaker.FAILURES:
            raise ValueError
        return []

    broken = guarded(type("Broken", (Dummy,), {"check": check}))
    with in_tenant(tenants.alpha, role=Role.VOTER):
        for _ in range(breaker.FAILURES + 2):
            with pytest.raises(PluginFailure):
                broken.check(OFFER, None)
        assert len(calls) == breaker.FAILURES
        assert breaker.health("a").open
    with in_tenant(tenants.beta, role=Role.VOTER):
        assert broken.check(OFFER, None) == []
        assert not breaker.health("a").open
    with in_tenant(tenants.alpha):
        breaker.breaker_close("a")
        assert broken.check(OFFER, None) == []
        assert breaker.health("a") == breaker.Health(0, False)


def test_a_plugin_that_hangs_gets_no_more_threads_and_the_others_are_answered_at_once() -> None:
    let_go, inside = threading.Event(), threading.Semaphore(0)
    hangs = [True]

    def check(self: Any, offer: Any, settings: Any) -> list[Problem]:
        if hangs[0]:
            inside.release()
            let_go.wait(20)
        return []

    built = build(a=plugin("a", formats=(type("Broken", (Dummy,), {"check": check}),)))
    found = built.modules[("ballot_format", "dummy")]
    quick = replace(found.kind, methods={"check": replace(found.kind.methods["check"], late=0.25)})
    one = Guarded(replace(found, kind=quick))
    other = Guarded(build(b=plugin("b")).modules[("ballot_format", "dummy")])
    ended: list[str] = []

    def visit() -> None:
        try:
            one.check(OFFER, None)
            ended.append("answered")
        except PluginFailure as failure:
            ended.append(str(failure))

    first = [threading.Thread(target=visit) for _ in range(2)]
    for thread in first:
        thread.start()
        assert inside.acquire(timeout=5)
    time.sleep(0.3)  # longer than the time they are given, which is what is tested
    begun = time.monotonic()
    more = [threading.Thread(target=visit) for _ in range(6)]
    for thread in more:
        thread.start()
    for thread in more:
        thread.join(5)
    assert time.monotonic() - begun < 2
    assert len(ended) == 6
    assert all("no more threads" in words for words in ended)
    assert other.check(OFFER, None) == []
    let_go.set()
    for thread in first:
        thread.join(5)
    assert ended[6:] == ["answered", "answered"]
    hangs[0] = False
    assert one.check(OFFER, None) == []


def test_what_hangs_counts_as_a_failure_and_what_is_slow_does_not(
    tenants: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    took = [0.0]

    def check(self: Any, offer: Any, settings: Any) -> list[Problem]:
        time.sleep(took[0])  # a check that takes this long, by a real clock as the guard has it
        return []

    slow = guarded(type("Slow", (Dummy,), {"check": check}))
    monkeypatch.setattr(guard, "FAR_TOO_LONG", 0.05)
    with in_tenant(tenants.alpha):
        assert slow.check(OFFER, None) == []
        assert breaker.health("a").failures == 0
        took[0] = 0.1
        assert slow.check(OFFER, None) == []
        assert breaker.health("a").failures == 1
        breaker.breaker_close("a")


class Carried:
    """Keeps what would go to a worker, and does it when asked."""

    def __init__(self) -> None:
        self.messages: list[dict[str, str]] = []

    def hand_over(self, *, task: str, queue: str, tenant: Any, message: Any) -> None:
        self.messages.append({"task": task, "header": str(tenant), "body": str(tenant), "message": str(message)})


def test_observers_are_told_alone_again_and_parked_in_the_end(tenants: Any) -> None:
    """One observer raises for ever: the other is told once, and what is parked can be told again."""
    heard: list[tuple[str, str]] = []
    ill = [True]

    @hookimpl
    def voting_opened(context: Any, event: Any) -> None:
        if ill[0]:
            raise RuntimeError("no")
        heard.append(("ill", event.round.uuid))

    @hookimpl(specname="voting_opened")
    def well(event: Any) -> None:
        now = tenant_or_none()
        heard.append(("well", event.round.uuid))
        assert now is not None
        assert now.slug == "alpha"

    first, second = plugin("ill", formats=()), plugin("well", formats=())
    first.voting_opened, second.well = voting_opened, well
    before = registry_set(build(ill=first, well=second))
    carried = Carried()
    kept = [dict(one) for one in (outbox._handlers, outbox._listeners, outbox._outward)]
    try:
        observing_bind(BUILDERS)
        outbox.bind({RoundAdvanced.kind: [observers_tell]})
        outbox.bind_jobs({OBSERVE_JOB: observe_handle})
        bind_carrier(carried)

        def work() -> None:
            with in_tenant(tenants.alpha, role=Role.WORKER):
                outbox_dispatch()
            for message in carried.messages:
                try:
                    message_run(**message)
                except CommontyError as error:
                    message_failed(tenant=tenants.alpha, message=OutboxMessage(id=message["message"]).id, error=error)
            carried.messages.clear()

        with in_tenant(tenants.alpha):
            for name in ("ill", "well"):
                plugin_activate(plugin=name)
            with transaction.atomic():
                event_record(RoundAdvanced("0" * 32, "open_voting", "ballot_prep", "voting"))
            assert AuditEvent.objects.filter(kind="round_advanced").count() == 1
        for _ in range(60):
            work()
            with in_tenant(tenants.alpha, role=Role.WORKER), transaction.atomic():
                breaker.breaker_close("ill")
                OutboxMessage.objects.filter(state="pending").update(available_at="2020-01-01T00:00Z")
                if parked():
                    break
        assert heard == [("well", "0" * 32)]
        with in_tenant(tenants.alpha, role=Role.WORKER):
            rows = parked()
            assert [(row["task"], row["error"]) for row in rows] == [(OBSERVE_JOB.name, "PluginFailure plugin.failed")]
        with in_tenant(tenants.beta, role=Role.WORKER), pytest.raises(NotFound):
            message_again(OutboxMessage(id=rows[0]["id"]).id)
        ill[0] = False
        with in_tenant(tenants.alpha):
            message_again(OutboxMessage(id=rows[0]["id"]).id)
        work()
        assert heard == [("well", "0" * 32), ("ill", "0" * 32)]
        with in_tenant(tenants.beta):
            assert not OutboxMessage.objects.filter(task=OBSERVE_JOB.name).exists()
    finally:
        for one, before_it in zip((outbox._handlers, outbox._listeners, outbox._outward), kept, strict=True):
            one.clear()
            one.update(before_it)
        registry_set(before)
    with in_public():
        assert registry() is before
