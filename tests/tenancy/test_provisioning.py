"""Making a tenant when things go wrong: killed at each step, asked for twice at once, failing, and taken back."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

from core.audit.models import AuditEvent, SigningKey
from core.kernel.env import environment
from core.kernel.errors import Invalid, Refused
from core.places.models import Area
from core.places.national import councils
from plugins.api.text import LocalisedText
from tenants.office import provisioning
from tenants.office.fleet import release_now
from tenants.office.hosts.naming import look_of
from tenants.office.inspection import fleet_findings
from tenants.office.lifecycle import tenant_abandon
from tenants.office.owner import SchemaLocks, schema_drop
from tenants.office.provisioning import ProvisioningFailed, Step
from tenants.office.services import RESERVED, tenant_create, tenant_reserve
from tenants.registry.context import Role, TenantRef, in_tenant
from tenants.registry.place import TEMPLATE
from tenants.registry.selectors import tenant_by_slug
from tests.support.fleet import ADDITIVE, admin, columns, told_once_more
from tests.tenancy.test_portability import leave

NAMES = LocalisedText("Aberdeen City Council", "Comhairle Baile Obar Dheathain")
# Its code gives it areas, so that doubled ones would be seen.
ABERDEEN = {"slug": "killed", "kind": "council", "name": NAMES, "code": "S12000033"}
STEPS = [step.name for step in provisioning.steps()]


@pytest.fixture(autouse=True)
def taken_away(tenants: Any) -> Iterator[None]:
    yield
    connection.close()
    for slug in ("killed", "twice"):
        for uuid, schema in admin("SELECT id, schema_name FROM registry_tenant WHERE slug = %s", [slug]):
            schema_drop(schema)
            leave(TenantRef(uuid=uuid, slug=slug, kind="council", schema=schema, name=NAMES, state="active"))


def child(work: Callable[[], Any]) -> int:
    """Do it in a process of its own, which has no connection of ours; returns how that ended."""
    connection.close()
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join(timeout=120)
    return process.exitcode or 0


def killed_in(name: str, *, after: bool) -> Callable[[], None]:
    """The creation in a process that dies in the step: before its work commits, or after it and before the record."""

    def die(tenant: TenantRef) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def work() -> None:
        def ending(step: Step) -> Step:
            if step.name != name:
                return step

            def run(tenant: TenantRef) -> None:
                step.run(tenant)
                die(tenant)

            return Step(name, run if not step.inside or not after else step.run, inside=step.inside)

        finish = provisioning._finish

        def record(row: Any, state: str, seconds: float, error: str = "") -> None:
            if row.name == name:
                os.kill(os.getpid(), signal.SIGKILL)
            finish(row, state, seconds, error)

        planned = [ending(step) for step in provisioning.steps()]
        provisioning.steps = lambda: planned
        if after:
            provisioning._finish = record  # type: ignore[assignment]
        tenant_create(**ABERDEEN)  # type: ignore[arg-type]

    return work


def contents(tenant: TenantRef) -> dict[str, int]:
    tables = [row[0] for row in admin("SELECT tablename FROM pg_tables WHERE schemaname = %s", [tenant.schema])]
    return {table: admin(f'SELECT count(*) FROM "{tenant.schema}"."{table}"')[0][0] for table in tables}


@pytest.fixture(scope="module")
def whole(database: str) -> dict[str, int]:
    """What a council of this kind holds when nothing went wrong."""
    ref, _ = tenant_create(**{**ABERDEEN, "slug": "whole"})  # type: ignore[arg-type]
    found = contents(ref)
    schema_drop(ref.schema)
    leave(ref)
    return found


@pytest.mark.parametrize("after", [False, True], ids=["in its work", "before its record"])
@pytest.mark.parametrize("name", STEPS)
def test_killed_at_any_step_the_next_run_finishes_and_nothing_is_doubled(
    tenants: Any, whole: dict[str, int], name: str, after: bool
) -> None:
    assert child(killed_in(name, after=after)) == -signal.SIGKILL
    assert tenant_by_slug("killed").state == "requested"
    ref, steps = tenant_create(**ABERDEEN)  # type: ignore[arg-type]
    # Without a Keycloak the clients are made later: a tenant serves without them.
    assert {step.name: step.state for step in steps} == {
        name: "waiting" if name == "login" else "done" for name in STEPS
    }
    assert tenant_by_slug("killed").state == "active"
    # What the roles of a tenant are is remembered by each connection, at times without the newest.
    assert told_once_more(ref.schema)
    assert contents(ref) == whole
    assert fleet_findings(release_now())[1] == []


def test_a_tenant_has_every_content_type_and_right_that_django_itself_would_make(tenants: Any) -> None:
    def everything() -> list[Any]:
        kinds = list(ContentType.objects.order_by("app_label", "model").values_list("app_label", "model"))
        rights = Permission.objects.order_by("content_type__app_label", "codename", "name")
        return [*kinds, *rights.values_list("content_type__app_label", "content_type__model", "codename", "name")]

    with in_tenant(tenants.alpha), transaction.atomic():
        ours = everything()
        Permission.objects.all().delete()
        ContentType.objects.exclude(model="page").delete()
        for config in apps.get_app_configs():
            if config.models_module is not None and config.name not in settings.SHARED_APPS:
                create_permissions(config, verbosity=0)
        assert ours == everything()
        transaction.set_rollback(True)


def test_two_creations_of_one_address_at_once_one_wins_and_the_other_is_told(tenants: Any) -> None:
    begun = tenant_reserve(slug="twice", kind="council", name=NAMES)
    locks = SchemaLocks()
    with locks.held(begun.schema) as ours:
        assert ours
        with pytest.raises(Refused, match="at work on this tenant"):
            tenant_create(slug="twice", kind="council", name=NAMES)
    locks.close()
    connection.close()
    fork = multiprocessing.get_context("fork")
    answers: Any = fork.Queue()

    def ask(number: int) -> None:
        try:
            ref, _ = tenant_create(slug="twice", kind="council", name=NAMES)
            answers.put(("made", ref.schema))
        except Refused as error:
            answers.put(("told", error.code))
        connection.close()

    processes = [fork.Process(target=ask, args=(number,)) for number in range(4)]
    for process in processes:
        process.start()
    said = [answers.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(timeout=60)
    assert {word for word, _ in said} <= {"made", "told"}
    assert {what for word, what in said if word == "made"} == {begun.schema}
    assert {what for word, what in said if word == "told"} <= {"schema.busy"}
    with in_tenant(tenant_by_slug("twice"), role=Role.WORKER):
        assert SigningKey.objects.count() == 1
    assert fleet_findings(release_now())[1] == []


def test_a_step_that_fails_is_named_and_gone_on_from(tenants: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    planned = provisioning.steps()

    def broken(tenant: TenantRef) -> None:
        Area.objects.create(code="S99999999", kind="council", name="half")
        raise ValueError("a file is missing")

    steps = [Step(step.name, broken) if step.name == "areas" else step for step in planned]
    monkeypatch.setattr(provisioning, "steps", lambda: steps)
    with pytest.raises(ProvisioningFailed, match="areas"):
        tenant_create(**ABERDEEN)  # type: ignore[arg-type]
    ref = tenant_by_slug("killed")
    assert ref.state == "requested"
    assert admin(f'SELECT count(*) FROM "{ref.schema}".places_area') == [(0,)]
    monkeypatch.undo()
    ref, done = tenant_create(**ABERDEEN)  # type: ignore[arg-type]
    assert {step.name: step.attempts for step in done}["areas"] == 2
    with in_tenant(ref):
        assert Area.objects.count() > 1


def test_what_was_never_finished_can_be_taken_back_whole(tenants: Any) -> None:
    assert child(killed_in("structure", after=False)) == -signal.SIGKILL
    ref = tenant_by_slug("killed")
    assert fleet_findings(release_now())[1]
    tenant_abandon(slug="killed")
    assert fleet_findings(release_now())[1] == []
    assert admin("SELECT count(*) FROM pg_roles WHERE rolname LIKE %s", [ref.schema + "%"]) == [(0,)]
    again, _ = tenant_create(**ABERDEEN)  # type: ignore[arg-type]
    # The same address, and nothing of the one before it.
    assert (again.uuid == ref.uuid, again.schema == ref.schema) == (False, False)
    with in_tenant(again, role=Role.WORKER):
        assert not AuditEvent.objects.filter(kind="nothing").exists()


@pytest.mark.parametrize(
    "slug",
    ["", "-a", "a-", "a--b", "Alpha", "ä", "аlpha", "a b", "a.b", "x" * 41, "1st", *sorted(RESERVED)],
)
@pytest.mark.usefixtures("fleet_clean")
def test_addresses_that_cannot_be_given_out(tenants: Any, slug: str) -> None:
    before = admin("SELECT count(*) FROM registry_tenant")
    with pytest.raises(Invalid):
        tenant_create(slug=slug, kind="council", name=NAMES)
    assert admin("SELECT count(*) FROM registry_tenant") == before


@pytest.mark.usefixtures("fleet_clean")
def test_an_address_that_is_read_as_anothers_is_not_given_out(tenants: Any) -> None:
    before = admin("SELECT count(*) FROM registry_tenant")
    for slug in ("a1pha", "al-pha", "aipha", "hu-b", "adm1n"):
        with pytest.raises(Refused) as refused:
            tenant_reserve(slug=slug, kind="council", name=NAMES)
        assert refused.value.code == "slug.look_alike", slug
    assert admin("SELECT count(*) FROM registry_tenant") == before
    # What is nobody's look is given out, and asked for again it is the same.
    first = tenant_reserve(slug="twice", kind="council", name=NAMES)
    assert tenant_reserve(slug="twice", kind="council", name=NAMES) == first
    # Scotland's councils are all told apart.
    looks = {look_of(one.slug) for one in councils()}
    assert len(looks) == 32


@pytest.mark.usefixtures("fleet_clean")
def test_a_tenant_made_while_the_template_is_being_migrated_is_of_the_release_before(tenants: Any) -> None:
    """Nobody waits for a migration that is not through, and nothing of it is cloned."""
    table = f"{TEMPLATE}.{ADDITIVE[2]}"
    with psycopg.connect(environment().admin_database_url, dbname=str(connection.settings_dict["NAME"])) as migrating:
        migrating.execute(f"ALTER TABLE {table} ADD COLUMN half_way text".encode())
        ref, _steps = tenant_create(slug="twice", kind="council", name=NAMES)
        migrating.rollback()
    assert "half_way" not in columns(ref.schema)
    assert fleet_findings(release_now())[1] == []
    # Also where it is through and not recorded yet: what is cloned is the last release, whole.
    admin(f"ALTER TABLE {table} ADD COLUMN half_way text")
    try:
        other, _steps = tenant_create(**ABERDEEN)  # type: ignore[arg-type]
    finally:
        admin(f"ALTER TABLE {table} DROP COLUMN half_way")
    assert columns(other.schema) == columns(ref.schema) == columns(tenants.alpha.schema)
    assert fleet_findings(release_now())[1] == []


@pytest.mark.usefixtures("fleet_clean")
def test_a_parent_is_a_council_that_stands(tenants: Any) -> None:
    group = tenant_reserve(slug="killed", kind="community", name=NAMES, parent="alpha")
    for parent in ("nobody", group.slug, "hub"):
        with pytest.raises(Invalid, match="no council"):
            tenant_reserve(slug="twice", kind="community", name=NAMES, parent=parent)
    with pytest.raises(Refused, match="already taken"):
        tenant_reserve(slug="alpha", kind="community", name=NAMES)
