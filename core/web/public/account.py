"""What this site knows about a person who has signed in: shown, taken away as a file, ended, erased.

A resident's page on the public host, an officer's on the staff host, within the frame of the pages around it there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.kernel.errors import Invalid, NotFound, Refused
from core.people.access import SIGNED_IN, access
from core.people.linking import accounts_linked
from core.people.models import Person, RoleGrant, SignIn
from core.people.privacy import erasure_ask, erasure_check, farewell_ask, file_ask, file_of, file_take
from core.people.proof import FRESH, proven
from core.people.selectors import grants_active
from core.people.services import LONGEST_NAME, name_choose
from core.people.sign_ins import sign_in_end, sign_ins_of
from core.people.sso.door import levels_stated
from core.rounds.selectors import rounds_visible
from core.web.manage.page import page
from core.web.public.credential import receipts_of
from core.web.sign_in import browser_forget
from plugins.host.owed import plugins_silent
from tenants.registry.context import current_tenant
from tenants.registry.hosts import site_of

PROBLEM, CONFLICT = 422, 409
ROLES = {
    RoleGrant.Role.OFFICER.value: _("Officer"),
    RoleGrant.Role.ROUND_MANAGER.value: _("Round manager"),
    RoleGrant.Role.STEERING_MEMBER.value: _("Steering group member"),
    RoleGrant.Role.OBSERVER.value: _("Observer"),
}
STRENGTHS = {1: _("With one proof, such as a password or a passkey"), 2: _("With two proofs")}
UNSTATED = _("The sign-in service does not say")
ACCOUNT = _("Your account")


def _shown(request: HttpRequest, template: str, *, heading: Any, status: int = 200, **context: Any) -> HttpResponse:
    if not _staff(request):
        return render(request, template, {"frame": "ui/base.html", **context}, status=status)
    trail = [] if heading is ACCOUNT else [(reverse("public:account"), ACCOUNT)]
    return page(
        request,
        template,
        heading=heading,
        part="account",
        trail=trail,
        frame="manage/base.html",
        status=status,
        **context,
    )


def _staff(request: HttpRequest) -> bool:
    return site_of(request).purpose == "staff"


@never_cache
@require_safe
@access(SIGNED_IN)
def account(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    here = request.session.session_key
    places = [_place(one, here=one.session_id == here) for one in sign_ins_of(person)]
    context: dict[str, Any] = {
        "roles": [ROLES[one.role] for one in grants_active(person)],
        "places": places,
        "strength": next((one["strength"] for one in places if one["here"]), UNSTATED),
        "file": file_of(person),
        "receipts": receipts_of(request.COOKIES, rounds_visible),
        # Receipts lie in the browser of the public host, and so does the way out of all of Scotland.
        "public": not _staff(request),
        "linked": accounts_linked(person),
        "national": levels_stated() and not _staff(request),
    }
    return _shown(request, "public/account.html", heading=ACCOUNT, **context)


def _person(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user


def _place(one: SignIn, *, here: bool) -> dict[str, Any]:
    return {
        "id": one.id,
        "begun": one.begun_at,
        "device": one.device or _("An unknown device"),
        "strength": STRENGTHS.get(one.level, UNSTATED),
        "shared": one.shared,
        "staff": one.place == "staff",
        "here": here,
    }


@never_cache
@require_POST
@access(SIGNED_IN)
def session_end(request: HttpRequest, sign_in: UUID) -> HttpResponseBase:
    """End one of one's own sessions. One that is not there, or somebody else's, is none to end."""
    if sign_in_end(person=_person(request), sign_in=sign_in):
        messages.success(request, _("That session is ended."))
    return redirect("public:account")


@never_cache
@require_POST
@access(SIGNED_IN)
@proven(FRESH)
def file_new(request: HttpRequest) -> HttpResponseBase:
    """Ask for the file; a worker makes it within moments."""
    file_ask(person=_person(request))
    messages.success(request, _("Your file is being made. Open this page again in a minute."))
    return redirect("public:account")


@never_cache
@require_POST
@access(SIGNED_IN)
def file(request: HttpRequest, file: UUID) -> HttpResponseBase:
    """Take the file, once. A form and not an address: what is only opened or sent on takes nothing."""
    text = file_take(person=_person(request), file=file)
    answer = HttpResponse(text, content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{current_tenant().slug}-about-me.json"'
    return answer


class EraseForm(forms.Form):
    """The word that makes it deliberate."""

    use_required_attribute = False

    sure = forms.BooleanField(
        label=_("Yes, erase me here. I know that it cannot be taken back."),
        error_messages={"required": _("Tick the box if you are sure.")},
    )


class FarewellForm(EraseForm):
    """The same for all of Scotland."""

    sure = forms.BooleanField(
        label=_("Yes, delete my national account and erase me everywhere. I know that it cannot be taken back."),
        error_messages={"required": _("Tick the box if you are sure.")},
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@access(SIGNED_IN)
@proven(FRESH)
def erase(request: HttpRequest) -> HttpResponseBase:
    """Say what erasing here does and what stays, and do it when confirmed."""
    return _erased(request, EraseForm, erasure_ask, national=False)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@access(SIGNED_IN)
@proven(FRESH)
def farewell(request: HttpRequest) -> HttpResponseBase:
    """The same for the national account, where there is one that can be deleted from here."""
    if not levels_stated():
        raise NotFound(gettext("The sign-in service here has no accounts to delete."), code="people.no_account")
    return _erased(request, FarewellForm, farewell_ask, national=True)


def _erased(
    request: HttpRequest, kind: type[EraseForm], ask: Callable[..., None], *, national: bool
) -> HttpResponseBase:
    person = _person(request)
    form = kind(request.POST if request.method == "POST" else None)
    refused: Refused | None = None
    try:
        erasure_check(person)
        if request.method == "POST" and form.is_valid():
            ask(person=person)
            with transaction.atomic():
                logout(request)
            answer = render(request, "public/account_erased.html", {"national": national})
            browser_forget(request, answer)
            return answer
    except Refused as error:
        refused = error
    status = PROBLEM if form.errors else 200
    if refused and request.method == "POST":
        status = CONFLICT
    heading = _("Delete my national account") if national else _("Erase me here")
    return _shown(
        request,
        "public/account_erase.html",
        heading=heading,
        status=status,
        form=form,
        refused=refused,
        national=national,
        later=bool(plugins_silent()),
    )


class NameForm(forms.Form):
    """The name beside what somebody writes."""

    use_required_attribute = False

    name = forms.CharField(
        label=_("Name shown beside what you write"),
        help_text=_("Everybody can read it. It need not be your full name."),
        max_length=LONGEST_NAME,
        error_messages={"required": _("Write a name.")},
        widget=forms.TextInput({"class": "ds_input", "autocomplete": "nickname"}),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@access(SIGNED_IN)
def name(request: HttpRequest) -> HttpResponseBase:
    """Choose the name to be shown by, and go back to where it was needed."""
    assert isinstance(request.user, Person)
    back = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = reverse("public:account")
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": request.user.display_name})
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                name_choose(person=request.user, name=form.cleaned_data["name"])
        except Invalid as error:
            form.add_error("name", f"{gettext(str(error))} {gettext(str(error.remedy))}")
        else:
            return HttpResponseRedirect(back)
    status = PROBLEM if form.errors else 200
    return _shown(request, "public/account_name.html", heading=_("Your name on this site"), status=status, form=form)


# Of both hosts. What follows after them in `urls.py` is of the public host alone.
account_urls = [
    path("account/", account, name="account"),
    path("account/name/", name, name="account-name"),
    path("account/sessions/<uuid:sign_in>/end/", session_end, name="account-session-end"),
    path("account/file/", file_new, name="account-file-new"),
    path("account/file/<uuid:file>/", file, name="account-file"),
    path("account/erase/", erase, name="account-erase"),
]
