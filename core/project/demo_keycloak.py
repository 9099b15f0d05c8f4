"""The demo with a real Keycloak (`make demo LOGIN=keycloak`): its server, both realms, and the demo's people in them.

What it stores lies in `var/keycloak` and stays between starts, since people are known by their accounts there. Every
demo person has the same password, which the demo prints. Never part of production.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b32encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.kernel.env import environment
from core.people.sso.realm.server import segment
from core.people.sso.realm.service import operator_server, realm_apply
from core.people.sso.salts import salt_of, subject_of
from core.people.sso.sites import RealmKind, realm_names
from core.project.demo_people import DemoPerson, demo_people_grant, people_of
from core.project.keycloak_server import KeycloakServer, free_port
from core.project.keycloak_theme import theme_write
from core.project.processes import Processes
from core.project.services import secret_kept
from tenants.registry.context import TenantRef
from tenants.registry.selectors import tenant_refs

PASSWORD = "nobody in particular"  # noqa: S105  # of people who do not exist, printed at each start
# The second proof of its officers: whoever adds the key to an authenticator app has their codes.
SECOND_PROOF = b"nobody's telephone"
SECOND_PROOF_KEY = b32encode(SECOND_PROOF).decode().rstrip("=")
# People made by one call: each password is hashed at length, and a call that takes too long is sent again while the
# first still runs, which neither survives.
AT_ONCE = 8
Say = Callable[[str], None]


class DemoKeycloak:
    """One server below a demo's own directory, on the port it had last time."""

    def __init__(self, var: Path) -> None:
        store = var / "keycloak"
        store.mkdir(parents=True, exist_ok=True, mode=0o700)
        port, theme = _kept_port(store / "port"), theme_write(store / "themes")
        self.server = KeycloakServer(store, secret_kept(var, "keycloak"), port=port, theme=theme)

    def start(self, processes: Processes) -> subprocess.Popen[bytes]:
        """Begin to start it; it takes up to a minute. This process and those after it know it from now on."""
        base = environment().base_domain
        names = [f"sector.{base}"]
        for tenant in tenant_refs():
            names += [f"{tenant.slug}.{base}", f"{tenant.slug}.staff.{base}"]
        self.server.hosts(names)
        # The next demo knows by our own folder in its words that a server left behind is ours to end.
        words, env = self.server.command(f"-Dcommonty.home={sys.prefix}")
        return processes.start(words, env, log=self.server.log)

    def ready(self, process: subprocess.Popen[bytes], say: Say) -> None:
        """Wait for it, then bring realms, clients and people in line. The site must be served already."""
        say("Waiting for Keycloak …")
        self.server.wait(process)
        os.environ["COMMONTY_KEYCLOAK_ADMIN_SECRET"] = self.server.secret
        environment.cache_clear()
        say("Applying both realms …")
        mended, left = realm_apply(say=say)
        say(f"{len(mended)} things were brought in line" + (f", {len(left)} could not be" if left else ""))
        made = _people()
        if made:
            say(f"{made} demo officers have been given their roles")


def _kept_port(note: Path) -> int:
    """The port of last time: people are known by the server's address, too."""
    if not note.is_file():
        note.write_text(str(free_port()), encoding="utf-8")
    return int(note.read_text(encoding="utf-8"))


def _people() -> int:
    """Make the accounts that are not there yet, and give the officers their roles; how many roles were new."""
    tenants = tenant_refs()
    people = {tenant.slug: people_of(tenant.slug, tenant.name.en) for tenant in tenants}
    everybody = {one.subject: one for found in people.values() for one in found}
    accounts = {
        RealmKind.RESIDENTS: _accounts(RealmKind.RESIDENTS, [one for one in everybody.values() if not one.role]),
        RealmKind.STAFF: _accounts(RealmKind.STAFF, [one for one in everybody.values() if one.role]),
    }
    issuer = f"{environment().keycloak_url}/realms/{realm_names().staff}"
    return sum(_officers(tenant, issuer, accounts[RealmKind.STAFF]) for tenant in tenants)


def _officers(tenant: TenantRef, issuer: str, accounts: dict[str, str]) -> int:
    salt = salt_of(tenant)
    return demo_people_grant(issuer=issuer, tenant=tenant, subject=lambda one: subject_of(accounts[one.subject], salt))


def _accounts(kind: RealmKind, people: list[DemoPerson]) -> dict[str, str]:
    """Account by demo person; those that are missing are made some at a time."""
    server, base = operator_server(), f"realms/{segment(realm_names().of(kind))}"
    name = _address if kind is RealmKind.RESIDENTS else _subject
    known = {row["username"]: row["id"] for row in server.pages(f"{base}/users", briefRepresentation="true")}
    missing = [one for one in people if name(one) not in known]
    if missing:
        for first in range(0, len(missing), AT_ONCE):
            users = [_user(one, name(one)) for one in missing[first : first + AT_ONCE]]
            server.call("POST", f"{base}/partialImport", {"ifResourceExists": "SKIP", "users": users})
        known = {row["username"]: row["id"] for row in server.pages(f"{base}/users", briefRepresentation="true")}
    return {one.subject: known[name(one)] for one in people}


def _subject(one: DemoPerson) -> str:
    return one.subject


def _address(one: DemoPerson) -> str:
    return str(one.claims()["email"])


def _user(one: DemoPerson, name: str) -> dict[str, Any]:
    shown: list[dict[str, Any]] = [{"type": "password", "value": PASSWORD, "temporary": False}]
    if one.role:
        kind = {"subType": "totp", "digits": 6, "counter": 0, "period": 30, "algorithm": "HmacSHA1"}
        secret = json.dumps({"value": SECOND_PROOF.decode()})
        shown.append({"type": "otp", "secretData": secret, "credentialData": json.dumps(kind)})
    return {
        "username": name,
        "email": _address(one),
        "emailVerified": True,
        "enabled": True,
        "firstName": one.name,
        "credentials": shown,
    }
