"""Money entrusted to groups: a council offers a part of a pot; the group accepts, decides, reports and returns."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.kernel.errors import CommontyError, Invalid, NotFound, Refused
from core.people.access import OFFICER, access
from core.people.proof import proven
from core.rounds.delegation.models import DelegationAct
from core.rounds.delegation.selectors import (
    acts_of,
    bound_by,
    offers_unbooked,
    placed,
    pot_available,
    pots_open,
    rounds_open,
)
from core.rounds.delegation.services import (
    act_ask,
    award_report,
    money_place,
    money_take_out,
    offer_make,
    offers_refresh,
)
from core.rounds.selectors import round_by_slug
from core.voting.selectors import result_of
from core.web.manage.forms import DayInput, MoneyInput, Pair, Styled, Tick, fresh_id, moment_of
from core.web.manage.page import CONFLICT, PROBLEM, actor_of, page, sent
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from tenants.office.delegation.rules import Act
from tenants.office.delegation.selectors import DelegationLine, delegation_of, delegations_of
from tenants.office.delegation.services import GIVERS
from tenants.registry.context import TenantRef, current_tenant
from tenants.registry.selectors import tenant_refs

ACTS: dict[str, Any] = {
    Act.OFFER.value: _("Offered"),
    Act.CANCEL.value: _("Offer taken back"),
    Act.LAPSE.value: _("Offer lapsed"),
    Act.DECLINE.value: _("Declined"),
    Act.ACCEPT.value: _("Accepted"),
    Act.AWARD.value: _("Awarded"),
    Act.WITHDRAW_AWARD.value: _("Award withdrawn"),
    Act.RETURN.value: _("Returned"),
    Act.LEAVE.value: _("Returned as the group left"),
}
STANDS: tuple[tuple[str, Any], ...] = (
    ("offered", _("Offered")),
    ("pending", _("Waiting for an answer")),
    ("declined", _("Declined")),
    ("lapsed", _("Lapsed or taken back")),
    ("accepted", _("Accepted")),
    ("awarded", _("Awarded")),
    ("returned", _("Returned")),
    ("unspent", _("Not spent yet")),
)
MAIN_POT = LocalisedText("Main pot", "Prìomh phoit")


class OfferForm(Styled):
    """A part of a pot for a group."""

    save_label = _("Offer the money")

    new_id = forms.UUIDField(widget=forms.HiddenInput)
    group = forms.ChoiceField(label=_("Group"), error_messages={"required": _("Choose a group.")})
    pot = forms.ChoiceField(
        label=_("Pot"),
        help_text=_("The amount is what of it can still be offered."),
        error_messages={"required": _("Choose a pot.")},
    )
    amount = MoneyInput(label=_("At most"), above_zero=True, help_text=_("In pounds, such as £12,000 or 4500.50"))
    pairs = (Pair("purpose", _("What it is for"), _("What it is for, in Gaelic"), most=200),)
    restriction = forms.CharField(
        label=_("What it may be spent on"),
        max_length=200,
        required=False,
        help_text=_("Leave it empty if it may be spent on any project. It stays with the money in the group's round."),
    )
    terms = forms.CharField(
        label=_("Terms"),
        max_length=20_000,
        widget=forms.Textarea({"rows": 8}),
        help_text=_("In plain words: by when, who decides, what is reported. The group accepts exactly these words."),
    )
    ends = DayInput(label=_("Open until"), help_text=_("Not accepted by the end of this day, the offer lapses."))
    field_order = ["group", "pot", "amount", "purpose_en", "purpose_gd", "restriction", "terms", "ends"]

    def __init__(self, *args: Any, groups: list[TenantRef], pots: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names: Any = self.fields["group"]
        names.choices = [("", say("Choose")), *((str(one.uuid), one.name.en) for one in groups)]
        held: Any = self.fields["pot"]
        held.choices = [("", say("Choose")), *pots]

    def clean_ends(self) -> datetime:
        found = moment_of(self.cleaned_data["ends"] + timedelta(days=1), time(0))
        assert found is not None
        return found


class AcceptForm(Styled):
    """Yes to exactly these terms."""

    prefix = "accept"
    read = forms.BooleanField(
        label=_("We have read the terms above and accept them for the group"),
        widget=Tick,
        error_messages={"required": _("Tick the box to accept the terms.")},
    )
    terms_digest = forms.CharField(widget=forms.HiddenInput)


class PlaceForm(Styled):
    """Into which round the money goes."""

    prefix = "place"
    round = forms.ChoiceField(label=_("Round"), error_messages={"required": _("Choose a round.")})
    pairs = (Pair("pot", _("Pot"), _("Pot, in Gaelic"), most=120),)
    field_order = ["round", "pot_en", "pot_gd"]

    def __init__(self, *args: Any, rounds: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["round"]
        chosen.choices = [("", say("Choose")), *rounds]


class AmountForm(Styled):
    """One amount, and the identifier that makes sending it twice do it once."""

    new_id = forms.UUIDField(widget=forms.HiddenInput)
    amount = MoneyInput(label=_("Amount"), above_zero=True)


def _groups() -> list[TenantRef]:
    return [one for one in tenant_refs(kinds=("community",)) if one.state == "active"]


def _pots(bound: dict[UUID, int]) -> list[tuple[str, str]]:
    found = [(pot, pot_available(pot, bound)) for pot in pots_open()]
    return [(str(pot.id), f"{pot.round.name.en}: {pot.name.en} ({left})") for pot, left in found if left.minor > 0]


@access(OFFICER)
def entrusted(request: HttpRequest) -> HttpResponse:
    """Everything this tenant has offered or was offered, with what stands where."""
    tenant = current_tenant()
    lines = delegations_of(tenant.uuid)
    offers_refresh(bound_by(line for line in lines if line.giver.uuid == tenant.uuid))
    known = {line.id for line in lines}
    return page(
        request,
        "manage/entrusted.html",
        heading=say("Entrusted money"),
        part="entrusted",
        lines=[
            {
                "line": line,
                "other": line.receiver if line.giver.uuid == tenant.uuid else line.giver,
                "mine": line.giver.uuid == tenant.uuid,
                "stands": _stands(line, only=True),
                "last": _last(line.ends_at),
            }
            for line in lines
        ],
        waiting=[one for one in offers_unbooked() if one.delegation not in known],
        gives=tenant.kind in GIVERS,
    )


def _last(ends_at: datetime) -> datetime:
    """The last day on which an offer stands: it ends at the midnight after it."""
    return ends_at - timedelta(seconds=1)


def _stands(line: DelegationLine, *, only: bool = False) -> list[tuple[Any, Money]]:
    found = [(label, Money(getattr(line.balances, name))) for name, label in STANDS]
    return [one for one in found if one[1].minor or not only]


@access(OFFICER)
@proven()
def offer_new(request: HttpRequest) -> HttpResponseBase:
    """Offer a part of a pot to a group with a space of its own."""
    tenant = current_tenant()
    if tenant.kind not in GIVERS:
        raise NotFound("Only a council or public body can offer a part of a pot.", code="delegation.not_a_giver")
    lines = delegations_of(tenant.uuid)
    bound = bound_by(line for line in lines if line.giver.uuid == tenant.uuid)
    offers_refresh(bound)
    groups, pots = _groups(), _pots(bound)
    form = OfferForm(sent(request), groups=groups, pots=pots, initial={"new_id": fresh_id()})
    status = 200
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            offer_make(
                receiver=UUID(data["group"]),
                pot=UUID(data["pot"]),
                amount=data["amount"],
                purpose=form.words("purpose"),
                restriction=data["restriction"],
                terms=data["terms"],
                ends_at=data["ends"],
                actor=actor_of(request),
                new_id=data["new_id"],
            )
        except (Invalid, Refused) as error:
            form.refuse(error, {"delegation.past": "ends", "delegation.above_pot": "amount", "round.frozen": "pot"})
            status = CONFLICT if isinstance(error, Refused) else PROBLEM
        else:
            messages.success(request, say("The offer is on its way. It stands in the list once the ledger has it."))
            return redirect("staff:entrusted")
    return page(
        request,
        "manage/entrusted_offer.html",
        heading=say("Offer money to a group"),
        part="entrusted",
        form=form,
        able=bool(groups and pots) or request.method == "POST",
        groups=groups,
        trail=[(reverse("staff:entrusted"), say("Entrusted money"))],
        back=reverse("staff:entrusted"),
        status=status if status != 200 or not form.errors else PROBLEM,
    )


@access(OFFICER)
@proven()
def entrusted_one(request: HttpRequest, delegation: UUID) -> HttpResponseBase:
    """One line as both sides see it, and what this side may do with it now."""
    tenant = current_tenant()
    line = delegation_of(tenant.uuid, delegation)
    view = _View(request, tenant, line)
    if request.method == "POST":
        done = view.post()
        if done is not None:
            return done
    return view.render()


class _View:
    """The page of one line: its forms, and what each does."""

    def __init__(self, request: HttpRequest, tenant: TenantRef, line: DelegationLine) -> None:
        self.request, self.tenant, self.line = request, tenant, line
        self.status = 200
        self.refused: CommontyError | None = None
        self.here = placed(line.id)
        self.round = self.here.pot.round if self.here else None
        result = result_of(self.round) if self.round else None
        self.published = Money(result.outcome.spent) if result else None
        self.sent = sent(request)
        self.doing = str(self.sent.get("do", "")) if self.sent is not None else ""
        self.forms = self._forms()

    @property
    def receives(self) -> bool:
        return self.line.receiver.uuid == self.tenant.uuid

    def _data(self, name: str) -> Any:
        return self.sent if self.doing == name else None

    def _amount(self, name: str, amount: int) -> AmountForm:
        initial = {"new_id": fresh_id(), "amount": Money(amount).format()}
        return AmountForm(self._data(name), prefix=name, initial=initial)

    def _forms(self) -> dict[str, Styled]:
        """What can be done now, by its name."""
        now = self.line.balances
        found: dict[str, Styled] = {}
        if not self.receives:
            return {"cancel": Styled(self._data("cancel"), prefix="cancel")} if now.pending else {}
        if now.pending:
            found["accept"] = AcceptForm(self._data("accept"), initial={"terms_digest": self.line.terms_digest})
            found["decline"] = Styled(self._data("decline"), prefix="decline")
        if now.unspent and self.here is None and not now.awarded:
            rounds = [(row.slug, row.name.en) for row in rounds_open()]
            typed = {"pot_en": MAIN_POT.en, "pot_gd": MAIN_POT.gd}
            found["place"] = PlaceForm(self._data("place"), rounds=rounds, initial=typed)
        if self.here is not None and self.published is None:
            found["take_out"] = Styled(self._data("take_out"), prefix="take_out")
        if now.unspent and self.published is not None:
            most = min(now.unspent, max(0, self.published.minor - now.awarded))
            if most:
                found["award"] = self._amount("award", most)
        if now.awarded:
            found["withdraw"] = self._amount("withdraw", now.awarded)
        if now.unspent and (self.here is None or self.published is not None or self.round_over):
            left = now.unspent - (min(now.unspent, self.published.minor - now.awarded) if self.published else 0)
            found["return"] = self._amount("return", left or now.unspent)
        return found

    @property
    def round_over(self) -> bool:
        return self.round is not None and self.round.state == "cancelled"

    def post(self) -> HttpResponseBase | None:
        """Do what was asked for. None where the form has to be shown again."""
        form = self.forms.get(self.doing)
        if form is None:
            self.status = CONFLICT
            self.refused = Refused(
                "This cannot be done with the offer any more.",
                code="delegation.nothing_there",
                remedy="Look at its line: somebody may have done this already.",
            )
            return None
        if not form.is_valid():
            self.status = PROBLEM
            return None
        try:
            self._do(form)
        except (Invalid, Refused) as error:
            self.status = CONFLICT if isinstance(error, Refused) else PROBLEM
            self.refused = error
            return None
        return redirect("staff:entrusted-one", delegation=self.line.id)

    def _do(self, form: Styled) -> None:
        actor, line, data = actor_of(self.request), self.line, form.cleaned_data
        whole = Money(line.balances.pending)
        waits = say("Sent to the ledger. Load the page again to see its answer.")
        if self.doing == "accept":
            digest = data["terms_digest"]
            act_ask(act=Act.ACCEPT, delegation=line.id, amount=whole, actor=actor, terms_digest=digest)
        elif self.doing == "decline":
            act_ask(act=Act.DECLINE, delegation=line.id, amount=whole, actor=actor)
        elif self.doing == "cancel":
            act_ask(act=Act.CANCEL, delegation=line.id, amount=whole, actor=actor)
        elif self.doing == "place":
            chosen = round_by_slug(data["round"])
            money_place(round=chosen, delegation=line.id, pot_name=form.words("pot"), actor=actor)
            waits = say("The money is part of the round now.")
        elif self.doing == "take_out":
            money_take_out(delegation=line.id, actor=actor)
            waits = say("The money is taken out of the round.")
        elif self.doing == "award":
            award_report(
                delegation=line.id, amount=data["amount"], published=self.published, actor=actor, new_id=data["new_id"]
            )
        else:
            act = Act.RETURN if self.doing == "return" else Act.WITHDRAW_AWARD
            act_ask(act=act, delegation=line.id, amount=data["amount"], actor=actor, new_id=data["new_id"])
        messages.success(self.request, waits)

    def render(self) -> HttpResponse:
        acts = acts_of(self.line.id)
        return page(
            self.request,
            "manage/entrusted_one.html",
            heading=say("%(amount)s for %(purpose)s") % {"amount": self.line.ceiling, "purpose": self.line.purpose.en},
            part="entrusted",
            line=self.line,
            receives=self.receives,
            last=_last(self.line.ends_at),
            stands=_stands(self.line),
            entries=[{"entry": one, "act": ACTS[one.act.value]} for one in self.line.entries],
            waiting=[{"row": one, "act": ACTS[one.act]} for one in acts if one.state == DelegationAct.State.SENT],
            refusals=[{"row": one, "act": ACTS[one.act]} for one in acts if one.state == DelegationAct.State.REFUSED],
            placed=self.here,
            published=self.published,
            rounds=rounds_open() if "place" in self.forms else [],
            form=self.forms.get(self.doing),
            forms=self.forms,
            refused=self.refused,
            trail=[(reverse("staff:entrusted"), say("Entrusted money"))],
            status=self.status,
        )
