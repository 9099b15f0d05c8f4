"""The realm files: read, filled in, and turned into what Keycloak's admin API speaks of."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.kernel.errors import Invalid

FOLDER = Path(__file__).parent
# Words that are Keycloak's own, looked up in its message bundles when a page is shown.
LEFT = frozenset({"username", "email", "commontyNameToShow"})


def realm_file(kind: str, values: Mapping[str, str]) -> dict[str, Any]:
    """What the realm of this kind (`scotland`, `scotland-staff`) is to be; its own words win over the shared ones.

    Raises Invalid naming a placeholder that nobody fills in.
    """
    shared = _read(FOLDER / "both.toml", values) | _read(FOLDER / "texts.toml", values)
    own = _read(FOLDER / f"{kind}.toml", values)
    return _joined(shared, own)


def _joined(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Lists one after the other, tables together at every depth, anything else as the realm's own file has it."""
    joined = {**shared, **own}
    for name in shared.keys() & own.keys():
        first, second = shared[name], own[name]
        if isinstance(first, list):
            joined[name] = [*first, *second]
        elif isinstance(first, dict):
            joined[name] = _joined(first, second)
    return joined


def _read(path: Path, values: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = filled(tomllib.loads(path.read_text(encoding="utf-8")), values, path.name)
    return found


def filled(value: Any, values: Mapping[str, str], where: str) -> Any:
    """`value` with its placeholders filled in, `$$` left as `$`. Raises Invalid naming one that nothing fills in."""
    if isinstance(value, dict):
        return {name: filled(item, values, where) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, values, where) for item in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    known = {**{name: f"${{{name}}}" for name in LEFT}, **values}
    try:
        return string.Template(value).substitute(known)
    except (KeyError, ValueError) as error:
        raise Invalid(
            f"{where} has a placeholder that nothing fills in: {value!r}.",
            code="realm.placeholder",
            remedy="Name one that core/people/sso/realm/files.py knows.",
        ) from error


def user_profile(file: Mapping[str, Any]) -> dict[str, Any]:
    """The user profile: the attributes named in the file and no other."""
    attributes = []
    for item in file["profile"]:
        made = {
            "name": item["name"],
            "displayName": item["displayName"],
            "validations": item.get("validations", {}),
            "permissions": {"view": item["view"], "edit": item["edit"]},
            "multivalued": item.get("multivalued", False),
        }
        if item.get("required"):
            made["required"] = {"roles": item["required"]}
        attributes.append(made)
    return {"attributes": attributes}
