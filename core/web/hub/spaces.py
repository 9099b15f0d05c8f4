"""Groups that want to run their own community choices: what it takes, six questions, and a practice space at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from core.kernel.errors import Refused
from core.people.access import ANYONE, access
from core.setup.spaces import tenant_ask
from core.web.manage.forms import Radios, Styled, fresh_id
from plugins.api.text import LocalisedText
from tenants.office.provisioning import steps
from tenants.office.requests.models import SpaceRequest
from tenants.office.requests.selectors import making_of, request_of
from tenants.office.requests.services import space_ask
from tenants.registry.hosts import origin
from tenants.registry.selectors import hosts_of, tenant_refs

Standing = SpaceRequest.Standing


class SpaceForm(Styled):
    """The six questions."""

    save_label = _("Send the request and get a practice space")
    new_id = forms.UUIDField(widget=forms.HiddenInput)
    name = forms.CharField(label=_("1. What is your group called?"), max_length=80, min_length=3)
    standing = forms.ChoiceField(
        label=_("2. What kind of group are you?"),
        choices=[
            (Standing.CONSTITUTED.value, _("We have a constitution")),
            (Standing.HOSTED.value, _("Another body stands behind us")),
            (Standing.FORMING.value, _("We are just being set up")),
        ],
        widget=Radios({Standing.FORMING.value: _("You need not be a charity.")}),
        error_messages={"required": _("Choose one.")},
    )
    host_body = forms.CharField(
        label=_("Who stands behind you?"),
        max_length=120,
        required=False,
        help_text=_("Only if another body does: a council, a trust, a community council."),
    )
    area = forms.CharField(label=_("3. Which area is it about?"), max_length=120)
    purpose = forms.CharField(
        label=_("4. What is the money for, and where does it come from?"),
        max_length=500,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("A few sentences. Please name no person here."),
    )
    council = forms.ChoiceField(
        label=_("5. Should a council read this too?"),
        required=False,
        help_text=_("If you work with one, it can answer as well. You can also stand alone."),
    )
    first = forms.EmailField(
        label=_("6. E-mail addresses of two people: the first"),
        help_text=_("They get a link to the practice space. Only your own group can read these addresses."),
    )
    second = forms.EmailField(label=_("The second"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = get_language() or "en"
        chosen: Any = self.fields["council"]
        named = [(str(one.uuid), one.name.get(language)) for one in tenant_refs(kinds=("council",))]
        chosen.choices = [("", say("No council")), *named]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("standing") == Standing.HOSTED and not data.get("host_body"):
            self.add_error("host_body", _("Say who stands behind you."))
        if data.get("first") and data.get("first", "").lower() == data.get("second", "").lower():
            self.add_error("second", _("Give the address of another person."))
        return data


@require_safe
@access(ANYONE)
def run_your_own(request: HttpRequest) -> HttpResponse:
    """What it costs, how long it takes, what is needed."""
    return render(request, "hub/run_your_own.html")


@access(ANYONE)
def space_request(request: HttpRequest) -> HttpResponseBase:
    """Six questions; then the practice space is being made and the request waits for a person."""
    data = request.POST if request.method == "POST" else None
    form = SpaceForm(data, initial={"new_id": fresh_id()})
    status = 200
    if data is not None and form.is_valid():
        typed = form.cleaned_data
        try:
            wanted, space = space_ask(
                name=LocalisedText(typed["name"]),
                standing=typed["standing"],
                host_body=typed["host_body"],
                area=typed["area"],
                purpose=typed["purpose"],
                council=UUID(typed["council"]) if typed["council"] else None,
                new_id=typed["new_id"],
            )
            first = [typed["first"], typed["second"]]
            tenant_ask(tenant=space.uuid, first=first, language=get_language() or "en", practice=True)
        except Refused as error:
            form.add_error(None, f"{say(str(error))} {say(str(error.remedy))}")
            status = 429
        else:
            return redirect("public:space-asked", wanted=wanted)
    answer = render(
        request,
        "hub/space_request.html",
        {"form": form},
        status=status if status != 200 or not form.errors else 422,
    )
    answer["Cache-Control"] = "no-store"
    return answer


@require_safe
@access(ANYONE)
def space_asked(request: HttpRequest, wanted: UUID) -> HttpResponse:
    """How far the practice space is, and by when a person answers. Nothing that was written is shown."""
    asked = request_of(wanted)
    made = sum(one.state == "done" for one in making_of(asked.space.uuid))
    hosts = hosts_of(asked.space.uuid)
    answer = render(
        request,
        "hub/space_asked.html",
        {
            "asked": asked,
            "made": made,
            "all": len(steps()),
            "ready": asked.space.state != "requested",
            "address": origin(hosts["public"]) + "/",
            "staff_address": origin(hosts["staff"]) + "/setup/",
        },
    )
    answer["Cache-Control"] = "no-store"
    return answer
