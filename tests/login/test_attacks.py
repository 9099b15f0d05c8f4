"""What strangers, neighbours and providers may try at the sign-in, where no other file of this folder tries it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.conf import settings

from core.kernel.crypto import token_open, token_seal
from core.kernel.errors import Refused
from core.people.models import Person, RoleGrant, SignIn
from core.people.sign_ins import PURPOSE
from core.people.sso.claims import identity_of
from core.people.sso.door import door_of
from core.people.sso.provider import provider
from core.people.sso.realm.server import segment
from core.people.sso.salts import salt_of, subject_of
from core.people.sso.sites import RealmKind, realm_names
from core.setup.models import Invitation
from core.setup.services import INVITATION_PURPOSE, invite
from core.web.sign_in import SESSION_TOKEN
from tenants.registry.context import Role, in_tenant
from tenants.registry.hosts import site_for
from tests.behaviour.test_manage_rounds import browser as officer
from tests.login.test_sessions import comes_back
from tests.login.test_sign_in import signed_in
from tests.support.http import SiteClient, away
from tests.support.keycloak import PASSWORD, Running, Visitor, account_make


def kept(tenant: Any) -> tuple[str, str]:
    """The ID token and the refresh token behind the one session of a tenant, as only its own keys open them."""
    with in_tenant(tenant):
        row = SignIn.objects.select_related("session").get()
        sealed = row.session.get_decoded()["signed_in_with"]
    renewal = str(token_open(PURPOSE, tenant.uuid, row.renewal)["token"])
    return str(token_open(SESSION_TOKEN, tenant.uuid, sealed)["token"]), renewal


@pytest.mark.keycloak
def test_t55_no_code_token_address_or_subject_is_written_to_a_log(
    keycloak: Running, tenants: Any, site: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    account = account_make(keycloak, "oighrig")
    caplog.set_level(logging.DEBUG)
    browser, visitor = site(tenants.alpha), Visitor()
    back = visitor.signs_in(away(browser), account)
    given = parse_qs(urlsplit(back).query)
    assert browser.get(back).status_code == 302
    token, renewal = kept(tenants.alpha)
    # Used a second time, so that there is something to tell.
    assert browser.get(back).status_code == 403
    assert "sign-in refused" in caplog.text
    browser.post("/sign-out/")
    subject = subject_of(account.id, salt_of(tenants.alpha))
    # The tests' own browser is left out: it is not the service that logs there.
    ours = "\n".join(one.getMessage() for one in caplog.records if not one.name.startswith("urllib3"))
    assert ours
    for secret in (given["code"][0], given["state"][0], token, renewal, account.address, account.id, subject):
        assert secret not in ours


@pytest.mark.keycloak
def test_t57_no_token_of_one_council_is_worth_anything_at_another(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    signed_in(site(tenants.alpha), Visitor(), account_make(keycloak, "ruaridh"))
    token, renewal = kept(tenants.alpha)
    doors = [door_of(site_for(f"{tenant.slug}.localhost")) for tenant in tenants]  # type: ignore[arg-type]
    source = provider(doors[0].issuer)
    claims = {"keys": lambda fresh: source.keys(fresh=fresh), "issuer": doors[0].issuer, "nonce": None}
    assert identity_of(token, client=doors[0].client, **claims).display_name == "Ruaridh"
    with pytest.raises(Refused) as refused:
        identity_of(token, client=doors[1].client, **claims)
    assert refused.value.code == "sign_in.audience"
    # The refresh token first at the wrong council, then at its own, then a second time.
    with pytest.raises(Refused):
        source.renewed(doors[1], renewal)
    fresh = source.renewed(doors[0], renewal)
    assert fresh.renewal not in ("", renewal)
    for tenant in tenants:
        for one in (token, renewal):
            answer = SiteClient(tenant, headers={"authorization": f"Bearer {one}"}).get("/account/")
            assert answer.status_code == 302


@pytest.mark.keycloak
def test_t61_a_role_or_a_group_at_the_provider_is_no_role_here(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    account = account_make(keycloak, "siusaidh", kind=RealmKind.STAFF, otp=True)
    base, admin = f"realms/{segment(realm_names().staff)}", keycloak.admin()
    if not admin.call("GET", f"{base}/roles/officer", missing=None):
        admin.call("POST", f"{base}/roles", {"name": "officer"})
        admin.call("POST", f"{base}/groups", {"name": "officer"})
    role = admin.call("GET", f"{base}/roles/officer")
    (group,) = admin.call("GET", f"{base}/groups", search="officer", exact="true")
    admin.call("POST", f"{base}/users/{account.id}/role-mappings/realm", [role])
    admin.call("PUT", f"{base}/users/{account.id}/groups/{group['id']}", {})
    desk = site(tenants.alpha, purpose="staff")
    assert desk.get(Visitor().signs_in(away(desk), account)).status_code == 302
    assert desk.get("/rounds/").status_code == 403
    with in_tenant(tenants.alpha):
        assert Person.objects.filter(display_name="Siusaidh").exists()
        assert not RoleGrant.objects.exists()


@pytest.mark.keycloak
def test_ab37_after_ten_wrong_codes_no_code_is_taken_for_a_while(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    """Of 10,000 guesses ten are looked at; and nobody is locked out for good by a stranger."""
    account = account_make(keycloak, "peigi", kind=RealmKind.STAFF, otp=True)
    desk, visitor = site(tenants.alpha, purpose="staff"), Visitor()
    assert visitor.go(away(desk)) == ""
    assert visitor.send(username=account.address, password=PASSWORD) == ""
    wrong = {"000000", "000001"} - {account.code(), account.code(ahead=1)}
    for _guess in range(10):
        assert visitor.send(otp=min(wrong)) == ""
    assert visitor.send(otp=account.code()) == "", "the right one, too late"
    realm = f"realms/{segment(realm_names().staff)}"
    keycloak.admin().call("DELETE", f"{realm}/attack-detection/brute-force/users/{account.id}")
    again = Visitor()
    assert desk.get(again.signs_in(away(desk), account)).status_code == 302


@pytest.mark.keycloak
def test_ab28_a_sign_in_that_somebody_else_began_is_not_finished_here(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    """Login CSRF and fixation: a link of the attacker's, and a session number they know, lead nowhere."""
    attacker, victim = site(tenants.alpha), site(tenants.alpha)
    back = Visitor().signs_in(away(attacker), account_make(keycloak, "attacker"))
    assert victim.get(back).status_code == 403
    with in_tenant(tenants.alpha):
        assert not Person.objects.exists()
    # A session number that was planted before the sign-in is not the one after it.
    name = settings.SESSION_COOKIE_NAME
    comes_back(attacker, Visitor(), account_make(keycloak, "planter"))
    planted = attacker.cookies[name].value
    victim.cookies[name] = planted
    comes_back(victim, Visitor(), account_make(keycloak, "victim"))
    assert victim.cookies[name].value not in ("", planted)
    assert b"Victim" not in attacker.get("/account/").content


def test_ab27_a_form_without_our_token_changes_nothing(tenants: Any) -> None:
    signed = officer(tenants.alpha)
    strict = SiteClient(tenants.alpha, purpose="staff", enforce_csrf_checks=True)
    strict.cookies = signed.cookies
    assert strict.get("/people/").status_code == 200
    for path in ("/sign-out/", "/people/new/", "/rounds/new/"):
        assert strict.post(path, {"name": "x"}).status_code == 403, path
    assert strict.get("/people/").status_code == 200
    public = SiteClient(tenants.alpha, enforce_csrf_checks=True)
    for path in ("/sign-in/", "/account/erase/", "/account/file/"):
        assert public.post(path, {"sure": "on", "shared": "1"}).status_code == 403, path


def test_ab32_an_invitation_is_good_once_for_a_while_and_here(tenants: Any) -> None:
    with in_tenant(tenants.alpha, role=Role.STAFF):
        row = invite(address="new@people.example", language="en")

    def link(tenant: Any, life: timedelta) -> str:
        with in_tenant(tenant):
            token = token_seal(tenant.of_epoch(INVITATION_PURPOSE), tenant.uuid, {"id": str(row.id)}, ttl=life)
        return "/join/?" + urlencode({"invitation": token})

    good, old, foreign = (
        link(tenants.alpha, timedelta(days=1)),
        link(tenants.alpha, timedelta(seconds=-1)),
        link(tenants.beta, timedelta(days=1)),
    )
    first, second = officer(tenants.alpha, "", name="first"), officer(tenants.alpha, "", name="second")
    for bad in (old, foreign, "/join/?invitation=made-up"):
        assert first.post(bad).status_code == 422, bad
    assert officer(tenants.beta, "", name="first").post(good).status_code == 422
    assert first.get("/rounds/").status_code == 403
    assert first.post(good).status_code == 302
    assert first.get("/rounds/").status_code == 200
    # The same link in somebody else's hands, and again in the first one's.
    assert second.post(good).status_code == 422
    assert second.get("/rounds/").status_code == 403
    assert first.post(good).status_code == 422
    with in_tenant(tenants.alpha):
        assert Invitation.objects.get().used_at is not None
        assert RoleGrant.objects.filter(role="officer").count() == 1
