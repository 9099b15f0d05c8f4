"""The outbox: rows and facts stand or fall together, messages name their tenant, effects happen once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, transaction

from core.audit import outbox, ports
from core.audit.events import Event
from core.audit.models import AuditEvent, InboxEffect, OutboxMessage
from core.audit.poke import poked, refused_list
from core.audit.sequencer import tenant_visit
from core.audit.services import chain_verify, effect_once, event_record, events_chain
from core.kernel.errors import Refused
from core.kernel.jobs import Job, Queue, job_port
from core.people.models import Person
from tenants.registry.context import Role, current_tenant, in_public, in_tenant
from tenants.registry.models import Tenant

STATE = OutboxMessage.State


@dataclass(frozen=True, slots=True)
class SomethingHappened(Event):
    kind: ClassVar[str] = "test.happened"
    number: int


class Basket:
    """A carrier that keeps what it is given until the test lets it arrive."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def hand_over(self, *, task: str, queue: str, tenant: UUID, message: UUID) -> None:
        self.messages.append({"task": task, "header": str(tenant), "body": str(tenant), "message": str(message)})

    def arrive(self) -> list[str]:
        taken, self.messages = self.messages, []
        return [outbox.message_run(**message) for message in taken]


@pytest.fixture
def basket(tenants: Any) -> Iterator[Basket]:
    from core.project.bindings import bind

    made = Basket()
    for tenant in tenants:
        # What onboarding has left to be told is not what these tests are about.
        with in_tenant(tenant, role=Role.WORKER), transaction.atomic():
            OutboxMessage.objects.all().delete()
    ports.bind_carrier(made)
    yield made
    ports._carrier.clear()
    bind()


def record(tenant: Any, number: int = 1) -> None:
    with in_tenant(tenant), transaction.atomic():
        event_record(SomethingHappened(number))


def dispatch(tenant: Any) -> int:
    with in_tenant(tenant, role=Role.WORKER):
        return outbox.outbox_dispatch()


def messages(tenant: Any) -> list[OutboxMessage]:
    with in_tenant(tenant, role=Role.WORKER):
        return list(OutboxMessage.objects.order_by("created_at"))


def change_of_mind() -> None:
    with transaction.atomic():
        Person.objects.create(issuer="https://id.example", subject="one", display_name="One")
        event_record(SomethingHappened(1))
        raise Refused("It may not be.", code="test.no")


def test_a_rollback_leaves_neither_rows_nor_facts(tenants: Any, basket: Basket) -> None:
    with in_tenant(tenants.alpha):
        with pytest.raises(Refused):
            change_of_mind()
        assert not Person.objects.filter(subject="one").exists()
        assert not AuditEvent.objects.filter(kind="test.happened").exists()
        assert not OutboxMessage.objects.exists()
        with pytest.raises(Refused, match="transaction"):
            event_record(SomethingHappened(1))
    record(tenants.alpha)
    assert dispatch(tenants.alpha) == 1
    assert dispatch(tenants.beta) == 0


def test_the_chain_has_no_gap_and_names_its_first_broken_link(tenants: Any) -> None:
    for number in range(5):
        record(tenants.alpha, number)
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert events_chain(limit=3) == 3
        assert events_chain() >= 2
        whole = chain_verify()
        assert whole["ok"]
        assert list(AuditEvent.objects.order_by("seq").values_list("seq", flat=True)) == list(
            range(1, whole["links"] + 1)
        )
        third = AuditEvent.objects.get(seq=3)
        with pytest.raises(DatabaseError), transaction.atomic():
            AuditEvent.objects.filter(pk=third.pk).update(body={"number": 99})
        with pytest.raises(DatabaseError), transaction.atomic():
            AuditEvent.objects.filter(pk=third.pk).delete()
        # The chain's own columns are the sequencer's: whoever bends them is found out.
        with transaction.atomic():
            AuditEvent.objects.filter(seq__gte=3).update(previous_hash="f" * 64)
        broken = chain_verify()
    assert broken["broken"] == {"seq": 3, "event": str(third.id)}
    with in_tenant(tenants.alpha, role=Role.STAFF), pytest.raises(DatabaseError), transaction.atomic():
        AuditEvent.objects.filter(pk=third.pk).update(seq=9)


def test_an_effect_happens_once_however_often_the_message_comes(tenants: Any, basket: Basket) -> None:
    done: list[str] = []
    died: list[bool] = []

    def work(payload: dict[str, Any]) -> None:
        with transaction.atomic():
            assert effect_once(f"test:{payload['thing']}")
        done.append(payload["thing"])
        if not died:
            died.append(True)
            # What a kill between the effect and its commit looks like from inside.
            raise SystemExit

    job = Job("test.work", Queue.DEFAULT)
    outbox.bind_jobs({job: work})
    with in_tenant(tenants.alpha), transaction.atomic():
        job_port().send(job, tenant=tenants.alpha.uuid, payload={"thing": "a"})
        with pytest.raises(Refused):
            job_port().send(job, tenant=tenants.beta.uuid, payload={})
    assert dispatch(tenants.alpha) == 1
    message = basket.messages[0]
    with pytest.raises(SystemExit):
        basket.arrive()
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert not InboxEffect.objects.exists()
    assert outbox.message_run(**message) == "done"
    # Killed after the commit and before the acknowledgement: the broker brings it again.
    assert outbox.message_run(**message) == "already"
    assert done == ["a", "a"]
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert InboxEffect.objects.filter(key="test:a").count() == 1
    assert messages(tenants.alpha)[0].state == STATE.DONE


def test_a_message_that_kills_every_worker_is_parked(tenants: Any, basket: Basket) -> None:
    def work(payload: dict[str, Any]) -> None:
        raise SystemExit

    outbox.bind_jobs({Job("test.work"): work})
    with in_tenant(tenants.alpha), transaction.atomic():
        job_port().send(Job("test.work"), tenant=tenants.alpha.uuid, payload={})
    dispatch(tenants.alpha)
    message = basket.messages[0]
    for _ in range(outbox.ATTEMPTS):
        with pytest.raises(SystemExit):
            outbox.message_run(**message)
    assert outbox.message_run(**message) == "parked"
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert outbox.parked()[0]["error"] == "worker lost"


def test_a_failing_listener_does_not_stop_the_others(tenants: Any, basket: Basket) -> None:
    heard: list[int] = []

    def broken(event: AuditEvent) -> None:
        raise ValueError("a name that must not be kept")

    def whole(event: AuditEvent) -> None:
        heard.append(event.body["number"])

    outbox.bind({"test.happened": [broken, whole]})
    record(tenants.alpha, 7)
    dispatch(tenants.alpha)
    assert basket.arrive() == ["done"]
    dispatch(tenants.alpha)
    failed = 0
    for message in basket.messages:
        try:
            outbox.message_run(**message)
        except ValueError as error:
            failed += 1
            outbox.message_failed(tenant=tenants.alpha, message=UUID(message["message"]), error=error)
    assert (heard, failed) == ([7], 1)
    waiting = [row for row in messages(tenants.alpha) if row.state == STATE.PENDING]
    assert [row.payload["listener"].rpartition(".")[2] for row in waiting] == ["broken"]
    assert waiting[0].error == "ValueError"
    assert waiting[0].available_at > waiting[0].created_at
    basket.messages.clear()
    assert dispatch(tenants.alpha) == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"header": None}, "message.no_tenant"),
        ({"body": None}, "message.no_tenant"),
        ({"header": None, "body": None}, "message.no_tenant"),
        ({"header": "beta", "body": "beta"}, "message.unknown"),
        ({"header": "beta"}, "message.two_tenants"),
        ({"header": str(uuid4())}, "message.two_tenants"),
        ({"header": "x", "body": "x"}, "message.malformed"),
        ({"header": "0" * 32, "body": "0" * 32}, "message.unknown_tenant"),
        ({"message": str(uuid4())}, "message.unknown"),
        ({"task": "test.other"}, "message.unknown"),
    ],
)
def test_a_message_that_is_not_ours_is_parked_before_anything_runs(
    tenants: Any, basket: Basket, change: dict[str, Any], reason: str
) -> None:
    ran: list[bool] = []
    outbox.bind_jobs({Job("test.work"): lambda payload: ran.append(True)})
    with in_tenant(tenants.alpha), transaction.atomic():
        job_port().send(Job("test.work"), tenant=tenants.alpha.uuid, payload={})
    dispatch(tenants.alpha)
    message = basket.messages[0]
    named = {key: str(tenants.beta.uuid) if value == "beta" else value for key, value in change.items()}
    with pytest.raises(Refused) as refused:
        outbox.message_run(**{**message, **named})
    assert refused.value.code == reason
    assert refused_list()[0]["reason"] == reason
    assert not ran
    assert basket.arrive() == ["done"]
    assert ran


def test_a_suspended_council_is_not_worked_for(tenants: Any, basket: Basket) -> None:
    record(tenants.alpha)
    dispatch(tenants.alpha)
    with in_public():
        Tenant.objects.filter(slug="alpha").update(state=Tenant.State.SUSPENDED)
    with pytest.raises(Refused) as refused:
        basket.arrive()
    assert refused.value.code == "message.tenant_not_served"


def test_a_commit_pokes_and_one_visit_moves_everything(tenants: Any, basket: Basket) -> None:
    record(tenants.beta)
    assert poked(seconds=0.5) == {tenants.beta.uuid}
    assert poked(seconds=0.01) == set()
    assert tenant_visit(tenants.beta) >= 2
    assert basket.arrive() == ["done"]


def test_the_worker_takes_json_in_processes_only() -> None:
    from kombu.exceptions import ContentDisallowed
    from kombu.serialization import dumps, loads

    from core.project.celery import app, only_processes

    accepted = set(app.conf.accept_content)
    kind, encoding, body = dumps({"tenant": "x"}, serializer="pickle")
    with pytest.raises(ContentDisallowed):
        loads(body, kind, encoding, accept={"application/json" if name == "json" else name for name in accepted})
    assert accepted == {"json"}

    class Threads:
        pool_cls = type("TaskPool", (), {"__module__": "celery.concurrency.thread"})

    with pytest.raises(SystemExit):
        only_processes(sender=Threads())


def test_celery_puts_a_failed_job_back_and_parks_a_stranger(tenants: Any, basket: Basket) -> None:
    from core.audit.tasks import TenantTask
    from core.project.celery import register

    outcome: list[str] = []

    def work(payload: dict[str, Any]) -> None:
        here = current_tenant().slug
        if not outcome:
            outcome.append(f"failed in {here}")
            raise ValueError("a name that must not be kept")
        outcome.append(f"done in {here}")

    outbox.bind_jobs({Job("test.work"): work})
    for tenant in tenants:
        with in_tenant(tenant), transaction.atomic():
            job_port().send(Job("test.work"), tenant=tenant.uuid, payload={})
        dispatch(tenant)
    message, neighbours = basket.messages
    body = {"tenant": message["body"], "message": message["message"]}
    register()
    task = celery_app().tasks["test.work"]
    assert isinstance(task, TenantTask)
    assert task.apply(kwargs=body, headers={"tenant": message["header"]}).failed()
    row = messages(tenants.alpha)[0]
    assert (row.state, row.error, row.attempts) == (STATE.PENDING, "ValueError", 1)
    assert task.apply(kwargs=body).failed()
    assert refused_list()[0]["reason"] == "message.no_tenant"
    assert messages(tenants.alpha)[0].attempts == 1
    # Between failure and second try the same process works for the neighbour.
    theirs = {"tenant": neighbours["body"], "message": neighbours["message"]}
    assert task.apply(kwargs=theirs, headers={"tenant": neighbours["header"]}).get() == "done"
    assert task.apply(kwargs=body, headers={"tenant": message["header"]}).get() == "done"
    assert outcome == ["failed in alpha", "done in beta", "done in alpha"]


def test_an_absent_broker_leaves_the_row_waiting(tenants: Any, basket: Basket) -> None:
    from core.kernel.errors import Unavailable
    from core.project.celery import CeleryCarrier

    application = celery_app()
    before = application.conf.broker_url
    application.conf.broker_url = "redis://127.0.0.1:1/0"
    ports.bind_carrier(CeleryCarrier())
    record(tenants.alpha)
    try:
        with pytest.raises(Unavailable):
            dispatch(tenants.alpha)
    finally:
        application.conf.broker_url = before
    assert [row.state for row in messages(tenants.alpha)] == [STATE.PENDING]
    ports.bind_carrier(basket)
    assert dispatch(tenants.alpha) == 1


def celery_app() -> Any:
    from core.project.celery import app

    return app
