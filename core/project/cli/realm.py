"""`commonty realm plan|apply|verify|rotate`: Keycloak against the realm files and the registry."""

from __future__ import annotations

import argparse
import time
from typing import Any

NAME = "realm"
HELP = "Keycloak against the realm files and the registry of tenants."
NEEDS_DJANGO = True


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("plan", help="what differs; changes nothing")
    verbs.add_parser("apply", help="make it so; doing it again changes nothing")
    verbs.add_parser("verify", help="fail where anything differs")
    rotate = verbs.add_parser("rotate", help="exchange the key of a tenant's clients; no sign-in fails meanwhile")
    rotate.add_argument("--tenant", required=True, metavar="SLUG")


def run(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from core.people.sso.realm.service import client_key_exchange, realm_apply, realm_plan
    from core.project.cli import CheckFailed
    from tenants.registry.selectors import tenant_by_slug

    begun = time.perf_counter()
    if args.verb == "rotate":
        number = client_key_exchange(tenant_by_slug(args.tenant), say=out.say)
        return {"tenant": args.tenant, "key": number, "seconds": _since(begun)}
    if args.verb == "apply":
        changes, drift = realm_apply(say=out.say)
    else:
        found = realm_plan(say=out.say)
        changes, drift = (found, []) if args.verb == "plan" else ([], found)
    document = {
        "changes": [change.as_json() for change in changes],
        "drift": [change.as_json() for change in drift],
        "seconds": _since(begun),
    }
    if drift:
        raise CheckFailed(document, f"{len(drift)} things are not as they should be.")
    return document


def _since(begun: float) -> float:
    return round(time.perf_counter() - begun, 2)


def render(document: dict[str, Any]) -> str:
    if "key" in document:
        return f"{document['tenant']} signs with its key number {document['key']} ({document['seconds']} s)"
    lines = [change["sentence"] for change in [*document["changes"], *document["drift"]]]
    return "\n".join([*(lines or ["Everything is as it should be."]), f"({document['seconds']} s)"])
