"""Councils, requests, the calendar of votes, the fleet, banners and wishes for support access."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.kernel.clock import database_now
from core.kernel.errors import CommontyError, Invalid, NotFound, Refused
from core.people.access import OFFICER, access
from core.people.proof import proven
from core.people.sso.health import sign_in_health
from core.support.services import enter_token
from core.web.hub.console.state import STAGES, calendar, lines
from core.web.manage.forms import DayInput, Pair, Styled, moment_of
from core.web.manage.menu import Link
from core.web.manage.office import answer_page
from core.web.manage.page import CONFLICT, PROBLEM, page, sent
from tenants.office.banners.services import banner_end, banner_put, banners_standing
from tenants.office.national import fleet
from tenants.office.requests.selectors import requests_for
from tenants.office.support.services import wish_of, wishes
from tenants.registry.context import current_tenant
from tenants.registry.hosts import origin
from tenants.registry.selectors import hosts_of, tenant_refs

PARTS: tuple[tuple[str, Any], ...] = (
    ("home", _("Councils")),
    ("requests", _("Requests")),
    ("calendar", _("Calendar")),
    ("documents", _("Guidance")),
    ("modules", _("Modules")),
    ("banners", _("Banners")),
    ("support", _("Support")),
    ("limits", _("Limits")),
    ("fleet", _("Fleet")),
)
EVERYBODY = "all"


def shown(
    request: HttpRequest, template: str, *, here: str, heading: Any, status: int = 200, **context: Any
) -> HttpResponse:
    """A page of the console: its own parts stand below the menu."""
    return page(
        request,
        template,
        heading=heading,
        part="console",
        parts=[Link(reverse(f"console:{name}"), label, name == here) for name, label in PARTS],
        status=status,
        **context,
    )


class BannerForm(Styled):
    """A few words for one tenant, or for all."""

    save_label = _("Show it")
    tenant = forms.ChoiceField(label=_("Where"), error_messages={"required": _("Choose where.")})
    pairs = (Pair("words", _("Words"), _("Words, in Gaelic"), most=400, rows=3),)
    ends = DayInput(label=_("Last day"))
    field_order = ["tenant", "words_en", "words_gd", "ends"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["tenant"]
        places = [(str(one.uuid), one.name.en) for one in tenant_refs()]
        chosen.choices = [("", say("Choose")), (EVERYBODY, say("Everywhere in Scotland")), *places]

    def clean_ends(self) -> datetime:
        found = moment_of(self.cleaned_data["ends"] + timedelta(days=1), time(0))
        assert found is not None
        return found


@access(OFFICER)
def home(request: HttpRequest) -> HttpResponse:
    """The 32 councils by how far they have come, each with its groups and what comes next."""
    found, free = lines()
    counts = [(stage, sum(line.stage is stage for line in found)) for stage in STAGES]
    return shown(
        request,
        "console/home.html",
        here="home",
        heading=say("National console"),
        lines=sorted(found, key=lambda line: (STAGES.index(line.stage) == 0, line.name.en)),
        counts=[one for one in counts if one[1]],
        free=free,
    )


@access(OFFICER)
def requests(request: HttpRequest) -> HttpResponse:
    """Requests for a space: what waits first, by when an answer is due."""
    found = requests_for(current_tenant())
    return shown(
        request,
        "console/requests.html",
        here="requests",
        heading=say("Requests for a space"),
        waiting=[one for one in found if one.open],
        decided=[one for one in found if not one.open],
    )


@access(OFFICER)
def request_one(request: HttpRequest, wanted: UUID) -> HttpResponseBase:
    """One request, to be accepted, asked about, or refused with reasons."""
    return answer_page(request, wanted, back="console:requests", template="manage/group_request.html", part="console")


@access(OFFICER)
def voting_calendar(request: HttpRequest) -> HttpResponse:
    """When votes open and close across Scotland, from what councils have signed."""
    found = calendar(database_now())
    return shown(request, "console/calendar.html", here="calendar", heading=say("Voting calendar"), votes=found)


@access(OFFICER)
def fleet_state(request: HttpRequest) -> HttpResponse:
    """How the newest release has reached the schemas."""
    health = sign_in_health()
    return shown(request, "console/fleet.html", here="fleet", heading=say("Fleet"), fleet=fleet(), health=health)


@access(OFFICER)
def banners(request: HttpRequest) -> HttpResponseBase:
    """What stands above pages now; put one up for one tenant or for all, and take it down."""
    ending = request.POST.get("do") == "end"
    form = BannerForm(None if ending else sent(request))
    refused: CommontyError | None = None
    try:
        if ending:
            banner_end(banner=UUID(str(request.POST.get("banner", ""))))
            messages.success(request, say("The banner is taken down. It is gone from every page within a minute."))
            return redirect("console:banners")
        if request.method == "POST" and form.is_valid():
            data = form.cleaned_data
            where = None if data["tenant"] == EVERYBODY else UUID(data["tenant"])
            banner_put(tenant=where, words=form.words("words"), ends_at=data["ends"])
            messages.success(request, say("The banner stands. It is on every page within a minute."))
            return redirect("console:banners")
    except (Invalid, NotFound) as error:
        refused = error
        if not ending:
            form.refuse(error, {"banner.past": "ends", "banner.words": "words_en"})
    except ValueError:
        refused = NotFound("There is no such banner.", code="banner.gone", remedy=say("Load the page again."))
    return shown(
        request,
        "console/banners.html",
        here="banners",
        heading=say("Banners"),
        standing=banners_standing(),
        form=form,
        status=PROBLEM if refused or form.errors else 200,
    )


@access(OFFICER)
@proven()
def support(request: HttpRequest) -> HttpResponseBase:
    """Wishes for support access and how they were answered. Going in is by a link that holds for minutes."""
    refused: CommontyError | None = None
    if request.method == "POST":
        try:
            wish = wish_of(UUID(str(request.POST.get("wish", ""))))
            if wish.state != "granted" or wish.over:
                raise Refused("This access is not open.", code="support.ended", remedy="Ask for it again.")
            host = hosts_of(wish.tenant.uuid)["staff"]
            token = enter_token(tenant=wish.tenant.uuid, wish=wish.id)
            return redirect(f"{origin(host)}/support/enter/?access={token}")
        except ValueError:
            refused = NotFound("This wish is not known.", code="support.unknown", remedy=say("Load the page again."))
        except (NotFound, Refused) as error:
            refused = error
    return shown(
        request,
        "console/support.html",
        here="support",
        heading=say("Support access"),
        wishes=wishes(),
        refused=refused,
        status=CONFLICT if refused else 200,
    )
