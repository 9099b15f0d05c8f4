"""Allowing a plugin and withdrawing it, switching a new one on everywhere, and wishes for modules and their answers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from core.audit.services import event_record, job_enqueue
from core.kernel.clock import database_now
from core.kernel.errors import Invalid, NotFound, Refused
from core.kernel.jobs import Job, Queue
from plugins.host.models import PluginActivation
from plugins.host.registry import registry
from plugins.host.services import plugins_begin
from tenants.office.modules.events import (
    ModuleWishAnswered,
    ModuleWished,
    PluginPermitted,
    PluginSpread,
    PluginWithdrawn,
)
from tenants.office.modules.models import ModuleWish
from tenants.registry.context import Role, current_tenant, in_public, in_tenant
from tenants.registry.models import PluginPermit, Tenant
from tenants.registry.permits import permits_forget, permits_know
from tenants.registry.selectors import tenant_refs

SPREAD_JOB = Job("modules.spread", Queue.PROVISIONING)
# How many wishes of one tenant may wait for an answer.
MOST_OPEN = 20
State = ModuleWish.State


def _national() -> None:
    if not current_tenant().is_hub:
        raise Refused("Only the national site decides this.", code="permit.not_national")


def permit_set(*, plugin: str, tenant: UUID | None, allowed: bool, reason: str = "", actor: Any = None) -> None:
    """Allow a plugin for one tenant or for all (None), or withdraw it for new rounds; open rounds keep it.

    A decision for all takes the place of every earlier one for one tenant. Call in the national site, outside a
    transaction; it holds everywhere within a minute. Raises NotFound for an unknown plugin or tenant, Invalid for a
    withdrawal without a reason, Refused for any tenant but the national site.
    """
    _national()
    if plugin not in registry().plugins:
        raise NotFound(
            f"There is no plugin {plugin!r} that can be used.",
            code="plugin.unknown",
            remedy="`commonty plugins list` shows those that can.",
        )
    if not allowed and len(reason.strip()) < 5:
        raise Invalid("Say why in a sentence; officers read it.", code="permit.no_reason")
    why = "" if allowed else reason.strip()[:300]
    with in_public(), transaction.atomic():
        row = Tenant.objects.filter(pk=tenant).first() if tenant is not None else None
        if tenant is not None and row is None:
            raise NotFound("There is no such tenant.", code="tenant.unknown")
        if row is None:
            PluginPermit.objects.filter(plugin=plugin, tenant__isnull=False).delete()
        PluginPermit.objects.update_or_create(tenant=row, plugin=plugin, defaults={"allowed": allowed, "reason": why})
    permits_forget()
    where = row.slug if row else ""
    with transaction.atomic():
        event_record(
            PluginPermitted(plugin=plugin, where=where)
            if allowed
            else PluginWithdrawn(plugin=plugin, where=where, reason=why),
            actor=actor,
        )


def plugin_spread(*, plugin: str, actor: Any = None) -> None:
    """Have a plugin that is new switched on wherever it is allowed, as a tenant that is made today gets it.

    Where it was ever on, whoever leads there has decided, and it stays as it is. A worker does it. Raises as
    `permit_set` does.
    """
    _national()
    if plugin not in registry().plugins:
        raise NotFound(f"There is no plugin {plugin!r} that can be used.", code="plugin.unknown")
    with transaction.atomic():
        event_record(PluginSpread(plugin=plugin), actor=actor)
        job_enqueue(SPREAD_JOB, payload={"plugin": plugin})


def plugin_spread_do(payload: dict[str, Any]) -> None:
    """The worker's part, outside every transaction: each tenant's own row and record, one tenant after the other."""
    permits_know()
    for ref in tenant_refs():
        with in_tenant(ref, role=Role.STAFF):
            if not ref.is_suspended and not PluginActivation.objects.filter(plugin=payload["plugin"]).exists():
                plugins_begin(plugins=[payload["plugin"]])


# -- wishes -----------------------------------------------------------------------------------------------------------


def wish_make(*, what: str, why: str, new_id: UUID, actor: Any = None) -> UUID:
    """Ask the national team for a module, standing in the tenant that asks. Sent twice with one `new_id`, it is one.

    Raises Invalid without words, Refused while many wishes of this tenant wait.
    """
    own = current_tenant()
    if not what.strip() or len(why.strip()) < 10:
        raise Invalid("Say what is wanted, and why in a sentence or two.", code="wish.words")
    with in_public(), transaction.atomic():
        # Held until the end, so that two sent at once are counted one after the other.
        Tenant.objects.select_for_update().get(pk=own.uuid)
        known = ModuleWish.objects.filter(pk=new_id).first()
        if known is not None:
            return UUID(str(known.pk))
        if ModuleWish.objects.filter(tenant_id=own.uuid, state=State.NEW).count() >= MOST_OPEN:
            raise Refused(
                "Many of your wishes wait for an answer.",
                code="wish.many",
                remedy="Wait for an answer first; nothing you wrote here is lost.",
            )
        ModuleWish.objects.create(id=new_id, tenant_id=own.uuid, what=what.strip()[:120], why=why.strip()[:2000])
    with transaction.atomic():
        event_record(ModuleWished(wish=str(new_id)), actor=actor)
    return new_id


def wish_answer(*, wish: UUID, state: str, answer: str = "", actor: Any = None) -> None:
    """Say what becomes of a wish, standing in the national site; it can be said anew.

    Raises NotFound, Invalid for a state that is none or a refusal without words, Refused elsewhere.
    """
    _national()
    if state not in set(State):
        raise Invalid("Choose how it stands.", code="wish.state")
    if state == State.DECLINED and len(answer.strip()) < 10:
        raise Invalid("Say why not in a sentence or two; those who asked read it.", code="wish.no_words")
    with in_public(), transaction.atomic():
        found = ModuleWish.objects.filter(pk=wish).update(
            state=state, answer=answer.strip()[:2000], answered_at=database_now()
        )
    if not found:
        raise NotFound("There is no such wish.", code="wish.unknown")
    with transaction.atomic():
        event_record(ModuleWishAnswered(wish=str(wish), state=state), actor=actor)
