"""An address of one's own for the public website, and mail in one's own name: the records to add, and what they say."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.kernel.env import environment
from core.kernel.errors import CommontyError, Invalid, NotFound, Refused
from core.people.access import OFFICER, access
from core.people.sso.sites import CALLBACK, client_id
from core.web.manage.forms import Styled
from core.web.manage.page import CONFLICT, PROBLEM, actor_of, page, sent
from tenants.office.hosts.sender import sender_ask, sender_end, sender_look, sender_of
from tenants.office.hosts.services import (
    MOST_HOSTS,
    Own,
    host_ask,
    host_end,
    host_look,
    host_main,
    own_hosts,
    service_host,
)
from tenants.registry.context import current_tenant
from tenants.registry.hosts import origin

KIND_WORDS: dict[str, Any] = {
    "proof": _("That the domain is yours"),
    "spf": _("That we may send for it"),
    "dkim": _("That our signature is its own"),
    "dmarc": _("What others do with forged mail"),
}


class HostForm(Styled):
    """The name that is wanted."""

    save_label = _("Ask for this address")
    host = forms.CharField(
        label=_("Address"),
        max_length=300,
        help_text=_("A name below a domain that your organisation has registered, like choices.example.scot."),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
    )


class SenderForm(Styled):
    """The address that letters should come from."""

    save_label = _("Show the records it needs")
    address = forms.CharField(
        label=_("E-mail address of your office"),
        max_length=254,
        help_text=_("Replies go there from now on. It is an office's address, not a person's."),
        widget=forms.EmailInput({"autocomplete": "off"}),
    )


@access(OFFICER)
def address(request: HttpRequest) -> HttpResponseBase:
    """What is asked for and served; ask, have the records looked at, choose the main one, switch off."""
    tenant, refused = current_tenant(), None
    asking = request.POST.get("do") == "ask"
    form = HostForm(sent(request) if asking else None)
    if request.method == "POST" and (not asking or form.is_valid()):
        try:
            _host_done(request, form)
            return redirect("staff:address")
        except (Invalid, NotFound, Refused) as error:
            refused = error
            if asking:
                form.refuse(error, dict.fromkeys((error.code,), "host"))
    hosts = own_hosts(tenant.uuid)
    ours = service_host(tenant.slug)
    return page(
        request,
        "manage/address.html",
        heading=say("Your own address"),
        part="address",
        hosts=[(one, origin(one.host) + "/") for one in hosts],
        ours=ours,
        ours_is_main=not any(one.main for one in hosts),
        sign_in=_sign_in(tenant.slug, hosts),
        form=form if len(hosts) < MOST_HOSTS else None,
        most=MOST_HOSTS,
        refused=None if asking else refused,
        status=_status(refused, form),
    )


def _status(refused: CommontyError | None, form: Styled) -> int:
    return CONFLICT if isinstance(refused, (Refused, NotFound)) else PROBLEM if form.errors or refused else 200


def _sign_in(slug: str, hosts: list[Own]) -> dict[str, Any] | None:
    """What the people who run the service have to enter by hand, where no Keycloak of ours is told by itself."""
    waiting = [origin(one.host) + CALLBACK for one in hosts if one.state == "proved" and not one.sign_in]
    if not waiting:
        return None
    return {"by_hand": not environment().keycloak_url, "client": client_id(slug, "public"), "addresses": waiting}


def _host_done(request: HttpRequest, form: HostForm) -> None:
    tenant, actor, verb = current_tenant(), actor_of(request), request.POST.get("do")
    if verb == "ask":
        host_ask(tenant=tenant, host=form.cleaned_data["host"], actor=actor)
        messages.success(request, say("Add the record that is shown here, then have it checked."))
        return
    if verb == "ours":
        host_main(own=None, tenant=tenant, actor=actor)
        messages.success(request, say("Links name the service's address again."))
        return
    try:
        own = UUID(str(request.POST.get("own", "")))
    except ValueError as error:
        raise NotFound("There is no such address.", code="host.unknown", remedy=say("Load the page again.")) from error
    if verb == "look":
        _looked(request, host_look(own=own, tenant=tenant, actor=actor))
    elif verb == "main":
        host_main(own=own, tenant=tenant, actor=actor)
        messages.success(request, say("Links and letters name this address from now on."))
    else:
        host_end(own=own, tenant=tenant, actor=actor)
        messages.success(request, say("The address is switched off. It is gone everywhere within a minute."))


def _looked(request: HttpRequest, own: Own) -> None:
    if not own.answered:
        messages.warning(request, say("Name servers did not answer. Nothing has changed; try again in some minutes."))
    elif own.state == "proved":
        messages.success(request, say("The record is there. The address is served within a minute."))
    else:
        messages.warning(request, say("The record is not there yet. It can take some hours until all servers know it."))


@access(OFFICER)
def sender(request: HttpRequest) -> HttpResponseBase:
    """The sender that is wanted, its records with what was found, and whether it is used."""
    tenant, actor, refused = current_tenant(), actor_of(request), None
    verb = request.POST.get("do")
    form = SenderForm(sent(request) if verb == "ask" else None)
    if request.method == "POST" and (verb != "ask" or form.is_valid()):
        try:
            if verb == "ask":
                sender_ask(tenant=tenant, address=form.cleaned_data["address"], actor=actor)
                messages.success(request, say("Replies go there from now on. Add the records, then have them checked."))
            elif verb == "look":
                good = sender_look(tenant=tenant, actor=actor).good
                found = say("Every record is as it should be.") if good else say("Not every record is there yet.")
                (messages.success if good else messages.warning)(request, found)
            else:
                sender_end(tenant=tenant, actor=actor)
                messages.success(request, say("Mail comes from the service's own address again."))
            return redirect("staff:sender")
        except (Invalid, NotFound, Refused) as error:
            refused = error
            if verb == "ask":
                form.refuse(error, dict.fromkeys((error.code,), "address"))
    now = sender_of(tenant)
    return page(
        request,
        "manage/sender.html",
        heading=say("Mail in your name"),
        part="sender",
        sender=now,
        records=[(KIND_WORDS[one.record.kind], one) for one in now.records] if now else [],
        ours=f"no-reply@{environment().base_domain}",
        form=form,
        refused=None if verb == "ask" else refused,
        status=_status(refused, form),
    )
