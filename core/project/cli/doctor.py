"""`commonty doctor`: is everything as it should be, and if not, how to repair it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from core.kernel.errors import CommontyError
from core.project.cli import CheckFailed, setup_django

NAME = "doctor"
HELP = "Check configuration, services, schemas, assets and plugins; say how to repair."


def arguments(parser: argparse.ArgumentParser) -> None:
    pass


def _configuration() -> str:
    from core.kernel.env import environment

    return f"environment {environment().env}"


def _services() -> str:
    from core.kernel.env import environment
    from core.kernel.errors import Unavailable
    from core.project.services import services_status

    if environment().env == "production":
        return "not embedded in production"
    found = services_status()
    down = [name for name, values in found.items() if not values["running"]]
    if down:
        raise Unavailable(f"{' and '.join(down)} not running", code="services.down", remedy="`commonty services up`")
    return ", ".join(f"{name} {values['version']} at {values['address']}" for name, values in found.items())


def _database() -> str:
    from core.kernel.errors import Refused, Unavailable
    from tenants.office.selectors import login_facts

    facts = login_facts()
    if facts is None:
        raise Unavailable("the database does not answer", code="database.unreachable", remedy="`commonty services up`")
    if facts.superuser:
        raise Refused(
            "the web login is a superuser", code="database.superuser", remedy="Use a login that inherits nothing."
        )
    if abs(facts.drift_seconds) > 1:
        raise Refused(
            f"this machine's clock differs by {facts.drift_seconds:.1f} s from the database's",
            code="clock.drift",
            remedy="Set the clock; deadlines follow the database's.",
        )
    return f"{facts.version}, login {facts.login}"


def _server() -> str:
    from core.kernel.env import environment
    from core.kernel.errors import Refused
    from tenants.office.selectors import settings_wrong

    wrong = settings_wrong(safe=environment().env != "test")
    if wrong:
        raise Refused(
            "; ".join(f"{one.name} is {one.value}, wanted {one.wanted}: {one.why}" for one in wrong),
            code="database.settings",
            remedy="In postgresql.conf: "
            + ", ".join(f"{one.name} = {one.wanted.removesuffix(' or more')}" for one in wrong)
            + "; then start PostgreSQL anew.",
        )
    return "set for many tenants"


def _schemas() -> str:
    from core.kernel.errors import Unavailable
    from tenants.office.template import TablesOverlap, latest_release, tables_in_both
    from tenants.registry.place import TEMPLATE
    from tenants.registry.selectors import tenant_refs

    release = latest_release()
    if release is None:
        raise Unavailable("not migrated", code="template.missing", remedy="`commonty migrate`")
    overlap = tables_in_both(TEMPLATE)
    if overlap:
        raise TablesOverlap("tables in two places: " + ", ".join(overlap), code="tables.overlap")
    return f"{len(tenant_refs())} tenants, structure {release.fingerprint[:12]}"


def _assets() -> str:
    from django.conf import settings

    from core.kernel.errors import Unavailable

    if not (settings.ROOT / "core" / "ui" / "assets" / "design-system.css").exists():
        raise Unavailable("not built", code="assets.missing", remedy="`make assets`")
    return "built"


def _plugins() -> str:
    from core.kernel.env import environment
    from plugins.discovery import allowed, installed

    return f"{len(installed())} installed, {len(allowed(environment().plugins_allowed))} allowed"


def _erasures() -> str:
    from core.kernel.errors import Refused
    from plugins.host.owed import erasures_owed
    from tenants.registry.context import each_tenant

    owed: dict[str, list[str]] = {}
    for ref in each_tenant():
        for plugin, many in erasures_owed().items():
            owed.setdefault(plugin, []).append(f"{ref.slug} {many}")
    if owed:
        raise Refused(
            "owed by " + "; ".join(f"{plugin}: {', '.join(where)}" for plugin, where in sorted(owed.items())),
            code="plugin.erasure_owed",
            remedy="Install a version that loads, or `commonty plugins purge NAME`; the rest follows by itself.",
        )
    return "nobody waits to be erased"


def _sign_in() -> str:
    from core.kernel.env import environment
    from core.kernel.errors import Unavailable
    from core.people.sso.health import sign_in_health

    found = sign_in_health()
    silent = [one.issuer for one in found if not one.ok]
    if silent:
        remedy = "Start it; until then people vote by code, on paper and at kiosks, and nobody new signs in."
        if environment().env != "production":
            remedy = "`make demo` starts one; " + remedy[0].lower() + remedy[1:]
        raise Unavailable(f"{' and '.join(silent)} does not answer", code="sign_in.down", remedy=remedy)
    return ", ".join(f"{one.issuer} answers in {one.milliseconds} ms" for one in found) or "no provider is configured"


CHECKS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("configuration", _configuration),
    ("services", _services),
    ("database", _database),
    ("database settings", _server),
    ("schemas", _schemas),
    ("assets", _assets),
    ("plugins", _plugins),
    ("erasures", _erasures),
    ("sign-in", _sign_in),
)


def run(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    setup_django()
    document = {"checks": checks()}
    if not all(check["ok"] for check in document["checks"]):
        raise CheckFailed(document, "Something needs repair.")
    return document


def checks() -> list[dict[str, Any]]:
    """What each check found, with how to repair it."""
    from django.db import Error

    checks: list[dict[str, Any]] = []
    for name, check in CHECKS:
        try:
            checks.append({"name": name, "ok": True, "detail": check(), "repair": ""})
        except CommontyError as error:
            checks.append({"name": name, "ok": False, "detail": str(error), "repair": str(error.remedy)})
        except Error:
            checks.append(
                {
                    "name": name,
                    "ok": False,
                    "detail": "the database does not answer as it should",
                    "repair": "`commonty services up`, then `commonty migrate`",
                }
            )
    return checks


def render(document: dict[str, Any]) -> str:
    lines = []
    for check in document["checks"]:
        lines.append(f"{'ok  ' if check['ok'] else 'BAD '} {check['name']}: {check['detail']}")
        if check["repair"]:
            lines.append(f"      repair: {check['repair']}")
    return "\n".join(lines)
