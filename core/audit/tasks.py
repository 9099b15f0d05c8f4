"""Our Celery task: it looks at whom a message is for before anything runs, and leaves retries to the outbox."""

from __future__ import annotations

from typing import Any

from celery import Task

from core.audit.outbox import addressee, message_failed, message_run
from core.kernel.errors import Refused


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
        return message_run(task=self.name, header=self._header(), body=tenant, message=message)

    def on_failure(self, exc: BaseException, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Celery's call after the body's transaction has rolled back."""
        if isinstance(exc, Refused) and exc.code.startswith("message."):
            return
        tenant, row = addressee(
            task=self.name, header=self._header(), body=kwargs.get("tenant"), message=kwargs.get("message")
        )
        message_failed(tenant=tenant, message=row, error=exc)

    def _header(self) -> str | None:
        found = (self.request.headers or {}).get("tenant") or self.request.get("tenant")
        return str(found) if found else None
