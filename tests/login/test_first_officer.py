"""A council from nothing to its first officer: two people, each signed in at the real provider, all by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core.people.models import Person as PersonRow
from core.people.services import role_grant
from core.people.sso.realm.server import segment
from core.people.sso.sites import RealmKind, realm_names
from tenants.registry.context import in_tenant
from tenants.registry.selectors import tenant_by_slug
from tests.e2e.conftest import chromium
from tests.e2e.test_console import Person, aside, worked
from tests.support.keycloak import PASSWORD, Account, Running, account_make, code_of

__all__ = ["aside"]

pytestmark = [pytest.mark.keycloak, pytest.mark.browser, pytest.mark.timeout(900)]

# What a person may take for all of it, in seconds.
MOST_SECONDS = 300


@pytest.fixture
def fife(keycloak: Running) -> Iterator[str]:
    """The address of the council that is made. Its clients go afterwards by hand, as an operator's would."""
    yield "fife"
    for realm in (realm_names().residents, realm_names().staff):
        clients = f"realms/{segment(realm)}/clients"
        for one in keycloak.admin().call("GET", clients, clientId="commonty-fife", search="true"):
            keycloak.admin().call("DELETE", f"{clients}/{one['id']}")


def cosla_administrator(name: str) -> None:
    """Somebody who has signed in on the hub's staff host keeps the console from now on."""
    with in_tenant(tenant_by_slug("hub")):
        role_grant(person=PersonRow.objects.get(display_name=name), role="officer", giver=None)


def signs_in(person: Person, account: Account, *, ahead: int = 0) -> None:
    """From the provider's first page to where the person wanted to go; codes by phone are set up where asked for."""
    person.type("Username", account.address)
    person.type("Password", PASSWORD)
    person.press("Sign in", exact=True)
    setting_up = person.page.locator("[name=totpSecret]")
    secret = account.otp or setting_up.get_attribute("value")
    person.type("Code from the app", code_of(str(secret), ahead=ahead))
    if not account.otp:
        person.type("Name of the phone", "phone")
    person.press("Sign in" if account.otp else "Continue")


def test_a_council_from_nothing_to_its_first_officer_signed_in_by_keyboard(
    keycloak: Running, server: int, fife: str, aside: Callable[..., Any]
) -> None:
    asking = account_make(keycloak, "cosla", kind=RealmKind.STAFF, otp=True)
    invited = account_make(keycloak, "first", kind=RealmKind.STAFF)
    staff = f"http://hub.staff.localhost:{server}"
    with chromium() as browser:
        # COSLA's administrator has been one for long; only that they are is planted.
        known = Person(browser, "cosla-known")
        known.go(f"{staff}/console/")
        signs_in(known, asking)
        aside(cosla_administrator, "Cosla")
        known.close()

        cosla = Person(browser, "cosla-council")
        cosla.go(f"{staff}/console/tenants/new/")
        signs_in(cosla, asking, ahead=1)
        cosla.page.get_by_label("Council", exact=True).select_option(label="Fife")
        cosla.press("Make it and invite the first officer")
        cosla.sees("Fill in “E-mail address of the first officer”")
        cosla.type("E-mail address of the first officer", "first@fife.example")
        cosla.press("Make it and invite the first officer")
        cosla.sees("0 of ")
        aside(worked, "hub")
        cosla.go(f"{staff}/console/tenants/{fife}/")
        assert "Failed" not in cosla.text()
        (letter,) = aside(worked, fife)
        link = re.search(r"http\S+/join/\S+", letter)
        assert link is not None

        first = Person(browser, "first-council", width=360)
        first.go(link[0])
        signs_in(first, invited)
        # The next key makes them the council's officer; what they read then is the beginning of their own work.
        taken = cosla.seconds() + first.seconds()
        first.press("Take the invitation")
        first.sees("are settled")
        first.go(f"http://{fife}.localhost:{server}/")
        assert "Fife" in first.page.title()
        assert taken < MOST_SECONDS
        for one in (cosla, first):
            one.close()
