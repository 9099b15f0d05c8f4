"""Lists of people who may vote: handed in for a round, replaced, and deleted."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.kernel.errors import Invalid
from core.people.access import OFFICER, access
from core.rounds.lifecycle import State
from core.rounds.models import Round
from core.rounds.selectors import rounds_all
from core.web.manage.forms import Radios, Styled
from core.web.manage.page import PROBLEM, actor_of, page
from plugins.api import SubjectRef
from plugins.host.lists import list_columns, list_drop, list_take, lists_of
from plugins.host.selectors import eligibility_proof

BEFORE_THE_COUNT = frozenset(
    {
        State.DESIGN,
        State.IDEAS,
        State.CO_CONSTRUCTION,
        State.FEASIBILITY,
        State.BALLOT_PREP,
        State.VOTING,
        State.SUSPENDED,
    }
)


class ListForm(Styled):
    """A list for one round."""

    save_label = _("Hand in the list")

    round = forms.ChoiceField(label=_("Round"), widget=Radios(), error_messages={"required": _("Choose a round.")})
    file = forms.FileField(
        label=_("CSV file"),
        error_messages={"required": _("Choose a file."), "empty": _("This file is empty.")},
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )

    def __init__(self, *args: Any, rounds: list[Round], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["round"].choices = [(row.slug, row.name.en) for row in rounds]  # type: ignore[attr-defined]
        self.dress()


def _ref(row: Round) -> SubjectRef:
    return SubjectRef("round", str(row.id))


@access(OFFICER)
def lists(request: HttpRequest, key: str) -> HttpResponseBase:
    """The lists of one proof: which rounds have one, a form to hand one in, a button to delete each."""
    proof: Any = eligibility_proof(key)
    columns = list_columns(key)
    rounds = {row.slug: row for row in rounds_all() if key in row.proofs}
    takers = [row for row in rounds.values() if row.state in BEFORE_THE_COUNT]
    drop = request.POST.get("drop", "") if request.method == "POST" else ""
    if drop in rounds:
        count = list_drop(key=key, round=_ref(rounds[drop]), actor=actor_of(request))
        messages.success(request, say("The list is deleted. People on it: %(count)s") % {"count": count})
        return redirect("staff:lists", key=key)
    bound = request.method == "POST"
    form = ListForm(
        request.POST if bound else None,
        request.FILES if bound else None,
        rounds=takers,
        initial={"round": takers[0].slug if len(takers) == 1 else ""},
    )
    if bound and form.is_valid():
        row = rounds[form.cleaned_data["round"]]
        try:
            taken = list_take(key=key, round=_ref(row), data=form.cleaned_data["file"].read(), actor=actor_of(request))
        except Invalid as error:
            for problem in error.problems:
                line, _stroke, column = problem.path.partition(":")
                where = say("Line %(line)s, column %(column)s: %(why)s")
                told = where % {"line": line, "column": column, "why": problem.message.en}
                form.add_error("file", told)
            if not error.problems:
                form.add_error("file", str(error))
        else:
            messages.success(request, say("The list is taken. People on it: %(count)s") % {"count": taken.people})
            return redirect("staff:lists", key=key)
    held = lists_of(key, [_ref(row) for row in rounds.values()])
    return page(
        request,
        "manage/lists.html",
        heading=say("Lists: %(name)s") % {"name": proof.label.en},
        part="modules",
        status=PROBLEM if form.errors else 200,
        form=form if takers else None,
        columns=columns,
        held=[(row, held[_ref(row)]) for row in rounds.values() if _ref(row) in held],
        key=key,
    )
