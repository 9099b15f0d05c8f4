"""What officers' forms are made of. What was typed stays; money, days and times are read as people write them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, ClassVar
from uuid import uuid4

from django import forms
from django.forms.utils import from_current_timezone
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from core.kernel.crypto import digest
from core.kernel.errors import CommontyError, Invalid
from plugins.api.money import Money, MoneyInvalid
from plugins.api.text import LocalisedText

Words = Any
"""Words of a form: text, or text that is translated when it is shown."""
DAY_FORMATS = ["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d %B %Y", "%d %b %Y", "%d/%m/%y"]
TIME_FORMATS = ["%H:%M", "%H:%M:%S", "%H.%M", "%I:%M%p", "%I.%M%p", "%I%p", "%H"]
# "Tuesday 24th November 2026": the weekday, commas and the letters after a number say nothing more.
SPOKEN = re.compile(r"^(?:[A-Za-z]+day,?\s+)|(?<=\d)(?:st|nd|rd|th)\b|,")


class MoneyInput(forms.CharField):
    """An amount as people write it."""

    def __init__(self, *, above_zero: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # They look at text; an amount that was read is money, and reading it is the check.
        self.validators = []
        self.above_zero = above_zero
        self.widget.attrs |= {"inputmode": "decimal", "class": "ds_input ds_input--fixed-10", "autocomplete": "off"}

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            amount = Money.parse(text)
        except MoneyInvalid as error:
            raise forms.ValidationError(str(error), code="money") from error
        if self.above_zero and amount.minor == 0:
            raise forms.ValidationError(_("Write an amount above £0."), code="money_zero")
        return amount


class DayInput(forms.DateField):
    """A day: the browser's own calendar, or typed as people write it."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "ds_input cc-day"})
        errors = {"invalid": _("“%(value)s” is not a day we can read. Write it like 24 November 2026 or 24/11/2026.")}
        super().__init__(input_formats=DAY_FORMATS, widget=widget, error_messages=errors, **kwargs)

    def to_python(self, value: Any) -> Any:
        plain = SPOKEN.sub("", " ".join(value.split())) if isinstance(value, str) else value
        try:
            return super().to_python(plain)
        except forms.ValidationError as error:
            raise forms.ValidationError(self.error_messages["invalid"], "invalid", {"value": value}) from error


class TimeInput(forms.TimeField):
    """A time of day: the browser's own input, or typed like 9am, 17:00 or 5.30 pm."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": "ds_input cc-time"})
        self.wrong = _("“%(value)s” is not a time we can read. Write it like 09:00 or 5pm.")
        super().__init__(input_formats=TIME_FORMATS, widget=widget, **kwargs)

    def to_python(self, value: Any) -> Any:
        plain = value.replace(" ", "").lower() if isinstance(value, str) else value
        plain = {"noon": "12:00", "midday": "12:00", "midnight": "00:00"}.get(plain, plain)
        try:
            return super().to_python(plain)
        except forms.ValidationError as error:
            raise forms.ValidationError(self.wrong, "invalid", {"value": value}) from error


class Radios(forms.RadioSelect):
    """Choices of which one holds, each with a line that explains it. `hints` by value."""

    template_name = "manage/widgets/choices.html"

    def __init__(self, hints: Mapping[str, Words] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hints = dict(hints or {})

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        return {**option, "hint": self.hints.get(str(value), "")}


class Ticks(Radios):
    """Choices of which several may hold."""

    input_type = "checkbox"
    allow_multiple_selected = True

    def value_omitted_from_data(self, *args: Any) -> bool:
        # A browser sends nothing for a list of which nothing is ticked.
        return False


class Tick(forms.CheckboxInput):
    """One thing that holds or not; its label stands beside it."""

    template_name = "manage/widgets/tick.html"


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together, under a legend; `inline` puts them side by side."""

    legend: Words
    names: tuple[str, ...]
    hint: Words = ""
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """A group as the page draws it: its bound fields."""

    group: Group | None
    fields: list[forms.BoundField]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two fields for words in two languages; Gaelic can follow later. `rows` makes them boxes for longer words."""

    name: str
    english: Words
    gaelic: Words
    most: int
    rows: int = 0
    required: bool = True
    hint: Words = ""

    def fields(self) -> dict[str, forms.Field]:
        def widget() -> forms.Widget:
            return forms.Textarea({"rows": self.rows}) if self.rows else forms.TextInput()

        first = forms.CharField(
            label=self.english, max_length=self.most, required=self.required, widget=widget(), help_text=self.hint
        )
        second = forms.CharField(label=self.gaelic, max_length=self.most, required=False, widget=widget())
        return {f"{self.name}_en": first, f"{self.name}_gd": second}


class Styled(forms.Form):
    """A form in the look of the Design System.

    `seen` is a mark of what the officer was shown: who saves over a change they have not seen is told of it first.
    """

    pairs: ClassVar[tuple[Pair, ...]] = ()
    groups: ClassVar[tuple[Group, ...]] = ()
    save_label: Words = _("Save")
    # A browser's own bubbles are in its language, not ours, and cover the page.
    use_required_attribute = False

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        worded = {name: field for one in self.pairs for name, field in one.fields().items()}
        self.fields = {**worded, **self.fields}
        self.order_fields(self.field_order)
        self.dress()

    def dress(self) -> None:
        """The look of every field; again after fields were added."""
        for name, field in self.fields.items():
            widget = field.widget
            if isinstance(widget, forms.Select):
                widget.attrs.setdefault("class", "ds_select")
            elif not isinstance(widget, (forms.RadioSelect, forms.CheckboxInput, forms.HiddenInput)):
                widget.attrs.setdefault("class", "ds_input")
            if name.endswith("_gd"):
                widget.attrs["lang"] = "gd"
            if field.error_messages.get("required") == forms.Field.default_error_messages["required"]:
                field.error_messages["required"] = _("Fill in “%(label)s”.") % {"label": field.label or name}

    def words(self, name: str) -> LocalisedText:
        """English and Gaelic of one pair of fields."""
        return LocalisedText(self.cleaned_data[f"{name}_en"], self.cleaned_data.get(f"{name}_gd", ""))

    def drawn(self) -> list[Drawn]:
        """The visible fields in order, those of a group together."""
        found: list[Drawn] = []
        grouped = {name: group for group in self.groups for name in group.names if name in self.fields}
        done: set[str] = set()
        for bound in self.visible_fields():
            group = grouped.get(bound.name)
            if group is None:
                found.append(Drawn(None, [bound]))
            elif bound.name not in done:
                done |= set(group.names)
                found.append(Drawn(group, [self[name] for name in group.names if name in self.fields]))
        return found

    def refuse(self, error: CommontyError, fields: Mapping[str, str] | None = None) -> None:
        """Put what a service said beside the field it is about, and what to do with it."""
        where = (fields or {}).get(error.code)
        self.add_error(where if where in self.fields else None, f"{error} {error.remedy}".strip())


def written(name: str, words: LocalisedText | None) -> dict[str, str]:
    """Words as the pair of fields holds them."""
    return {f"{name}_en": words.en if words else "", f"{name}_gd": words.gd if words else ""}


def mark(typed: Mapping[str, Any]) -> str:
    """A short mark of what a form shows, equal for equal contents."""
    return digest(json.dumps(dict(typed), default=str, sort_keys=True).encode())[:24]


class Changed(Invalid):
    """Somebody else saved the same thing after this form was shown."""


def unchanged(form: Styled, now: Mapping[str, Any]) -> None:
    """Raises Changed when what stands now is not what this form was shown with; saving again then replaces it."""
    if form.data.get("seen", "") in ("", mark(now)):
        return
    data: Any = form.data
    data = data.copy()
    data["seen"] = mark(now)
    form.data = data
    differs = [
        f"“{field.label}” now reads “{_shown(now[name])}”."
        for name, field in form.fields.items()
        if name in now and _shown(now[name]) != _shown(form.cleaned_data.get(name))
    ]
    raise Changed(
        "Somebody else changed this while you were writing. Nothing of yours is lost, and nothing is saved yet.",
        code="form.changed",
        remedy=" ".join([*differs, "Save again to replace it with what you have here."]),
    )


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value).replace("\r\n", "\n")


def moment_of(day: Any, clock: Any) -> datetime | None:
    """Day and time in Scotland as one moment. Raises ValidationError for an hour that a clock change leaves out."""
    if day is None or clock is None:
        return None
    moment: datetime | None = from_current_timezone(datetime.combine(day, clock))
    return moment


def day_and_time(moment: datetime | None, default: time) -> tuple[Any, time]:
    """A moment as the two fields hold it."""
    if moment is None:
        return None, default
    local = localtime(moment)
    return local.date(), local.time().replace(second=0, microsecond=0)


def fresh_id() -> str:
    """The identifier a form brings for what it makes, so that sending it twice makes it once."""
    return str(uuid4())


def chosen_from(choices: Sequence[tuple[str, Words]], value: str) -> str:
    return str(dict(choices).get(value, value))
