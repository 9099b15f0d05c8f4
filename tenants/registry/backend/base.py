"""The database backend: enters a place in one round trip, and says for whom each transaction is.

django-tenants sets a session path, with `public` behind it, on every cursor and carries on when that fails
(security.md T1 to T3). Here the path, the role, the time-outs and the tenant go together in one statement, only when
they are not already so; a failure is raised; and outside a context the path names a schema that cannot exist.
"""

from __future__ import annotations

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django_tenants.postgresql_backend import base as upstream

from tenants.registry.place import NOWHERE, TIMEOUTS, Place

ENTER = (
    "SELECT set_config('search_path', %s, false), set_config('role', %s, false),"
    " set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false),"
    " set_config('idle_in_transaction_session_timeout', %s, false), set_config('commonty.tenant', %s, true)"
)


class DatabaseWrapper(upstream.DatabaseWrapper):  # type: ignore[misc]  # the base class publishes no types
    """A PostgreSQL connection that is always somewhere: in a tenant, in the registry, or nowhere."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.place: Place = NOWHERE
        self._applied: Place | None = None
        self._tenant_told = False
        self._applying = False
        super().__init__(*args, **kwargs)

    # -- where we are ---------------------------------------------------------------------------------------------

    def enter(self, place: Place) -> None:
        """Stand somewhere else from the next statement on. Only tenants.registry.context calls this."""
        if place != self.place:
            ContentType.objects.clear_cache()
        self.place = place
        self.schema_name = place.schema
        self.settings_dict["SCHEMA"] = place.schema

    def set_schema_to_public(self) -> None:
        """Called by the base class when a connection is made: begin nowhere instead."""
        self.enter(NOWHERE)

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        raise RuntimeError("Enter a tenant with tenants.registry.context.in_tenant(), never with set_tenant().")

    def set_schema(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError("Enter a tenant with tenants.registry.context.in_tenant(), never with set_schema().")

    # -- what the server knows of it ------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._applied = None
        self._tenant_told = False

    def close(self) -> None:
        self._forget()
        super().close()

    def connect(self) -> None:
        self._forget()
        super().connect()

    def rollback(self) -> None:
        self._forget()
        super().rollback()

    def savepoint_rollback(self, sid: str) -> None:
        # A rollback to a savepoint takes back what was set after it.
        try:
            super().savepoint_rollback(sid)
        finally:
            self._forget()

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)
        # The tenant's setting is transaction-local: it is told anew to each transaction, and never to autocommit.
        self._tenant_told = False

    def _cursor(self, name: str | None = None) -> Any:
        cursor = super(upstream.DatabaseWrapper, self)._cursor(name=name)
        if not self._applying:
            self._apply(cursor if name is None else None)
        return cursor

    def entered(self) -> Any:
        """The driver's own connection, standing where we stand: for the one statement that needs no cursor."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        self._apply(None)
        return self.connection

    def _apply(self, cursor: Any) -> None:
        in_transaction = not self.get_autocommit()
        told = self._tenant_told or not in_transaction
        if self._applied == self.place and told:
            return
        place = self.place
        statement, lock, idle = TIMEOUTS[place.timeouts]
        path = '"' + place.schema.replace('"', '""') + '"'
        values = [path, place.role, str(statement), str(lock), str(idle), str(place.tenant or "")]
        self._applying = True
        try:
            if cursor is None:
                with self.connection.cursor() as own:
                    own.execute(ENTER, values)
            else:
                cursor.execute(ENTER, values)
        finally:
            self._applying = False
        self._applied = place
        self._tenant_told = in_transaction
