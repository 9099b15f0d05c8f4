"""The parts of a realm, each with what is wanted of it, how it is read, and how it is made so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from core.people.sso.client_key import service_jwks
from core.people.sso.realm.broker_files import Broker
from core.people.sso.realm.brokers import Brokers
from core.people.sso.realm.changes import Change, differences
from core.people.sso.realm.files import user_profile
from core.people.sso.realm.flows import Flows
from core.people.sso.realm.server import Conflict, Server, segment

AFTER_BROKER = "commonty after another provider"


class RealmParts:
    """One realm against one file. `plan` reads; `apply` writes what differs, so that doing it again writes nothing."""

    def __init__(self, server: Server, realm: str, file: dict[str, Any], brokers: list[Broker] | None) -> None:
        self.server, self.realm, self.file = server, realm, file
        self.base = f"realms/{segment(realm)}"
        self.flows = Flows(server, realm, file["flow"])
        self.brokers = Brokers(server, realm, brokers, after=lambda: self.flows.standing(AFTER_BROKER))

    # -- reading ------------------------------------------------------------------------------------------------------

    def settings(self) -> dict[str, Any]:
        """The realm as the server has it; empty where there is none."""
        found: dict[str, Any] = self.server.call("GET", self.base, missing={})
        return found

    def plan(self) -> Iterator[Change]:
        """Everything that is not as the file says."""
        found = self.settings()
        if not found:
            yield Change(self.realm, "create", "realm", self.realm, "", "there is none yet", "")
            found = {}
        yield from self._changes("realm", "", self.file["realm"], found)
        if not found:
            yield from self._everything()
            return
        for part, rows in self._lists().items():
            for name, (wanted, there) in rows.items():
                if there is None:
                    yield Change(self.realm, "create", part, name)
                else:
                    yield from self._changes(part, name, wanted, there)
        yield from self.flows.plan(found)
        yield from self.brokers.plan()
        yield from self._roles_missing()
        for language in self.file["texts"]:
            yield from self._changes("texts", language, self.file["texts"][language], self._texts(language))

    def _everything(self) -> Iterator[Change]:
        """What a realm that does not exist yet will be given."""
        for part, key in (("client scope", "name"), ("client profile", "name"), ("client policy", "name")):
            for row in self.file[part.replace(" ", "_")]:
                yield Change(self.realm, "create", part, row[key])
        yield Change(self.realm, "create", "user profile", "")
        for flow in self.file["flow"]:
            yield Change(self.realm, "create", "flow", flow["alias"])
        for alias in self.brokers.wanted:
            yield Change(self.realm, "create", "identity provider", alias)
        yield Change(self.realm, "create", "service account", self.file["service"]["client"])

    def _changes(self, part: str, name: str, wanted: Any, found: Any) -> Iterator[Change]:
        for field, is_now, will_be in differences(wanted, found):
            yield Change(self.realm, "change", part, name, field, is_now, will_be)

    def _lists(self) -> dict[str, dict[str, tuple[Any, Any]]]:
        """Part to name to (wanted, found); found is None where there is none."""
        get = self.server.call
        scopes = {row["name"]: row for row in get("GET", f"{self.base}/client-scopes")}
        actions = {row["alias"]: row for row in get("GET", f"{self.base}/authentication/required-actions")}
        profiles = {row["name"]: row for row in get("GET", f"{self.base}/client-policies/profiles")["profiles"]}
        policies = {row["name"]: row for row in get("GET", f"{self.base}/client-policies/policies")["policies"]}
        service = self.service_client()
        return {
            "client scope": {
                row["name"]: (self._scope(row), _by_mapper(scopes.get(row["name"])))
                for row in self.file["client_scope"]
            },
            "required action": {row["alias"]: (row, actions.get(row["alias"])) for row in self.file["required_action"]},
            "client profile": {row["name"]: (row, profiles.get(row["name"])) for row in self.file["client_profile"]},
            "client policy": {row["name"]: (row, policies.get(row["name"])) for row in self.file["client_policy"]},
            "user profile": {"": (user_profile(self.file), self._profile_found())},
            "service account": {self.file["service"]["client"]: (self._service_wanted(), service)},
        }

    def _texts(self, language: str) -> dict[str, Any]:
        found: dict[str, Any] = self.server.call("GET", f"{self.base}/localization/{segment(language)}", missing={})
        return found or {}

    def _profile_found(self) -> dict[str, Any]:
        found: dict[str, Any] = self.server.call("GET", f"{self.base}/users/profile")
        return found

    def service_client(self) -> dict[str, Any] | None:
        rows = self.server.call("GET", f"{self.base}/clients", clientId=self.file["service"]["client"])
        return rows[0] if rows else None

    @staticmethod
    def _scope(row: dict[str, Any]) -> dict[str, Any]:
        mappers = {mapper["name"]: {**mapper, "protocol": row["protocol"]} for mapper in row.get("mapper", [])}
        return {**{key: value for key, value in row.items() if key != "mapper"}, "mappers": mappers}

    def _service_wanted(self) -> dict[str, Any]:
        return {
            "clientId": self.file["service"]["client"],
            "name": "Commonty: keeps the tenants' clients",
            "enabled": True,
            "protocol": "openid-connect",
            "publicClient": False,
            "clientAuthenticatorType": "client-jwt",
            "standardFlowEnabled": False,
            "implicitFlowEnabled": False,
            "directAccessGrantsEnabled": False,
            "serviceAccountsEnabled": True,
            "fullScopeAllowed": False,
            "attributes": {
                "use.jwks.string": "true",
                "use.jwks.url": "false",
                "jwks.string": service_jwks(self.realm),
                "token.endpoint.auth.signing.alg": "ES256",
            },
        }

    # -- the service account's roles ----------------------------------------------------------------------------------

    def _management(self) -> str:
        rows = self.server.call("GET", f"{self.base}/clients", clientId="realm-management")
        return str(rows[0]["id"])

    def _roles_held(self, client: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        """The account's user, the client whose roles they are, and the roles by name."""
        user = self.server.call("GET", f"{self.base}/clients/{client['id']}/service-account-user")
        management = self._management()
        path = f"{self.base}/users/{user['id']}/role-mappings/clients/{management}"
        return path, management, {row["name"]: row for row in self.server.call("GET", path)}

    def _roles_missing(self) -> Iterator[Change]:
        client = self.service_client()
        if client is None:
            return
        wanted = set(self.file["service"]["roles"])
        _path, _management, held = self._roles_held(client)
        if wanted != set(held):
            yield Change(
                self.realm,
                "change",
                "service account",
                self.file["service"]["client"],
                "roles",
                ", ".join(sorted(held)) or "none",
                ", ".join(sorted(wanted)),
            )

    def _roles_apply(self) -> None:
        client = self.service_client()
        if client is None:
            return
        wanted = self.file["service"]["roles"]
        path, management, held = self._roles_held(client)
        known = {row["name"]: row for row in self.server.call("GET", f"{self.base}/clients/{management}/roles")}
        new = [known[name] for name in wanted if name not in held]
        if new:
            self.server.call("POST", path, new)
        # A role that was given by hand is taken away again: the account may do its work and nothing else.
        for name, row in held.items():
            if name not in wanted:
                self.server.call("DELETE", path, [row])
        # Its tokens carry roles only where its scope does: all other clients' roles stay out of them.
        scope = f"{self.base}/clients/{client['id']}/scope-mappings/clients/{management}"
        scoped = {row["name"] for row in self.server.call("GET", scope)}
        missing = [known[name] for name in wanted if name not in scoped]
        if missing:
            self.server.call("POST", scope, missing)

    # -- writing ------------------------------------------------------------------------------------------------------

    def apply(self) -> None:
        """Make the realm as the file says, part by part; a crash between two parts is mended by the next run."""
        if not self.settings():
            # Another run may make it at the same moment.
            with suppress(Conflict):
                self.server.call("POST", "realms", {"realm": self.realm, "enabled": False})
        # Policies come last: they are for whoever changes clients after us, too.
        if list(self._changes("", "", self.file["realm"], self.settings())):
            self.server.call("PUT", self.base, self.file["realm"])
        lists = self._lists()
        self._scopes_apply(lists["client scope"])
        for name, (wanted, found) in lists["required action"].items():
            if found is None or list(differences(wanted, found)):
                path = f"{self.base}/authentication/required-actions/{segment(name)}"
                self.server.call("PUT", path, {**(found or {}), **wanted})
        wanted, found = lists["user profile"][""]
        if list(differences(wanted, found)):
            self.server.call("PUT", f"{self.base}/users/profile", wanted)
        self.flows.apply(self.settings())
        self.brokers.apply()
        self.flows.tidy()
        ((wanted, found),) = lists["service account"].values()
        if found is None:
            self.server.call("POST", f"{self.base}/clients", wanted)
        elif list(differences(wanted, found)):
            attributes = {**found.get("attributes", {}), **wanted["attributes"]}
            body = {**found, **wanted, "attributes": attributes}
            self.server.call("PUT", f"{self.base}/clients/{found['id']}", body)
        self._roles_apply()
        for language, texts in self.file["texts"].items():
            if list(differences(texts, self._texts(language))):
                self.server.call("POST", f"{self.base}/localization/{segment(language)}", texts)
        self._policies_apply()

    def _scopes_apply(self, rows: dict[str, tuple[Any, Any]]) -> None:
        for wanted, found in rows.values():
            body = {key: value for key, value in wanted.items() if key != "mappers"}
            mappers = list(wanted["mappers"].values())
            if found is None:
                self.server.call("POST", f"{self.base}/client-scopes", {**body, "protocolMappers": mappers})
                continue
            path = f"{self.base}/client-scopes/{found['id']}"
            if list(differences(body, found)):
                self.server.call("PUT", path, {**_bare(found), **body})
            for mapper in mappers:
                there = found["mappers"].get(mapper["name"])
                if there is None:
                    self.server.call("POST", f"{path}/protocol-mappers/models", mapper)
                elif list(differences(mapper, there)):
                    body = {**there, **mapper}
                    self.server.call("PUT", f"{path}/protocol-mappers/models/{there['id']}", body)

    def _policies_apply(self) -> None:
        """Keycloak takes profiles and policies as whole lists; those of others are kept beside ours."""
        for what, key in (("profiles", "client_profile"), ("policies", "client_policy")):
            path = f"{self.base}/client-policies/{what}"
            found = self.server.call("GET", path)[what]
            ours = {row["name"]: row for row in self.file[key]}
            there = {row["name"]: row for row in found}
            if any(list(differences(row, there.get(name))) for name, row in ours.items()):
                kept = [row for row in found if row["name"] not in ours]
                self.server.call("PUT", path, {what: [*kept, *ours.values()]})


def _by_mapper(scope: dict[str, Any] | None) -> dict[str, Any] | None:
    if scope is None:
        return None
    return {**scope, "mappers": {row["name"]: row for row in scope.get("protocolMappers", [])}}


def _bare(scope: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in scope.items() if key not in ("mappers", "protocolMappers")}
