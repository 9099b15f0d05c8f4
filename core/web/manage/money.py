"""The money of a round: pots, and the sources each is made of."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.kernel.errors import Invalid, Refused
from core.people.access import access
from core.rounds.access import EDITORS, READERS, may_edit
from core.rounds.models import FundSource, Round
from core.rounds.selectors import fund_source_of, pots_of, round_by_slug, round_id_of, round_locked
from core.rounds.services import fund_source_add, fund_source_change, fund_source_remove
from core.web.manage.forms import MoneyInput, Pair, Styled, fresh_id, mark, unchanged, written
from core.web.manage.page import CONFLICT, PROBLEM, actor_of, need_editable, page, sent
from core.web.manage.tasks import total_of
from plugins.api.text import LocalisedText

MAIN_POT = LocalisedText("Main pot", "Prìomh phoit")


class SourceForm(Styled):
    """Where some of the money comes from, and the pot it goes into."""

    new_id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(
        label=_("Where the money comes from"), max_length=120, help_text=_("For example: the council, or NHS Fife.")
    )
    amount = MoneyInput(label=_("Amount"), above_zero=True, help_text=_("In pounds, such as £12,000 or 4500.50"))
    restriction = forms.CharField(
        label=_("What this money may be spent on"),
        max_length=200,
        required=False,
        help_text=_("Leave it empty if it may be spent on any project. For example: health projects only."),
    )
    pairs = (
        Pair(
            "pot",
            _("Pot"),
            _("Pot, in Gaelic"),
            most=120,
            hint=_("Sources with the same pot are decided together. Most rounds need one pot only."),
        ),
    )
    field_order = ["name", "amount", "restriction", "pot_en", "pot_gd"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pot_en"].widget.attrs["list"] = "pots"

    @staticmethod
    def typed(source: FundSource) -> dict[str, Any]:
        return {
            "name": source.name,
            "amount": source.amount,
            "restriction": source.restriction,
            **written("pot", source.pot.name),
        }


@access(READERS, round_of=round_id_of)
def money(request: HttpRequest, slug: str) -> HttpResponse:
    """Every source by its pot, and the sum."""
    row = round_by_slug(slug)
    pots = pots_of(row)
    return page(
        request,
        "manage/money.html",
        heading=say("Money"),
        row=row,
        pots=[{"pot": pot, "sources": list(pot.sources.all()), "total": pot.total()} for pot in pots],
        total=total_of(pots),
        editable=may_edit(actor_of(request), row),
    )


@access(EDITORS, round_of=round_id_of)
def source_new(request: HttpRequest, slug: str) -> HttpResponseBase:
    return _source(request, round_by_slug(slug), None)


@access(EDITORS, round_of=round_id_of)
def source_edit(request: HttpRequest, slug: str, source: UUID) -> HttpResponseBase:
    row = round_by_slug(slug)
    found = fund_source_of(row, source)
    if request.method == "POST" and request.POST.get("do") == "remove":
        fund_source_remove(source=found, actor=actor_of(request))
        messages.success(request, say("“%(name)s” is taken out of the money.") % {"name": found.name})
        return redirect("staff:money", slug=slug)
    return _source(request, row, found)


def _source(request: HttpRequest, row: Round, known: FundSource | None) -> HttpResponseBase:
    if request.method != "POST":
        need_editable(row)
    pots = pots_of(row)
    if known:
        typed = SourceForm.typed(known)
        initial = {**typed, "seen": mark(typed)}
    else:
        initial = {**written("pot", pots[0].name if pots else MAIN_POT), "new_id": fresh_id()}
    form = SourceForm(sent(request), initial=initial)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            _saved(form, row, known, actor_of(request))
        except (Invalid, Refused) as error:
            form.refuse(error, {"fund.negative": "amount"})
            status = CONFLICT if isinstance(error, Refused) or error.code == "form.changed" else PROBLEM
        else:
            messages.success(request, say("“%(name)s” is saved.") % {"name": form.cleaned_data["name"]})
            return redirect("staff:money", slug=row.slug)
    return page(
        request,
        "manage/source.html",
        heading=say("Change this money") if known else say("Add money"),
        row=row,
        form=form,
        known=known,
        pots=pots,
        back=reverse("staff:money", kwargs={"slug": row.slug}),
        status=status if status != 200 or not form.errors else PROBLEM,
    )


def _saved(form: SourceForm, row: Round, known: FundSource | None, actor: Any) -> None:
    data = form.cleaned_data
    pot = form.words("pot")
    with transaction.atomic():
        locked = round_locked(row)
        if known is None:
            fund_source_add(
                round=locked,
                pot_name=pot,
                name=data["name"],
                amount=data["amount"],
                restriction=data["restriction"],
                actor=actor,
                new_id=data["new_id"],
            )
            return
        now = fund_source_of(locked, known.id)
        unchanged(form, SourceForm.typed(now))
        fund_source_change(
            source=now,
            pot_name=pot,
            name=data["name"],
            amount=data["amount"],
            restriction=data["restriction"],
            actor=actor,
        )
