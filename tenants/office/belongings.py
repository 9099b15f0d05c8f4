"""What stands in the registry for a tenant beside its line and goes along in its file: own addresses, sender, limits.

What name servers said is believed for as long as their silence would be (`times.PATIENCE`), and looked at again within
a minute of the arrival: a record that is gone by then switches the address off as on any night.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from core.kernel.clock import database_now
from core.kernel.env import environment
from core.kernel.errors import Refused
from tenants.office.archive import BelongingsTold, HostTold
from tenants.office.hosts.models import OwnHost, OwnSender
from tenants.office.hosts.naming import host_check, host_of
from tenants.office.hosts.services import service_host
from tenants.office.hosts.times import PATIENCE
from tenants.registry.context import TenantRef
from tenants.registry.models import Domain, Quota, Tenant

HOST = ("host", "token", "state", "leads_here", "asked_at", "looked_at", "answered_at", "proved_at")
SENDER = ("address", "token", "good", "found", "asked_at", "looked_at", "answered_at")


def _told(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in names}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def belongings(tenant: UUID, slug: str) -> dict[str, Any]:
    """For the list of contents (`archive.BelongingsTold`). Called in the registry."""
    main = Domain.objects.filter(tenant_id=tenant, purpose=Domain.Purpose.PUBLIC, is_primary=True).first()
    sender = OwnSender.objects.filter(tenant_id=tenant).first()
    return {
        "service": service_host(slug),
        "main": str(main.domain) if main else "",
        "hosts": [_told(row, HOST) for row in OwnHost.objects.filter(tenant_id=tenant)],
        "sender": _told(sender, SENDER) if sender else None,
        "quotas": {row.what: row.most for row in Quota.objects.filter(tenant_id=tenant).order_by("what")},
    }


def belongings_check(told: BelongingsTold, tenant: UUID) -> None:
    """Raises Invalid or Refused for an address that could not be asked for here, or is another's. In the registry."""
    others = list(Domain.objects.exclude(tenant_id=tenant).values_list("domain", flat=True))
    for one in told.hosts:
        if one.state == "proved" and one.host in others:
            raise Refused(
                f"{one.host} is the address of another website here.",
                code="host.taken",
                remedy="Let one of the two give it up, then run the same command again.",
            )
        host_check(host_of(one.host), base=environment().base_domain, others=others)


def belongings_take(told: BelongingsTold, tenant: TenantRef) -> None:
    """Put them in the place of what is left here, in the transaction that registers the tenant."""
    now = database_now()
    belongings_drop(tenant.uuid)
    # Where the service's own name for the website is another, whatever led to the old one does not lead here yet.
    same_name = told.service == service_host(tenant.slug)
    for one in told.hosts:
        proved = one.state == "proved" and _fresh(one.answered_at, now)
        OwnHost.objects.create(
            tenant_id=tenant.uuid,
            **{
                **one.model_dump(),
                "state": "asked" if one.state == "proved" and not proved else one.state,
                "leads_here": one.leads_here and same_name,
                "next_look_at": now if proved else None,
            },
        )
        if proved:
            Domain.objects.create(
                domain=one.host, tenant_id=tenant.uuid, purpose=Domain.Purpose.PUBLIC, is_primary=False
            )
            _main(one, told, tenant.uuid, same_name=same_name)
    if told.sender is not None:
        # What a sender's domain says of us names the service's own domain.
        ours = told.service.partition(".")[2] == environment().base_domain
        good = ours and told.sender.good and _fresh(told.sender.answered_at, now)
        OwnSender.objects.create(
            tenant_id=tenant.uuid, **{**told.sender.model_dump(), "good": good, "next_look_at": now}
        )
        address = told.sender.address
        Tenant.objects.filter(id=tenant.uuid).update(mail_from=address if good else "", mail_reply=address)
    Quota.objects.bulk_create(
        [Quota(tenant_id=tenant.uuid, what=what, most=most) for what, most in told.quotas.items()]
    )


def belongings_drop(tenant: UUID) -> None:
    """What is left of a tenant that has moved away or comes back. Its hosts stay: they lead on."""
    for left in (OwnHost, OwnSender, Quota):
        left.objects.filter(tenant_id=tenant).delete()
    Tenant.objects.filter(id=tenant).update(mail_from="", mail_reply="")


def _fresh(answered: datetime | None, now: datetime) -> bool:
    return answered is not None and now - answered <= PATIENCE


def _main(one: HostTold, told: BelongingsTold, tenant: UUID, *, same_name: bool) -> None:
    """Links go on naming the tenant's own address only where it leads here; officers choose it again once it does."""
    if one.host != told.main or not (one.leads_here and same_name):
        return
    rows = Domain.objects.filter(tenant_id=tenant, purpose=Domain.Purpose.PUBLIC)
    rows.filter(is_primary=True).update(is_primary=False)
    rows.filter(domain=one.host).update(is_primary=True)
