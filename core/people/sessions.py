"""Sessions in the tenant's schema that say whose they are: another tenant's, or one from before a restore, is empty."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from tenants.registry.context import current_tenant

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
        if data and data.get(OWNER) != self._owner():
            self._session_key = None
            return {}
        return data

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        made: Any = super().create_model_instance(data)
        made.person_id = data.get("_auth_user_id")
        made.provider_mark = data.get(PROVIDER_MARK, "")
        return made

    def encode(self, session_dict: dict[str, Any]) -> str:
        return super().encode({**session_dict, OWNER: self._owner()})
