"""The ballot and the rule of a round: chosen on one page, their settings written on the next."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.kernel.errors import Invalid, NotFound, Refused
from core.people.access import access
from core.people.proof import proven
from core.rounds.access import EDITORS
from core.rounds.models import Round, RuleSet
from core.rounds.rules import NO_FIT
from core.rounds.selectors import round_by_slug, round_id_of, round_locked, rules_of
from core.rounds.services import rules_set
from core.web.manage.forms import Group, Radios, Styled, mark, unchanged
from core.web.manage.page import CONFLICT, PROBLEM, actor_of, need_editable, page, sent
from core.web.manage.settings_form import fields_of, initial_of, values_of
from plugins.host.selectors import ballot_format, choosable_modules, outcome_rule

BALLOT, RULE = "ballot_format.", "outcome_rule."


class ChoiceForm(Styled):
    """Which kind of ballot, and which rule decides."""

    save_label = _("Go on to the settings")

    ballot_format = forms.ChoiceField(label=_("What a ballot looks like"), widget=Radios())
    outcome_rule = forms.ChoiceField(label=_("How the votes decide"), widget=Radios())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("ballot_format", "outcome_rule"):
            found = choosable_modules(name, keep=[self.initial.get(name, "")])
            field: Any = self.fields[name]
            field.choices = [(module.key, module.label.en) for module in found]
            field.widget.hints = {module.key: module.description.en for module in found}

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("ballot_format") and data.get("outcome_rule"):
            family = ballot_format(data["ballot_format"]).family
            if family not in outcome_rule(data["outcome_rule"]).accepts:
                self.add_error("outcome_rule", NO_FIT.en)
        return data


class SettingsForm(Styled):
    """The settings of the two modules that were chosen."""

    def __init__(self, *args: Any, ballot: Any, rule: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first, second = fields_of(ballot, BALLOT), fields_of(rule, RULE)
        self.fields |= {**first, **second}
        self.dress()
        self.groups = (  # type: ignore[misc]  # of this form alone: its fields are those of the chosen modules
            Group(_("Ballot: %(label)s") % {"label": ballot.label.en}, tuple(first), ballot.description.en),
            Group(_("Result: %(label)s") % {"label": rule.label.en}, tuple(second), rule.description.en),
        )

    def refuse(self, error: Any, fields: Any = None) -> None:
        for problem in error.problems:
            # What is wrong within a list is said beside the list.
            path = problem.path
            while path and path not in self.fields:
                path = path.rpartition(".")[0]
            self.add_error(path or None, problem.message.en)
        if not error.problems:
            super().refuse(error, fields)


@access(EDITORS, round_of=round_id_of)
@proven()
def rules_choose(request: HttpRequest, slug: str) -> HttpResponseBase:
    row = round_by_slug(slug)
    need_editable(row)
    latest = rules_of(row)
    initial = {"ballot_format": latest.ballot_format, "outcome_rule": latest.outcome_rule} if latest else {}
    form = ChoiceForm(sent(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        query = {name: form.cleaned_data[name] for name in ("ballot_format", "outcome_rule")}
        return HttpResponseRedirect(reverse("staff:rules-settings", kwargs={"slug": slug}) + "?" + urlencode(query))
    return page(
        request,
        "manage/rules_choose.html",
        heading=say("Ballot and result"),
        row=row,
        form=form,
        intro=say("Choose what voters fill in, and how their votes decide."),
        back=reverse("staff:round", kwargs={"slug": slug}),
        status=PROBLEM if form.errors else 200,
    )


@access(EDITORS, round_of=round_id_of)
@proven()
def rules_settings(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The settings of what was chosen; saving makes a new version of the rules where anything is different."""
    row = round_by_slug(slug)
    latest = rules_of(row)
    if request.method != "POST":
        need_editable(row)
    key, rule_key = request.GET.get("ballot_format", ""), request.GET.get("outcome_rule", "")
    try:
        ballot, rule = ballot_format(key), outcome_rule(rule_key)
    except NotFound:
        return redirect("staff:rules", slug=slug)
    initial = {
        **initial_of(ballot, BALLOT, latest.ballot_settings if latest and latest.ballot_format == key else {}),
        **initial_of(rule, RULE, latest.outcome_settings if latest and latest.outcome_rule == rule_key else {}),
    }
    form = SettingsForm(sent(request), ballot=ballot, rule=rule, initial={**initial, "seen": mark(_now(latest))})
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                locked = round_locked(row)
                unchanged(form, _now(rules_of(locked)))
                _save(form, locked, key, rule_key, actor=actor_of(request))
        except (Invalid, Refused) as error:
            form.refuse(error)
            status = CONFLICT if isinstance(error, Refused) or error.code == "form.changed" else PROBLEM
        else:
            messages.success(request, say("“Ballot and result” is saved."))
            return redirect("staff:round", slug=slug)
    return page(
        request,
        "manage/rules.html",
        heading=say("Settings of the ballot and the result"),
        row=row,
        form=form,
        back=reverse("staff:rules", kwargs={"slug": slug}),
        status=status if status != 200 or not form.errors else PROBLEM,
    )


def _now(rules: RuleSet | None) -> dict[str, Any]:
    return {"version": rules.version if rules else 0}


def _save(form: SettingsForm, row: Round, key: str, rule_key: str, *, actor: Any) -> None:
    rules_set(
        round=row,
        ballot_format=key,
        ballot_settings=values_of(BALLOT, form.cleaned_data),
        outcome_rule=rule_key,
        outcome_settings=values_of(RULE, form.cleaned_data),
        actor=actor,
    )
