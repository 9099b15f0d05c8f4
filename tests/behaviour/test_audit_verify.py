"""`commonty audit verify` as an operator calls it, on a record that somebody with every right has bent."""

from __future__ import annotations

import argparse
import base64
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from core.audit import outbox, ports
from core.audit.models import AuditEvent, OutboxMessage
from core.audit.services import events_chain
from core.audit.statements import STATEMENT_JOB, statement_make
from core.kernel.env import environment
from core.kernel.errors import Unavailable
from core.project.bindings import bind
from core.project.cli import CheckFailed
from core.project.cli.audit import run
from tenants.office.selectors import facts
from tenants.office.services import accent_set
from tenants.registry.context import Role, in_tenant


def bent(statement: str) -> None:
    """As a superuser who has switched the guards off: what a stolen owner's login could do."""
    name = str(connection.settings_dict["NAME"])
    with psycopg.connect(environment().admin_database_url, dbname=name, autocommit=True) as opened:
        opened.execute("SET session_replication_role = replica")
        opened.execute(statement.encode())


def recorded(tenant: Any, number: int = 5) -> None:
    for _one in range(number):
        with in_tenant(tenant):
            accent_set(tenant=tenant.uuid, accent="#003366")
    with in_tenant(tenant, role=Role.WORKER):
        events_chain()


def verify(slug: str = "") -> dict[str, Any]:
    return run(argparse.Namespace(verb="verify", tenant=slug), None)


@pytest.mark.parametrize(
    "change",
    [
        """UPDATE {schema}.audit_auditevent SET body = '{{"accent": "#000000"}}' WHERE seq = 3""",
        "UPDATE {schema}.audit_auditevent SET recorded_at = recorded_at + interval '1 second' WHERE seq = 3",
        "UPDATE {schema}.audit_auditevent SET kind = 'other' WHERE seq = 3",
        "UPDATE {schema}.audit_auditevent SET hash = repeat('0', 64) WHERE seq = 3",
        "DELETE FROM {schema}.audit_auditevent WHERE seq = 3",
    ],
)
def test_the_first_link_that_does_not_hold_is_named(tenants: Any, change: str) -> None:
    for tenant in tenants:
        recorded(tenant)
    whole = verify()
    assert whole["ok"]
    assert {item["tenant"] for item in whole["tenants"]} == {"alpha", "beta", "hub"}
    bent(change.format(schema=tenants.alpha.schema))
    with pytest.raises(CheckFailed) as failed:
        verify()
    assert "alpha" in str(failed.value)
    (broken,) = [item for item in failed.value.document["tenants"] if not item["ok"]]
    assert broken["tenant"] == "alpha"
    # Where the link itself is gone, the one after it stands first.
    assert broken["broken"]["seq"] == (4 if change.startswith("DELETE") else 3)
    assert broken["links"] == 2
    assert verify("beta")["ok"]


def test_a_statement_that_could_not_be_handed_over_waits_and_is_handed_over_once(tenants: Any) -> None:
    took: list[dict[str, Any]] = []

    def away(*, tenant: Any, body: Any, signature: bytes) -> None:
        took.append(dict(body))
        raise Unavailable("Nobody is there.", code="sink.away")

    with in_tenant(tenants.alpha, role=Role.WORKER):
        with transaction.atomic():
            OutboxMessage.objects.all().delete()
            statement_make(kind="round", key="one", facts=lambda: {"public": True, "state": "voting"})
        row = OutboxMessage.objects.get(task=STATEMENT_JOB.name)
        assert base64.b64decode(row.payload["signature"])
    message = {"task": row.task, "header": str(tenants.alpha.uuid), "body": str(tenants.alpha.uuid)}
    ports.bind_statement_sinks(away)
    try:
        with pytest.raises(Unavailable):
            outbox.message_run(**message, message=str(row.id))
        outbox.message_failed(tenant=tenants.alpha, message=row.id, error=Unavailable("x", code="sink.away"))
    finally:
        bind()
    assert facts("round") == []
    with in_tenant(tenants.alpha, role=Role.WORKER):
        row.refresh_from_db()
        assert (row.state, row.error) == ("pending", "Unavailable sink.away")
    assert outbox.message_run(**message, message=str(row.id)) == "done"
    assert outbox.message_run(**message, message=str(row.id)) == "already"
    assert [fact.body["state"] for fact in facts("round")] == ["voting"]
    assert len(took) == 1
    with in_tenant(tenants.beta):
        assert not AuditEvent.objects.filter(kind="round_advanced").exists()
