"""What the host lends a module for one call, and the answers of a browser told apart from those of the core."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from core.kernel.clock import database_now
from core.kernel.errors import Unavailable
from core.kernel.telemetry import logger, span
from plugins.api import Read
from plugins.host.codes import HostCodes
from plugins.host.ports import read_port
from tenants.registry.context import current_tenant

SESSION = "session."


@dataclass(frozen=True)
class HostContext:
    """A PluginContext of the current tenant. A part that is not set up raises Unavailable when it is used."""

    tenant_key: str
    settings: BaseModel
    clock: Callable[[], datetime] = database_now
    log: Any = field(default_factory=lambda: logger("commonty.plugins"))
    tracer: Any = span
    codes: HostCodes = field(default_factory=HostCodes)

    @property
    def read(self) -> Read:
        return read_port()

    @property
    def record(self) -> Callable[..., None]:
        raise self._absent("record events")

    @property
    def jobs(self) -> Any:
        raise self._absent("enqueue jobs")

    @property
    def http(self) -> Any:
        raise self._absent("call other services")

    @staticmethod
    def _absent(what: str) -> Unavailable:
        return Unavailable(f"Plugins cannot {what} yet.", code="port.unbound", remedy="Leave it to the core.")


def plugin_context(settings: BaseModel) -> HostContext:
    """The context for a call in the current tenant. Raises NoTenant outside one."""
    return HostContext(tenant_key=str(current_tenant().uuid), settings=settings)


def proof_callback(
    posted: Mapping[str, str], *, step: str = "", session: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What `complete` is given: the posted fields, the kept step, and the core's own facts under `session.`.

    Posted names that look like the core's are left out, so that nobody signs in by typing.
    """
    own = {f"{SESSION}{name}": value for name, value in (session or {}).items()}
    return {**{name: value for name, value in posted.items() if not name.startswith(SESSION)}, "step": step, **own}
