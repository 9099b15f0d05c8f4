"""Settings of a rule as people write them on the command line: words and JSON, amounts in the file's own unit."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from core.kernel.errors import Invalid
from plugins.api.kinds import OutcomeRule

INNER, INNER_SETTINGS = "inner", "inner_settings"
AMOUNT = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,9}))?")


def given_settings(pairs: Iterable[str]) -> dict[str, Any]:
    """`name=value` pairs; a value that is a JSON list or object is read as one, and a dot goes into an object.

    `--set inner=greedy-stop --set inner_settings.minimum_points=5` and
    `--set 'caps=[{"area": "North", "amount": 5000}]'`. Raises Invalid.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not all(name.strip().split(".")):
            raise Invalid(f"--set {pair}: write name=value.", code="tally.setting")
        *into, last = name.strip().split(".")
        place = found
        for step in into:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise Invalid(f"--set {pair}: {step} has a value already.", code="tally.setting")
        place[last] = _value(pair, text.strip())
    return found


def _value(pair: str, text: str) -> Any:
    if not text.startswith(("[", "{")):
        return text
    try:
        # Numbers stay as they are written: an amount of 12.50 is no fraction of a float.
        return json.loads(text, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise Invalid(
            f"--set {pair}: the value is not JSON ({error}).",
            code="tally.setting",
            remedy='Write it like [{"area": "North", "amount": 5000}].',
        ) from error


def minor_of(text: str, digits: int) -> int | None:
    """An amount in the file's unit in minor units; None for anything that is not one."""
    match = AMOUNT.fullmatch(text)
    behind = (match[2] or "") if match else ""
    if match is None or len(behind.rstrip("0")) > digits:
        return None
    return int(match[1] + behind[:digits].ljust(digits, "0"))


def in_unit(minor: int, digits: int) -> int | str:
    """Minor units as an amount in the file's unit: whole where it is whole."""
    whole, rest = divmod(minor, 10**digits)
    return f"{whole}.{rest:0{digits}}" if rest else whole


def settings_of(
    find: Callable[[str], OutcomeRule], rule: OutcomeRule, given: Mapping[str, Any], digits: int
) -> tuple[BaseModel, dict[str, Any]]:
    """Checked settings, and the same as recorded: complete, those of a rule inside too, amounts in the file's unit.

    Raises Invalid naming the setting.
    """
    schema = rule.Settings.model_json_schema()
    values = dict(given)
    if "increment" in schema.get("properties", {}):
        # What a share is raised by is one unit of the file, whatever that is in pence.
        values.setdefault("increment", "1")

    def minor(amount: Any, name: str) -> Any:
        found = minor_of(str(amount), digits) if isinstance(amount, (str, int)) else None
        if found is None:
            remedy = "Write a whole number, such as 1000."
            raise Invalid(
                f"{name} is “{amount}”, not an amount in the file's unit.", code="tally.setting", remedy=remedy
            )
        return found

    inside = str(values.get(INNER) or schema.get("properties", {}).get(INNER, {}).get("default", ""))
    shown_inside = None
    if INNER in schema.get("properties", {}):
        held = values.get(INNER_SETTINGS, {})
        if not isinstance(held, Mapping):
            raise Invalid(f"{INNER_SETTINGS} holds settings by name.", code="tally.setting")
        own, shown_inside = settings_of(find, find(inside), held, digits)
        values[INNER_SETTINGS] = own.model_dump(mode="json")
    try:
        settings = rule.Settings.model_validate(_amounts(values, schema, schema.get("$defs", {}), minor, ""))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        known = ", ".join(rule.Settings.model_fields) or "none"
        reason = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
        raise Invalid(f"{name}: {reason}.", code="tally.setting", remedy=f"Settings of {rule.key}: {known}.") from error
    shown = _amounts(
        settings.model_dump(mode="json"), schema, schema.get("$defs", {}), lambda one, _: in_unit(one, digits), ""
    )
    if shown_inside is not None:
        shown[INNER_SETTINGS] = shown_inside
    return settings, shown


def _amounts(
    value: Any, schema: Mapping[str, Any], kinds: Mapping[str, Any], turn: Callable[[Any, str], Any], name: str
) -> Any:
    """The same settings with `turn` done to every amount of money in them, found by the mark in their schema."""
    if "$ref" in schema:
        schema = {**kinds.get(str(schema["$ref"]).rsplit("/", 1)[-1], {}), **schema}
    if schema.get("money"):
        return turn(value, name)
    if isinstance(value, Mapping):
        fields = schema.get("properties", {})
        return {key: _amounts(one, fields.get(key, {}), kinds, turn, key) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_amounts(one, schema.get("items", {}), kinds, turn, name) for one in value]
    return value
