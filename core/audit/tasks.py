"""Our Celery task: it looks at whom a message is for before anything runs, and leaves retries to the outbox."""

from __future__ import annotations

from typing import Any

from celery import Task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, connection

from core.audit.outbox import addressee, message_failed, message_run
from core.kernel.errors import Refused, Unavailable

# PostgreSQL's word for a statement that its time-out has ended.
STATEMENT_CUT = "57014"


class TookTooLong(Unavailable):
    """A job was cut because it took longer than its queue allows. Once more may help, eight times would not."""

    attempts = 2

    def __init__(self, name: str) -> None:
        super().__init__(f"The job {name} took too long.", code="job.too_long", remedy="Ask for less at once.")


class TenantTask(Task):  # type: ignore[misc]  # Celery publishes no types
    """One job by its fixed name. The tenant stands in the header and in the body, and both must agree."""

    abstract = True
    acks_late = True
    reject_on_worker_lost = True
    ignore_result = True
    max_retries = 0
    # A refused message is parked by us and no failure of the worker.
    throws = (Refused,)

    def run(self, *, tenant: str | None = None, message: str | None = None, **_: Any) -> str:
        try:
            return message_run(task=self.name, header=self._header(), body=tenant, message=message)
        except SoftTimeLimitExceeded as error:
            raise TookTooLong(self.name) from error
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") == STATEMENT_CUT:
                raise TookTooLong(self.name) from error
            raise

    def on_failure(self, exc: BaseException, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Celery's call after the body's transaction has rolled back."""
        if isinstance(exc, Refused) and exc.code.startswith("message."):
            return
        # A job that was ended from outside is told of by the parent process, which has the body alone; one whose header
        # and body differ was refused above.
        body = kwargs.get("tenant")
        try:
            tenant, row = addressee(
                task=self.name, header=self._header() or body, body=body, message=kwargs.get("message")
            )
            message_failed(tenant=tenant, message=row, error=exc)
        finally:
            if self._header() is None:
                # No child may inherit a connection of its parent.
                connection.close()

    def _header(self) -> str | None:
        found = (self.request.headers or {}).get("tenant") or self.request.get("tenant")
        return str(found) if found else None
