"""Authentication flows. A flow that people sign in by is never rebuilt beneath them: a new one is made, then chosen.

A flow's alias carries a mark of its content. One that is half made or changed by hand is not mended but made again
under another name, the realm is told to use that, and only then is the old one removed. A flow without `use` is one
that the identity providers name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from core.kernel.crypto import digest
from core.people.sso.realm.changes import Change
from core.people.sso.realm.server import Server, segment


def _mark(flow: dict[str, Any]) -> str:
    return digest(json.dumps(flow, sort_keys=True).encode())[:8]


def _tree(steps: list[dict[str, Any]]) -> list[Any]:
    """What a flow does, without names that have to differ from flow to flow."""
    found = []
    for step in steps:
        if "flow" in step:
            found.append([step["need"], _tree(step["steps"])])
        else:
            found.append([step["need"], step["step"], step.get("config", {})])
    return found


class Flows:
    """The flows of one realm, as the server has them and as the file wants them."""

    def __init__(self, server: Server, realm: str, wanted: list[dict[str, Any]]) -> None:
        self.server, self.realm, self.wanted = server, realm, wanted
        self._base = f"realms/{segment(realm)}/authentication"

    def _aliases(self) -> dict[str, str]:
        """Alias to id of the flows that stand on their own."""
        rows = self.server.call("GET", f"{self._base}/flows", missing=[])
        return {row["alias"]: row["id"] for row in rows if row["topLevel"]}

    def _found(self, alias: str) -> list[Any]:
        """A flow of the server, in the form of `_tree`."""
        rows = self.server.call("GET", f"{self._base}/flows/{segment(alias)}/executions", missing=[])
        root: list[Any] = []
        stack: list[list[Any]] = [root]
        for row in rows:
            del stack[row["level"] + 1 :]
            if row.get("authenticationFlow"):
                below: list[Any] = []
                stack[-1].append([row["requirement"], below])
                stack.append(below)
            else:
                config = {}
                if row.get("authenticationConfig"):
                    path = f"{self._base}/config/{row['authenticationConfig']}"
                    config = self.server.call("GET", path, missing={}).get("config", {})
                stack[-1].append([row["requirement"], row["providerId"], config])
        return root

    def _good(self, flow: dict[str, Any], alias: str) -> bool:
        return bool(alias) and self._found(alias) == _tree(flow["steps"])

    def chosen(self, flow: dict[str, Any], settings: dict[str, Any]) -> str:
        """The alias of the flow that the realm uses for this; empty where it is not one of ours."""
        used = str(settings.get(flow["use"], ""))
        return used if used.startswith(f"{flow['alias']} ") else ""

    def plan(self, settings: dict[str, Any]) -> Iterator[Change]:
        """`settings` is the realm as the server has it."""
        for flow in self.wanted:
            chosen = self.chosen(flow, settings) if "use" in flow else self.standing(flow["alias"])
            if chosen and self._good(flow, chosen):
                continue
            if "use" not in flow:
                yield Change(self.realm, "create", "flow", flow["alias"])
                continue
            verb = "change" if chosen else "create"
            used = settings.get(flow["use"]) or "nothing"
            yield Change(self.realm, verb, "flow", flow["alias"], "", f"the {flow['use']} is “{used}”", "")

    def apply(self, settings: dict[str, Any]) -> None:
        for flow in self.wanted:
            if "use" not in flow:
                self.standing(flow["alias"]) or self._make(flow)
                continue
            chosen = self.chosen(flow, settings)
            if not (chosen and self._good(flow, chosen)):
                chosen = self._make(flow)
                self.server.call("PUT", f"realms/{segment(self.realm)}", {flow["use"]: chosen})
            self._tidy(flow, chosen)

    def standing(self, name: str) -> str:
        """The alias of a whole flow that providers may name; empty where there is none."""
        flow = next((one for one in self.wanted if one["alias"] == name), None)
        if flow is None:
            return ""
        known = [alias for alias in self._aliases() if alias.startswith(f"{name} ")]
        return next((alias for alias in known if self._good(flow, alias)), "")

    def tidy(self) -> None:
        """Once the providers name the whole ones: remove the others."""
        for flow in self.wanted:
            if "use" not in flow:
                self._tidy(flow, self.standing(flow["alias"]))

    def _make(self, flow: dict[str, Any]) -> str:
        """A whole flow under a name of its own; one that a crash left whole is taken."""
        known = self._aliases()
        number, alias = 1, f"{flow['alias']} {_mark(flow)}"
        while alias in known:
            if self._good(flow, alias):
                return alias
            number += 1
            alias = f"{flow['alias']} {_mark(flow)}-{number}"
        body = {"alias": alias, "description": flow.get("description", ""), "providerId": "basic-flow"}
        self.server.call("POST", f"{self._base}/flows", {**body, "topLevel": True, "builtIn": False})
        self._steps(alias, alias, flow["steps"])
        return alias

    def _steps(self, top: str, parent: str, steps: list[dict[str, Any]]) -> None:
        for step in steps:
            path = f"{self._base}/flows/{segment(parent)}/executions"
            if "flow" in step:
                below = f"{parent} - {step['flow']}"
                body = {"alias": below, "type": "basic-flow", "provider": "", "description": ""}
                self.server.call("POST", f"{path}/flow", body)
            else:
                self.server.call("POST", f"{path}/execution", {"provider": step["step"]})
            # What was just made stands last; only its requirement is still the server's default.
            rows = self.server.call("GET", path)
            level = min(row["level"] for row in rows)
            made = [row for row in rows if row["level"] == level][-1]
            self.server.call("PUT", path, {**made, "requirement": step["need"]})
            if step.get("config"):
                config = {"alias": f"{parent} - {step['step']}", "config": step["config"]}
                self.server.call("POST", f"{self._base}/executions/{made['id']}/config", config)
            if "flow" in step:
                self._steps(top, below, step["steps"])

    def _tidy(self, flow: dict[str, Any], chosen: str) -> None:
        """Remove flows of ours that nobody uses any more."""
        for alias, key in self._aliases().items():
            if alias.startswith(f"{flow['alias']} ") and alias != chosen:
                self.server.call("DELETE", f"{self._base}/flows/{key}", missing=None)
