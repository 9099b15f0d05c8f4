"""First steps: what an officer settles before the first round, in any order, each to be gone on with at any time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.kernel.errors import Invalid, NotFound, Refused
from core.people.access import OFFICER, SIGNED_IN, access
from core.people.proof import proven
from core.people.selectors import people_named
from core.places.selectors import areas
from core.setup.practice import practice_round
from core.setup.selectors import acceptances, adopted, answers, settled
from core.setup.services import document_accept, invitation_of, invitation_take, invite, item_settle
from core.web.manage.forms import Pair, Styled, Tick, Ticks
from core.web.manage.page import CONFLICT, PROBLEM, actor_of, page, sent
from plugins.api.text import LocalisedText
from tenants.office.documents.models import PublishedDocument
from tenants.office.documents.selectors import current, versions
from tenants.office.requests.selectors import request_by_space
from tenants.office.requests.services import AGREEMENT, MEMBERS, request_reply
from tenants.registry.context import current_tenant

KINDS: dict[str, Any] = {
    PublishedDocument.Kind.GUIDANCE.value: _("Guidance"),
    PublishedDocument.Kind.POLICY.value: _("Policy"),
    PublishedDocument.Kind.AGREEMENT.value: _("Agreement"),
    PublishedDocument.Kind.ASSURANCE.value: _("Assurance pack"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the list."""

    key: str
    title: Any
    words: Any
    address: str
    done: bool


class ContactsForm(Styled):
    """How residents reach the people behind the website."""

    email = forms.EmailField(label=_("E-mail address for residents"), help_text=_("A shared one, not a person's own."))
    phone = forms.CharField(label=_("Telephone"), max_length=40, required=False)
    address = forms.CharField(
        label=_("Address for letters and visits"), max_length=300, required=False, widget=forms.Textarea({"rows": 3})
    )
    hours = forms.CharField(
        label=_("When somebody answers"), max_length=120, required=False, help_text=_("For example: weekdays 9 to 5.")
    )


class LanguagesForm(Styled):
    """What residents can read and hear."""

    languages = forms.MultipleChoiceField(
        label=_("What your rounds will be offered in"),
        choices=[
            ("en", _("English")),
            ("gd", _("Gaelic")),
            ("bsl", _("British Sign Language videos")),
            ("easy", _("Easy Read")),
        ],
        widget=Ticks(
            {"en": _("Required"), "gd": _("The pages of the service are there; your own words need writing.")}
        ),
        error_messages={"required": _("English is required.")},
    )

    def clean_languages(self) -> list[str]:
        chosen = list(self.cleaned_data["languages"])
        if "en" not in chosen:
            raise forms.ValidationError(_("English is required."))
        return chosen


class ConfirmForm(Styled):
    """A look, and a word that it is right."""

    save_label = _("This is right")
    right = forms.BooleanField(
        label=_("I have looked at it"),
        widget=Tick,
        error_messages={"required": _("Tick the box once you have looked.")},
    )


class AcceptForm(Styled):
    """A version as it was read, with what differs here."""

    digest = forms.CharField(widget=forms.HiddenInput)


class VariedForm(AcceptForm):
    """The same, where a tenant may differ."""

    save_label = _("Adopt this policy")
    pairs = (
        Pair(
            "variation",
            _("What is different here"),
            _("What is different here, in Gaelic"),
            most=2000,
            rows=4,
            required=False,
            hint=_("Leave it empty to adopt the policy as it is. Residents see what you write beside the policy."),
        ),
    )


class ReplyForm(Styled):
    """The answer to a question about a request."""

    save_label = _("Send the answer")
    reply = forms.CharField(label=_("Your answer"), max_length=2000, widget=forms.Textarea({"rows": 5}))


class InviteForm(Styled):
    """A colleague by e-mail."""

    save_label = _("Send the invitation")
    email = forms.EmailField(label=_("E-mail address"))


def _steps() -> list[Step]:
    done = settled()
    place = current_tenant()
    words: dict[str, tuple[Any, Any, str]] = {
        "contacts": (_("Contacts"), _("How residents reach you."), reverse("staff:setup-contacts")),
        "brand": (_("Look of the website"), _("The name, the letters and the colour."), _confirm("brand")),
        "areas": (_("Areas"), _("The places your rounds can be about."), _confirm("areas")),
        "languages": (_("Languages"), _("What residents can read and hear."), reverse("staff:setup-languages")),
        "policies": (_("Policies"), _("Adopt the national ones, or say what differs."), reverse("staff:documents")),
        "colleagues": (_("Colleagues"), _("At least two people: a count needs both."), reverse("staff:setup-invite")),
        "practice": (_("Practice round"), _("Try everything before it is real."), reverse("staff:setup-practice")),
    }
    if place.kind == "community":
        found = current(AGREEMENT)
        address = _document(found[0].kind, found[0].key) if found else reverse("staff:documents")
        words["agreement"] = (_("Agreement"), _("Two members read and accept it."), address)
    return [Step(key, *words[key], done=is_done) for key, is_done in done.items()]


def _confirm(key: str) -> str:
    return reverse("staff:setup-confirm", kwargs={"key": key})


def _document(kind: str, key: str) -> str:
    return reverse("staff:document", kwargs={"kind": kind, "key": key})


@access(OFFICER)
def setup(request: HttpRequest) -> HttpResponseBase:
    """The list; above it, for a group, how its request stands and what was asked."""
    tenant = current_tenant()
    asked = request_by_space(tenant.uuid)
    form = ReplyForm(sent(request)) if asked and asked.state == "asked" else None
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            request_reply(space=tenant.uuid, reply=form.cleaned_data["reply"])
        except (Invalid, Refused) as error:
            form.refuse(error, {"request.no_words": "reply"})
        else:
            messages.success(request, say("Your answer is sent. You hear from us within two working days."))
            return redirect("staff:setup")
    steps = _steps()
    return page(
        request,
        "manage/setup.html",
        heading=say("First steps"),
        part="setup",
        steps=steps,
        done=sum(step.done for step in steps),
        asked=asked,
        practising=tenant.state == "practice",
        form=form,
        status=PROBLEM if form is not None and form.errors else 200,
    )


@access(OFFICER)
def contacts(request: HttpRequest) -> HttpResponseBase:
    return _item(request, "contacts", ContactsForm, say("Contacts"))


@access(OFFICER)
def languages(request: HttpRequest) -> HttpResponseBase:
    return _item(request, "languages", LanguagesForm, say("Languages"))


def _item(request: HttpRequest, key: str, kind: type[Styled], heading: str, **context: Any) -> HttpResponseBase:
    form = kind(sent(request), initial=dict(answers(key)))
    if request.method == "POST" and form.is_valid():
        data = {name: value for name, value in form.cleaned_data.items() if name != "seen"}
        item_settle(key=key, answers=data, actor=actor_of(request))
        messages.success(request, say("“%(name)s” is settled.") % {"name": heading})
        return redirect("staff:setup")
    return page(
        request,
        context.pop("template", "manage/form.html"),
        heading=heading,
        part="setup",
        form=form,
        back=reverse("staff:setup"),
        trail=[(reverse("staff:setup"), say("First steps"))],
        status=PROBLEM if form.errors else 200,
        **context,
    )


@access(OFFICER)
def confirm(request: HttpRequest, key: str) -> HttpResponseBase:
    """Look and areas: shown, with where to change them, and noted as right."""
    if key == "brand":
        return _item(request, key, ConfirmForm, say("Look of the website"), template="manage/setup_brand.html")
    if key == "areas":
        found = areas()
        return _item(request, key, ConfirmForm, say("Areas"), template="manage/setup_areas.html", areas=found)
    raise NotFound("There is no such step.", code="setup.unknown")


@access(OFFICER)
@proven()
def colleagues(request: HttpRequest) -> HttpResponseBase:
    """Invite a colleague by e-mail to be an officer too."""
    form = InviteForm(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            invite(address=form.cleaned_data["email"], language="en", actor=actor_of(request))
        except Invalid as error:
            form.refuse(error, {"notice.address": "email"})
        else:
            messages.success(request, say("The invitation is on its way. The link in it holds for 14 days, once."))
            return redirect("staff:setup")
    return page(
        request,
        "manage/form.html",
        heading=say("Invite a colleague"),
        part="setup",
        intro=say("Whoever opens the link and signs in becomes an officer. Other roles are given under “People”."),
        form=form,
        back=reverse("staff:setup"),
        trail=[(reverse("staff:setup"), say("First steps"))],
        status=PROBLEM if form.errors else 200,
    )


@access(OFFICER)
def practice(request: HttpRequest) -> HttpResponseBase:
    """Make the practice round, or go to it."""
    if request.method == "POST":
        row = practice_round(actor=actor_of(request))
        return redirect("staff:round", slug=row.slug)
    return page(
        request,
        "manage/setup_practice.html",
        heading=say("Practice round"),
        part="setup",
        made=settled()["practice"],
        trail=[(reverse("staff:setup"), say("First steps"))],
    )


@access(OFFICER)
def documents(request: HttpRequest) -> HttpResponse:
    """What is published for everybody, each with its version and what this tenant has adopted."""
    mine = {one.document.name: one for kind in ("policy", "agreement", "assurance") for one in adopted(kind)}
    rows = [
        {
            "document": one,
            "kind": KINDS[one.kind],
            "mine": mine.get(one.name),
            "address": _document(one.kind, one.key),
        }
        for one in current()
        if one.kind != AGREEMENT or current_tenant().kind == "community"
    ]
    return page(request, "manage/documents.html", heading=say("Guidance and policies"), part="setup", rows=rows)


@access(OFFICER)
def document(request: HttpRequest, kind: str, key: str) -> HttpResponseBase:
    """One document with its earlier versions; policies, the agreement and the pack are accepted here."""
    found = versions(kind, key)
    now, actor = found[0], actor_of(request)
    acceptable = kind != PublishedDocument.Kind.GUIDANCE
    mine = next((one for one in adopted(kind) if one.document.key == key), None) if acceptable else None
    form: AcceptForm | None = None
    if acceptable:
        made = VariedForm if kind == PublishedDocument.Kind.POLICY else AcceptForm
        typed = {"digest": now.digest}
        if mine is not None:
            typed |= {"variation_en": mine.variation.en, "variation_gd": mine.variation.gd}
        form = made(sent(request), initial=typed)
    status = 200
    if request.method == "POST" and form is not None:
        status = PROBLEM
        if form.is_valid():
            varied = form.words("variation") if isinstance(form, VariedForm) else LocalisedText("")
            try:
                document_accept(document=now, digest=form.cleaned_data["digest"], actor=actor, variation=varied)
            except Refused as error:
                form.refuse(error)
                status = CONFLICT
            else:
                messages.success(request, say("“%(name)s” is accepted in version %(number)s.") % _named(now))
                return redirect("staff:document", kind=kind, key=key)
    rows = acceptances(now) if acceptable else []
    names = people_named(frozenset(row.person for row in rows))
    return page(
        request,
        "manage/document.html",
        heading=now.title.en,
        part="setup",
        document=now,
        kind=KINDS[kind],
        earlier=found[1:],
        mine=mine,
        accepted=[{"row": row, "who": names.get(row.person, say("Somebody"))} for row in rows],
        by_me=any(row.person == actor.public_id for row in rows),
        needs=MEMBERS if kind == AGREEMENT else 1,
        form=form,
        trail=[(reverse("staff:documents"), say("Guidance and policies"))],
        status=status,
    )


def _named(document: Any) -> dict[str, Any]:
    return {"name": document.title.en, "number": document.version}


@access(SIGNED_IN)
@proven()
def join(request: HttpRequest) -> HttpResponseBase:
    """Take an invitation: whoever has signed in gets the role the link was sent for."""
    token = str(request.GET.get("invitation", ""))
    refused: Invalid | None = None
    try:
        invitation = invitation_of(token)
        if request.method == "POST":
            invitation_take(token=token, person=actor_of(request))
            messages.success(request, say("Welcome. This is what to settle first."))
            return redirect("staff:setup")
    except Invalid as error:
        refused, invitation = error, None
    return page(
        request,
        "manage/join.html",
        heading=say("You are invited"),
        part="",
        invitation=invitation,
        refused=refused,
        status=200 if refused is None else PROBLEM if request.method == "POST" else 404,
    )
