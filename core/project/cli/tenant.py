"""`commonty tenant create|list|show`: onboarding."""

from __future__ import annotations

import argparse
import time
from typing import Any

NAME = "tenant"
HELP = "Onboard and list councils, groups and public bodies."
NEEDS_DJANGO = True


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    create = verbs.add_parser("create", help="make a tenant; run again, it goes on where it stopped")
    create.add_argument("--kind", required=True, choices=["hub", "council", "community", "public_body"])
    create.add_argument("--slug", required=True)
    create.add_argument("--name", default="")
    create.add_argument("--gaelic-name", default="")
    create.add_argument("--parent", default="")
    verbs.add_parser("list", help="all tenants")
    show = verbs.add_parser("show", help="one tenant with its steps")
    show.add_argument("slug")


def run(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    if args.verb == "create":
        return _create(args, out)
    if args.verb == "list":
        from tenants.registry.selectors import tenant_refs

        return {"tenants": [_brief(ref) for ref in tenant_refs()]}
    from tenants.registry.selectors import tenant_by_slug

    return _document(tenant_by_slug(args.slug))


def _create(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from core.places.selectors import council_facts
    from plugins.api.text import LocalisedText
    from tenants.office.services import tenant_create

    begun = time.perf_counter()
    known = council_facts(args.slug) if args.kind == "council" else None
    name = LocalisedText(
        args.name or (known.name.en if known else args.slug.replace("-", " ").title()),
        args.gaelic_name or (known.name.gd if known else ""),
    )
    ref, _ = tenant_create(
        slug=args.slug,
        kind=args.kind,
        name=name,
        code=known.code if known else "",
        parent=args.parent,
        say=out.say,
    )
    return {**_document(ref), "seconds": round(time.perf_counter() - begun, 3)}


def _brief(ref: Any) -> dict[str, Any]:
    return {"slug": ref.slug, "kind": ref.kind, "state": ref.state, "name": ref.name.en}


def _document(ref: Any) -> dict[str, Any]:
    from tenants.office.models import ProvisioningStep
    from tenants.registry.context import in_public
    from tenants.registry.selectors import hosts_of, tenant_by_slug

    fresh = tenant_by_slug(ref.slug)
    with in_public():
        steps = list(ProvisioningStep.objects.filter(tenant_id=ref.uuid))
    return {
        "uuid": str(fresh.uuid),
        "slug": fresh.slug,
        "kind": fresh.kind,
        "name": fresh.name.en,
        "schema": fresh.schema,
        "hosts": hosts_of(fresh.uuid),
        "state": fresh.state,
        "steps": [{"name": s.name, "seconds": round(s.seconds, 3), "state": s.state} for s in steps],
        "seconds": round(sum(s.seconds for s in steps), 3),
    }
