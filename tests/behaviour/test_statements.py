"""What councils say to all of Scotland: signed with their own key, in order, and taken back when it is over."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from core.audit.models import OutboxMessage, SigningKey
from core.audit.statements import STATEMENT_JOB, signing_key_ensure, statement_hand_over, statement_make
from core.kernel.clock import database_now
from core.kernel.errors import Invalid, Refused
from core.rounds.services import round_advance, round_change, round_create
from plugins.api.text import LocalisedText
from tenants.office.models import ProvisioningStep, SignedFact
from tenants.office.provisioning import ProvisioningFailed, provision
from tenants.office.selectors import facts
from tenants.office.services import fact_publish
from tenants.registry.context import Role, in_public, in_tenant
from tenants.registry.models import Tenant
from tenants.registry.selectors import tenant_by_slug
from tests.support.http import SiteClient
from tests.support.jobs import work
from tests.support.rounds import round_made


def signed(tenant: Any, **facts: Any) -> tuple[dict[str, Any], bytes]:
    """A statement as the tenant itself would make it, not handed over."""
    with in_tenant(tenant, role=Role.WORKER):
        with transaction.atomic():
            body = statement_make(kind="round", key="one", facts=lambda: {"public": True, **facts})
            assert body is not None
        row = OutboxMessage.objects.filter(task=STATEMENT_JOB.name).latest("created_at")
        OutboxMessage.objects.all().delete()
        return row.payload["body"], base64.b64decode(row.payload["signature"])


def hub() -> SiteClient:
    return SiteClient(tenant_by_slug("hub"))


def read(path: str = "/") -> str:
    answer = hub().get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_an_open_round_is_shown_nationally_until_it_is_no_longer_public(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = round_made("leith", name=LocalisedText("Leith Chooses", "Tha Lìte a’ taghadh"))
    with in_tenant(tenants.beta):
        round_made("secret", name=LocalisedText("Not for others"), is_practice=True)
    for tenant in tenants:
        work(tenant)
    coming = read()
    assert "Leith Chooses" in coming
    assert "Not for others" not in coming
    assert "No round is open" in coming
    with in_tenant(tenants.alpha):
        round_advance(round=row, verb="open_voting", actor=None)
    assert "No round is open" in read()
    work(tenants.alpha)
    opened = read()
    assert "No round is open" not in opened

    (fact,) = facts("round")
    assert fact.tenant.slug == "alpha"
    assert fact.body["state"] == "voting"
    assert fact.body["pot_pence"] == 3_000_000
    assert fact.body["url"] in opened
    assert "£30,000" in opened
    assert "Tha Lìte a’ taghadh" in read("/gd/")
    with in_tenant(tenants.alpha):
        round_advance(round=row, verb="suspend", actor=None)
    work(tenants.alpha)
    paused = read()
    assert "No round is open" in paused
    assert "Leith Chooses" in paused
    with in_tenant(tenants.alpha):
        round_advance(round=row, verb="cancel", actor=None)
    work(tenants.alpha)
    assert "Leith Chooses" not in read()


def test_a_round_taken_back_leaves_only_its_moment(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = round_made("leith")
    work(tenants.alpha)
    assert len(facts("round")) == 1
    with in_tenant(tenants.alpha):
        round_advance(round=row, verb="reopen_design", actor=None)
    work(tenants.alpha)
    assert facts("round") == []
    with in_public():
        left = SignedFact.objects.get(tenant_id=tenants.alpha.uuid, kind="round")
    assert set(left.body) == {"public", "kind", "key", "tenant", "at"}
    # A round that never left design is spoken of to nobody.
    with in_tenant(tenants.beta):
        quiet = round_create(
            slug="quiet",
            name=LocalisedText("Quiet"),
            purpose=LocalisedText("p"),
            open_to_influence=LocalisedText("o"),
            fixed=LocalisedText("f"),
            actor=None,
        )
        round_change(round=quiet, actor=None, area_name="Somewhere")
    work(tenants.beta)
    with in_public():
        assert not SignedFact.objects.filter(tenant_id=tenants.beta.uuid, kind="round").exists()


def test_a_forged_or_foreign_signature_is_refused(tenants: Any) -> None:
    body, signature = signed(tenants.alpha, state="voting")
    alpha, beta = tenants.alpha.uuid, tenants.beta.uuid
    assert fact_publish(tenant=alpha, body=body, signature=signature)
    changed = {**body, "state": "count", "at": (database_now() + timedelta(seconds=1)).isoformat()}
    with pytest.raises(Refused, match="signature"):
        fact_publish(tenant=alpha, body=changed, signature=signature)
    with pytest.raises(Refused, match="signature"):
        fact_publish(tenant=alpha, body=changed, signature=b"\0" * 64)
    with pytest.raises(Refused, match="another tenant"):
        fact_publish(tenant=beta, body=body, signature=signature)
    # Beta's key under alpha's name, and alpha's signature under beta's name.
    theirs, their_signature = signed(tenants.beta, state="voting")
    with pytest.raises(Refused, match="signature"):
        fact_publish(tenant=alpha, body={**theirs, "tenant": str(alpha)}, signature=their_signature)
    with pytest.raises(Refused, match="signature"):
        fact_publish(tenant=beta, body={**body, "tenant": str(beta)}, signature=signature)
    for broken in ({}, {**body, "at": "yesterday"}, {**body, "at": "2026-11-24T10:00:00"}):
        with pytest.raises(Invalid):
            fact_publish(tenant=alpha, body=broken, signature=signature)
    away, away_signature = signed(tenants.alpha, url="https://elsewhere.example/rounds/")
    with pytest.raises(Refused, match="own site"):
        fact_publish(tenant=alpha, body=away, signature=away_signature)
    assert [(fact.tenant.slug, fact.body["state"]) for fact in facts("round")] == [("alpha", "voting")]


def test_an_older_statement_never_replaces_a_newer_one(tenants: Any) -> None:
    older = signed(tenants.alpha, state="voting")
    newer = signed(tenants.alpha, state="count")
    assert fact_publish(tenant=tenants.alpha.uuid, body=newer[0], signature=newer[1])
    assert not fact_publish(tenant=tenants.alpha.uuid, body=older[0], signature=older[1])
    assert not fact_publish(tenant=tenants.alpha.uuid, body=newer[0], signature=newer[1])
    assert [fact.body["state"] for fact in facts("round")] == ["count"]
    # Through the door of the worker it is the same, and no failure that is tried again.
    with in_tenant(tenants.alpha, role=Role.WORKER):
        statement_hand_over({"body": older[0], "signature": base64.b64encode(older[1]).decode()})
    assert [fact.body["state"] for fact in facts("round")] == ["count"]


def test_the_key_is_the_tenants_own_and_no_web_process_reads_it(tenants: Any) -> None:
    keys = {}
    for tenant in tenants:
        with in_tenant(tenant, role=Role.WORKER):
            keys[tenant.slug] = signing_key_ensure()
            assert signing_key_ensure() == keys[tenant.slug]
            held = SigningKey.objects.get()
            assert bytes(held.public) == keys[tenant.slug]
            assert held.private
            assert bytes(held.public).hex() not in held.private
        for role in (Role.VOTER, Role.STAFF):
            with in_tenant(tenant, role=role), pytest.raises(DatabaseError), transaction.atomic():
                SigningKey.objects.count()
        with in_public():
            assert bytes(Tenant.objects.get(id=tenant.uuid).signing_key) == keys[tenant.slug]
    assert keys["alpha"] != keys["beta"]
    # Once it is known another key is refused, by a run of the creation that names the step.
    with in_public():
        Tenant.objects.filter(id=tenants.alpha.uuid).update(signing_key=keys["beta"])
        ProvisioningStep.objects.filter(tenant_id=tenants.alpha.uuid, name="signing key").update(state="failed")
    with pytest.raises(ProvisioningFailed, match="signing key"):
        provision(tenants.alpha)


def test_a_suspended_council_is_silent(tenants: Any) -> None:
    body, signature = signed(tenants.alpha, state="voting")
    fact_publish(tenant=tenants.alpha.uuid, body=body, signature=signature)
    assert len(facts("round")) == 1
    with in_public():
        Tenant.objects.filter(id=tenants.alpha.uuid).update(state=Tenant.State.SUSPENDED)
    assert facts("round") == []
