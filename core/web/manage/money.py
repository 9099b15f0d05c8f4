"""The money of a round: pots, and the sources each is made of."""

from __future__ import annotations

from collections.abc import Sequence
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
from core.proposals.selectors import proposals_of
from core.rounds.access import EDITORS, READERS, may_edit
from core.rounds.models import FundSource, Pot, Round
from core.rounds.selectors import fund_source_of, pots_of, round_by_slug, round_id_of, round_locked
from core.rounds.services import fund_source_add, fund_source_change, fund_source_remove
from core.web.manage.forms import MoneyInput, Pair, Styled, Tick, fresh_id, mark, unchanged, written
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
    category = forms.CharField(
        label=_("Kind of project it is kept for"),
        max_length=80,
        required=False,
        help_text=_(
            "Written as on the projects. The count pays projects of this kind from this money first, and no others."
        ),
    )
    unrestricted = forms.BooleanField(
        label=_("Every project on the ballot may have this money"), required=False, widget=Tick()
    )
    pot_area = forms.CharField(
        label=_("Area the pot is for"),
        max_length=80,
        required=False,
        help_text=_(
            "Leave it empty if the pot is for everybody. A pot of an area pays for projects of that area alone, and "
            "needs a ballot on which voters choose one area."
        ),
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
    field_order = ["name", "amount", "restriction", "category", "unrestricted", "pot_en", "pot_gd", "pot_area"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, listed in (("pot_en", "pots"), ("pot_area", "areas"), ("category", "kinds")):
            self.fields[name].widget.attrs["list"] = listed

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("category") and data.get("unrestricted"):
            self.add_error("unrestricted", _("It is kept for one kind of project, or every project may have it."))
        elif data.get("restriction") and not data.get("category") and not data.get("unrestricted"):
            self.add_error(
                "category",
                _("Say which kind of project this is, as written on the projects, or that every project may have it."),
            )
        return data

    def area(self, pots: Sequence[Pot]) -> str | None:
        """The area that was typed; None where the officer left that of a known pot alone."""
        data = self.cleaned_data
        known = any(pot.name.en == data["pot_en"] for pot in pots)
        area: str = data["pot_area"]
        return None if known and "pot_area" not in self.changed_data else area

    @staticmethod
    def typed(source: FundSource) -> dict[str, Any]:
        return {
            "name": source.name,
            "amount": source.amount,
            "restriction": source.restriction,
            "category": source.category,
            "unrestricted": source.unrestricted,
            **written("pot", source.pot.name),
            "pot_area": source.pot.area,
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
        by_area=any(pot.area for pot in pots),
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
    projects = proposals_of(row)
    return page(
        request,
        "manage/source.html",
        heading=say("Change this money") if known else say("Add money"),
        row=row,
        form=form,
        known=known,
        pots=pots,
        areas=sorted({one.area for one in projects if one.area}),
        kinds=sorted({one.category for one in projects if one.category}),
        back=reverse("staff:money", kwargs={"slug": row.slug}),
        status=status if status != 200 or not form.errors else PROBLEM,
    )


def _saved(form: SourceForm, row: Round, known: FundSource | None, actor: Any) -> None:
    data = form.cleaned_data
    pot = form.words("pot")
    with transaction.atomic():
        locked = round_locked(row)
        more = {name: data[name] for name in ("category", "unrestricted")} | {"pot_area": form.area(pots_of(locked))}
        if known is None:
            fund_source_add(
                round=locked,
                pot_name=pot,
                name=data["name"],
                amount=data["amount"],
                restriction=data["restriction"],
                actor=actor,
                new_id=data["new_id"],
                **more,
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
            **more,
        )
