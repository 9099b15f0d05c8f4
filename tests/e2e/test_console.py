"""The national console, a group's way to its own space, money entrusted, and support access, in a real browser.

People walk by keyboard; what a worker does between two of their steps runs in a thread of its own, since a browser's
event loop keeps Django from this one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.utils import timezone

from core.proposals.models import Proposal
from core.rounds.models import FundSource, Round
from core.rounds.services import fund_source_add, round_advance, round_create
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from tenants.registry.context import Role, in_tenant
from tenants.registry.selectors import tenant_by_slug
from tests.behaviour.test_manage_rounds import browser as signed_in
from tests.support.database import reset
from tests.support.jobs import work
from tests.support.look import look
from tests.support.votes import ballots_in, counted, round_made
from tests.support.walk import Walk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def aside() -> Iterator[Callable[..., Any]]:
    """Runs something of Django's beside the browser and gives back what it returns."""
    with ThreadPoolExecutor(max_workers=1) as pool:

        def run(what: Callable[..., Any], *args: Any, **named: Any) -> Any:
            def closing() -> Any:
                try:
                    return what(*args, **named)
                finally:
                    connection.close()

            return pool.submit(closing).result()

        yield run
        run(reset)


# At this width the money walks, too; its pages are looked at as narrow as a phone on the way.
WIDE = 1280


def worked(slug: str) -> list[str]:
    """What waits in a tenant's outbox is done; returns the letters that were written."""
    mail.outbox = []
    work(tenant_by_slug(slug))
    return [str(one.body) for one in mail.outbox]


def session(slug: str, name: str, role: str) -> str:
    return str(signed_in(tenant_by_slug(slug), role, name=name).cookies[settings.SESSION_COOKIE_NAME].value)


class Person(Walk):
    """Somebody in a browser who is signed in on one tenant's staff host."""

    def sign_in(self, aside: Callable[..., Any], port: int, slug: str, role: str = "officer") -> None:
        value = aside(session, slug, self.name, role)
        url = f"http://{slug}.staff.localhost:{port}/"
        self.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": url}])

    def narrow(self) -> None:
        """The page that is shown, once as a phone shows it."""
        self.complaints += [str(one) for one in look(self.page, name=f"{self.name}-{len(self.seen):02}", widths=(360,))]
        self.page.set_viewport_size({"width": self.width, "height": 800})


def money_round() -> None:
    """A council's round in design, whose pot a part can be offered of."""
    with in_tenant(tenant_by_slug("alpha")):
        row = round_create(
            slug="groups",
            name=LocalisedText("Money for groups"),
            purpose=LocalisedText("Groups decide"),
            open_to_influence=LocalisedText("Everything"),
            fixed=LocalisedText("The sum"),
            actor=None,
        )
        fund_source_add(round=row, pot_name=LocalisedText("Main pot"), name="Council", amount=Money(3_000_000))


def own_round(slug: str) -> None:
    """A group's round with its projects, ready but for its money."""
    with in_tenant(tenant_by_slug(slug)):
        row = round_made("ours", costs=(300_000, 123_456, 90_000))
        FundSource.objects.filter(pot__round=row).delete()


def voted(slug: str) -> None:
    """Its vote, from the opening to the count: fewest want the third project, for which too little is left."""
    tenant = tenant_by_slug(slug)
    with in_tenant(tenant):
        row = round_advance(round=Round.objects.get(slug="ours"), verb="open_voting", actor=None)
        refs = tuple(Proposal.objects.filter(round=row).order_by("ref").values_list("ref", flat=True))
    with in_tenant(tenant, role=Role.WORKER):
        ballots_in(row.id, [refs, refs[:2], refs[:1]])
    counted(tenant, row)


@pytest.mark.parametrize("width", [WIDE, 360])
def test_a_group_from_its_request_to_entrusted_money_and_a_visit_by_support(
    server: int, aside: Callable[..., Any], browser: Any, width: int
) -> None:
    hub, staff = f"http://hub.localhost:{server}", f"http://hub.staff.localhost:{server}"
    name = f"Burnfoot {width}"
    slug = f"burnfoot-{width}"
    cosla = Person(browser, f"cosla-{width}", width=width)
    cosla.sign_in(aside, server, "hub")
    cosla.go(f"{staff}/console/documents/")
    if cosla.page.get_by_role("button", name="Publish the starter texts").count():
        cosla.press("Publish the starter texts")
        aside(worked, "hub")

    chair = Person(browser, f"chair-{width}", width=width)
    chair.go(f"{hub}/run-your-own/")
    chair.follow("Ask for a space")
    chair.press("Send the request")
    chair.sees("Choose one.")
    chair.type("1. What", name)
    chair.tick("We have a constitution")
    chair.type("3. Which", "Burnfoot, Hawick")
    chair.type("4. What", "Thirty thousand pounds from the council.")
    chair.type("6. E-mail", "chair@burnfoot.example")
    chair.type("The second", "treasurer@burnfoot.example")
    chair.press("Send the request")
    chair.sees("0 of ")
    aside(worked, "hub")
    chair.follow("Load again")
    chair.sees("is ready")
    links = [re.search(r"http\S+/join/\S+", one) for one in aside(worked, slug)]
    treasurer = Person(browser, f"treasurer-{width}", width=width)
    for one, link in zip((chair, treasurer), links, strict=True):
        one.sign_in(aside, server, slug, role="")
        assert link is not None
        one.go(link[0])
        one.press("Take the invitation")
        one.sees("This is a practice space")

    cosla.go(f"{staff}/console/requests/")
    cosla.follow(name)
    cosla.press("Refuse with these reasons")
    cosla.sees("Write to the group")
    cosla.press("Accept", exact=True)
    for one in (chair, treasurer):
        one.go(f"http://{slug}.staff.localhost:{server}/setup/")
        one.follow("Agreement")
        one.press("I have read it")
    aside(worked, slug)
    chair.go(f"http://{slug}.staff.localhost:{server}/setup/")
    chair.sees("Yes: this is your own space.")

    staff_of_group = f"http://{slug}.staff.localhost:{server}"
    if width == WIDE:
        officer = Person(browser, "officer")
        officer.sign_in(aside, server, "alpha")
        entrusted_and_back(aside, officer, chair, f"http://alpha.staff.localhost:{server}", staff_of_group)
        officer.close()

    cosla.go(f"{staff}/console/tenants/{slug}/")
    cosla.type("Why you need to look", "The chair says that a page is blank.")
    cosla.press("Ask for access")
    chair.go(f"{staff_of_group}/support/")
    chair.press("Grant it for 2 hours")
    cosla.go(f"{staff}/console/support/")
    cosla.sign_in(aside, server, slug, role="")
    cosla.press("Go in")
    cosla.press("Go in")
    cosla.go(f"{staff_of_group}/rounds/practice/")
    chair.go(f"{staff_of_group}/support/")
    assert "granted by Chair" in chair.page.locator("header").inner_text()
    chair.follow("What was looked at")
    chair.sees("/rounds/practice/")
    chair.go(f"{staff_of_group}/support/")
    chair.press("End it now")
    refused = cosla.page.goto(f"{staff_of_group}/rounds/practice/")
    assert refused is not None
    assert refused.status == 403
    cosla.go(f"{staff}/console/")
    cosla.sees("Groups under no council")
    for path in ("calendar/", "fleet/", "banners/", "documents/policy/moderation/", "tenants/new/"):
        cosla.go(f"{staff}/console/{path}")
    for path in ("guidance/policy/moderation/", "setup/contacts/", "setup/languages/", "groups/", "setup/practice/"):
        chair.go(f"{staff_of_group}/{path}")
    for one in (cosla, chair, treasurer):
        one.close()


def entrusted_and_back(aside: Callable[..., Any], officer: Person, chair: Person, council: str, group: str) -> None:
    """Money of a council's pot is offered, accepted, decided about, reported, and the rest returned to the penny."""
    slug = group.split("//")[1].split(".")[0]
    aside(money_round)
    officer.go(f"{council}/entrusted/")
    officer.follow("Offer money to a group")
    officer.page.get_by_label(re.compile("^Group")).select_option(label=slug.replace("-", " ").title())
    officer.page.get_by_label(re.compile("^Pot")).select_option(index=1)
    officer.type("At most", "£5,000.50")
    officer.type("What it is for", "Young people decide")
    officer.type("Terms", "Spend it by March and report back.")
    officer.type_day("Open until", (timezone.now() + timedelta(days=30)).date())
    officer.narrow()
    officer.press("Offer the money")
    aside(worked, "alpha")
    chair.go(f"{group}/entrusted/")
    chair.narrow()
    chair.follow("£5,000.50 for Young people decide")
    line = chair.page.url
    chair.tick("We have read the terms")
    chair.narrow()
    chair.press("Accept £5,000.50")
    aside(worked, slug)

    aside(own_round, slug)
    chair.go(line)
    chair.page.get_by_label(re.compile("^Round")).select_option(label="Leith Chooses")
    chair.type("Pot", "Main")
    chair.press("Put it into this round")
    chair.sees("The money is part of the round now.")
    chair.narrow()
    aside(voted, slug)
    chair.go(f"{group}/rounds/ours/count/")
    chair.follow("Publish the result")
    chair.press("Publish the result")
    chair.go(line)
    chair.sees("The published result awards £4,234.56 in all.")
    chair.type("Amount", "£4,234.57")
    chair.press("Report as awarded")
    chair.sees("and £0 is reported already")
    chair.narrow()
    chair.type("Amount", "£4,234.56")
    chair.press("Report as awarded")
    aside(worked, slug)
    chair.go(line)
    chair.narrow()
    # What is left is written there already.
    chair.press("Return this amount")
    aside(worked, slug)
    stands = []
    for one, host in ((chair, group), (officer, council)):
        one.go(f"{host}/entrusted/")
        one.sees("Awarded: £4,234.56 · Returned: £765.94")
        one.follow("£5,000.50 for Young people decide")
        one.narrow()
        stands.append(one.page.get_by_role("table").first.inner_text())
    assert stands[0] == stands[1]
    for words in ("Offered\t£5,000.50", "Awarded\t£4,234.56", "Returned\t£765.94", "Not spent yet\t£0"):
        assert words in stands[0], stands[0]
