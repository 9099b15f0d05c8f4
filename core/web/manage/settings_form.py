"""The settings of a module as form fields, made from the JSON Schema of its pydantic model.

Whole numbers, yes or no, words and lists of choices become fields of their own; whatever else a module declares is
written as JSON. What a form cannot know, such as limits that depend on each other, the model itself says on saving.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from core.web.manage.forms import Radios, Tick


def _label(name: str, schema: Mapping[str, Any]) -> str:
    return str(schema.get("title") or name.replace("_", " ").capitalize())


def _choice_label(schema: Mapping[str, Any], value: Any) -> str:
    """A plugin may give its choices words of their own: `json_schema_extra={"labels": {value: words}}`."""
    labels = schema.get("labels")
    words = labels.get(str(value)) if isinstance(labels, Mapping) else None
    return str(words or str(value).replace("-", " ").replace("_", " ").capitalize())


def _field(name: str, schema: Mapping[str, Any]) -> forms.Field:
    common: dict[str, Any] = {"label": _label(name, schema), "help_text": str(schema.get("description", ""))}
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
    return forms.JSONField(required=False, widget=forms.Textarea({"rows": 3}), **common)


def fields_of(module: Any, prefix: str) -> dict[str, forms.Field]:
    """A field for each setting of a module, its name after the prefix."""
    schema = module.Settings.model_json_schema()
    kinds = schema.get("$defs", {})
    found = {}
    for name, plain in schema.get("properties", {}).items():
        one = dict(plain)
        if "$ref" in one:
            one = {**kinds.get(str(one["$ref"]).rsplit("/", 1)[-1], {}), **one}
        found[f"{prefix}{name}"] = _field(name, one)
    return found


def initial_of(module: Any, prefix: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    """What the fields show: what is kept, else the defaults."""
    properties = module.Settings.model_json_schema().get("properties", {})
    return {f"{prefix}{name}": kept.get(name, one.get("default")) for name, one in properties.items()}


def values_of(prefix: str, cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were typed, by their own names; a field left empty keeps its default."""
    return {
        name.removeprefix(prefix): value
        for name, value in cleaned.items()
        if name.startswith(prefix) and value is not None and value != ""
    }
