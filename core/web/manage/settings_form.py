"""The settings of a module as form fields, made from the JSON Schema of its pydantic model.

Whole numbers, yes or no, words, choices of one or of several, lists of words, another module, and models within the
model become fields that need no explaining; whatever else a module declares is written as JSON. What a form cannot
know, such as limits that depend on each other, the model itself says on saving.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.web.manage.forms import MoneyInput, Radios, Styled, Tick, Ticks
from plugins.api.money import Money
from plugins.host.selectors import active_modules

Schema = Mapping[str, Any]
PREFIX = "setting."


class Pence(MoneyInput):
    """A setting in pence, written in pounds: a module marks it with `json_schema_extra={"money": True}`."""

    def prepare_value(self, value: Any) -> Any:
        return Money(value).format() if type(value) is int else value

    def to_python(self, value: Any) -> Any:
        amount = super().to_python(value)
        return amount.minor if isinstance(amount, Money) else None


@dataclass(frozen=True, slots=True)
class Column:
    """One part of a line: its name in the model, its title, and how it is written."""

    key: str
    title: str
    kind: str
    money: bool = False

    def written(self, value: Any) -> str:
        return Money(value).format() if self.money and type(value) is int else str(value)

    def read(self, text: str) -> Any:
        """The value in a text. Raises ValueError (MoneyInvalid is one) for what is not of this kind."""
        if self.money:
            return Money.parse(text).minor
        return int(text) if self.kind == "integer" else text


class Lines(forms.CharField):
    """A list with one entry a line. Entries of several parts have strokes between them.

    Without columns a line is a list of words (`several`) or one text.
    """

    def __init__(self, *, columns: tuple[Column, ...] = (), several: bool = False, **kwargs: Any) -> None:
        hint: Any
        if columns:
            hint = _("One a line: %(parts)s") % {"parts": " | ".join(column.title for column in columns)}
        else:
            hint = _("One group a line, with | between") if several else _("One a line")
        super().__init__(required=False, widget=forms.Textarea({"rows": 4}), **{"help_text": hint, **kwargs})
        self.columns, self.several = columns, several

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            return value
        return "\n".join(self._line(one) for one in value)

    def _line(self, one: Any) -> str:
        if self.columns:
            return " | ".join(column.written(one.get(column.key, "")) for column in self.columns).rstrip(" |")
        return " | ".join(one) if self.several else str(one)

    def to_python(self, value: Any) -> Any:
        return [self._entry(line) for line in (super().to_python(value) or "").splitlines() if line.strip()]

    def _entry(self, line: str) -> Any:
        parts = [part.strip() for part in line.split("|")]
        if not self.columns:
            return [part for part in parts if part] if self.several else line.strip()
        if len(parts) > len(self.columns):
            raise forms.ValidationError(_("“%(line)s” has too many parts."), "lines", {"line": line})
        try:
            # A part that is left out keeps the model's default, or the model asks for it.
            return {column.key: column.read(part) for column, part in zip(self.columns, parts, strict=False) if part}
        except ValueError as error:
            raise forms.ValidationError(
                _("“%(line)s” cannot be read: %(why)s"), "lines", {"line": line, "why": error}
            ) from error

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


def in_pounds(title: str) -> str:
    """What a module says of pence, as officers read it: they write pounds."""
    return title.replace("pence", "pounds")


LANGUAGES = {"en": "English", "gd": "Gaelic"}


def _columns(items: Schema, kinds: Schema) -> tuple[Column, ...]:
    """The parts of a line for a list of small models; none where some part is more than a number or a text."""
    found = []
    for key, plain in items.get("properties", {}).items():
        one = _whole(plain, kinds)
        if one.get("type") not in ("integer", "string") or "enum" in one:
            return ()
        title = LANGUAGES.get(key) or in_pounds(str(one.get("title") or key))
        found.append(Column(key, title, one["type"], bool(one.get("money"))))
    return tuple(found)


def _field(schema: Schema, kinds: Schema, label: str) -> forms.Field:
    common: dict[str, Any] = {"label": label}
    if schema.get("description") and schema.get("type") != "object":
        common["help_text"] = str(schema["description"])
    if "enum" in schema:
        choices = [(str(value), _choice_label(schema, value)) for value in schema["enum"]]
        return forms.ChoiceField(choices=choices, widget=Radios(), **common)
    if schema.get("module"):
        modules = active_modules(str(schema["module"]))
        choices = [(one.key, one.label.en) for one in modules]
        hints = {one.key: one.description.en for one in modules}
        return forms.ChoiceField(choices=choices, widget=Radios(hints), **common)
    kind = schema.get("type")
    if kind == "boolean":
        return forms.BooleanField(required=False, widget=Tick(), **common)
    if kind == "integer" and schema.get("money"):
        return Pence(**{**common, "label": in_pounds(label)})
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
        if "enum" in items:
            choices = [(str(value), _choice_label(schema, value)) for value in items["enum"]]
            return forms.MultipleChoiceField(choices=choices, required=False, widget=Ticks(), **common)
        if items.get("type") == "string":
            return Lines(**common)
        if items.get("type") == "array" and items.get("items", {}).get("type") == "string":
            return Lines(several=True, **common)
        columns = _columns(items, kinds)
        if columns:
            return Lines(columns=columns, **common)
    hint = _('As JSON, such as {"minimum_points": 5}. Leave it empty to keep what is usual.')
    return forms.JSONField(required=False, widget=forms.Textarea({"rows": 3}), **{"help_text": hint, **common})


def _walk(schema: Schema, kinds: Schema, name: str, before: str = "") -> Iterator[tuple[str, forms.Field]]:
    for key, plain in schema.get("properties", {}).items():
        one = _whole(plain, kinds)
        label = before + str(one.get("title") or key.replace("_", " ").capitalize())
        if one.get("type") == "object" and "properties" in one:
            yield from _walk(one, kinds, f"{name}{key}.", f"{label}: ")
        else:
            yield f"{name}{key}", _field(one, kinds, label)


class SettingsForm(Styled):
    """The settings of one module. A secret is never shown; left empty it keeps its value."""

    save_label = _("Save the settings")

    def __init__(self, *args: Any, module: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields |= fields_of(module, PREFIX)
        self.dress()


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
