"""`commonty realm plan|apply|verify|rotate|forget|leavers|theme`: Keycloak against the realm files and the registry."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

NAME = "realm"
HELP = "Keycloak against the realm files and the registry of tenants."
NEEDS_DJANGO = True


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("plan", help="what differs; changes nothing")
    verbs.add_parser("apply", help="make it so; doing it again changes nothing")
    verbs.add_parser("verify", help="fail where anything differs")
    theme = verbs.add_parser("theme", help="write the look of Keycloak's pages, to be put into its folder of themes")
    theme.add_argument("--out", required=True, metavar="DIR")
    verbs.add_parser("forget", help="go on with deleting national accounts whose owners asked for it; each night")
    verbs.add_parser("leavers", help="end the roles of officers whose account is gone or shut; each night")
    rotate = verbs.add_parser("rotate", help="exchange the key of a tenant's clients; no sign-in fails meanwhile")
    rotate.add_argument("--tenant", required=True, metavar="SLUG")


def run(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from core.people.sso.realm.service import (
        accounts_forget,
        client_key_exchange,
        officers_left,
        realm_apply,
        realm_plan,
    )
    from core.project.cli import CheckFailed
    from tenants.registry.selectors import tenant_by_slug

    begun = time.perf_counter()
    if args.verb == "theme":
        from core.project.keycloak_theme import NAME, theme_write

        folder = theme_write(Path(args.out)) / NAME
        return {"theme": str(folder), "files": sum(path.is_file() for path in folder.rglob("*"))}
    if args.verb == "rotate":
        number = client_key_exchange(tenant_by_slug(args.tenant), say=out.say)
        return {"tenant": args.tenant, "key": number, "seconds": _since(begun)}
    if args.verb == "forget":
        done = accounts_forget(say=out.say)
        forgotten: dict[str, Any] = {"deleted": done.deleted, "waiting": done.waiting, "erasures": done.asked}
        forgotten |= {"held_back": list(done.held_back), "seconds": _since(begun)}
        if done.held_back:
            raise CheckFailed(forgotten, f"Too many accounts are missing for: {', '.join(done.held_back)}.")
        return forgotten
    if args.verb == "leavers":
        left = officers_left(say=out.say)
        ended = {"ended": left.ended, "held_back": list(left.held_back), "seconds": _since(begun)}
        if left.held_back:
            raise CheckFailed(ended, f"Too many officers have no account any more at: {', '.join(left.held_back)}.")
        return ended
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
    if "theme" in document:
        return f"{document['files']} files in {document['theme']}"
    if "deleted" in document:
        return f"{document['deleted']} accounts deleted, {document['waiting']} wait ({document['seconds']} s)"
    if "ended" in document:
        return f"{document['ended']} roles ended ({document['seconds']} s)"
    if "key" in document:
        return f"{document['tenant']} signs with its key number {document['key']} ({document['seconds']} s)"
    lines = [change["sentence"] for change in [*document["changes"], *document["drift"]]]
    return "\n".join([*(lines or ["Everything is as it should be."]), f"({document['seconds']} s)"])
