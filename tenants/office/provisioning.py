"""Making a tenant: recorded steps, each safe to do again, so that a run that was cut off is simply run again.

The office owns the first steps (structure, seal, roles, ground). What a website, areas or modules need is added by
the modules that know it: `project` binds their steps with `bind_steps`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_permission_codename
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone
from psycopg import sql

from core.audit.statements import signing_key_ensure
from core.kernel.errors import CommontyError, Refused, Unavailable
from tenants.office.clone import structure_for
from tenants.office.models import ProvisioningStep, SchemaRelease, TemplateRelease
from tenants.office.owner import checkpoint, owner_connection, schema_lock, schema_locks
from tenants.office.protection import grants_apply, roles_make, roles_tell, seal_apply
from tenants.office.template import latest_release
from tenants.registry.context import Role, TenantRef, in_public, in_tenant
from tenants.registry.models import Tenant
from tenants.registry.permits import permits_know


@dataclass(frozen=True, slots=True)
class Step:
    """A step's name, and what it does. `inside` steps run in the tenant, in one transaction with its record apart.

    A step that gives back words has something to wait for that a tenant can be served without; the words say what.
    It is tried again when the creation is run again. Those `on_arrival` are also done for a tenant that comes from a
    file: they give it what depends on its address and on this service.
    """

    name: str
    run: Callable[[TenantRef], str | None]
    inside: bool = True
    on_arrival: bool = False


# A schema is some seven hundred files. So many are made before the server is told to write them down: a start after a
# crash does again what was done since, and opens each of those files.
TENANTS_PER_CHECKPOINT = 25
MADE_SINCE = """
SELECT count(*) FROM office_provisioningstep
 WHERE name = 'structure' AND finished_at > (SELECT checkpoint_time FROM pg_control_checkpoint())
"""


class ProvisioningFailed(CommontyError):
    """A step did not succeed; it is recorded, and running the creation again goes on from it."""

    exit_code = 1


_bound: list[Step] = []


def bind_steps(steps: Sequence[Step]) -> None:
    """Called once by `project`: the steps of the modules above the office, in order."""
    _bound[:] = steps


def _release() -> TemplateRelease:
    release = latest_release()
    if release is None:
        raise Unavailable(
            "There is no template schema yet.",
            code="template.missing",
            remedy="Run `commonty migrate` first.",
        )
    return release


def _schema_exists(schema: str) -> bool:
    with owner_connection() as owner:
        return owner.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema]).fetchone() is not None


def clone_structure(tenant: TenantRef) -> None:
    """The template's structure under this tenant's schema, whole or not at all, with its record of migrations."""
    if _schema_exists(tenant.schema):
        return
    release = _release()
    with owner_connection() as owner:
        owner.execute(structure_for(release.structure, tenant.schema).encode())
        owner.execute("SET search_path TO ''")
        table = sql.Identifier(tenant.schema, "django_migrations")
        with owner.cursor() as cursor:
            cursor.executemany(
                sql.SQL("INSERT INTO {} (app, name, applied) VALUES (%s, %s, now())").format(table),
                [tuple(pair) for pair in release.migrations],
            )
    # Cut off before this line, it leaves a schema which the next fleet migration looks at and finds as it should be.
    with in_public():
        SchemaRelease.objects.update_or_create(
            tenant_id=tenant.uuid, release=release, defaults={"state": SchemaRelease.State.DONE, "error": ""}
        )


def seal(tenant: TenantRef) -> None:
    """The constant CHECK and the trigger on every sealed table of the schema."""
    with owner_connection() as owner:
        seal_apply(owner, tenant)


def roles(tenant: TenantRef) -> None:
    """The tenant's three roles, with what the apps declare."""
    with owner_connection() as owner:
        roles_make(owner, tenant)
        grants_apply(owner, tenant)


def ground(tenant: TenantRef, labels: Collection[str] = ()) -> None:
    """Content types and permissions, which Django keeps as rows; of some apps alone where they are named.

    What Django's own two functions make app by app, with some six questions each, here in four for all of them.
    """
    models = [
        model
        for config in apps.get_app_configs()
        if config.models_module is not None
        and config.name not in settings.SHARED_APPS
        and (not labels or config.label in labels)
        for model in config.get_models()
    ]
    ContentType.objects.clear_cache()
    known = {(kind.app_label, kind.model): kind for kind in ContentType.objects.all()}
    names = [(model._meta.app_label, model._meta.model_name or "") for model in models]
    fresh = [ContentType(app_label=label, model=name) for label, name in names if (label, name) not in known]
    known |= {(kind.app_label, kind.model): kind for kind in ContentType.objects.bulk_create(fresh)}
    there = set(Permission.objects.values_list("content_type_id", "codename"))
    rights = [
        Permission(content_type=known[name], codename=codename, name=words)
        for name, model in zip(names, models, strict=True)
        for codename, words in _rights(model)
    ]
    Permission.objects.bulk_create([right for right in rights if (right.content_type_id, right.codename) not in there])


def _rights(model: type[Model]) -> list[tuple[str, str]]:
    """Name and words of each right that a model declares, the words in English as Django keeps them."""
    meta = model._meta
    usual = [
        (get_permission_codename(verb, meta), f"Can {verb} {meta.verbose_name_raw}")
        for verb in meta.default_permissions
    ]
    return [*usual, *((str(name), str(words)) for name, words in meta.permissions)]


def signing_key(tenant: TenantRef) -> None:
    """The tenant's key pair, its public half in the registry. A second, different key is refused."""
    with in_tenant(tenant, role=Role.WORKER):
        public = signing_key_ensure()
    with in_public(), transaction.atomic():
        row = Tenant.objects.select_for_update().get(id=tenant.uuid)
        if row.signing_key is not None and bytes(row.signing_key) != public:
            raise Refused(
                "This tenant has another signing key.",
                code="signing_key.differs",
                remedy="Restore the tenant's own schema; what it has signed cannot be signed by somebody else.",
            )
        Tenant.objects.filter(id=tenant.uuid).update(signing_key=public)


OWN: tuple[Step, ...] = (
    Step("structure", clone_structure, inside=False),
    Step("seal", seal, inside=False),
    Step("roles", roles, inside=False),
    Step("ground", ground),
    Step("signing key", signing_key, inside=False),
)


def steps() -> list[Step]:
    return [*OWN, *_bound]


def _records(tenant: TenantRef) -> dict[str, ProvisioningStep]:
    with in_public():
        return {row.name: row for row in ProvisioningStep.objects.filter(tenant_id=tenant.uuid)}


def _begin(tenant: TenantRef, position: int, name: str) -> ProvisioningStep:
    """The record of a step that begins for the first time; nobody else is at it, since we hold the schema's lock."""
    with in_public():
        return ProvisioningStep.objects.create(
            tenant_id=tenant.uuid, name=name, position=position, state=ProvisioningStep.State.RUNNING
        )


def _finish(row: ProvisioningStep, state: str, seconds: float, error: str = "") -> None:
    with in_public():
        ProvisioningStep.objects.filter(pk=row.pk).update(
            state=state,
            seconds=seconds,
            error=error[:2000],
            attempts=row.attempts + 1,
            finished_at=timezone.now(),
        )


def _run(step: Step, tenant: TenantRef) -> str | None:
    if not step.inside:
        return step.run(tenant)
    with in_tenant(tenant, role=Role.STAFF), transaction.atomic():
        return step.run(tenant)


def arrive(tenant: TenantRef) -> None:
    """Give a tenant that came from a file its place here. Safe to do again."""
    for step in steps():
        if step.on_arrival:
            _run(step, tenant)


def provision(tenant: TenantRef, *, say: Callable[[str], None] = lambda text: None) -> list[ProvisioningStep]:
    """Do every step that is not done yet, then serve the tenant.

    Raises ProvisioningFailed naming the step, and Refused while somebody else is making the same tenant.
    """
    with schema_lock(tenant.schema):
        records = _provision(tenant, say)
    _settle()
    return records


def _settle() -> None:
    """Keep the start after a crash short while many tenants are made."""
    with in_public(), connection.cursor() as cursor:
        cursor.execute(MADE_SINCE)
        made = int(cursor.fetchone()[0])
    if made >= TENANTS_PER_CHECKPOINT:
        # A second request would wait for the first and then write everything down again: whoever makes tenants
        # meanwhile goes on.
        with schema_locks() as locks, locks.held("checkpoint") as ours:
            if ours:
                checkpoint()


def _provision(tenant: TenantRef, say: Callable[[str], None]) -> list[ProvisioningStep]:
    records = _records(tenant)
    # Steps inside the tenant's transaction cannot look this up.
    permits_know()
    for position, step in enumerate(steps()):
        row = records.get(step.name) or _begin(tenant, position, step.name)
        if row.state == ProvisioningStep.State.DONE:
            continue
        begun = time.perf_counter()
        try:
            waiting = _run(step, tenant)
        except Exception as error:
            _finish(row, ProvisioningStep.State.FAILED, time.perf_counter() - begun, repr(error))
            raise ProvisioningFailed(
                f"{tenant.slug}: the step “{step.name}” did not succeed: {error}",
                code="provisioning.step_failed",
                remedy="Mend what it says and run the same command again; it goes on from this step.",
            ) from error
        state = ProvisioningStep.State.WAITING if waiting else ProvisioningStep.State.DONE
        _finish(row, state, time.perf_counter() - begun, waiting or "")
        say(f"{tenant.slug}: {step.name} {time.perf_counter() - begun:.2f} s")
    with in_public():
        asked_for = Tenant.objects.filter(id=tenant.uuid, state=Tenant.State.REQUESTED)
        if asked_for.exists():
            roles_tell(tenant)
            asked_for.update(state=Tenant.State.ACTIVE)
        return list(ProvisioningStep.objects.filter(tenant_id=tenant.uuid))
