"""A plugin's form as data (`FormSpec`) as a form of ours, so that every form looks and works alike."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.web.manage.forms import Radios
from plugins.api.values import Field, FormSpec

MOST = 500
WIDGETS: dict[str, type[forms.Widget]] = {
    "email": forms.EmailInput,
    "number": forms.NumberInput,
    "choice": Radios,
    "checkbox": forms.CheckboxInput,
}


def _field(spec: Field, language: str, most: int) -> forms.Field:
    label, hint = spec.label.get(language), spec.hint.get(language)
    attributes: dict[str, Any] = {"class": "ds_input"} if spec.kind not in ("choice", "checkbox") else {}
    if spec.autocomplete:
        attributes["autocomplete"] = spec.autocomplete
    if spec.kind == "code":
        attributes |= {"inputmode": "numeric", "class": "ds_input ds_input--fixed-10"}
    widget = WIDGETS.get(spec.kind, forms.TextInput)
    if spec.kind == "text" and most > MOST:
        widget, attributes = forms.Textarea, {**attributes, "rows": 3}
    missing = {"required": _("Fill in “%(label)s”.") % {"label": label}}
    common: dict[str, Any] = {
        "label": label,
        "help_text": hint,
        "required": spec.required,
        "error_messages": missing,
        "widget": widget(attrs=attributes),
    }
    if spec.kind == "choice":
        choices = [(value, text.get(language)) for value, text in spec.choices]
        # A browser cannot take a radio button back: whoever thinks better of an answer needs a way to.
        blank = [] if spec.required else [("", _("No answer"))]
        return forms.ChoiceField(choices=[*choices, *blank], **common)
    if spec.kind == "checkbox":
        return forms.BooleanField(**common)
    return forms.CharField(max_length=most, **common)


class SpecForm(forms.Form):
    """The form of a plugin. `most`: characters that a field of words takes."""

    use_required_attribute = False

    def __init__(self, spec: FormSpec, data: Any = None, *, most: int = MOST, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        language = get_language() or "en"
        self.spec = spec
        for one in spec.fields:
            self.fields[one.name] = _field(one, language, most)
