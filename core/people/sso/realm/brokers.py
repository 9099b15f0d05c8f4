"""Identity providers of a realm: the councils' own for officers, the national ones for residents.

Which there are is the operator's file (`COMMONTY_KEYCLOAK_PROVIDERS`, an example is deploy/keycloak/providers.toml);
what one of a kind is, is a file of ours (`providers/*.toml`). One that the operator's file no longer names is shut and
never removed, because people's accounts hang on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from core.people.sso.realm.broker_files import MARK, Broker
from core.people.sso.realm.changes import Change, differences
from core.people.sso.realm.server import Server, segment

# Keycloak never shows a secret again: that it is still the same one is told by a mark beside it.
SECRET = "clientSecret"  # noqa: S105  # the name of a field


class Brokers:
    """The identity providers of one realm, as the server has them and as the operator wants them."""

    def __init__(self, server: Server, realm: str, wanted: list[Broker] | None, *, after: Callable[[], str]) -> None:
        self.server, self.realm, self._after = server, realm, after
        self.wanted = {one.alias: one for one in wanted or ()}
        self._silent = wanted is None
        self._base = f"realms/{segment(realm)}/identity-provider/instances"

    def _found(self) -> dict[str, dict[str, Any]]:
        """By alias, with all their settings: the list leaves some out."""
        rows = self.server.pages(self._base)
        return {row["alias"]: self.server.call("GET", f"{self._base}/{segment(row['alias'])}") for row in rows}

    def _mappers(self, alias: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.server.call("GET", f"{self._base}/{segment(alias)}/mappers")
        return found

    def plan(self) -> Iterator[Change]:
        if self._silent:
            return
        there, after = self._found(), {"postBrokerLoginFlowAlias": self._after()}
        for alias, one in self.wanted.items():
            found = there.get(alias)
            if found is None:
                yield Change(self.realm, "create", "identity provider", alias)
                continue
            for field, is_now, will_be in differences(one.settings | after, found):
                yield Change(self.realm, "change", "identity provider", alias, field, is_now, will_be)
            yield from self._mapper_changes(one)
        for alias, found in there.items():
            if alias in self.wanted:
                continue
            if not found.get("config", {}).get(MARK):
                words = "no file names it; find out who made it and remove it by hand"
                yield Change(self.realm, "look", "identity provider", alias, "", words)
            elif found.get("enabled", True):
                yield Change(self.realm, "change", "identity provider", alias, "enabled", "true", "false")

    def _mapper_changes(self, one: Broker) -> Iterator[Change]:
        there = {row["name"]: row for row in self._mappers(one.alias)}
        for mapper in one.mappers:
            name = f"{one.alias} {mapper['name']}"
            if mapper["name"] not in there:
                yield Change(self.realm, "create", "mapper", name)
                continue
            for field, is_now, will_be in differences(mapper, there[mapper["name"]]):
                yield Change(self.realm, "change", "mapper", name, field, is_now, will_be)
        for name in there.keys() - {mapper["name"] for mapper in one.mappers}:
            yield Change(self.realm, "remove", "mapper", f"{one.alias} {name}", "", "it takes more than the file says")

    def apply(self) -> None:
        if self._silent:
            return
        there, after = self._found(), {"postBrokerLoginFlowAlias": self._after()}
        for alias, one in self.wanted.items():
            path, found = f"{self._base}/{segment(alias)}", there.get(alias)
            if found is None:
                # Shut until it has its mappers: an account made before would be nobody's.
                self.server.call("POST", self._base, {**_whole(one), **after, "enabled": False})
                found = self.server.call("GET", path)
            self._mappers_apply(one)
            if list(differences(one.settings | after, found)):
                config = {**found.get("config", {}), **_whole(one)["config"]}
                self.server.call("PUT", path, {**found, **one.settings, **after, "config": config})
        for alias, found in there.items():
            if alias not in self.wanted and found.get("config", {}).get(MARK) and found.get("enabled", True):
                self.server.call("PUT", f"{self._base}/{segment(alias)}", {**found, "enabled": False})

    def _mappers_apply(self, one: Broker) -> None:
        path = f"{self._base}/{segment(one.alias)}/mappers"
        there = {row["name"]: row for row in self._mappers(one.alias)}
        for mapper in one.mappers:
            found = there.pop(mapper["name"], None)
            body = {**mapper, "identityProviderAlias": one.alias}
            if found is None:
                self.server.call("POST", path, body)
            elif list(differences(mapper, found)):
                self.server.call("PUT", f"{path}/{found['id']}", {**found, **body})
        # A mapper that was added by hand could make somebody an officer of another council.
        for row in there.values():
            self.server.call("DELETE", f"{path}/{row['id']}", missing=None)


def _whole(one: Broker) -> dict[str, Any]:
    """What is sent: the secret too, where there is one."""
    more = {SECRET: one.secret} if one.secret else {}
    return {**one.settings, "config": {**one.settings["config"], **more}}
