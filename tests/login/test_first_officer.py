"""A council from nothing to its first officer: two people, each signed in at the real provider, all by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from core.people.models import Person as PersonRow
from core.people.services import role_grant
from core.people.sso.sites import RealmKind
from tenants.registry.context import in_tenant
from tenants.registry.selectors import tenant_by_slug
from tests.e2e.conftest import chromium
from tests.e2e.test_console import Person, aside, worked
from tests.support.keycloak import PASSWORD, Account, Running, account_make, code_of

__all__ = ["aside"]

pytestmark = [pytest.mark.keycloak, pytest.mark.browser, pytest.mark.timeout(900)]


def cosla_administrator(name: str) -> None:
    """Somebody who has signed in on the hub's staff host is an administrator from now on."""
    with in_tenant(tenant_by_slug("hub")):
        role_grant(person=PersonRow.objects.get(display_name=name), role="officer", giver=None)


def signs_in(person: Person, account: Account) -> None:
    """From the provider's first page to where the person wanted to go; codes by phone are set up where asked for."""
    person.type("E-mail", account.address)
    person.type("Password", PASSWORD)
    person.press("Sign in", exact=True)
    secret = account.otp or str(person.page.locator("[name=totpSecret]").input_value())
    person.type("", code_of(secret))
    person.press("Sign in")


def test_a_council_from_nothing_to_its_first_officer_signed_in_by_keyboard(
    keycloak: Running, server: int, aside: Callable[..., Any]
) -> None:
    asking = account_make(keycloak, "cosla", kind=RealmKind.STAFF, otp=True)
    invited = account_make(keycloak, "first", kind=RealmKind.STAFF)
    staff = f"http://hub.staff.localhost:{server}"
    with chromium() as browser:
        cosla = Person(browser, "cosla-council")
        cosla.go(f"{staff}/console/tenants/new/")
        print(cosla.page.url, cosla.page.locator("body").inner_text())
