"""What the host lends a module for one call, and the answers of a browser told apart from those of the core."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from core.audit.services import job_enqueue
from core.kernel.clock import database_now
from core.kernel.errors import Unavailable
from core.kernel.jobs import Job, Queue
from core.kernel.telemetry import logger, span
from plugins.api import Http, Jobs, Mail, Read
from plugins.host.codes import HostCodes
from plugins.host.fence import lifted
from plugins.host.outbound import Outbound
from plugins.host.ports import mail_port, read_port
from plugins.host.registry import registry
from tenants.registry.context import current_tenant

SESSION = "session."
WORK_JOB = Job("plugins.work", Queue.REPORTS)


@dataclass(frozen=True)
class HostContext:
    """A PluginContext of the current tenant. A part that is not set up raises Unavailable when it is used."""

    tenant_key: str
    settings: BaseModel
    clock: Callable[[], datetime] = database_now
    log: Any = field(default_factory=lambda: logger("commonty.plugins"))
    tracer: Any = span
    codes: HostCodes = field(default_factory=HostCodes)
    module: tuple[str, str] | None = None

    @property
    def read(self) -> Read:
        return read_port()

    @property
    def record(self) -> Callable[..., None]:
        raise self._absent("record events")

    @property
    def jobs(self) -> Jobs:
        if self.module is None:
            raise self._absent("enqueue jobs here")
        return HostJobs(*self.module)

    @property
    def http(self) -> Http:
        found = registry().modules.get(self.module) if self.module else None
        if found is None:
            raise self._absent("call other services here")
        return Outbound(found.plugin.hosts)

    @property
    def mail(self) -> Mail:
        return HostMail()

    @staticmethod
    def _absent(what: str) -> Unavailable:
        return Unavailable(f"Plugins cannot {what} yet.", code="port.unbound", remedy="Leave it to the core.")


class HostMail:
    """The service's mail server, on the far side of the fence."""

    def send(self, *, key: str, to: str, subject: str, body: str, language: str) -> str:
        with lifted():
            return mail_port().send(key=key, to=to, subject=subject, body=body, language=language)


@dataclass(frozen=True, slots=True)
class HostJobs:
    """What a module asks a worker to do: a message of the outbox that names the module, and the words it gave."""

    kind: str
    key: str

    def later(self, task: str, payload: Mapping[str, str]) -> None:
        words = {str(name): str(value) for name, value in payload.items()}
        with lifted():
            job_enqueue(WORK_JOB, payload={"kind": self.kind, "key": self.key, "task": task, "words": words})


def plugin_context(settings: BaseModel, *, module: tuple[str, str] | None = None) -> HostContext:
    """The context for a call in the current tenant; `module` (kind and key) lets it ask for work of its own.

    Raises NoTenant outside a tenant.
    """
    return HostContext(tenant_key=str(current_tenant().uuid), settings=settings, module=module)


def proof_callback(
    posted: Mapping[str, str], *, step: str = "", session: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What `complete` is given: the posted fields, the kept step, and the core's own facts under `session.`.

    Posted names that look like the core's are left out, so that nobody signs in by typing.
    """
    own = {f"{SESSION}{name}": value for name, value in (session or {}).items()}
    return {**{name: value for name, value in posted.items() if not name.startswith(SESSION)}, "step": step, **own}
