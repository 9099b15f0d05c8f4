"""`commonty audit verify|parked`: does the record hold, and what could not be delivered."""

from __future__ import annotations

import argparse
from typing import Any

NAME = "audit"
HELP = "Verify the hash chain; list parked messages."
NEEDS_DJANGO = True


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    verify = verbs.add_parser("verify", help="walk the chain of every tenant, or of one")
    verify.add_argument("--tenant", default="", metavar="SLUG")
    verbs.add_parser("parked", help="messages that were refused or given up")


def run(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    return _verify(args.tenant) if args.verb == "verify" else _parked()


def _verify(slug: str) -> dict[str, Any]:
    from core.audit.services import chain_verify
    from core.project.cli import CheckFailed
    from tenants.registry.context import Role, in_tenant
    from tenants.registry.selectors import tenant_by_slug, tenant_refs

    found = []
    for ref in [tenant_by_slug(slug)] if slug else tenant_refs():
        with in_tenant(ref, role=Role.WORKER):
            found.append({"tenant": ref.slug, **chain_verify()})
    document = {"ok": all(item["ok"] for item in found), "tenants": found}
    broken = next((item for item in found if not item["ok"]), None)
    if broken:
        link = broken["broken"]
        raise CheckFailed(
            document, f"The record of {broken['tenant']} does not hold from link {link['seq']} (event {link['event']})."
        )
    return document


def _parked() -> dict[str, Any]:
    from core.audit.outbox import parked
    from core.audit.poke import refused_list
    from tenants.registry.context import Role, in_tenant
    from tenants.registry.selectors import tenant_refs

    given_up = []
    for ref in tenant_refs():
        with in_tenant(ref, role=Role.WORKER):
            given_up += [{"tenant": ref.slug, **row} for row in parked()]
    return {"given_up": given_up, "refused": refused_list()}
