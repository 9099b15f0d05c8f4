"""The modules of a council: what each does for residents, who made it, which rounds use it, and how it fares.

A ballot format can be tried here as a resident would fill it in; nothing of it is kept.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from core.audit.outbox import message_again, parked
from core.kernel.errors import CommontyError, Invalid, NotFound, Refused
from core.people.access import OFFICER, access
from core.rounds.choices import rounds_choosing
from core.web.manage.page import CONFLICT, PROBLEM, actor_of, page, sent
from core.web.manage.settings_form import PREFIX, SettingsForm, initial_of, values_of
from core.web.manage.wishes import shown
from core.web.public.booth import drawn
from core.web.public.draft import posted
from plugins.api import BallotInvalid, LocalisedText, Money, Offer, Pot, Project
from plugins.host.breaker import breaker_close, health
from plugins.host.guard import Guarded
from plugins.host.observing import OBSERVE_JOB
from plugins.host.owed import erasures_owed
from plugins.host.registry import Registered, registry
from plugins.host.selectors import active_plugins, module_settings
from plugins.host.services import module_configure, plugin_activate, plugin_deactivate
from tenants.office.modules.selectors import wishes
from tenants.registry.context import current_tenant
from tenants.registry.permits import permit_of

KINDS = {
    "ballot_format": _("What a ballot looks like"),
    "outcome_rule": _("How votes decide"),
    "eligibility_proof": _("How somebody shows that they may vote"),
    "deliberation": _("Discussion"),
    "evaluation": _("Evaluation"),
    "notification_channel": _("How messages travel"),
    "exporter": _("Files that leave"),
}
SAMPLE = Offer(
    "sample",
    Money(8_000_00),
    tuple(
        Project(f"P-{number:02}", LocalisedText(en, gd), Money(cost), area)
        for number, (en, gd, cost, area) in enumerate(
            (
                ("A bench at the pond", "Being aig an lochan", 800_00, "North"),
                ("Trees on Mill Street", "Craobhan air Sràid a’ Mhuilinn", 2_500_00, "South"),
                ("A lunch club", "Cluba-lòin", 3_000_00, ""),
                ("A bicycle shed", "Seada bhaidhseagalan", 4_200_00, "South"),
                ("A youth band", "Còmhlan òigridh", 1_500_00, ""),
            ),
            start=1,
        )
    ),
    ("North", "South"),
    pots=(Pot("", Money(4_000_00)), Pot("North", Money(2_000_00)), Pot("South", Money(5_000_00))),
)
"""Projects nobody has thought of, to try a ballot on."""


def standing(kind: str, key: str) -> Registered:
    """Raises NotFound."""
    found = registry().modules.get((kind, key))
    if found is None:
        raise NotFound("There is no such module.", code="plugin.unknown")
    return found


def keeps(module: Any) -> bool:
    """Whether it keeps something of people: every kind that does has to be able to show and erase it."""
    return hasattr(type(module), "erase")


def _card(one: Registered, active: set[str]) -> dict[str, Any]:
    module, info = one.module, one.plugin
    return {
        "kind": one.kind.name,
        "key": module.key,
        "label": module.label,
        "description": module.description,
        "plugin": info,
        "active": info.name in active,
        "permit": permit_of(info.name, current_tenant().uuid),
        "health": health(info.name),
        "rounds": rounds_choosing(frozenset({(one.kind.name, module.key)})),
        "keeps": keeps(module),
        "takes_list": info.name in active and getattr(module, "takes_list", False),
    }


@access(OFFICER)
def modules(request: HttpRequest) -> HttpResponseBase:
    """Every module that stands, by kind; what failed; what observers could not be told."""
    active = set(active_plugins())
    cards = [_card(one, active) for _, one in sorted(registry().modules.items())]
    groups = [(label, [card for card in cards if card["kind"] == kind]) for kind, label in KINDS.items()]
    return page(
        request,
        "manage/modules.html",
        heading=say("Modules"),
        part="modules",
        groups=[(label, found) for label, found in groups if found],
        failed=registry().failed,
        wishes=[shown(one) for one in wishes(current_tenant().uuid)],
        owed=erasures_owed(),
        parked=[message for message in parked() if message["task"] == OBSERVE_JOB.name],
    )


@access(OFFICER)
def module(request: HttpRequest, kind: str, key: str) -> HttpResponseBase:
    """One module: its settings, and a ballot to try."""
    found = standing(kind, key)
    card = _card(found, set(active_plugins()))
    trial = request.method == "POST" and request.POST.get("do") == "try"
    settings, form, status = None, None, 200
    if card["active"]:
        try:
            settings = module_settings(kind, key)
        except CommontyError as error:
            messages.warning(request, f"{error} {error.remedy or ''}")
        kept = settings.model_dump(mode="json") if settings is not None else {}
        data = None if trial else sent(request)
        form = SettingsForm(data, module=found.module, initial=initial_of(found.module, PREFIX, kept))
        if data is not None and form.is_valid():
            try:
                module_configure(
                    kind=kind, key=key, settings=values_of(PREFIX, form.cleaned_data), actor=actor_of(request)
                )
            except (Invalid, Refused) as error:
                for problem in getattr(error, "problems", ()) or ():
                    field = f"{PREFIX}{problem.path}"
                    form.add_error(field if field in form.fields else None, problem.message.en)
                if not form.errors:
                    form.add_error(None, str(error))
                status = CONFLICT if isinstance(error, Refused) else PROBLEM
            else:
                messages.success(request, say("The settings are saved. Rounds that have opened keep theirs."))
                return redirect("staff:module", kind=kind, key=key)
    return page(
        request,
        "manage/module.html",
        heading=card["label"].en,
        part="modules",
        card=card,
        form=form if form is not None and len(form.fields) > 1 else None,
        trial=_trial(request, found, settings, trial) if settings is not None and kind == "ballot_format" else None,
        status=PROBLEM if form is not None and form.errors and status == 200 else status,
    )


def _trial(request: HttpRequest, found: Registered, settings: Any, tried: bool) -> dict[str, Any]:
    """A ballot on made-up projects, as a resident sees it; what was filled in is read back or refused."""
    ballot_format: Any = Guarded(found)
    raw = posted(dict(request.POST.lists())) if tried else {}
    shown: dict[str, Any] = {"problems": (), "lines": ()}
    try:
        problems = ballot_format.check(SAMPLE, settings)
        if problems:
            return {**shown, "unfit": problems}
        shown["form"] = drawn(ballot_format.form(SAMPLE, settings, raw))
        if tried:
            ballot = ballot_format.parse(raw, SAMPLE, settings)
            shown["lines"] = ballot_format.summary(ballot, SAMPLE)
    except BallotInvalid as error:
        shown["problems"] = error.problems
    except CommontyError as error:
        shown["failed"] = str(error)
    return shown


@require_POST
@access(OFFICER)
def plugin_switch(request: HttpRequest, plugin: str) -> HttpResponseBase:
    """Switch a plugin on or off. Off is refused while a round uses it, and the page says which."""
    try:
        if request.POST.get("to") == "off":
            plugin_deactivate(plugin=plugin, actor=actor_of(request))
            messages.success(request, say("It is switched off."))
        else:
            plugin_activate(plugin=plugin, actor=actor_of(request))
            messages.success(request, say("It is switched on."))
    except Refused as error:
        messages.warning(request, f"{error} {error.remedy or ''}")
    return redirect("staff:modules")


@require_POST
@access(OFFICER)
def plugin_breaker(request: HttpRequest, plugin: str) -> HttpResponseBase:
    """Have a plugin called again that failed too often."""
    if plugin not in registry().plugins:
        raise NotFound("There is no such plugin.", code="plugin.unknown")
    breaker_close(plugin)
    messages.success(request, say("It is called again from now on."))
    return redirect("staff:modules")


@require_POST
@access(OFFICER)
def parked_again(request: HttpRequest, message: UUID) -> HttpResponseBase:
    """Have a plugin told once more what it could not be told."""
    message_again(message)
    messages.success(request, say("It is told again within a minute."))
    return redirect("staff:modules")
