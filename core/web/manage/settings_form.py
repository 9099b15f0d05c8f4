"""The settings of a module as form fields, made from the JSON Schema of its pydantic model.

Whole numbers, yes or no, words, choices, lists of words, and models within the model become fields that need no
explaining; whatever else a module declares is written as JSON. What a form cannot know, such as limits that depend on
each other, the model itself says on saving.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.web.manage.forms import Radios, Tick

Schema = Mapping[str, Any]


class Lines(forms.CharField):
    """A list with one entry a line; `both` for entries in two languages, with a stroke between them."""

    def __init__(self, *, both: bool, **kwargs: Any) -> None:
        hint = _("One a line, as: English | Gaelic") if both else _("One a line")
        super().__init__(required=False, widget=forms.Textarea({"rows": 5}), **{"help_text": hint, **kwargs})
        self.both = both

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            return value
        return "\n".join(f"{one.get('en', '')} | {one.get('gd', '')}" if self.both else str(one) for one in value)

    def to_python(self, value: Any) -> Any:
        lines = [line.strip() for line in (super().to_python(value) or "").splitlines() if line.strip()]
        if not self.both:
            return lines
        parts = [[half.strip() for half in line.split("|")] for line in lines]
        if any(len(part) > 2 for part in parts):
            raise forms.ValidationError(_("Write each line as: English | Gaelic"), code="lines")
        return [{"en": part[0], "gd": part[1] if len(part) == 2 else ""} for part in parts]

    def run_validators(self, value: Any) -> None:
        """The model says what is wrong with a list."""


def _whole(schema: Schema, kinds: Schema) -> dict[str, Any]:
    """A schema with what it refers to put in."""
    if "$ref" not in schema:
        return dict(schema)
    return {**kinds.get(str(schema["$ref"]).rsplit("/", 1)[-1], {}), **schema}


def _choice_label(schema: Schema, value: Any) -> str:
    """A plugin may give its choices words of their own: `json_schema_extra={"labels": {value: words}}`."""
    labels = schema.get("labels")
    words = labels.get(str(value)) if isinstance(labels, Mapping) else None
    return str(words or str(value).replace("-", " ").replace("_", " ").capitalize())


def _field(schema: Schema, kinds: Schema, label: str) -> forms.Field:
    common: dict[str, Any] = {"label": label}
    if schema.get("description") and schema.get("type") != "object":
        common["help_text"] = str(schema["description"])
    if "enum" in schema:
        choices = [(str(value), _choice_label(schema, value)) for value in schema["enum"]]
        return forms.ChoiceField(choices=choices, widget=Radios(), **common)
    kind = schema.get("type")
    if kind == "boolean":
        return forms.BooleanField(required=False, widget=Tick(), **common)
    if kind == "integer":
        low, high = schema.get("minimum"), schema.get("maximum")
        if low is None and "exclusiveMinimum" in schema:
            low = schema["exclusiveMinimum"] + 1
        if high is None and "exclusiveMaximum" in schema:
            high = schema["exclusiveMaximum"] - 1
        widget = forms.NumberInput({"class": "ds_input ds_input--fixed-5", "inputmode": "numeric"})
        return forms.IntegerField(min_value=low, max_value=high, widget=widget, **common)
    if kind == "string":
        return forms.CharField(max_length=schema.get("maxLength", 500), required=False, **common)
    if kind == "array":
        items = _whole(schema.get("items", {}), kinds)
        if items.get("type") == "string":
            return Lines(both=False, **common)
        if items.get("type") == "object" and {"en", "gd"} == set(items.get("properties", {})):
            return Lines(both=True, **common)
    return forms.JSONField(required=False, widget=forms.Textarea({"rows": 3}), **common)


def _walk(schema: Schema, kinds: Schema, name: str, before: str = "") -> Iterator[tuple[str, forms.Field]]:
    for key, plain in schema.get("properties", {}).items():
        one = _whole(plain, kinds)
        label = before + str(one.get("title") or key.replace("_", " ").capitalize())
        if one.get("type") == "object" and "properties" in one:
            yield from _walk(one, kinds, f"{name}{key}.", f"{label}: ")
        else:
            yield f"{name}{key}", _field(one, kinds, label)


def fields_of(module: Any, prefix: str) -> dict[str, forms.Field]:
    """A field for each setting of a module, named after the prefix and the way to it."""
    schema = module.Settings.model_json_schema()
    return dict(_walk(schema, schema.get("$defs", {}), prefix))


def initial_of(module: Any, prefix: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    """What the fields show: what is kept, else the defaults. Settings that a newer version does not know are left."""
    defaults = _defaults(module)
    found: dict[str, Any] = {}
    for name in fields_of(module, prefix):
        way = name.removeprefix(prefix).split(".")
        value = _at(kept, way)
        found[name] = _at(defaults, way) if value is None else value
    return found


def _at(values: Any, way: Sequence[str]) -> Any:
    for step in way:
        values = values.get(step) if isinstance(values, Mapping) else None
    return values


def _defaults(module: Any) -> dict[str, Any]:
    """Every default, as JSON; nothing for a module that leaves some setting without one."""
    try:
        values: dict[str, Any] = module.Settings().model_dump(mode="json")
    except ValueError:
        return {}
    return values


def values_of(prefix: str, cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were typed, by their own names; a field left empty keeps its default."""
    found: dict[str, Any] = {}
    for name, value in cleaned.items():
        if not name.startswith(prefix) or value is None or value in ("", []):
            continue
        *way, last = name.removeprefix(prefix).split(".")
        place = found
        for step in way:
            place = place.setdefault(step, {})
        place[last] = value
    return found
