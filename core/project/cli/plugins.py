"""`commonty plugins …`: which modules are installed, allowed, sound and active, and the life of one in a council."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from core.project.cli import CheckFailed

NAME = "plugins"
HELP = "Voting, deliberation and evaluation modules: list, check, trace, allow, activate, upgrade, withdraw, purge."
NEEDS_DJANGO = True


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, text in (("list", "every installed plugin"), ("check", "fail when an allowed plugin cannot be used")):
        verbs.add_parser(verb, help=text).add_argument("--tenant", default="", help="also say what is active there")
    trace = verbs.add_parser("trace", help="call a plugin's ballot formats on a sample and say how long each call took")
    trace.add_argument("name")
    trace.add_argument("--tenant", required=True)
    for verb, text in (("activate", "switch a plugin on"), ("deactivate", "switch a plugin off")):
        command = verbs.add_parser(verb, help=text)
        command.add_argument("name")
        command.add_argument("--tenant", required=True)
    upgrade = verbs.add_parser("upgrade", help="decide that the installed version reads what an earlier one kept")
    upgrade.add_argument("name")
    upgrade.add_argument("--tenant", required=True)
    upgrade.add_argument("--reason", required=True, help="recorded with the decision")
    allow = verbs.add_parser("allow", help="let a plugin be switched on in a tenant, or in all")
    withdraw = verbs.add_parser("withdraw", help="withdraw a plugin for new rounds; open ones keep it")
    withdraw.add_argument("--reason", required=True, help="recorded, and read by officers")
    for command in (allow, withdraw):
        command.add_argument("name")
        command.add_argument("--tenant", default="", help="left out: all, in place of what was decided for some")
    purge = verbs.add_parser("purge", help="write a plugin's tables into files, then drop them in every tenant")
    purge.add_argument("name")
    purge.add_argument("--out", type=Path, help="folder for the export; needed where there are rows")


def run(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from plugins.host.services import plugin_activate, plugin_deactivate, plugin_upgrade
    from tenants.registry.context import in_tenant
    from tenants.registry.selectors import tenant_by_slug

    if args.verb == "purge":
        return _purge(args, out)
    if args.verb == "trace":
        return {"calls": _trace(args.name, args.tenant)}
    if args.verb in ("allow", "withdraw"):
        return {**_permit(args, out), **_document(args.tenant)}
    if args.verb in ("activate", "deactivate", "upgrade"):
        with in_tenant(tenant_by_slug(args.tenant)):
            if args.verb == "activate":
                plugin_activate(plugin=args.name)
            elif args.verb == "deactivate":
                plugin_deactivate(plugin=args.name)
            else:
                rounds = plugin_upgrade(plugin=args.name, reason=args.reason)
                out.say(f"Recorded. It concerns: {', '.join(rounds) or 'no open round'}.")
        out.say(f"{args.name}: {args.verb}d for {args.tenant}.")
    document = _document(getattr(args, "tenant", ""))
    if args.verb == "check" and any(item["problem"] for item in document["plugins"]):
        raise CheckFailed(document, "An allowed plugin cannot be used; see `problem`.")
    return document


def _permit(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    """The national team's decision, in the national site's own record as from its console."""
    from core.kernel.errors import NotFound
    from tenants.office.modules.services import permit_set
    from tenants.registry.context import in_tenant
    from tenants.registry.selectors import tenant_by_slug, tenant_refs

    hubs = tenant_refs(kinds=("hub",))
    if not hubs:
        raise NotFound("There is no national site.", code="tenant.no_hub", remedy="Make it: `commonty tenant create`.")
    where = tenant_by_slug(args.tenant) if args.tenant else None
    with in_tenant(hubs[0]):
        permit_set(
            plugin=args.name,
            tenant=where.uuid if where else None,
            allowed=args.verb == "allow",
            reason=getattr(args, "reason", ""),
        )
    out.say(f"{args.name}: {'allowed' if args.verb == 'allow' else 'withdrawn'} for {args.tenant or 'all'}.")
    return {"where": args.tenant, "permitted": args.verb == "allow"}


def _purge(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from core.kernel.errors import Refused
    from tenants.office.purging import plugin_purge

    if not out.confirm(f"Drop every table of {args.name} in all tenants?"):
        raise Refused("Nothing was dropped.", code="purge.unconfirmed", remedy="Answer yes, or give --yes.")
    return plugin_purge(plugin=args.name, out=args.out)


def _trace(name: str, tenant: str) -> list[dict[str, Any]]:
    """Every call of the plugin's ballot formats on a small sample, guarded as ever, with its time."""
    from core.kernel.errors import CommontyError, NotFound
    from plugins.api import BallotInvalid, LocalisedText, Money, Offer, Project
    from plugins.host.guard import Guarded
    from plugins.host.registry import registry
    from plugins.host.selectors import active_plugins, module_settings
    from tenants.registry.context import in_tenant
    from tenants.registry.selectors import tenant_by_slug

    projects = tuple(Project(f"P-{n:02}", LocalisedText(f"Project {n}"), Money(n * 1000_00)) for n in range(1, 6))
    offer = Offer("sample", Money(8000_00), projects)
    calls: list[dict[str, Any]] = []
    with in_tenant(tenant_by_slug(tenant)):
        if name not in active_plugins():
            raise NotFound(f"The plugin {name!r} is not active here.", code="plugin.not_active")
        for one in registry().of_plugin(name):
            module, settings = Guarded(one), module_settings(one.kind.name, one.module.key)
            given: dict[str, tuple[Any, ...]] = {}
            if one.kind.name == "ballot_format":
                given = dict.fromkeys(("check", "instructions", "paper", "constraints"), (offer, settings))
                given |= {"form": (offer, settings, {}), "parse": ({}, offer, settings)}
            for method, arguments_ in given.items():
                begun, said = time.perf_counter(), "ok"
                try:
                    getattr(module, method)(*arguments_)
                except BallotInvalid as error:
                    said = f"refused: {error}"
                except CommontyError as error:
                    said = f"failed: {error.code}"
                took = round((time.perf_counter() - begun) * 1000, 2)
                calls.append({"module": one.module.key, "method": method, "ms": took, "answer": said})
    return calls


def _document(tenant: str) -> dict[str, Any]:
    from core.kernel.env import environment
    from plugins.discovery import allowed, installed
    from plugins.host.registry import registry
    from plugins.host.selectors import active_plugins
    from tenants.registry.context import in_tenant
    from tenants.registry.selectors import tenant_by_slug

    active = None
    if tenant:
        with in_tenant(tenant_by_slug(tenant)):
            active = set(active_plugins())
    standing = registry()
    problems = {failed.plugin: failed.reason for failed in standing.failed}
    names = {plugin.name for plugin in allowed(environment().plugins_allowed)}
    rows = []
    for plugin in installed():
        info = standing.plugins.get(plugin.name)
        rows.append(
            {
                "name": plugin.name,
                "version": info.version if info else plugin.version,
                "requires_api": info.requires_api if info else "",
                "allowed": plugin.name in names,
                "active": None if active is None else plugin.name in active,
                "modules": [f"{one.kind.name}:{one.module.key}" for one in standing.of_plugin(plugin.name)],
                "problem": problems.get(plugin.name, ""),
            }
        )
    return {"plugins": rows}


def render(document: dict[str, Any]) -> str:
    if "calls" in document:
        return "\n".join(
            f"{one['module']:24} {one['method']:14} {one['ms']:8.2f} ms  {one['answer']}" for one in document["calls"]
        )
    if "tables" in document:
        return f"{document['plugin']}: {document['tables']} tables dropped, {document['rows']} rows kept in files."
    lines = []
    for row in document["plugins"]:
        state = row["problem"] or ("allowed" if row["allowed"] else "not allowed")
        if row["active"] is not None:
            state += ", active" if row["active"] else ", not active"
        lines.append(f"{row['name']:22} {row['version']:8} {state}: {', '.join(row['modules'])}")
    return "\n".join(lines)
