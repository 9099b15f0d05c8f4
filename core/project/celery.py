"""The Celery application: processes only, JSON only, named queues, and every task one of ours."""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID

from celery import Celery
from celery.signals import worker_init
from kombu.entity import Queue as BrokerQueue
from kombu.exceptions import OperationalError
from redis import RedisError

from core.audit.outbox import job_names, job_queue
from core.audit.tasks import TenantTask
from core.kernel.env import environment
from core.kernel.errors import Unavailable
from core.kernel.jobs import CUT_AFTER_SECONDS, END_AFTER_SECONDS, SECONDS, Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"core.project.settings.{environment().env}")

app = Celery("commonty", set_as_current=False)
app.conf.update(
    broker_url=environment().redis_url,
    broker_connection_retry_on_startup=True,
    # Longer than any job: a message is given to another worker only when its own is lost.
    broker_transport_options={"visibility_timeout": 3600, "global_keyprefix": "commonty:", "socket_timeout": 10},
    accept_content=["json"],
    task_serializer="json",
    result_serializer="json",
    result_backend=None,
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_create_missing_queues=False,
    task_default_queue=Queue.DEFAULT.value,
    task_queues=[BrokerQueue(queue.value) for queue in Queue],  # type: ignore[no-untyped-call]  # neither does kombu
    worker_pool="prefork",
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    timezone="UTC",
)


def register() -> None:
    """One task for each job that somebody does. Called when the ports are bound, before the worker takes messages."""
    for name in job_names():
        if name not in app.tasks:
            seconds = SECONDS[job_queue(name)]
            limits = {"soft_time_limit": seconds + CUT_AFTER_SECONDS, "time_limit": seconds + END_AFTER_SECONDS}
            app.register_task(type("Job", (TenantTask,), {"name": name, "__module__": __name__, **limits})())


@worker_init.connect(weak=False)  # type: ignore[untyped-decorator]  # Celery publishes no types
def only_processes(sender: Any = None, **_: Any) -> None:
    """Threads of one process would share a tenant (security.md T49)."""
    pool = getattr(sender, "pool_cls", None)
    if "prefork" not in str(getattr(pool, "__module__", pool)):
        # Celery swallows every ordinary exception of a signal's receiver; this one ends the process.
        raise SystemExit("commonty: the worker runs in processes only; leave out --pool.")


class CeleryCarrier:
    """Carries the identifiers of a message to a worker, the tenant both in the header and in the body."""

    def hand_over(self, *, task: str, queue: str, tenant: UUID, message: UUID) -> None:
        try:
            app.send_task(
                task,
                kwargs={"tenant": str(tenant), "message": str(message)},
                headers={"tenant": str(tenant)},
                queue=queue,
                retry=False,
            )
        except (OperationalError, RedisError) as error:
            raise Unavailable("The broker does not answer.", code="broker.unreachable") from error
