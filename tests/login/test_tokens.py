"""Logout tokens that are not for us, and the keys our clients show: no server is needed to tell them apart."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from core.kernel.env import environment
from core.kernel.errors import Invalid, Refused
from core.people.sso import salts
from core.people.sso.claims import Identity, proof_check
from core.people.sso.client_key import jwks, keys_of
from core.people.sso.logout import EVENT, claims_checked, session_mark
from core.people.sso.provider import Asked
from core.people.sso.realm import files
from core.people.sso.realm.files import realm_file, user_profile
from core.people.sso.salts import subject_of
from core.people.sso.sites import RealmKind, realm_kind
from plugins.api.text import LocalisedText
from tenants.registry.context import TenantRef
from tests.support.bootstrap import ROOT

ISSUER, CLIENT, NOW = "https://id.example/realms/scotland", "commonty-alpha", 1_800_000_000
KEY = RSAKey.generate_key(2048, {"kid": "one"})
STRANGE = RSAKey.generate_key(2048, {"kid": "one"})


def tenant(number: int) -> TenantRef:
    return TenantRef(UUID(int=number), "alpha", "council", "t_a", LocalisedText("Alpha"), "active")


def token(key: RSAKey = KEY, **changes: Any) -> str:
    claims = {
        "iss": ISSUER,
        "aud": CLIENT,
        "sub": "someone",
        "sid": "the provider's own",
        "iat": NOW,
        "exp": NOW + 60,
        "jti": "once",
        "events": {EVENT: {}},
    } | changes
    return jwt.encode(
        {"alg": "RS256", "kid": "one"}, {name: value for name, value in claims.items() if value is not None}, key
    )


def check(text: str) -> dict[str, Any]:
    keys = KeySet([KEY])
    return claims_checked(text, keys=lambda fresh: keys, issuer=ISSUER, client=CLIENT, now=lambda: float(NOW))


def test_a_logout_token_of_the_provider_is_taken() -> None:
    assert check(token())["sid"] == "the provider's own"
    assert check(token(aud=[CLIENT], sid=None))["sub"] == "someone"
    assert check(token(sub=None, exp=None))["jti"] == "once"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"iss": "https://id.example/realms/scotland-staff"}, "issuer"),
        ({"aud": "commonty-beta"}, "audience"),
        ({"aud": [CLIENT, "commonty-beta"]}, "audience"),
        ({"iat": NOW - 3600}, "issued"),
        ({"iat": NOW + 3600}, "issued"),
        ({"iat": None}, "issued"),
        ({"exp": NOW - 61}, "expired"),
        ({"events": None}, "event"),
        ({"events": {"http://schemas.openid.net/event/other": {}}}, "event"),
        ({"events": EVENT}, "event"),
        ({"nonce": "an ID token has one"}, "nonce"),
        ({"jti": None}, "jti"),
        ({"sub": None, "sid": None}, "nobody"),
    ],
)
def test_a_logout_token_for_something_else_is_refused(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(token(**changes))
    assert refused.value.code == f"logout.{what}"


def test_a_logout_token_that_nobody_or_somebody_else_has_signed_is_refused() -> None:
    parts = token().split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    for bad in (token(STRANGE), f"{none}.{parts[1]}.", f"{none}.{parts[1]}.{parts[2]}", "", "a.b.c", "x" * 20_000):
        with pytest.raises(Invalid) as refused:
            check(bad)
        assert refused.value.code == "logout.signature"


def test_the_providers_session_has_another_mark_at_every_tenant() -> None:
    one, other = session_mark(tenant(1).uuid, ISSUER, "sid"), session_mark(tenant(2).uuid, ISSUER, "sid")
    assert one
    assert one != other
    assert "sid" not in one
    assert session_mark(tenant(1).uuid, ISSUER, "") == ""


def test_a_key_and_its_neighbours_are_known_before_they_are_used() -> None:
    alpha, beta = tenant(1).uuid, tenant(2).uuid
    known = {key["kid"] for key in json.loads(jwks("client/public", alpha, 2))["keys"]}
    for number in (1, 2, 3):
        assert keys_of("client/public", alpha, number)[0].kid in known
    assert keys_of("client/public", alpha, 4)[0].kid not in known
    assert keys_of("client/staff", alpha, 2)[0].kid not in known
    assert keys_of("client/public", beta, 2)[0].kid not in known
    assert all("d" not in key for key in json.loads(jwks("client/public", alpha, 2))["keys"])


def test_a_subject_is_another_at_every_tenant_and_the_same_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(salts, "sector_host", lambda: "sector.localhost")
    account = "95bb143b-8144-4229-8e86-b6dc4c32082d"
    assert subject_of(account, "one") == subject_of(account, "one")
    assert len({subject_of(account, "one"), subject_of(account, "two"), account}) == 3


@pytest.mark.parametrize(
    ("kind", "purpose", "realm"),
    [
        ("council", "public", RealmKind.RESIDENTS),
        ("council", "staff", RealmKind.STAFF),
        ("hub", "staff", RealmKind.STAFF),
        ("public_body", "staff", RealmKind.STAFF),
        ("community", "public", RealmKind.RESIDENTS),
        ("community", "staff", RealmKind.RESIDENTS),
    ],
)
def test_which_realm_a_host_signs_in_at(kind: str, purpose: str, realm: RealmKind) -> None:
    assert realm_kind(kind, purpose) is realm


def test_a_proof_that_is_too_weak_or_too_old_says_what_would_be_enough() -> None:
    weak = Identity(ISSUER, "someone", "", level=1, proved_at=NOW)
    strong = Identity(ISSUER, "someone", "", level=2, proved_at=NOW - 600)
    proof_check(weak, level=1, within=None, now=float(NOW))
    proof_check(strong, level=2, within=900, now=float(NOW))
    for identity, level, within, code in ((weak, 2, None, "level"), (strong, 2, 300, "stale"), (strong, 0, 0, "stale")):
        with pytest.raises(Refused) as refused:
            proof_check(identity, level=level, within=within, now=float(NOW))
        assert refused.value.code == f"sign_in.{code}"
        assert refused.value.remedy


def test_what_is_asked_of_the_provider() -> None:
    assert Asked().words() == {}
    words = Asked(level=2, within=300, fresh=True, language="gd", hint="entra-alpha").words()
    assert json.loads(words["claims"]) == {"id_token": {"acr": {"essential": True, "values": ["two-factors"]}}}
    assert (words["max_age"], words["prompt"]) == ("300", "login")
    assert (words["ui_locales"], words["kc_idp_hint"]) == ("gd", "entra-alpha")
    assert Asked(silent=True).words() == {"prompt": "none"}


def test_the_realm_files_are_read_without_a_server_and_hold_what_must_not_change() -> None:
    for kind in RealmKind:
        file = realm_file(kind.value, {"realm": "x"})
        assert file["realm"]["bruteForceProtected"] is True
        assert file["realm"]["sslRequired"] == "external"
        executors = {one["executor"] for profile in file["client_profile"] for one in profile["executors"]}
        assert {"pkce-enforcer", "reject-implicit-grant", "reject-ropc-grant"} <= executors
        names = {one["name"] for one in user_profile(file)["attributes"]}
        officers = {"tenant", "groups"} if kind is RealmKind.STAFF else set()
        assert names <= {"username", "email", "firstName"} | officers
        steps = json.dumps(file["flow"])
        assert "idp-auto-link" not in steps
        assert "idp-confirm-link" not in steps
    with pytest.raises(Invalid):
        files.filled("${nobody}", {}, "a file")
    assert (ROOT / "core/people/sso/realm/both.toml").is_file()


def test_production_takes_keycloak_by_https_only(monkeypatch: pytest.MonkeyPatch) -> None:
    good = {
        "COMMONTY_ENV": "production",
        "COMMONTY_DATABASE_URL": "postgresql://a@b/c",
        "COMMONTY_REDIS_URL": "redis://r",
        "COMMONTY_SECRET_KEY": "k" * 40,
        "COMMONTY_KEYCLOAK_URL": "https://id.example/",
    }
    for name, value in good.items():
        monkeypatch.setenv(name, value)
    try:
        environment.cache_clear()
        assert environment().keycloak_url == "https://id.example"
        for bad in ("http://id.example", "http://127.0.0.1:8080", "id.example"):
            monkeypatch.setenv("COMMONTY_KEYCLOAK_URL", bad)
            environment.cache_clear()
            with pytest.raises(Invalid) as refused:
                environment()
            assert "KEYCLOAK_URL" in str(refused.value)
    finally:
        monkeypatch.undo()
        environment.cache_clear()
