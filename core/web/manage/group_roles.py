"""Groups of the council's own sign-in: which of them propose a role, and what an officer makes of a proposal."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.kernel.errors import Invalid, NotFound, Refused
from core.people.access import OFFICER, access
from core.people.group_roles import (
    MOST_LISTED,
    group_role_list,
    group_role_of,
    group_role_unlist,
    group_roles,
    proposal_confirm,
    proposal_decline,
    proposal_of,
)
from core.people.models import RoleProposal
from core.people.proof import proven
from core.people.sso.door import groups_told
from core.people.sso.provider import LONGEST_GROUP
from core.web.manage.forms import Styled
from core.web.manage.page import CONFLICT, PROBLEM, actor_of, page, sent
from core.web.manage.people import ROLES, groups_here, place_choices, place_chosen, place_field, places, role_field
from tenants.registry.hosts import site_of


class GroupRoleForm(Styled):
    """A group, and the role that it proposes."""

    save_label = _("Put it on the list")

    group = forms.CharField(
        label=_("Group"),
        max_length=LONGEST_GROUP,
        help_text=_(
            "As the council’s sign-in names it. Microsoft Entra names a group by its Object ID, such as "
            "3f2b0c9e-6a1d-4e57-9c0b-2d8f7a6b1c34, unless it was told to use names."
        ),
        error_messages={"required": _("Write the group.")},
        widget=forms.TextInput({"class": "ds_input", "autocomplete": "off", "spellcheck": "false"}),
    )
    role = role_field()
    round_id = place_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        where: Any = self.fields["round_id"]
        where.choices = place_choices()

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["where"] = place_chosen(self)
        return self.cleaned_data


@access(OFFICER)
@proven()
def groups(request: HttpRequest) -> HttpResponseBase:
    """The list of groups that propose a role, and one more."""
    _need_groups(request)
    form = GroupRoleForm(sent(request))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            row = group_role_list(
                group=data["group"], role=data["role"], round_id=data["where"], actor=actor_of(request)
            )
        except Invalid as error:
            form.add_error("group", " ".join(filter(None, [str(error), str(error.remedy or "")])))
        else:
            messages.success(request, say("%(group)s: on the list.") % {"group": row.group})
            return redirect("staff:group-roles")
    place = places()
    lines = [{"row": one, "role": ROLES[one.role], "where": place(one.round_id)} for one in group_roles()]
    return page(
        request,
        "manage/group_roles.html",
        heading=say("Groups that propose a role"),
        part="people",
        form=form,
        lines=lines,
        most=MOST_LISTED if len(lines) >= MOST_LISTED else 0,
        told=groups_told(site_of(request)),
        trail=[_above()],
        status=PROBLEM if form.errors else 200,
    )


@access(OFFICER)
@proven()
def group_end(request: HttpRequest, group: UUID) -> HttpResponseBase:
    """Ask before a group is taken off the list, and take it off when confirmed."""
    row = group_role_of(group)
    if request.method == "POST":
        group_role_unlist(row=row, actor=actor_of(request))
        messages.success(request, say("%(group)s: off the list.") % {"group": row.group})
        return redirect("staff:group-roles")
    return page(
        request,
        "manage/group_role_end.html",
        heading=say("Take a group off the list"),
        part="people",
        line=row,
        role=ROLES[row.role],
        where=places()(row.round_id),
        trail=[_above(), (reverse("staff:group-roles"), say("Groups that propose a role"))],
    )


@access(OFFICER)
@proven()
def proposal(request: HttpRequest, proposal: UUID) -> HttpResponseBase:
    """Show what is proposed and why; an officer gives the role or declines it."""
    row = proposal_of(proposal)
    refused: Refused | None = None
    decided = request.POST.get("decide") if request.method == "POST" else None
    if decided in ("give", "decline"):
        try:
            return _decided(request, row, give=decided == "give")
        except Refused as error:
            refused = error
    return page(
        request,
        "manage/role_proposal.html",
        heading=say("A proposed role"),
        part="people",
        line=row,
        role=ROLES[row.role],
        where=places()(row.round_id),
        refused=refused,
        trail=[_above()],
        status=CONFLICT if refused else 200,
    )


def _decided(request: HttpRequest, row: RoleProposal, *, give: bool) -> HttpResponse:
    words = {"name": row.person, "role": ROLES[row.role]}
    if give:
        proposal_confirm(proposal=row, actor=actor_of(request))
        messages.success(request, say("%(name)s: %(role)s.") % words)
    else:
        proposal_decline(proposal=row, actor=actor_of(request))
        messages.success(request, say("%(name)s was not given this role: %(role)s.") % words)
    return redirect("staff:people")


def _need_groups(request: HttpRequest) -> None:
    if not groups_here(request):
        raise NotFound(
            say("Here people sign in as residents, and no sign-in tells of groups."), code="people.no_groups"
        )


def _above() -> tuple[str, str]:
    return reverse("staff:people"), say("People and roles")
