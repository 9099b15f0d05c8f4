"""What this website may use of the shared service, and how much of it is used."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.audit.outbox import running
from core.people.access import OFFICER, access
from core.web.manage.page import page
from tenants.registry.context import current_tenant
from tenants.registry.limits import Use, What, uses

WHAT_WORDS: dict[What, Any] = {
    What.REQUESTS: _("Pages shown"),
    What.MAILS: _("Messages sent by e-mail"),
    What.EXPORTS: _("Exports"),
    What.STORAGE: _("Space for pictures and documents"),
    What.FEEDBACK: _("Feedback forms sent by residents"),
    What.REPORTS: _("Counts and reports under way"),
}
PER_WORDS: dict[What, Any] = {
    What.REQUESTS: _("in ten seconds"),
    What.MAILS: _("in an hour"),
    What.EXPORTS: _("in a day"),
    What.STORAGE: _("at any time"),
    What.FEEDBACK: _("in an hour"),
    What.REPORTS: _("at a time"),
}
THEN_WORDS: dict[What, Any] = {
    What.REQUESTS: _("People are asked to try again some seconds later. Ballots are taken all the same."),
    What.MAILS: _("Messages wait and leave in the next hour. Nobody can ask for a code meanwhile."),
    What.EXPORTS: _("The next ones can be made tomorrow."),
    What.STORAGE: _("Nothing more can be uploaded until something is removed."),
    What.FEEDBACK: _("People are asked to send their form again later. What they typed stays on the page."),
    What.REPORTS: _("The next ones start when one of these has ended."),
}


def amount(what: What, number: int | None) -> str:
    """How a number of this kind is written."""
    if number is None:
        return say("not known now")
    return str(filesizeformat(number)) if what is What.STORAGE else f"{number:,}"


def shown_use(one: Use) -> dict[str, Any]:
    """A limit as a row of a table."""
    share = 0 if not one.used else 100 if one.used >= one.most else one.used * 100 // one.most
    return {
        "label": WHAT_WORDS[one.what],
        "per": PER_WORDS[one.what],
        "then": THEN_WORDS[one.what],
        "used": amount(one.what, one.used),
        "most": amount(one.what, one.most),
        "share": share,
        "refused": one.refused,
        "turned_away": one.turned_away,
        "full": one.used is not None and one.used >= one.most,
    }


@access(OFFICER)
def limits(request: HttpRequest) -> HttpResponse:
    """Every limit with what is used of it now, and how often somebody was refused."""
    tenant = current_tenant()
    found = [shown_use(one) for one in uses(tenant, running=running())]
    return page(request, "manage/limits.html", heading=say("Use and limits"), part="limits", uses=found)
