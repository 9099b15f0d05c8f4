"""`commonty support grant|revoke|list`: support access, for an operator who sits beside an officer."""

from __future__ import annotations

import argparse
from typing import Any
from uuid import UUID

NAME = "support"
HELP = "Support access: what was asked, grant it for a named officer, end it."
NEEDS_DJANGO = True


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    grant = verbs.add_parser("grant", help="grant what was asked, on the word of an officer of the tenant")
    grant.add_argument("wish", metavar="ID", type=UUID)
    grant.add_argument("--officer", required=True, metavar="ID", type=UUID, help="public id of the officer who decides")
    revoke = verbs.add_parser("revoke", help="end an access at once")
    revoke.add_argument("wish", metavar="ID", type=UUID)
    listing = verbs.add_parser("list", help="every wish and what became of it")
    listing.add_argument("--tenant", default="", metavar="SLUG")


def run(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from tenants.office.support.services import wish_of, wishes
    from tenants.registry.selectors import tenant_by_slug

    if args.verb == "list":
        tenant = tenant_by_slug(args.tenant).uuid if args.tenant else None
        return {"wishes": [_brief(one) for one in wishes(tenant=tenant)]}
    wish = wish_of(args.wish)
    if args.verb == "grant":
        _grant(wish, args.officer)
    else:
        _revoke(wish)
    return _brief(wish_of(args.wish))


def _grant(wish: Any, officer: UUID) -> None:
    from core.kernel.errors import Refused
    from core.people.access import OFFICER
    from core.people.models import Person
    from core.support.services import support_grant
    from tenants.registry.context import in_tenant

    with in_tenant(wish.tenant):
        person = Person.objects.filter(public_id=officer).first()
        if person is None or not OFFICER.allows(person):
            raise Refused(
                "Only an officer of that council or group grants access to it.",
                code="support.not_an_officer",
                remedy="Have one of them grant it under “Support access” on their staff website.",
            )
        support_grant(wish=wish.id, actor=person)


def _revoke(wish: Any) -> None:
    from core.support.services import grant_by_id, support_end
    from tenants.registry.context import in_tenant

    with in_tenant(wish.tenant):
        support_end(grant=grant_by_id(wish.id), actor=None)


def _brief(wish: Any) -> dict[str, Any]:
    return {
        "id": str(wish.id),
        "tenant": wish.tenant.slug,
        "state": "run_out" if wish.state == "granted" and wish.over else wish.state,
        "hours": wish.hours,
        "asked_at": wish.asked_at.isoformat(),
        "ends_at": wish.ends_at.isoformat() if wish.ends_at else None,
        "reason": wish.reason,
    }
