"""The outbox: messages go out after their cause has committed, arrive at least once, and take effect once.

The dispatcher hands a row's id to a worker; the worker reads the row in the tenant's own schema, so that a message
nobody wrote finds nothing to do. Effect, inbox mark and `done` are one transaction; only an effect beyond the schema
comes before it, and bears being repeated. A failure goes back to the outbox with a longer wait; after the last attempt
the row is parked, where an operator sees it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from core.audit.models import AuditEvent, OutboxMessage
from core.audit.poke import poke, refused_keep
from core.audit.ports import carrier
from core.audit.services import EVENT_JOB, effect_once, job_enqueue
from core.kernel import telemetry
from core.kernel.clock import database_now
from core.kernel.errors import CommontyError, NotFound, Refused
from core.kernel.jobs import HEAVY, SECONDS, Job, Queue
from tenants.registry import limits
from tenants.registry.context import Role, TenantRef, current_tenant, in_tenant
from tenants.registry.selectors import tenant_by_uuid

Listener = Callable[[AuditEvent], None]
Handler = Callable[[dict[str, Any]], None]
State = OutboxMessage.State

LISTENER_JOB = Job("audit.listener", Queue.DEFAULT)
ATTEMPTS = 8
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
# A message that was handed over and not done by then is handed over again.
LEASE = timedelta(minutes=10)
# How many messages of one tenant are with the workers at a time; of heavy ones as many as its limit says.
TURN = {Queue.DEFAULT: 50, Queue.MAIL: 20, Queue.PROVISIONING: 4}
SERVED = frozenset({"practice", "active", "leaving"})
REMEDY = "`commonty audit parked` lists what was refused."

_listeners: dict[str, tuple[Listener, ...]] = {}
_handlers: dict[str, tuple[Queue, Handler]] = {}
_outward: dict[str, Handler] = {}


def bind(listeners: Mapping[str, Sequence[Listener]]) -> None:
    """Say who hears which kind of event."""
    _listeners.clear()
    _listeners.update({kind: tuple(heard) for kind, heard in listeners.items()})


def bind_jobs(handlers: Mapping[Job, Handler], *, outward: Mapping[Job, Handler] | None = None) -> None:
    """Say who does which job; the record's own two are always there.

    `outward` jobs reach beyond the tenant's own schema, where no transaction of the tenant may go: they run before
    the one that marks them as done, and must bear being done twice.
    """
    own: dict[Job, Handler] = {EVENT_JOB: _event_deliver, LISTENER_JOB: _listener_run}
    everything = {**own, **handlers, **(outward or {})}
    _handlers.clear()
    _handlers.update({job.name: (job.queue, handler) for job, handler in everything.items()})
    _outward.clear()
    _outward.update({job.name: handler for job, handler in (outward or {}).items()})


def job_names() -> tuple[str, ...]:
    return tuple(_handlers)


def job_queue(name: str) -> Queue:
    """The queue that a bound job waits in."""
    return _handlers[name][0]


def name_of(listener: Listener) -> str:
    return f"{listener.__module__}.{listener.__qualname__}"


class OutboxJobs:
    """The job port: a job is a row of the outbox of the tenant that asks, committed with its cause or not at all."""

    def send(self, job: Job, *, tenant: UUID, payload: dict[str, Any]) -> None:
        """Raises Refused when the tenant named is not the one this code stands in."""
        if current_tenant().uuid != tenant:
            raise Refused("A job is asked for in the tenant it is for.", code="job.foreign_tenant")
        job_enqueue(job, payload=payload)


# -- handing out ------------------------------------------------------------------------------------------------------


def outbox_dispatch(*, limit: int = 100) -> int:
    """Hand over what is due in the current tenant; returns how many. Others may do the same at the same time."""
    tenant = current_tenant()
    if tenant.state not in SERVED:
        return 0
    limits.quotas_know()
    with transaction.atomic():
        now = database_now()
        due = OutboxMessage.objects.filter(Q(state=State.PENDING) | Q(state=State.SENT), available_at__lte=now)
        waiting = set(due.values_list("queue", flat=True).distinct())
        turns = _turns(tenant, now) if waiting else []
        rows: list[OutboxMessage] = []
        for queues, room in turns:
            mine = due.filter(queue__in=queues).select_for_update(skip_locked=True)
            # The count of votes goes before reports (`tallies` after `reports` in the alphabet).
            order = ("-queue", "available_at", "created_at")
            rows += mine.order_by(*order)[: max(min(room, limit - len(rows)), 0)]
        for row in rows:
            carrier().hand_over(task=row.task, queue=row.queue, tenant=tenant.uuid, message=row.id)
        # A worker that is quicker than this commit waits for the row's lock.
        OutboxMessage.objects.filter(pk__in=[row.pk for row in rows]).update(state=State.SENT, available_at=now + LEASE)
    limits.reports_out([row.pk for row in rows if row.queue in HEAVY])
    return len(rows)


def _turns(tenant: TenantRef, now: datetime) -> list[tuple[frozenset[Queue], int]]:
    """How many more of this tenant's messages each queue takes now, the heavy ones together.

    What a tenant has beyond its turn waits in its own outbox and not in the queue, where others would wait behind it.
    """
    out = OutboxMessage.objects.filter(state=State.SENT, available_at__gt=now)
    taken = Counter(out.values_list("queue", flat=True))
    heavy = limits.most(tenant, limits.What.REPORTS) - sum(taken[queue.value] for queue in HEAVY)
    light = [(frozenset({queue}), most - taken[queue.value]) for queue, most in TURN.items()]
    return [*light, (HEAVY, min(heavy, limits.reports_room(LEASE.total_seconds())))]


def running() -> int:
    """How many heavy jobs of the current tenant are with the workers."""
    out = OutboxMessage.objects.filter(state=State.SENT, available_at__gt=database_now(), queue__in=HEAVY)
    return out.count()


def _next(queue: str) -> None:
    """A turn of this tenant is over: where more of it waits, the sequencer is told, and looks at all in turn."""
    now = database_now()
    if OutboxMessage.objects.filter(state=State.PENDING, queue=queue, available_at__lte=now).exists():
        transaction.on_commit(partial(poke, current_tenant().uuid))


# -- the worker's side ------------------------------------------------------------------------------------------------


def _refuse(reason: str, **facts: str) -> Refused:
    refused_keep({"reason": reason, **facts})
    telemetry.logger(__name__).warning("message refused: %s", reason)
    return Refused("A message was refused before anything was done.", code=reason, remedy=REMEDY)


def addressee(*, task: str, header: str | None, body: str | None, message: str | None) -> tuple[TenantRef, UUID]:
    """Whose message this is. Raises Refused, having parked it, unless header and body name one tenant we serve."""
    facts = {"task": task, "header": str(header), "body": str(body), "message": str(message)}
    if not header or not body:
        raise _refuse("message.no_tenant", **facts)
    if header != body:
        raise _refuse("message.two_tenants", **facts)
    try:
        uuid, row = UUID(body), UUID(str(message))
    except ValueError as error:
        raise _refuse("message.malformed", **facts) from error
    tenant = tenant_by_uuid(uuid)
    if tenant is None:
        raise _refuse("message.unknown_tenant", **facts)
    if tenant.state not in SERVED:
        raise _refuse("message.tenant_not_served", **facts)
    return tenant, row


def message_run(*, task: str, header: str | None, body: str | None, message: str | None) -> str:
    """Do what a message asks, once: `done`, `already` or `parked`. What its work raises passes through.

    Raises Refused, having parked the message, before anything is done when its tenant or its row is not real.
    """
    tenant, row_id = addressee(task=task, header=header, body=body, message=message)
    telemetry.bind_context(tenant=str(tenant.uuid))
    with in_tenant(tenant, role=Role.WORKER), telemetry.span("job", job=task):
        with transaction.atomic():
            row = OutboxMessage.objects.select_for_update().filter(pk=row_id, task=task).first()
            if row is None or task not in _handlers:
                raise _refuse("message.unknown", task=task, body=str(body), message=str(message))
            if row.state in (State.DONE, State.PARKED):
                return "already"
            # Counted before the work, so that work which kills its worker is parked too.
            row.attempts += 1
            if row.attempts > ATTEMPTS:
                row.state, row.error = State.PARKED, row.error or "worker lost"
            row.save(update_fields=["attempts", "state", "error"])
            if row.state == State.PARKED:
                return "parked"
        if task in _outward:
            _outward[task](row.payload)
        with transaction.atomic():
            row = OutboxMessage.objects.select_for_update().get(pk=row_id)
            if row.state == State.DONE or not effect_once(f"message:{row_id}"):
                return "already"
            if task not in _outward:
                _statements_cut(SECONDS[_handlers[task][0]])
                _handlers[task][1](row.payload)
            row.state, row.error = State.DONE, ""
            row.save(update_fields=["state", "error"])
            _next(row.queue)
    if row.queue in HEAVY:
        limits.reports_back(row_id)
    return "done"


def _statements_cut(seconds: int) -> None:
    """Have the database stop a statement of this transaction that takes longer: a worker that waits hears nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{seconds}s"])


def message_failed(*, tenant: TenantRef, message: UUID, error: BaseException) -> None:
    """Put a failed message back with a longer wait, or park it after the last attempt.

    An error may say `attempts`, how often it is worth trying at all, and `retry_after`, the fewest seconds to wait.
    Only the kind of error is kept: its words may speak of a person.
    """
    said = type(error).__name__ + (f" {error.code}" if isinstance(error, CommontyError) else "")
    with in_tenant(tenant, role=Role.WORKER), transaction.atomic():
        row = OutboxMessage.objects.select_for_update().filter(pk=message).first()
        if row is None or row.state in (State.DONE, State.PARKED):
            return
        row.error = said
        if row.attempts >= min(ATTEMPTS, int(getattr(error, "attempts", ATTEMPTS))):
            row.state = State.PARKED
        else:
            row.state = State.PENDING
            asked = timedelta(seconds=int(getattr(error, "retry_after", 0)))
            wait = max(FIRST_WAIT * 2 ** max(row.attempts - 1, 0), asked)
            row.available_at = database_now() + min(wait, LONGEST_WAIT)
        row.save(update_fields=["error", "state", "available_at"])
        _next(row.queue)
    if row.queue in HEAVY:
        limits.reports_back(message)


def parked() -> list[dict[str, Any]]:
    """The current tenant's parked messages, oldest first."""
    rows = OutboxMessage.objects.filter(state=State.PARKED).order_by("created_at")
    return [{"id": str(row.id), "task": row.task, "attempts": row.attempts, "error": row.error} for row in rows]


def message_again(message: UUID) -> None:
    """Have a parked message of the current tenant tried anew. Raises NotFound when none of that id is parked."""
    with transaction.atomic():
        again = OutboxMessage.objects.filter(pk=message, state=State.PARKED).update(
            state=State.PENDING, attempts=0, available_at=database_now()
        )
    if not again:
        raise NotFound("No such message is parked here.", code="message.not_parked", remedy=REMEDY)


# -- the record's own jobs --------------------------------------------------------------------------------------------


def _event_deliver(payload: dict[str, Any]) -> None:
    """One message for each listener, so that one which fails is tried again alone."""
    for listener in _listeners.get(payload["kind"], ()):
        job_enqueue(LISTENER_JOB, payload={**payload, "listener": name_of(listener)})


def _listener_run(payload: dict[str, Any]) -> None:
    for listener in _listeners.get(payload["kind"], ()):
        if name_of(listener) == payload["listener"]:
            listener(AuditEvent.objects.get(pk=payload["event"]))
