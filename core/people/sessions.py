"""Sessions in the tenant's schema that say whose they are: another tenant's, or one from before a restore, is empty."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from tenants.registry.context import current_tenant

log = logging.getLogger(__name__)
OWNER = "_tenant"
PROVIDER_MARK = "provider_mark"


class SessionStore(DatabaseStore):
    """Django's database sessions on our table, checked against the tenant and its epoch when loaded."""

    @classmethod
    def get_model_class(cls) -> Any:
        from core.people.models import Session

        return Session

    @staticmethod
    def _owner() -> str:
        tenant = current_tenant()
        return f"{tenant.uuid}/{tenant.epoch}"

    def load(self) -> dict[str, Any]:
        data: dict[str, Any] = super().load()
        if data and data.get(OWNER) == self._owner():
            return data
        # Run out or ended elsewhere, as a rule; many of them are somebody who tries another council's cookie. The
        # browser is told to drop it, so one cookie leaves one line.
        log.warning("a session that is not known here")
        self._session_key = None
        return {}

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        made: Any = super().create_model_instance(data)
        made.person_id = data.get("_auth_user_id")
        made.provider_mark = data.get(PROVIDER_MARK, "")
        return made

    def encode(self, session_dict: dict[str, Any]) -> str:
        return super().encode({**session_dict, OWNER: self._owner()})
