"""Section 4 of the contract as a table: every method of every kind, and an observer, against each thing it may do
wrong; and what people then see. What one way does in detail stands in test_isolation.py."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from types import MappingProxyType
from typing import Any

import pytest
from django.db import connection, transaction

from plugins.api import Action, Capability, DeliberationSummary, ModerationItem, Outcome, Page, SubjectRef
from plugins.bundled.young_scot_card.proof import YoungScotCard
from plugins.host import breaker
from plugins.host.failures import PluginFailure
from plugins.host.guard import Guarded, guarded
from plugins.host.kinds import BY_NAME, KINDS, PAGE_MOST
from plugins.host.models import PluginActivation
from plugins.host.observing import CALL
from plugins.host.registry import Registered, registry, registry_set
from tenants.registry.context import in_tenant, tenant_or_none
from tests.plugins.test_host import INSTANCE, OFFER, SECRET, Dummy, DummyRule, info
from tests.plugins.test_threads import PAGE, say, talked
from tests.plugins.toys import ToyChannel, ToyCsv, ToyDeliberation, ToyEvaluation
from tests.support.http import SiteClient
from tests.support.journey import Resident, round_open
from tests.support.residents import resident

Way = Callable[..., Any]
GOOD: dict[str, Any] = {
    "ballot_format": Dummy,
    "outcome_rule": DummyRule,
    "deliberation": ToyDeliberation,
    "evaluation": ToyEvaluation,
    "eligibility_proof": YoungScotCard,
    "notification_channel": ToyChannel,
    "exporter": ToyCsv,
}
OBSERVER = ("observer", "voting_opened")
METHODS = [(kind.name, name) for kind in KINDS for name in kind.methods] + [("deliberation", "say"), OBSERVER]
_number = count()


def raises(*args: Any, **kwargs: Any) -> Any:
    raise ValueError(args)


def lies(*args: Any, **kwargs: Any) -> Any:
    return object()


def begins_a_thread(*args: Any, **kwargs: Any) -> Any:
    threading.Thread(target=time.sleep, args=(0,)).start()


def changes_what_it_was_given(*args: Any, **kwargs: Any) -> Any:
    args[-1]["given"] = ["changed"]


def leaves_a_transaction_open(*args: Any, **kwargs: Any) -> Any:
    transaction.atomic().__enter__()
    PluginActivation.objects.create(plugin="planted", version="1")


WAYS: tuple[Way, ...] = (raises, lies, begins_a_thread, changes_what_it_was_given)


def calling(kind: str, name: str, way: Way, *, late: float = 0.0) -> Callable[[Any], Any]:
    """What the core does to have this method called, by a plugin of a name of its own so that no breaker is open."""
    plugin = f"hostile-{next(_number)}"
    if kind == "observer":
        # What is told is a frozen event, not the reader's to change.
        return lambda given: guarded(
            plugin, f"observer {name}", way, replace(CALL, late=late), (MappingProxyType(given),)
        )
    base = GOOD[kind]
    found = Registered(info(plugin), BY_NAME[kind], type("Hostile", (base,), {name: lambda self, *args: way(*args)})())
    if late:
        methods = {one: replace(method, late=late) for one, method in found.kind.methods.items()}
        found = replace(found, kind=replace(found.kind, methods=methods))
    module = Guarded(found)
    if name == "say":
        return lambda given: module.handle(Action("say", Capability.TAKE_PART, "say"), given)
    return lambda given: getattr(module, name)(given)


@pytest.mark.parametrize(
    "way", [raises, lies, begins_a_thread, changes_what_it_was_given], ids=lambda way: way.__name__
)
@pytest.mark.parametrize(("kind", "name"), METHODS, ids=lambda word: word)
def test_each_call_fails_by_name_and_tells_nothing(
    kind: str, name: str, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    given = {"given": [SECRET]}
    with pytest.raises(PluginFailure) as caught:
        calling(kind, name, way)(given)
    said = str(caught.value)
    assert kind in said
    assert name in said
    assert SECRET not in said + caplog.text
    assert given == {"given": [SECRET]}


@pytest.mark.parametrize("kind", [*(one.name for one in KINDS if one.name != "outcome_rule"), "observer"])
def test_whatever_hangs_gets_no_more_threads(kind: str) -> None:
    """A rule decides in a process of its own, which is ended: that stands in test_isolation.py."""
    let_go, inside = threading.Event(), threading.Event()

    def hangs(*args: Any, **kwargs: Any) -> Any:
        inside.set()
        let_go.wait(20)
        raise ValueError

    name = next(name for one, name in METHODS if one == kind)
    call = calling(kind, name, hangs, late=0.05)

    def visit() -> None:
        with pytest.raises(PluginFailure, match="raised an error"):
            call({})

    first = threading.Thread(target=visit)
    first.start()
    assert inside.wait(5)
    time.sleep(0.1)  # longer than the time it is given, which is what is tested
    begun = time.monotonic()
    with pytest.raises(PluginFailure, match="no more threads"):
        call({})
    assert time.monotonic() - begun < 2
    let_go.set()
    first.join(5)


def test_whoever_goes_elsewhere_is_put_back_and_what_it_wrote_is_undone(tenants: Any) -> None:
    def goes_elsewhere(*args: Any, **kwargs: Any) -> Any:
        PluginActivation.objects.create(plugin="planted", version="1")
        in_tenant(tenants.beta).__enter__()

    for kind, name in METHODS:
        if (kind, name) == ("outcome_rule", "decide"):
            continue
        for way in (goes_elsewhere, leaves_a_transaction_open):
            with in_tenant(tenants.alpha):
                with transaction.atomic(), pytest.raises(PluginFailure):
                    calling(kind, name, way)({})
                now = tenant_or_none()
                assert (now.slug if now else "", connection.in_atomic_block) == ("alpha", False), (kind, name)
    for tenant in tenants:
        with in_tenant(tenant):
            assert not PluginActivation.objects.filter(plugin="planted").exists()


ITEM = ModerationItem("c", SubjectRef("round", "r"), "words", None, "open")  # type: ignore[arg-type]  # never looked at
TOO_MUCH: dict[tuple[str, str], tuple[Any, tuple[Any, ...]]] = {
    ("ballot_format", "scores"): ({"P-01": 1, "P-99": 1}, (None, OFFER)),
    ("outcome_rule", "decide"): (Outcome(("P-01",), 1600, -600, ()), (INSTANCE, None, None, None)),
    ("deliberation", "summaries"): ({SubjectRef("round", "other"): DeliberationSummary()}, (None, ())),
    ("deliberation", "moderation_queue"): (Page((ITEM,) * (PAGE_MOST + 1)), (None, "")),
}


@pytest.mark.parametrize(("kind", "name"), sorted(TOO_MUCH))
def test_more_than_was_asked_for_is_a_failure(kind: str, name: str) -> None:
    answer, args = TOO_MUCH[(kind, name)]
    cls = type("Hostile", (GOOD[kind],), {name: lambda self, *args: answer})
    with pytest.raises(PluginFailure, match=name):
        getattr(Guarded(Registered(info("hostile"), BY_NAME[kind], cls())), name)(*args)


# What people see.


@contextmanager
def broken(kind: str, key: str, *names: str) -> Iterator[str]:
    """A module of this process whose methods raise; the name of its plugin."""
    before = registry()
    found = before.modules[(kind, key)]
    cls = type("Hostile", (type(found.module),), {name: lambda self, *args, **kwargs: raises() for name in names})
    registry_set(replace(before, modules={**before.modules, (kind, key): replace(found, module=cls())}))
    try:
        yield found.plugin.name
    finally:
        registry_set(before)


def test_a_panel_that_cannot_be_drawn_is_a_plain_notice_and_the_page_stands(tenants: Any) -> None:
    talked(tenants.alpha)
    talked(tenants.beta)
    writer = resident(tenants.alpha, "morag")
    assert say(writer, text="A bench would help").status_code == 302
    with broken("deliberation", "threads", "panel", "write"):
        page = SiteClient(tenants.alpha).get(PAGE)
        assert page.status_code == 200
        assert "does not work at the moment" in page.content.decode()
        assert "A bench would help" not in page.content.decode()
        answer = say(writer, text="And a tree")
        assert answer.status_code == 503
        assert b"Nothing was stored" in answer.content
    assert "A bench would help" in SiteClient(tenants.alpha).get(PAGE).content.decode()
    assert "And a tree" not in SiteClient(tenants.alpha).get(PAGE).content.decode()
    with in_tenant(tenants.beta):
        assert breaker.health("threads").failures == 0


def test_a_ballot_form_that_cannot_be_drawn_says_try_later_and_keeps_what_was_chosen(tenants: Any) -> None:
    for tenant in tenants:
        round_open(tenant)
    voter = Resident(tenants.alpha)
    voter.fill("leith", "P-01", "P-03")
    with broken("ballot_format", "approval", "form"):
        page = voter.page("leith")
        assert page.status_code == 503
        assert b"try again" in page.content.lower()
    with in_tenant(tenants.alpha):
        assert breaker.health("ballot-approval").failures
    with in_tenant(tenants.beta):
        assert not breaker.health("ballot-approval").failures
    page = voter.page("leith").content.decode()
    assert page.count("checked") == 2
