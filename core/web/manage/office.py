"""What this tenant has to do with others: support access, groups that name this council, and links."""

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

from core.kernel.errors import CommontyError, Invalid, NotFound, Refused
from core.people.access import OFFICER, SIGNED_IN, access
from core.people.proof import proven
from core.setup.spaces import space_tell
from core.support.services import (
    grant_by_id,
    grants_all,
    support_end,
    support_enter,
    support_grant,
    support_refuse,
    views_of,
)
from core.web.manage.forms import Styled, Ticks
from core.web.manage.page import CONFLICT, PROBLEM, actor_of, page, sent
from tenants.office.requests.selectors import links_of, request_of, requests_for
from tenants.office.requests.services import link_agree, link_ask, link_end, request_answer
from tenants.office.selectors import facts
from tenants.office.support.services import wishes
from tenants.registry.context import current_tenant
from tenants.registry.hosts import origin
from tenants.registry.selectors import public_hosts, tenant_refs

SHARE_WORDS: dict[str, Any] = {
    "face": _("The group's name and the address of its website, on the council's staff pages"),
    "rounds": _("The stage, dates and pot of the group's published rounds"),
    "money": _("Where money stands that the council has entrusted to the group"),
}
STANDINGS: dict[str, Any] = {
    "constituted": _("A group with a constitution"),
    "hosted": _("A group that another body stands behind"),
    "forming": _("A group that is being set up"),
}


class AnswerForm(Styled):
    """What the group is told."""

    letter = forms.CharField(
        label=_("Words to the group"),
        max_length=2000,
        required=False,
        widget=forms.Textarea({"rows": 5}),
        help_text=_("Needed for a question and for a refusal: what you need to know, or the reasons."),
    )


class LinkForm(Styled):
    """With whom, and what is shared."""

    save_label = _("Ask for a link")
    other = forms.ChoiceField(label=_("With"), error_messages={"required": _("Choose one.")})
    shares = forms.MultipleChoiceField(
        label=_("What is shared"),
        choices=list(SHARE_WORDS.items()),
        widget=Ticks(),
        error_messages={"required": _("Choose what is shared.")},
    )

    def __init__(self, *args: Any, others: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["other"]
        chosen.choices = [("", say("Choose")), *others]


# -- support access ---------------------------------------------------------------------------------------------------


@access(OFFICER)
@proven()
def support(request: HttpRequest) -> HttpResponseBase:
    """Wishes for access, and every grant with how it ended."""
    refused: CommontyError | None = None
    actor = actor_of(request)
    if request.method == "POST":
        try:
            wish = UUID(str(request.POST.get("wish", "")))
            verb = request.POST.get("do")
            if verb == "grant":
                support_grant(wish=wish, actor=actor)
                messages.success(request, say("Access is granted. You can end it at any moment."))
            elif verb == "refuse":
                support_refuse(wish=wish, actor=actor)
                messages.success(request, say("The wish is refused."))
            else:
                support_end(grant=grant_by_id(wish), actor=actor)
                messages.success(request, say("The access has ended."))
            return redirect("staff:support")
        except ValueError:
            refused = Invalid("This wish is not known.", code="support.unknown", remedy=say("Load the page again."))
        except (Refused, NotFound) as error:
            refused = error
    asked = [one for one in wishes(tenant=current_tenant().uuid) if one.state == "asked"]
    return page(
        request,
        "manage/support.html",
        heading=say("Support access"),
        part="support",
        asked=asked,
        grants=grants_all(),
        refused=refused,
        status=CONFLICT if refused else 200,
    )


@access(OFFICER)
def support_views(request: HttpRequest, wish: UUID) -> HttpResponse:
    """Every page that was looked at under one grant."""
    grant = grant_by_id(wish)
    return page(
        request,
        "manage/support_views.html",
        heading=say("What was looked at"),
        part="support",
        grant=grant,
        views=views_of(wish),
        trail=[(reverse("staff:support"), say("Support access"))],
    )


@access(SIGNED_IN)
@proven()
def support_door(request: HttpRequest) -> HttpResponseBase:
    """Where somebody from support comes in, by the link that the console made."""
    token, refused = str(request.GET.get("access", "")), None
    if request.method == "POST":
        try:
            support_enter(token=token, person=actor_of(request))
        except (Invalid, NotFound, Refused) as error:
            refused = error
        else:
            return redirect("staff:rounds")
    return page(
        request,
        "manage/support_door.html",
        heading=say("Support access"),
        part="",
        refused=refused,
        status=CONFLICT if refused else 200,
    )


# -- groups and councils ----------------------------------------------------------------------------------------------


@access(OFFICER)
def groups(request: HttpRequest) -> HttpResponseBase:
    """Links with the other side, wishes for one, and requests that name this council."""
    tenant = current_tenant()
    council = tenant.kind == "council"
    links = links_of(tenant.uuid)
    kind = "community" if council else "council"
    linked = {one.group.uuid if council else one.council.uuid for one in links}
    others = [
        (str(one.uuid), one.name.en)
        for one in tenant_refs(kinds=(kind,))
        if one.state == "active" and one.uuid not in linked
    ]
    able = tenant.kind in ("council", "community") and tenant.state == "active" and (council or not links)
    form = LinkForm(sent(request) if request.POST.get("do") == "ask" else None, others=others) if able else None
    refused: CommontyError | None = None
    if request.method == "POST":
        try:
            if _linked(request, form):
                return redirect("staff:groups")
        except (Invalid, NotFound, Refused) as error:
            refused = error
    return page(
        request,
        "manage/groups.html",
        heading=say("Groups") if council else say("Councils"),
        part="groups",
        council=council,
        links=[_shown(one, council=council) for one in links],
        requests=requests_for(tenant) if council else [],
        form=form,
        others=others,
        refused=refused,
        status=CONFLICT if refused else PROBLEM if form is not None and form.errors else 200,
    )


def _linked(request: HttpRequest, form: LinkForm | None) -> bool:
    tenant, verb = current_tenant(), request.POST.get("do")
    if verb == "ask":
        if form is None or not form.is_valid():
            return False
        values = {"other": UUID(form.cleaned_data["other"]), "shares": form.cleaned_data["shares"]}
        link_ask(by=tenant, **values, actor=actor_of(request))
        messages.success(request, say("The other side is asked. Nothing is shared until they agree."))
        return True
    try:
        link = UUID(str(request.POST.get("link", "")))
    except ValueError as error:
        raise NotFound("There is no such link.", code="link.unknown", remedy=say("Load the page again.")) from error
    if verb == "agree":
        link_agree(link=link, by=tenant, actor=actor_of(request))
        messages.success(request, say("You are linked. Either side can end it at any time."))
    else:
        link_end(link=link, by=tenant, actor=actor_of(request))
        messages.success(request, say("The link has ended. Nothing is shared any more."))
    return True


def _shown(link: Any, *, council: bool) -> dict[str, Any]:
    """A link as its page shows it: of a group exactly what the link names."""
    other = link.group if council else link.council
    agreed = link.agreed_at is not None
    hosts = public_hosts()
    rounds = []
    if council and agreed and "rounds" in link.shares:
        rounds = [one.body for one in facts("round") if one.tenant.uuid == link.group.uuid]
    return {
        "link": link,
        "other": other,
        "address": origin(hosts[other.slug]) + "/" if other.slug in hosts else "",
        "shares": [SHARE_WORDS[one] for one in link.shares],
        "mine": link.asked_by == ("council" if council else "group"),
        "rounds": rounds,
        "money": agreed and "money" in link.shares,
    }


@access(OFFICER)
def group_request(request: HttpRequest, wanted: UUID) -> HttpResponseBase:
    """A group's request that names this council: accept, ask, or refuse with reasons."""
    return answer_page(request, wanted, back="staff:groups", template="manage/group_request.html", part="groups")


def answer_page(request: HttpRequest, wanted: UUID, *, back: str, template: str, part: str) -> HttpResponseBase:
    """The page on which whoever may answers a request; the console shows the same one."""
    tenant = current_tenant()
    asked = request_of(wanted, reader=tenant)
    form = AnswerForm(sent(request))
    status = 200
    if request.method == "POST" and form.is_valid():
        state = {"accept": "accepted", "ask": "asked", "refuse": "refused"}.get(str(request.POST.get("do")), "")
        try:
            request_answer(request=wanted, state=state, words=form.cleaned_data["letter"], by=tenant)
            with transaction.atomic():
                space_tell(space=asked.space.uuid, state=state)
        except (Invalid, Refused) as error:
            form.refuse(error, {"request.no_words": "letter"})
            status = CONFLICT if isinstance(error, Refused) else PROBLEM
        else:
            messages.success(request, say("The group is told."))
            return redirect(back)
    return page(
        request,
        template,
        heading=asked.space.name.en,
        part=part,
        asked=asked,
        standing=STANDINGS[asked.standing],
        form=form,
        back=reverse(back),
        status=status,
    )
