"""Modules across Scotland: which stand, where they may be used and are, and wishes for new ones.

Where they are used is what tenants have signed as numbers (`core.rounds.listeners`); nothing of theirs is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.kernel.errors import CommontyError, Invalid, NotFound, Refused
from core.people.access import OFFICER, access
from core.people.proof import proven
from core.rounds.listeners import MODULES
from core.web.hub.console.views import EVERYBODY, shown
from core.web.manage.forms import Radios, Styled
from core.web.manage.modules import KINDS, keeps, standing
from core.web.manage.page import CONFLICT, PROBLEM, actor_of, sent
from core.web.manage.wishes import STATES
from core.web.manage.wishes import shown as wish_shown
from plugins.api.text import LocalisedText
from plugins.host.registry import Registered, registry
from tenants.office.modules.selectors import wish_of, wishes
from tenants.office.modules.services import permit_set, plugin_spread, wish_answer
from tenants.office.national import registry_rows, signed_facts
from tenants.registry.models import Tenant
from tenants.registry.permits import permit_of, permits_know
from tenants.registry.selectors import SERVED

ALLOW, WITHDRAW = "allow", "withdraw"


@dataclass(frozen=True, slots=True)
class Place:
    """A council or group with what it has said of its modules last; `said` is None while it has said nothing."""

    uuid: UUID
    slug: str
    name: LocalisedText
    council: bool
    said: Mapping[str, Any] | None

    def version(self, plugin: str) -> str:
        """The version it has switched on; empty for none."""
        return str((self.said or {}).get("plugins", {}).get(plugin, ""))

    def rounds(self, one: Registered) -> int:
        """How many of its open rounds use the module."""
        return int((self.said or {}).get("used", {}).get(f"{one.kind.name}/{one.module.key}", 0))


def _places() -> list[Place]:
    """Everybody but the national site: councils first, each by name."""
    said = {one.tenant: one.body for one in signed_facts() if one.kind == MODULES}
    found = [
        Place(row.uuid, row.slug, row.name, row.kind == Tenant.Kind.COUNCIL, said.get(row.uuid))
        for row in registry_rows()
        if row.kind != Tenant.Kind.HUB and row.state in SERVED
    ]
    language = get_language() or "en"
    return sorted(found, key=lambda one: (not one.council, one.name.get(language)))


def _amount(places: list[Place]) -> str:
    """So many councils, and groups where there are any."""
    councils = sum(one.council for one in places)
    groups = len(places) - councils
    parts = [ngettext("%(n)s council", "%(n)s councils", councils) % {"n": councils}]
    if groups:
        parts.append(ngettext("%(n)s group", "%(n)s groups", groups) % {"n": groups})
    return ", ".join(parts) if councils or groups else say("nowhere")


@access(OFFICER)
def modules(request: HttpRequest) -> HttpResponseBase:
    """Every module that stands, where it may be used and is; plugins that are on nowhere; wishes."""
    places, permits = _places(), permits_know()
    order = list(KINDS)
    found = sorted(registry().modules.values(), key=lambda one: (order.index(one.kind.name), one.module.key))
    rows = [
        {
            "one": one,
            "kind": KINDS[one.kind.name],
            "allowed": _amount([at for at in places if permit_of(one.plugin.name, at.uuid, permits).allowed]),
            "active": _amount([at for at in places if at.version(one.plugin.name)]),
            "rounds": sum(at.rounds(one) for at in places),
            "narrowed": any(plugin == one.plugin.name and not it.allowed for (_at, plugin), it in permits.items()),
        }
        for one in found
    ]
    fresh = {one.plugin.name: one for one in found if not any(at.version(one.plugin.name) for at in places)}
    return shown(
        request,
        "console/modules.html",
        here="modules",
        heading=say("Modules"),
        rows=rows,
        # With nobody there, or nobody heard of, nothing is new.
        fresh=list(fresh.values()) if any(at.said for at in places) else [],
        silent=sum(at.said is None for at in places),
        failed=registry().failed,
        wishes=[wish_shown(one) for one in wishes()],
    )


class PermitForm(Styled):
    """For whom, and whether it may be used; a withdrawal says why."""

    save_label = _("Save")
    tenant = forms.ChoiceField(label=_("For"), error_messages={"required": _("Choose for whom.")})
    decision = forms.ChoiceField(
        label=_("May it be switched on and chosen for new rounds?"),
        choices=[(ALLOW, _("Allow it")), (WITHDRAW, _("Withdraw it"))],
        widget=Radios(
            {
                ALLOW: _("Whoever leads there decides whether to switch it on."),
                WITHDRAW: _("Rounds that residents see already keep it, in the version they have."),
            }
        ),
        error_messages={"required": _("Choose one.")},
    )
    reason = forms.CharField(
        label=_("Why it is withdrawn"),
        max_length=300,
        required=False,
        help_text=_("Officers there read it. For a pilot: withdraw it for all, then allow it for those who try it."),
    )

    def __init__(self, *args: Any, places: list[Place], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = get_language() or "en"
        whom: Any = self.fields["tenant"]
        named = [(str(one.uuid), one.name.get(language)) for one in places]
        whom.choices = [("", say("Choose")), (EVERYBODY, say("All, in place of what was decided for some")), *named]


@access(OFFICER)
@proven()
def module_one(request: HttpRequest, kind: str, key: str) -> HttpResponseBase:
    """One module: who made it, what it keeps, who may use it and does; allow it, or withdraw it for new rounds."""
    one = standing(kind, key)
    plugin, places = one.plugin.name, _places()
    everywhere = request.POST.get("do") == "everywhere"
    form = PermitForm(None if everywhere else sent(request), places=places)
    error: CommontyError | None = None
    try:
        if everywhere:
            permit_set(plugin=plugin, tenant=None, allowed=True, actor=actor_of(request))
            plugin_spread(plugin=plugin, actor=actor_of(request))
            messages.success(request, say("It is allowed everywhere. It is being switched on where it was never on."))
            return redirect("console:module", kind=kind, key=key)
        if request.method == "POST" and form.is_valid():
            data = form.cleaned_data
            permit_set(
                plugin=plugin,
                tenant=None if data["tenant"] == EVERYBODY else UUID(data["tenant"]),
                allowed=data["decision"] == ALLOW,
                reason=data["reason"],
                actor=actor_of(request),
            )
            messages.success(request, say("It is saved, and holds everywhere within a minute."))
            return redirect("console:module", kind=kind, key=key)
    except (Invalid, NotFound, Refused) as refused:
        error = refused
        form.refuse(refused, {"permit.no_reason": "reason", "tenant.unknown": "tenant"})
    permits = permits_know()
    return shown(
        request,
        "console/module.html",
        here="modules",
        heading=one.module.label.get(get_language() or "en"),
        one=one,
        kind=KINDS[kind],
        # As the council's own page has it, whose words of it are shared.
        card={"plugin": one.plugin, "keeps": keeps(one.module), "takes_list": getattr(one.module, "takes_list", False)},
        beside=[other.module.label for other in registry().of_plugin(plugin) if other is not one],
        rows=[
            {
                "at": at,
                "permit": permit_of(plugin, at.uuid, permits),
                "own": (at.uuid, plugin) in permits,
                "version": at.version(plugin),
                "rounds": at.rounds(one),
            }
            for at in places
        ],
        form=form,
        trail=[(reverse("console:modules"), say("Modules"))],
        status=CONFLICT if isinstance(error, Refused) else PROBLEM if form.errors else 200,
    )


class AnswerForm(Styled):
    """How a wish stands, and words to those who asked."""

    save_label = _("Save the answer")
    state = forms.ChoiceField(
        label=_("How it stands"),
        choices=[(state, label) for state, (label, _colour) in STATES.items()],
        widget=Radios(),
    )
    answer = forms.CharField(
        label=_("Answer"),
        max_length=2000,
        required=False,
        widget=forms.Textarea({"rows": 5}),
        help_text=_("Those who asked read it on their modules page. Needed to decline."),
    )


@access(OFFICER)
def wish_one(request: HttpRequest, wish: UUID) -> HttpResponseBase:
    """One wish, and the answer."""
    found = wish_of(wish)
    form = AnswerForm(sent(request), initial={"state": found.state, "answer": found.answer})
    error: CommontyError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            wish_answer(
                wish=wish,
                state=form.cleaned_data["state"],
                answer=form.cleaned_data["answer"],
                actor=actor_of(request),
            )
        except (Invalid, Refused) as refused:
            error = refused
            form.refuse(refused, {"wish.no_words": "answer"})
        else:
            messages.success(request, say("The answer is saved. They see it now."))
            return redirect(reverse("console:modules") + "#wishes")
    return shown(
        request,
        "console/wish.html",
        here="modules",
        heading=found.what,
        wish=found,
        form=form,
        back=reverse("console:modules"),
        trail=[(reverse("console:modules"), say("Modules"))],
        status=CONFLICT if isinstance(error, Refused) else PROBLEM if form.errors else 200,
    )
