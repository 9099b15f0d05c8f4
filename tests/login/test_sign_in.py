"""Signing in at two councils with one account, and out again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from core.people.models import Person, Session
from core.people.sso.salts import salt_of, subject_of
from tenants.registry.context import in_tenant
from tests.support.http import away
from tests.support.keycloak import Account, Running, Visitor, account_make

pytestmark = pytest.mark.keycloak


def signed_in(browser: Any, visitor: Visitor, account: Account) -> None:
    back = visitor.signs_in(away(browser), account)
    assert back, visitor.words()
    answer = browser.get(back)
    assert answer.status_code == 302, answer.content.decode()
    assert answer["Location"] == "/privacy/"


def everything_kept(tenant: Any) -> str:
    """What a tenant's schema keeps of people and their sessions, as one text."""
    with in_tenant(tenant):
        people = list(Person.objects.values())
        sessions = [(row.provider_mark, row.get_decoded()) for row in Session.objects.all()]
    return f"{people} {sessions}"


def test_one_account_is_two_strangers_at_two_councils(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    account = account_make(keycloak, "ailsa")
    visitor = Visitor()
    alpha, beta = site(tenants.alpha), site(tenants.beta)
    signed_in(alpha, visitor, account)
    # The national session stands: the second council asks for nothing.
    back = visitor.go(away(beta))
    assert back.startswith("/sign-in/callback/?")
    assert beta.get(back).status_code == 302
    subjects = {}
    for tenant in tenants:
        with in_tenant(tenant):
            subjects[tenant.slug] = Person.objects.get().subject
        assert subjects[tenant.slug] == subject_of(account.id, salt_of(tenant))
    assert len(set(subjects.values())) == 2
    marks = []
    for tenant in tenants:
        with in_tenant(tenant):
            marks.append(Session.objects.get().provider_mark)
    assert all(marks)
    assert marks[0] != marks[1]
    for tenant in tenants:
        assert account.id not in everything_kept(tenant)


def test_signing_out_at_one_council_ends_it_at_both(keycloak: Running, tenants: Any, site: Callable[..., Any]) -> None:
    account = account_make(keycloak, "calum")
    visitor = Visitor()
    alpha, beta = site(tenants.alpha), site(tenants.beta)
    signed_in(alpha, visitor, account)
    assert beta.get(visitor.go(away(beta))).status_code == 302
    assert beta.get("/account/").status_code == 200
    answer = alpha.post("/sign-out/")
    assert answer.status_code == 200
    onward = answer["Refresh"].removeprefix("0; url=")
    assert "id_token_hint=" in onward
    assert visitor.go(onward) == "/"
    # Keycloak has told both councils on the way, before the browser came back.
    deadline = time.monotonic() + 5
    while beta.get("/account/").status_code != 302 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert beta.get("/account/").status_code == 302
    for tenant in tenants:
        with in_tenant(tenant):
            assert not Session.objects.exists()
    assert visitor.go(away(beta)) == ""
    assert "password" in visitor.page
