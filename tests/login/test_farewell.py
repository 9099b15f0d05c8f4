"""Deleting the national account: each council forgets first, the account goes last, and nobody else is touched."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from core.people.models import Farewell, Person, PersonAlias, RoleGrant
from core.people.services import role_end, role_grant
from core.people.sso.realm import farewells
from core.people.sso.realm.service import accounts_forget
from core.project.cli import main
from tenants.registry.context import Role, in_tenant
from tests.login.test_sessions import is_in, time_passes, users
from tests.login.test_sign_in import signed_in
from tests.support.http import away
from tests.support.jobs import work
from tests.support.keycloak import Running, Visitor, account_make

pytestmark = pytest.mark.keycloak


def names(tenant: Any) -> set[str]:
    with in_tenant(tenant):
        return set(Person.objects.values_list("display_name", flat=True))


def account(run: Running, one: Any) -> Any:
    return run.admin().call("GET", f"{users()}/{one.id}", missing=None)


def test_the_councils_forget_first_and_the_account_goes_last(
    keycloak: Running, tenants: Any, site: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    mine, other = account_make(keycloak, "seonag"), account_make(keycloak, "torquil")
    browsers = {}
    for one in (mine, other):
        visitor = Visitor()
        for tenant in tenants:
            browser = browsers[one.address, tenant.slug] = site(tenant)
            signed_in(browser, visitor, one)
    here = browsers[mine.address, "alpha"]
    assert here.post("/account/farewell/", {}).status_code == 422
    assert b"Delete my national account" in here.get("/account/").content
    answer = here.post("/account/farewell/", {"sure": "on"})
    assert b"your national account is deleted" in answer.content
    assert here.get("/account/").status_code == 302
    work(tenants.alpha)
    assert names(tenants.alpha) == {"Torquil"}
    # The first run tells the other council, and the account waits for it.
    done = accounts_forget()
    assert (done.deleted, done.waiting, done.asked) == (0, 1, 1)
    assert account(keycloak, mine) is not None
    work(tenants.beta)
    assert names(tenants.beta) == {"Torquil"}
    # Nobody knows them any more.
    done = accounts_forget()
    assert (done.deleted, done.waiting, done.asked) == (1, 0, 0)
    assert account(keycloak, mine) is None
    assert account(keycloak, other) is not None
    for tenant in tenants:
        with in_tenant(tenant, role=Role.WORKER):
            assert not Farewell.objects.exists()
    assert browsers[other.address, "beta"].get("/account/").status_code == 200
    # Run again, as the operator runs it each night: nothing is left to do.
    assert main(["--json", "realm", "forget"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["deleted"], said["waiting"], said["erasures"], said["held_back"]) == (0, 0, 0, [])


def test_a_role_is_waited_for_and_an_account_deleted_at_the_other_side_is_found(
    keycloak: Running, tenants: Any, site: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, gone = account_make(keycloak, "worker"), account_make(keycloak, "gone")
    browser = site(tenants.alpha)
    for one in (worker, gone):
        signed_in(site(tenants.beta), Visitor(), one)
    signed_in(browser, Visitor(), worker)
    with in_tenant(tenants.beta):
        grant = role_grant(person=Person.objects.get(display_name="Worker"), role="observer", giver=None)
    browser.post("/account/farewell/", {"sure": "on"})
    work(tenants.alpha)
    keycloak.admin().call("DELETE", f"{users()}/{gone.id}")
    done = accounts_forget()
    assert (done.deleted, done.waiting, done.asked) == (0, 1, 1)
    work(tenants.beta)
    assert names(tenants.beta) == {"Worker"}
    with in_tenant(tenants.beta):
        role_end(grant=RoleGrant.objects.get(pk=grant.pk), actor=None)
    assert accounts_forget().asked == 1
    work(tenants.beta)
    assert accounts_forget().deleted == 1
    # A realm that has lost more than can be true erases nobody.
    again = account_make(keycloak, "again")
    signed_in(site(tenants.alpha), Visitor(), again)
    keycloak.admin().call("DELETE", f"{users()}/{again.id}")
    monkeypatch.setattr(farewells, "MOST_LOST", 0)
    monkeypatch.setattr(farewells, "LOST_SHARE", 0.0)
    done = accounts_forget()
    assert (done.asked, done.held_back) == (0, ("alpha",))
    work(tenants.alpha)
    assert names(tenants.alpha) == {"Again"}


def test_a_linked_account_signs_in_as_whoever_it_was_linked_to_and_is_forgotten_alone(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    one, two = account_make(keycloak, "oighrig"), account_make(keycloak, "uisdean")
    first, second, visitor = site(tenants.alpha), site(tenants.alpha), Visitor()
    signed_in(first, Visitor(), one)
    signed_in(second, visitor, two)
    code = re.search(rb'class="cc-receipt">([0-9A-Z-]{16})<', first.post("/account/link/", {"do": "make"}).content)
    assert code
    answer = second.post("/account/link/", {"do": "link", "code": code[1].decode(), "sure": "on"})
    assert b"The two accounts are one here" in answer.content
    work(tenants.alpha)
    assert names(tenants.alpha) == {"Oighrig"}
    back = visitor.go(away(second))
    assert second.get(back).status_code == 302
    assert b"Oighrig" in second.get("/account/").content
    # Asked whether the sign-in stands, the provider names the other account, and that is this person too.
    time_passes()
    assert is_in(second)
    # Nobody has left: neither account is missing.
    assert accounts_forget().asked == 0
    keycloak.admin().call("DELETE", f"{users()}/{two.id}")
    assert accounts_forget().asked == 1
    work(tenants.alpha)
    with in_tenant(tenants.alpha):
        assert not PersonAlias.objects.exists()
    assert names(tenants.alpha) == {"Oighrig"}
    assert accounts_forget().asked == 0
