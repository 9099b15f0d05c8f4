"""Onboarding a council or group, and one tenant from outside: its steps, what it has signed, a wish for support."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.kernel.errors import CommontyError, Invalid, Refused
from core.people.access import OFFICER, access
from core.people.proof import proven
from core.places.national import councils
from core.setup.spaces import tenant_ask
from core.web.hub.console.views import shown
from core.web.manage.forms import Radios, Styled
from core.web.manage.page import CONFLICT, PROBLEM, sent
from plugins.api.text import LocalisedText
from tenants.office.national import registry_row, registry_rows, signed_facts
from tenants.office.provisioning import steps
from tenants.office.requests.selectors import making_of
from tenants.office.services import tenant_reserve
from tenants.office.support.services import support_ask, wishes
from tenants.registry.hosts import origin
from tenants.registry.selectors import hosts_of

COUNCIL, COMMUNITY = "council", "community"


class OnboardForm(Styled):
    """One of the 32, or a group that has asked by another way."""

    save_label = _("Make it and invite the first officer")
    kind = forms.ChoiceField(
        label=_("What it is"),
        choices=[(COUNCIL, _("One of the 32 councils")), (COMMUNITY, _("A community group"))],
        widget=Radios({COMMUNITY: _("It gets a practice space first, like a group that asks on the website.")}),
        initial=COUNCIL,
    )
    council = forms.ChoiceField(label=_("Council"), required=False)
    name = forms.CharField(label=_("Name of the group"), max_length=80, required=False)
    slug = forms.SlugField(
        label=_("Address of the group"), max_length=40, required=False, help_text=_("Small letters and hyphens.")
    )
    email = forms.EmailField(
        label=_("E-mail address of the first officer"),
        help_text=_("Encrypted for the new website at once; nobody reads it here afterwards."),
    )

    def __init__(self, *args: Any, absent: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["council"]
        chosen.choices = [("", say("Choose")), *absent]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("kind") == COUNCIL and not data.get("council"):
            self.add_error("council", _("Choose a council."))
        if data.get("kind") == COMMUNITY:
            for name in ("name", "slug"):
                if not data.get(name):
                    self.add_error(name, _("This is needed for a group."))
        return data


class SupportForm(Styled):
    """Why, and for how long."""

    save_label = _("Ask for access")
    reason = forms.CharField(
        label=_("Why you need to look"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("An officer there reads this and decides. Name no resident."),
    )
    hours = forms.IntegerField(label=_("For how many hours"), min_value=1, max_value=72, initial=2)


@access(OFFICER)
@proven()
def tenant_new(request: HttpRequest) -> HttpResponseBase:
    """Reserve the address; a worker makes the rest, step by step, and invites the first officer."""
    known = {row.slug for row in registry_rows()}
    absent = {one.slug: one for one in councils() if one.slug not in known}
    asked = str(request.GET.get("council", ""))
    form = OnboardForm(
        sent(request), absent=[(slug, one.name.en) for slug, one in absent.items()], initial={"council": asked}
    )
    error: CommontyError | None = None
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        council = absent.get(data["council"]) if data["kind"] == COUNCIL else None
        slug = council.slug if council else data["slug"]
        try:
            if slug in known:
                raise Refused("This address is taken.", code="slug.taken", remedy="Choose another.")
            row = tenant_reserve(
                slug=slug,
                kind=data["kind"],
                name=council.name if council else LocalisedText(data["name"]),
                code=council.code if council else "",
            )
            tenant_ask(tenant=row.uuid, first=[data["email"]], language="en", practice=data["kind"] == COMMUNITY)
        except (Invalid, Refused) as refused:
            error = refused
            form.refuse(
                refused, {f"slug.{why}": "slug" for why in ("taken", "invalid", "reserved", "held", "look_alike")}
            )
        else:
            messages.success(request, say("It is being made. Load this page again to see how far it is."))
            return redirect("console:tenant", slug=row.slug)
    return shown(
        request,
        "console/tenant_new.html",
        here="home",
        heading=say("Onboard a council or group"),
        form=form,
        back=reverse("console:home"),
        status=CONFLICT if isinstance(error, Refused) else PROBLEM if form.errors else 200,
    )


@access(OFFICER)
@proven()
def tenant_one(request: HttpRequest, slug: str) -> HttpResponseBase:
    """One tenant from outside: registry row, steps of its making, what it has signed, and wishes for support."""
    row = registry_row(slug)
    form = SupportForm(sent(request))
    error: CommontyError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            support_ask(tenant=row.uuid, **{name: form.cleaned_data[name] for name in ("reason", "hours")})
        except (Invalid, Refused) as refused:
            error = refused
            form.refuse(refused, {"support.reason": "reason", "support.hours": "hours"})
        else:
            messages.success(request, say("They are asked. You see here what they answer."))
            return redirect("console:tenant", slug=slug)
    made = {one.name: one for one in making_of(row.uuid)}
    making = [(step.name, made.get(step.name)) for step in steps()]
    hosts = hosts_of(row.uuid)
    facts = signed_facts(row.uuid)
    return shown(
        request,
        "console/tenant.html",
        here="home",
        heading=row.name.en,
        row=None,
        tenant_row=row,
        public_address=origin(hosts["public"]) + "/" if "public" in hosts else "",
        making=making,
        made=sum(one is not None and one.state == "done" for _name, one in making),
        rounds=[one for one in facts if one.kind == "round"],
        accepted=[one for one in facts if one.kind in ("policy", "agreement", "assurance")],
        wishes=wishes(tenant=row.uuid),
        form=form,
        trail=[(reverse("console:home"), say("National console"))],
        status=CONFLICT if isinstance(error, Refused) else PROBLEM if form.errors else 200,
    )
