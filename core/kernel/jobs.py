"""The job port: what is done later, by a worker, for a named tenant. `project` binds it; nobody else knows how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from core.kernel.errors import Unavailable


class Queue(StrEnum):
    DEFAULT = "default"
    MAIL = "mail"
    TALLIES = "tallies"
    REPORTS = "reports"
    PROVISIONING = "provisioning"


# How long a job of each queue may take, in seconds. The database cuts a statement that takes as long; a job that
# computes is cut a little later, so that the two never meet, and one that hears nothing is ended from outside.
SECONDS: dict[Queue, int] = {
    Queue.DEFAULT: 120,
    Queue.MAIL: 60,
    Queue.TALLIES: 1800,
    Queue.REPORTS: 300,
    Queue.PROVISIONING: 3000,
}
CUT_AFTER_SECONDS = 10
END_AFTER_SECONDS = 40
# Work that takes minutes: a tenant may have few of these with the workers at a time.
HEAVY = frozenset({Queue.TALLIES, Queue.REPORTS})
# Work that nobody sits before and waits for: its workers leave the processor to whoever has something quick to do.
GIVES_WAY = HEAVY | {Queue.PROVISIONING}


@dataclass(frozen=True, slots=True)
class Job:
    """A job by its fixed name, and the queue it waits in."""

    name: str
    queue: Queue = Queue.DEFAULT


class JobPort(Protocol):
    def send(self, job: Job, *, tenant: UUID, payload: dict[str, Any]) -> None:
        """Have the job done once what surrounds this call has committed. `payload` is JSON, ids only."""


_port: list[JobPort] = []


def bind(port: JobPort) -> None:
    _port[:] = [port]


def job_port() -> JobPort:
    """Raises Unavailable where nothing was bound."""
    if not _port:
        raise Unavailable("No worker is bound.", code="jobs.unbound")
    return _port[0]
