"""Real realms of the run's Keycloak that play other people's providers: councils' own, and the national one."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.people.sso.realm.server import segment
from core.people.sso.sites import RealmKind, realm_names
from tests.support.keycloak import PASSWORD, Account, Running

CLIENT = "commonty"


@dataclass(frozen=True)
class Upstream:
    """A provider played by a realm: `alias` is what ours calls it, `values` what the operator's file says of it."""

    run: Running
    alias: str
    kind: str
    realm: str
    directory: str = ""
    tenant: str = ""
    domains: tuple[str, ...] = ()

    @property
    def issuer(self) -> str:
        return f"{self.run.url}/realms/{self.realm}"

    @property
    def base(self) -> str:
        return f"realms/{segment(self.realm)}"

    def row(self) -> str:
        """Its lines in the operator's file."""
        protocol = f"{self.issuer}/protocol/openid-connect"
        values = f'directory = "{self.directory}"' if self.directory else f'issuer = "{self.issuer}"'
        more = "" if self.directory else f'userInfoUrl = "{protocol}/userinfo"'
        owner = f'tenant = "{self.tenant}"\ndomains = {list(self.domains)}\ngroups = "groups"' if self.tenant else ""
        return f"""
[[provider]]
alias = "{self.alias}"
kind = "{self.kind}"
{owner}
[provider.values]
client = "{CLIENT}"
{values}
[provider.config]
issuer = "{self.issuer}"
authorizationUrl = "{protocol}/auth"
tokenUrl = "{protocol}/token"
jwksUrl = "{protocol}/certs"
logoutUrl = "{protocol}/logout"
{more}
"""

    def make(self, *, tid: str = "") -> None:
        """The realm with our client, which shows the key of our own realm. `tid`: what it says its directory is."""
        admin = self.run.admin()
        kind = RealmKind.STAFF if self.directory else RealmKind.RESIDENTS
        ours = f"{self.run.url}/realms/{segment(realm_names().of(kind))}"
        admin.call("POST", "realms", {"realm": self.realm, "enabled": True, "sslRequired": "none"})
        profile = admin.call("GET", f"{self.base}/users/profile")
        admin.call("PUT", f"{self.base}/users/profile", {**profile, "unmanagedAttributePolicy": "ENABLED"})
        mappers = [_claim(name) for name in ("birthdate", "local_authority", "vot", "txn", "ucrn")]
        if self.directory:
            mappers = [_fixed("tid", tid or self.directory), _many("groups")]
        else:
            # As the national provider does it: another name for a person at every service.
            mappers.append(
                {"name": "pairwise", "protocol": "openid-connect", "protocolMapper": PAIRWISE, "config": SALT}
            )
        body = {
            "clientId": CLIENT,
            "enabled": True,
            "publicClient": False,
            "standardFlowEnabled": True,
            "clientAuthenticatorType": "client-jwt",
            "redirectUris": [f"{ours}/broker/{self.alias}/endpoint"],
            "attributes": {
                "use.jwks.url": "true",
                "jwks.url": f"{ours}/protocol/openid-connect/certs",
                "pkce.code.challenge.method": "S256",
                "post.logout.redirect.uris": f"{ours}/broker/{self.alias}/endpoint/logout_response",
            },
            "protocolMappers": mappers,
        }
        admin.call("POST", f"{self.base}/clients", body)

    def account(self, name: str, *, address: str = "", groups: Sequence[str] = (), **told: str) -> Account:
        """Somebody there. `told` are the attributes the provider tells of them."""
        address = address or f"{name}-{secrets.token_hex(4)}@upstream.example"
        admin, base = self.run.admin(), f"{self.base}/users"
        user = {
            "username": f"{name}-{secrets.token_hex(4)}",
            "email": address,
            "emailVerified": True,
            "enabled": True,
            "firstName": name.title(),
            "lastName": "Macsomebody",
            "attributes": {**{key: [value] for key, value in told.items()}, "groups": list(groups)},
            "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
        }
        admin.call("POST", base, user)
        found = admin.call("GET", base, username=user["username"], exact="true")[0]
        return Account(str(found["id"]), str(user["username"]))

    def regroup(self, account: Account, *groups: str) -> None:
        """Have somebody be in these groups from now on."""
        path = f"{self.base}/users/{account.id}"
        found = self.run.admin().call("GET", path)
        attributes = {**found.get("attributes", {}), "groups": list(groups)}
        self.run.admin().call("PUT", path, {**found, "attributes": attributes})


SALT = {"pairwiseSubAlgorithmSalt": "somebody else's"}
PAIRWISE = "oidc-sha256-pairwise-sub-mapper"


def _claim(name: str) -> dict[str, Any]:
    config = {"user.attribute": name, "claim.name": name, "jsonType.label": "String"}
    return _mapper(name, "oidc-usermodel-attribute-mapper", config, signed=False)


def _many(name: str) -> dict[str, Any]:
    config = {"user.attribute": name, "claim.name": name, "jsonType.label": "String", "multivalued": "true"}
    return _mapper(name, "oidc-usermodel-attribute-mapper", config)


def _fixed(name: str, value: str) -> dict[str, Any]:
    return _mapper(name, "oidc-hardcoded-claim-mapper", {"claim.name": name, "claim.value": value})


def _mapper(name: str, kind: str, config: dict[str, str], *, signed: bool = True) -> dict[str, Any]:
    """The national provider tells facts by a call of its own, not in the token of the sign-in."""
    told = {"id.token.claim": str(signed).lower(), "userinfo.token.claim": "true", "access.token.claim": "false"}
    return {"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": {**config, **told}}


def file_of(folder: Path, *upstreams: Upstream) -> str:
    path = folder / "providers.toml"
    path.write_text("".join(one.row() for one in upstreams), encoding="utf-8")
    return str(path)
