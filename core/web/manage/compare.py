"""What each rule makes of the same made-up ballots: for officers who choose one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from core.counting import decide, tie_break_from, what_if
from core.counting.deciding import NO_DECISION, WhatIf
from core.counting.sampling import VOTERS, sample_profile
from core.kernel.errors import CommontyError, NotFound
from core.people.access import access
from core.rounds.access import EDITORS
from core.rounds.selectors import round_by_slug, round_id_of, rules_of
from core.web.manage.forms import Radios, Styled
from core.web.manage.modules import SAMPLE
from core.web.manage.page import page
from plugins.api import LocalisedText, Money, Outcome, Profile, Text
from plugins.api.errors import PluginError
from plugins.host.selectors import active_modules, ballot_format, outcome_rule

OFFER = replace(SAMPLE, projects=tuple(replace(project, area="") for project in SAMPLE.projects), areas=(), pots=())
"""The made-up projects in one pot: rules are compared on the same money for everybody."""
TIES = b"the order of ties of a comparison"


class FormatForm(Styled):
    """Which kind of ballot the made-up voters fill in, and which rule the others are set beside."""

    save_label = _("Compare")

    ballot_format = forms.ChoiceField(label=_("What a ballot looks like"), widget=Radios())
    outcome_rule = forms.ChoiceField(label=_("The rule to set the others beside"), widget=Radios())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("ballot_format", "outcome_rule"):
            field: Any = self.fields[name]
            field.choices = [(module.key, module.label.en) for module in active_modules(name)]
        self.dress()


@dataclass(frozen=True, slots=True)
class Column:
    """One rule as the table shows it."""

    key: str
    label: Text
    funded: frozenset[str]
    spent: Money
    left: Money
    problem: Text | None = None
    changes: tuple[tuple[LocalisedText, bool, Text, Text], ...] = ()


@access(EDITORS, round_of=round_id_of)
def rules_compare(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The same made-up ballots under the round's own rule and under every other that can count them."""
    row = round_by_slug(slug)
    latest = rules_of(row)
    given = {
        "ballot_format": request.GET.get("ballot_format") or (latest.ballot_format if latest else "approval"),
        "outcome_rule": request.GET.get("outcome_rule") or (latest.outcome_rule if latest else "greedy-skip"),
    }
    form = FormatForm(given)
    context: dict[str, Any] = {"columns": (), "rows": (), "why_not": ""}
    if form.is_valid():
        kept = latest.ballot_settings if latest and latest.ballot_format == given["ballot_format"] else {}
        own = latest.outcome_settings if latest and latest.outcome_rule == given["outcome_rule"] else {}
        context |= _compared(given["ballot_format"], kept, given["outcome_rule"], own)
    return page(
        request,
        "manage/compare.html",
        heading=say("Compare the rules"),
        row=row,
        form=form,
        voters=VOTERS,
        budget=OFFER.budget,
        back=reverse("staff:rules", kwargs={"slug": slug}),
        **context,
    )


def _compared(form_key: str, form_settings: Any, rule_key: str, rule_settings: Any) -> dict[str, Any]:
    """Columns and rows of the table, or why there are none."""
    try:
        form = ballot_format(form_key)
        settings = form.Settings.model_validate(dict(form_settings))
        profile = sample_profile(form.family, form.constraints(OFFER, settings))
        rule = outcome_rule(rule_key)
        if form.family not in rule.accepts:
            return {"why_not": say("This rule cannot count ballots of this kind. Choose another to begin with.")}
        own = rule.Settings.model_validate(dict(rule_settings))
        instance = OFFER.instance()
        order = tie_break_from(TIES, profile.refs)
        decided = decide(outcome_rule, rule, own, instance, profile, order)
    except ValueError:
        # pydantic's own error is one too: settings of such a ballot that do not fit the made-up projects.
        return {"why_not": say("This ballot cannot be tried on the made-up projects. Choose another kind of ballot.")}
    except (NotFound, PluginError, CommontyError) as error:
        return {"why_not": str(error)}
    mine = Column(rule.key, rule.label, frozenset(decided.allocation), Money(decided.spent), Money(decided.remaining))
    columns = [mine, *_others(rule_key, decided, instance, profile, order)]
    points = profile.points_of()
    rows = [
        (
            project,
            points.get(project.ref, 0),
            [project.ref in column.funded for column in columns if not column.problem],
        )
        for project in OFFER.projects
    ]
    most = max((number for _project, number, _marks in rows), default=0)
    return {
        "columns": [column for column in columns if not column.problem],
        "silent": [column for column in columns if column.problem],
        "rows": rows,
        "most": most,
    }


def _others(key: str, decided: Outcome, instance: Any, profile: Profile, order: Any) -> Iterator[Column]:
    titles = {project.ref: project.title for project in OFFER.projects}
    for rule in active_modules("outcome_rule"):
        if rule.key == key or profile.family not in rule.accepts:
            continue
        try:
            settings = rule.Settings()
            (found,) = what_if(outcome_rule, [(rule.key, settings)], decided, instance, profile, order)
        except (ValidationError, CommontyError):
            # A rule that needs settings nobody has chosen, or that fails, is named and keeps nobody else away.
            found = WhatIf(rule.key, problem=NO_DECISION)
        changes = tuple((titles[one.project], one.funded_there, one.here, one.there) for one in found.changes)
        yield Column(
            rule.key,
            rule.label,
            frozenset(found.allocation),
            Money(found.spent),
            Money(found.remaining),
            found.problem if found.problem.en else None,
            changes,
        )
