"""Officers' forms. What was typed stays; money is read as people write it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from plugins.api.money import Money, MoneyInvalid
from plugins.api.text import LocalisedText


class MoneyInput(forms.CharField):
    """An amount as people write it."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            return Money.parse(text)
        except MoneyInvalid as error:
            raise forms.ValidationError(str(error), code="money") from error


class Styled(forms.Form):
    """A form in the look of the Design System."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            kind = "ds_select" if isinstance(field, forms.ChoiceField) else "ds_input"
            field.widget.attrs.setdefault("class", kind)

    def words(self, name: str) -> LocalisedText:
        """English and Gaelic of one pair of fields."""
        return LocalisedText(self.cleaned_data[f"{name}_en"], self.cleaned_data.get(f"{name}_gd", ""))


def _moment(label: Any) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label, help_text=_("For example 2026-11-24 09:00"), input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
    )


class RoundForm(Styled):
    """A new round: words, money, dates and rules on one page."""

    name_en = forms.CharField(label=_("Name in English"), max_length=120)
    name_gd = forms.CharField(label=_("Name in Gaelic"), max_length=120, required=False)
    slug = forms.SlugField(label=_("Address"), help_text=_("Small letters, digits and hyphens"), max_length=80)
    purpose_en = forms.CharField(label=_("What the round is for"), max_length=2000)
    purpose_gd = forms.CharField(label=_("What the round is for, in Gaelic"), max_length=2000, required=False)
    open_en = forms.CharField(label=_("What residents decide"), max_length=2000)
    fixed_en = forms.CharField(label=_("What is not up for decision"), max_length=2000)
    eligibility_en = forms.CharField(label=_("Who may vote"), max_length=500)
    area_name = forms.CharField(label=_("Area"), max_length=120, required=False, help_text=_("Empty: the whole area"))
    min_age = forms.IntegerField(label=_("Youngest age to vote"), min_value=0, max_value=120, initial=16)
    opens = _moment(_("Voting opens"))
    closes = _moment(_("Voting closes"))
    source = forms.CharField(label=_("Where the money comes from"), max_length=120)
    amount = MoneyInput(label=_("Amount"), help_text=_("For example £12,000"))
    restriction = forms.CharField(label=_("What this money may be spent on"), max_length=200, required=False)
    ballot_format = forms.ChoiceField(label=_("Kind of ballot"))
    outcome_rule = forms.ChoiceField(label=_("Rule for the result"))
    proof = forms.ChoiceField(label=_("How people prove who they are"))

    def __init__(self, *args: Any, choices: dict[str, list[tuple[str, str]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, found in choices.items():
            self.fields[name].choices = found  # type: ignore[attr-defined]  # these three are ChoiceFields

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("opens") and data.get("closes") and data["closes"] <= data["opens"]:
            self.add_error("closes", _("Voting must close after it opens."))
        return data


class ProjectForm(Styled):
    """A project residents can choose."""

    title_en = forms.CharField(label=_("Title"), max_length=120)
    title_gd = forms.CharField(label=_("Title in Gaelic"), max_length=120, required=False)
    benefit_en = forms.CharField(label=_("What it brings, in one line"), max_length=200)
    description_en = forms.CharField(label=_("Description"), max_length=5000, required=False)
    cost = MoneyInput(label=_("Cost"), help_text=_("For example £12,000"))
    running_cost = MoneyInput(label=_("Running cost a year"), required=False)
    area = forms.CharField(label=_("Area"), max_length=80, required=False)
    category = forms.CharField(label=_("Category"), max_length=80, required=False)
    officer_view_en = forms.CharField(label=_("Officer's view"), max_length=2000, required=False)
