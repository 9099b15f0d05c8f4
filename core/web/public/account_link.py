"""One's own two accounts made one here: a code with the account that stays, entered with the other one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from core.kernel.errors import Refused
from core.people.access import SIGNED_IN, access
from core.people.linking import LIFE, account_unlink, accounts_link, link_code_make, link_code_owner
from core.people.models import Person
from core.people.proof import FRESH, proven
from core.people.selectors import roles_anywhere

PROBLEM, CONFLICT = 422, 409
MINUTES = int(LIFE.total_seconds()) // 60


class CodeForm(forms.Form):
    """What the other account shows."""

    use_required_attribute = False

    code = forms.CharField(
        label=_("Code from your other account"),
        help_text=_("Such as K7M2-9QXD-4TRA-8. Hyphens and capitals do not matter."),
        max_length=60,
        error_messages={"required": _("Write the code.")},
        widget=forms.TextInput(
            {"class": "ds_input ds_input--fixed-20", "autocomplete": "one-time-code", "spellcheck": "false"}
        ),
    )


class SureForm(forms.Form):
    """The word that makes it deliberate."""

    use_required_attribute = False

    code = forms.CharField(max_length=60, widget=forms.HiddenInput())
    sure = forms.BooleanField(
        label=_("Yes, both accounts are mine, and this one becomes the other. I know that it cannot be taken back."),
        error_messages={"required": _("Tick the box if you are sure.")},
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@access(SIGNED_IN)
@proven(FRESH)
def link(request: HttpRequest) -> HttpResponseBase:
    """Make a code here, or enter the one that was made with one's other account."""
    person = _person(request)
    step = request.POST.get("do", "") if request.method == "POST" else ""
    try:
        if step == "make":
            return _page(request, code=link_code_make(person=person))
        if step == "enter":
            return _entered(request, person)
        if step == "link":
            return _linked(request, person)
    except Refused as error:
        return _page(request, refused=error, status=CONFLICT)
    return _page(request)


def _entered(request: HttpRequest, person: Person) -> HttpResponse:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=PROBLEM)
    owner = link_code_owner(person=person, code=form.cleaned_data["code"])
    return _sure(request, owner, SureForm(initial={"code": form.cleaned_data["code"]}))


def _linked(request: HttpRequest, person: Person) -> HttpResponse:
    form = SureForm(request.POST)
    if not form.is_valid():
        owner = link_code_owner(person=person, code=request.POST.get("code", ""))
        return _sure(request, owner, form, status=PROBLEM)
    owner = accounts_link(person=person, code=form.cleaned_data["code"])
    with transaction.atomic():
        logout(request)
    return render(request, "public/account_linked.html", {"owner": owner})


def _page(request: HttpRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    given = {"form": CodeForm(), "works": bool(roles_anywhere(_person(request))), "minutes": MINUTES, **context}
    return render(request, "public/account_link.html", given, status=status)


def _sure(request: HttpRequest, owner: Person, form: SureForm, *, status: int = 200) -> HttpResponse:
    return render(request, "public/account_link_sure.html", {"owner": owner, "form": form}, status=status)


@never_cache
@require_POST
@access(SIGNED_IN)
def unlink(request: HttpRequest, alias: UUID) -> HttpResponseBase:
    """Take one's other account off again."""
    account_unlink(person=_person(request), alias=alias, session_key=request.session.session_key or "")
    messages.success(
        request, gettext("That account is somebody else again. You are signed out everywhere but in this browser.")
    )
    return redirect("public:account")


def _person(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user
