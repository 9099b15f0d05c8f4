"""What this site knows about a person who has signed in, and the name they are shown by."""

from __future__ import annotations

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core.kernel.errors import Invalid
from core.people.access import SIGNED_IN, access
from core.people.models import Person, RoleGrant
from core.people.selectors import roles_of
from core.people.services import LONGEST_NAME, name_choose

PROBLEM = 422


@never_cache
@require_safe
@access(SIGNED_IN)
def account(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, Person)
    labels = dict(RoleGrant.Role.choices)
    roles = sorted(labels[role] for role in roles_of(request.user))
    return render(request, "public/account.html", {"roles": roles})


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
    return render(request, "public/account_name.html", {"form": form}, status=PROBLEM if form.errors else 200)
