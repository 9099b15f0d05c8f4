"""`commonty plugins …`: which modules are installed, allowed, sound and active."""

from __future__ import annotations

import argparse
from typing import Any

from core.project.cli import CheckFailed

NAME = "plugins"
HELP = "Voting, deliberation and evaluation modules: list, check, activate, deactivate."
NEEDS_DJANGO = True


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, text in (("list", "every installed plugin"), ("check", "fail when an allowed plugin cannot be used")):
        verbs.add_parser(verb, help=text).add_argument("--tenant", default="", help="also say what is active there")
    for verb, text in (("activate", "switch a plugin on"), ("deactivate", "switch a plugin off")):
        command = verbs.add_parser(verb, help=text)
        command.add_argument("name")
        command.add_argument("--tenant", required=True)


def run(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from plugins.host.services import plugin_activate, plugin_deactivate
    from tenants.registry.context import in_tenant
    from tenants.registry.selectors import tenant_by_slug

    if args.verb in ("activate", "deactivate"):
        with in_tenant(tenant_by_slug(args.tenant)):
            if args.verb == "activate":
                plugin_activate(plugin=args.name)
            else:
                plugin_deactivate(plugin=args.name)
        out.say(f"{args.name}: {args.verb}d for {args.tenant}.")
    document = _document(args.tenant)
    if args.verb == "check" and any(item["problem"] for item in document["plugins"]):
        raise CheckFailed(document, "An allowed plugin cannot be used; see `problem`.")
    return document


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
    lines = []
    for row in document["plugins"]:
        state = row["problem"] or ("allowed" if row["allowed"] else "not allowed")
        if row["active"] is not None:
            state += ", active" if row["active"] else ", not active"
        lines.append(f"{row['name']:22} {row['version']:8} {state}: {', '.join(row['modules'])}")
    return "\n".join(lines)
