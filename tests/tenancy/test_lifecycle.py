"""Suspended, given up, erased: who may still do what, and what is left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from core.audit.models import AuditEvent
from core.kernel.env import environment
from core.kernel.errors import Invalid, NotFound, Refused
from core.people.models import Person
from core.voting.models import Ballot
from plugins.api.text import LocalisedText
from tenants.office.fleet import release_now
from tenants.office.inspection import fleet_findings
from tenants.office.lifecycle import (
    erase_cancel,
    erasures_replay,
    tenant_abandon,
    tenant_erase,
    tenant_resume,
    tenant_suspend,
)
from tenants.office.models import Erasure
from tenants.office.portability import media_of, tenant_import
from tenants.office.services import tenant_create, tenant_reserve
from tenants.registry.context import Role, in_public, in_tenant
from tenants.registry.models import Tenant
from tenants.registry.selectors import tenant_by_slug
from tests.support.fleet import admin
from tests.support.http import SiteClient
from tests.support.journey import Resident, round_open

NAMES = LocalisedText("Links Council", "Comhairle nan Links")


def quiet(text: str) -> None:
    pass


@pytest.fixture(autouse=True)
def restored(tenants: Any) -> Iterator[None]:
    """Rights are no rows, so a test that takes them gives them back."""
    yield
    admin("UPDATE registry_tenant SET state = 'suspended', state_before = 'active' WHERE slug = 'alpha'")
    tenant_resume(slug="alpha", reason="the test is over", by="tests")
    (environment().var_dir / "erasures.jsonl").unlink(missing_ok=True)


def test_a_suspended_tenant_is_read_and_neither_voted_in_nor_written_to(tenants: Any, site: Any) -> None:
    row = round_open(tenants.alpha)
    round_open(tenants.beta)
    resident, other = Resident(tenants.alpha), Resident(tenants.beta)
    for person in (resident, other):
        person.fill(row.slug, "P-01")
        person.proves_by_code(row.slug, "ann@example.com")
    forms = resident.send_form(row.slug), other.send_form(row.slug)
    tenant_suspend(slug="alpha", reason="a fault is being looked into", by="A. Person")
    page = site(tenants.alpha).get(f"/rounds/{row.slug}/")
    assert page.status_code == 200
    answer = resident.send(forms[0])
    assert answer.status == 403, answer
    assert b"a fault is being looked into" in answer.content
    gaelic = site(tenants.alpha).post("/gd/language/", {})
    assert "làrach seo air a cur an dàil".encode() in gaelic.content
    # Its neighbour votes on.
    assert other.send(forms[1]).to.endswith("/done/")
    with in_tenant(tenants.alpha), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM rounds_round")
        assert cursor.fetchone() == (1,)
    tenant_resume(slug="alpha", reason="it was mended", by="B. Person")
    assert resident.send(resident.send_form(row.slug)).to.endswith("/done/")
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert Ballot.objects.count() == 1
        told = [event.body for event in AuditEvent.objects.filter(kind="tenant_state_changed").order_by("recorded_at")]
    assert [(body["state"], body["by"]) for body in told] == [("suspended", "A. Person"), ("active", "B. Person")]


def test_the_database_itself_refuses_whatever_a_process_still_believes(tenants: Any) -> None:
    before = tenant_by_slug("alpha")
    tenant_suspend(slug="alpha", reason="a fault", by="A. Person")
    for role in (Role.VOTER, Role.STAFF):
        # `before` says active, as a process that has not asked again would.
        entered = in_tenant(before, role=role)
        with entered, pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            Person.objects.create(issuer="https://id.example", subject="x")
        with in_tenant(tenants.beta, role=role), transaction.atomic():
            Person.objects.create(issuer="https://id.example", subject=role.value)
    assert fleet_findings(release_now())[1] == []
    admin(f'GRANT INSERT ON "{before.schema}".people_person TO "{before.schema}_voter"')
    assert [finding.check for finding in fleet_findings(release_now())[1]] == ["rights"]
    tenant_suspend(slug="alpha", reason="a fault", by="A. Person")
    assert fleet_findings(release_now())[1] == []


def test_what_can_not_be_suspended_says_so(tenants: Any) -> None:
    with pytest.raises(NotFound):
        tenant_suspend(slug="nobody", reason="x", by="y")
    with pytest.raises(Invalid):
        tenant_suspend(slug="alpha", reason="  ", by="y")
    ref = tenant_reserve(slug="not-yet", kind="council", name=NAMES)
    with pytest.raises(Refused, match="requested"):
        tenant_suspend(slug="not-yet", reason="x", by="y")
    with pytest.raises(Refused, match="not suspended"):
        tenant_resume(slug="not-yet", reason="x", by="y")
    tenant_abandon(slug=ref.slug)


def test_a_creation_that_never_served_is_taken_back_and_one_that_has_is_not(tenants: Any) -> None:
    ref = tenant_reserve(slug="not-yet", kind="council", name=NAMES)
    tenant_abandon(slug="not-yet")
    assert admin("SELECT count(*) FROM registry_domain WHERE domain LIKE 'not-yet.%%'", []) == [(0,)]
    assert tenant_reserve(slug="not-yet", kind="council", name=NAMES).uuid != ref.uuid
    tenant_abandon(slug="not-yet")
    with pytest.raises(Refused, match="has served"):
        tenant_abandon(slug="alpha")


def due(slug: str) -> None:
    """The delay is over."""
    with in_public():
        Erasure.objects.filter(slug=slug).update(due_at=timezone.now() - timedelta(minutes=1))


def test_erasing_takes_two_people_a_delay_and_a_last_file_and_leaves_a_line(tenants: Any, tmp_path: Path) -> None:
    ref, _ = tenant_create(slug="links", kind="council", name=NAMES)
    media_of(ref.uuid).mkdir(parents=True)
    (media_of(ref.uuid) / "plan.txt").write_text("plan")
    file = tmp_path / "last.zip"
    assert tenant_erase(slug="links", by="Ann", reason="the council leaves", say=quiet).stage == "asked"
    with pytest.raises(Refused, match="Two people"):
        tenant_erase(slug="links", by="ann", say=quiet)
    agreed = tenant_erase(slug="links", by="Ben", say=quiet)
    assert agreed.stage == "agreed"
    with pytest.raises(Refused, match="at the earliest"):
        tenant_erase(slug="links", by="Ann", out=file, say=quiet)
    erase_cancel(slug="links")
    assert tenant_by_slug("links").state == "active"
    tenant_erase(slug="links", by="Ann", reason="the council leaves", say=quiet)
    tenant_erase(slug="links", by="Ben", say=quiet)
    due("links")
    with pytest.raises(Invalid, match="last file"):
        tenant_erase(slug="links", by="Ann", say=quiet)
    done = tenant_erase(slug="links", by="Ann", out=file, say=quiet)
    assert done.stage == "erased"
    assert file.exists()
    assert admin("SELECT count(*) FROM pg_namespace WHERE nspname = %s", [ref.schema]) == [(0,)]
    assert admin("SELECT count(*) FROM pg_roles WHERE rolname LIKE %s", [ref.schema + "%"]) == [(0,)]
    assert not media_of(ref.uuid).exists()
    assert SiteClient(ref).get("/").status_code == 404
    with in_public():
        row = Tenant.objects.get(id=ref.uuid)
        kept = Erasure.objects.get(tenant=ref.uuid)
    assert (row.state, row.slug) == ("erased", f"erased-{ref.uuid.hex[:16]}")
    assert (kept.first_by, kept.second_by, kept.erased_at is not None) == ("Ann", "Ben", True)
    line = json.loads((environment().var_dir / "erasures.jsonl").read_text().splitlines()[-1])
    assert (line["tenant"], line["digest"]) == (str(ref.uuid), done.carried.digest if done.carried else "")
    assert fleet_findings(release_now())[1] == []
    # Its address is given to nobody for a while, and the file does not bring it back.
    with pytest.raises(Refused, match="held back"):
        tenant_create(slug="links", kind="council", name=NAMES)
    with pytest.raises(Refused, match="erased"):
        tenant_import(path=file, slug="links-two")
    with in_public():
        Erasure.objects.filter(tenant=ref.uuid).update(erased_at=timezone.now() - timedelta(days=91))
    new, _ = tenant_create(slug="links", kind="council", name=NAMES)
    assert new.uuid != ref.uuid
    erased_again(new, tmp_path)


def erased_again(ref: Any, tmp_path: Path) -> None:
    """An old backup is put back: the journal, which lies elsewhere, erases once more."""
    journal = environment().var_dir / "erasures.jsonl"
    journal.write_text(json.dumps({"tenant": str(ref.uuid), "slug": ref.slug, "digest": "d", "at": "x"}) + "\n")
    assert erasures_replay(say=quiet) == [ref.slug]
    assert erasures_replay(say=quiet) == []
    assert admin("SELECT count(*) FROM pg_namespace WHERE nspname = %s", [ref.schema]) == [(0,)]
    assert fleet_findings(release_now())[1] == []


def test_the_national_site_is_not_erased(tenants: Any) -> None:
    with pytest.raises(Refused, match="national"):
        tenant_erase(slug="hub", by="Ann", reason="x", say=quiet)
