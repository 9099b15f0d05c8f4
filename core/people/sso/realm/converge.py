"""`plan`, `apply` and `verify`: a Keycloak against the realm files and the registry.

Nothing here ever deletes an account, an identity provider's link, or a client that still has a tenant. Everything is
read by lists, a page at a time; a tenant costs a call of its own only where something of it differs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from core.kernel.env import environment
from core.kernel.errors import CommontyError, Refused
from core.people.sso.realm.broker_files import Broker, brokers_read, proof_scope
from core.people.sso.realm.changes import Change, differences
from core.people.sso.realm.clients import (
    MAPPER,
    SALT,
    Registered,
    mapper,
    mapper_of,
    ours,
    registered,
    wanted_clients,
)
from core.people.sso.realm.files import realm_file
from core.people.sso.realm.homes import homes_note, homes_plan
from core.people.sso.realm.parts import RealmParts
from core.people.sso.realm.server import Conflict, Server
from core.people.sso.salts import salt_mark, salt_of
from core.people.sso.sites import RealmKind, RealmNames
from tenants.registry.context import TenantRef

# Keycloak answers more at once no faster, and residents are signing in meanwhile.
AT_ONCE = 4
Say = Callable[[str], None]
Pair = tuple[RealmKind, Registered, dict[str, Any], dict[str, Any] | None]
"""A realm, a tenant, a client it is to have there, and the one it has."""


def _silent(text: str) -> None:
    """Nobody listens."""


class Convergence:
    """One server, its two realms, and the tenants of the registry."""

    def __init__(self, server: Server, names: RealmNames, *, say: Say = _silent) -> None:
        self.server, self.names, self.say = server, names, say
        path = environment().keycloak_providers
        # Where nobody names a file, what providers there are is not ours to say: they are left as they are.
        self.brokers = brokers_read(path, _here()) if path else None
        self.realms = {
            kind: RealmParts(server, names.of(kind), _file(kind, names), self._brokers_of(kind)) for kind in RealmKind
        }

    def _brokers_of(self, kind: RealmKind) -> list[Broker] | None:
        return None if self.brokers is None else [one for one in self.brokers if one.realm is kind]

    # -- reading ------------------------------------------------------------------------------------------------------

    def plan(self) -> list[Change]:
        """Everything that differs, the gravest first. Changes nothing."""
        self.server.version_check()
        found = [change for parts in self.realms.values() for change in parts.plan()]
        found += self._clients_plan([one for one in registered() if one.ready])
        if self.brokers is not None:
            found += homes_plan(self.names.staff, self.brokers)
        return sorted(found, key=lambda change: not change.grave)

    def _there(self, kind: RealmKind) -> list[dict[str, Any]]:
        """The tenants' clients of a realm, none where the realm is not there yet."""
        parts = self.realms[kind]
        if not parts.settings():
            return []
        return [row for row in self.server.pages(f"{parts.base}/clients") if ours(row)]

    def _pairs(self, kind: RealmKind, tenants: list[Registered]) -> tuple[list[Pair], list[dict[str, Any]]]:
        """Each client that is wanted beside the one that is there, and those of ours that nobody wants.

        A client belongs to a tenant's host by what it says of itself, not by its name: it may have been renamed.
        """
        rows = self._there(kind)
        by_host: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            by_host[_key(row)].append(row)
        pairs: list[Pair] = []
        for one in tenants:
            for purpose, wanted in wanted_clients(one)[kind].items():
                found = _chosen(by_host[(str(one.ref.uuid), purpose)], wanted)
                pairs.append((kind, one, wanted, found))
        taken = {found["id"] for _kind, _one, _wanted, found in pairs if found}
        return pairs, [row for row in rows if row["id"] not in taken]

    def _clients_plan(self, tenants: list[Registered]) -> Iterator[Change]:
        uuids = {str(one.ref.uuid): one for one in tenants}
        for kind in RealmKind:
            realm = self.names.of(kind)
            pairs, strays = self._pairs(kind, tenants)
            for _kind, one, wanted, found in pairs:
                yield from _client_changes(realm, one, wanted, found)
            for row in strays:
                yield _stray(realm, row, uuids.get(_key(row)[0]))

    # -- writing ------------------------------------------------------------------------------------------------------

    def apply(self) -> list[Change]:
        """Make everything as it should be; returns what was different and was mended.

        Raises the first error among the clients once the rest has been tried: one does not hold up the others.
        """
        before = self.plan()
        for kind, parts in self.realms.items():
            if any(change.realm == parts.realm for change in before):
                self.say(f"Realm {self.names.of(kind)} …")
                parts.apply()
        self._clients_apply([one for one in registered() if one.ready])
        if self.brokers is not None:
            homes_note(self.brokers)
        return [change for change in before if change.verb != "look"]

    def tenant_apply(self, tenant: Registered) -> None:
        """The clients of one tenant, found by their names: for its provisioning and its key. No list is read."""
        for kind in RealmKind:
            for purpose, wanted in wanted_clients(tenant)[kind].items():
                path = f"{self.realms[kind].base}/clients"
                rows = self.server.call("GET", path, clientId=wanted["clientId"])
                key = (str(tenant.ref.uuid), purpose)
                found = _chosen([row for row in rows if ours(row) and _key(row) == key], wanted)
                self._client_apply(kind, tenant, wanted, found)

    def _clients_apply(self, tenants: list[Registered]) -> None:
        work: list[Pair] = []
        gone = {str(one.ref.uuid) for one in tenants if one.gone}
        for kind in RealmKind:
            pairs, strays = self._pairs(kind, tenants)
            work += [pair for pair in pairs if any(_client_changes("", *pair[1:]))]
            for row in strays:
                if _key(row)[0] in gone:
                    self.server.call("DELETE", f"{self.realms[kind].base}/clients/{row['id']}", missing=None)
        # Clients that exist come first: one that gives up a name does so before another takes it.
        work.sort(key=lambda item: item[3] is None)
        self._at_once(work)

    def _at_once(self, work: list[Pair]) -> None:
        if not work:
            return
        self.say(f"{len(work)} clients of tenants …")
        # The database is read by this thread alone: the others have no tenant.
        salts = {one.ref.uuid: salt_of(one.ref) for one in {item[1].ref.uuid: item[1] for item in work}.values()}
        errors: list[CommontyError] = []

        def do(item: Pair) -> None:
            kind, one, wanted, found = item
            try:
                self._client_put(kind, one, wanted, found, salts[one.ref.uuid])
            except CommontyError as error:
                errors.append(error)

        changed, fresh = [item for item in work if item[3]], [item for item in work if not item[3]]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(do, changed))
            list(pool.map(do, fresh))
        if errors:
            raise errors[0]

    def _client_apply(
        self, kind: RealmKind, one: Registered, wanted: dict[str, Any], found: dict[str, Any] | None
    ) -> None:
        salt = salt_of(one.ref)
        fresh = Registered(one.ref, one.hosts, salt_mark(salt), one.client_key)
        if found is None or any(_client_changes("", fresh, wanted, found)):
            self._client_put(kind, fresh, wanted, found, salt)

    def _client_put(
        self, kind: RealmKind, one: Registered, wanted: dict[str, Any], found: dict[str, Any] | None, salt: str
    ) -> None:
        """Create a client with its mapper in one call, or make one that stands as it should be."""
        path = f"{self.realms[kind].base}/clients"
        subject = mapper(one.ref.uuid, salt)
        if found is None:
            try:
                self.server.call("POST", path, {**wanted, "protocolMappers": [subject]})
                return
            except Conflict:
                rows = self.server.call("GET", path, clientId=wanted["clientId"])
                if not rows or not ours(rows[0]) or _key(rows[0])[0] != str(one.ref.uuid):
                    raise Refused(
                        f"Realm {self.names.of(kind)} has a client {wanted['clientId']} that is not this tenant's.",
                        code="realm.client_taken",
                        remedy="Find out who made it; rename or remove it by hand, then run this again.",
                    ) from None
                found = rows[0]
        key, there = found["id"], mapper_of(found)
        plain = {name: value for name, value in wanted.items() if not name.endswith("ClientScopes")}
        if there is None or any(differences(plain, found)) or any(differences(subject, there)):
            # In one call: Keycloak compares the ways back with the sector document whenever either changes.
            others = [row for row in found.get("protocolMappers", []) if row is not there]
            body = {**found, **plain, "attributes": {**found.get("attributes", {}), **wanted["attributes"]}}
            body["protocolMappers"] = [*others, {**(there or {}), **subject}]
            self.server.call("PUT", f"{path}/{key}", {name: item for name, item in body.items() if name != "secret"})
        self._scopes_put(kind, f"{path}/{key}", wanted, found)

    def _scopes_put(self, kind: RealmKind, path: str, wanted: dict[str, Any], found: dict[str, Any]) -> None:
        for which in ("default", "optional"):
            field = f"{which}ClientScopes"
            if sorted(wanted[field]) == sorted(found.get(field, [])):
                continue
            rows = self.server.call("GET", f"{self.realms[kind].base}/client-scopes")
            known = {row["name"]: row["id"] for row in rows}
            for name in set(found.get(field, [])) - set(wanted[field]):
                self.server.call("DELETE", f"{path}/{which}-client-scopes/{known[name]}", missing=None)
            for name in set(wanted[field]) - set(found.get(field, [])):
                self.server.call("PUT", f"{path}/{which}-client-scopes/{known[name]}")


def _here() -> dict[str, TenantRef]:
    """The tenants an identity provider may be named for."""
    return {one.ref.slug: one.ref for one in registered() if not one.gone}


def _file(kind: RealmKind, names: RealmNames) -> dict[str, Any]:
    file = realm_file(kind.value, {"realm": names.of(kind)})
    if kind is RealmKind.RESIDENTS:
        file["client_scope"] = [*file["client_scope"], proof_scope()]
    return file


def _chosen(rows: list[dict[str, Any]], wanted: dict[str, Any]) -> dict[str, Any] | None:
    """The client of a host: by its name where two say that they are it."""
    return next((row for row in rows if row["clientId"] == wanted["clientId"]), rows[0] if rows else None)


def _key(client: dict[str, Any]) -> tuple[str, str]:
    return client["attributes"]["commonty.tenant"], client["attributes"].get("commonty.host", "")


def _client_changes(
    realm: str, one: Registered, wanted: dict[str, Any], found: dict[str, Any] | None
) -> Iterator[Change]:
    name = wanted["clientId"]
    if found is None:
        yield Change(realm, "create", "client", name, "", "", wanted["redirectUris"][0])
        return
    for field, is_now, will_be in differences(wanted, found):
        yield Change(realm, "change", "client", name, field, is_now, will_be)
    there = mapper_of(found)
    if there is None:
        yield Change(realm, "change", "client", name, MAPPER, "nothing", "the tenant's own", grave=True)
        return
    expected = mapper(one.ref.uuid, "")
    for field, is_now, will_be in differences({**expected, "config": {**expected["config"]}}, there):
        if not field.endswith(SALT):
            yield Change(realm, "change", "client", name, f"{MAPPER}: {field}", is_now, will_be, grave=True)
    if salt_mark(str(there["config"].get(SALT, ""))) != one.salt_mark:
        yield Change(
            realm, "change", "client", name, f"{MAPPER}: salt", "another", "the one its people are known by", grave=True
        )


def _stray(realm: str, client: dict[str, Any], tenant: Registered | None) -> Change:
    name = client["clientId"]
    if tenant is not None and tenant.gone:
        return Change(realm, "remove", "client", name, "", "its tenant is erased")
    return Change(realm, "look", "client", name, "", "no tenant of the registry has this host; remove it by hand")
