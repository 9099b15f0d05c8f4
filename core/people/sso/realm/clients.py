"""The tenants' clients: what each is to be, told from the registry in two queries whatever the number of tenants."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.kernel.env import environment
from core.people.sso.client_key import jwks
from core.people.sso.models import TenantSignIn
from core.people.sso.salts import sector_host
from core.people.sso.sites import (
    BACK_CHANNEL,
    CALLBACK,
    GROUPS,
    PROOF,
    PURPOSES,
    SIGNED_OUT,
    RealmKind,
    client_id,
    realm_kind,
)
from tenants.registry.context import TenantRef, in_public
from tenants.registry.hosts import origin
from tenants.registry.models import Domain, Tenant

MAPPER = "pairwise subject"
MAPPER_KIND = "oidc-sha256-pairwise-sub-mapper"
SCOPES = ("acr", "basic", "commonty")
OPTIONAL_SCOPES = {RealmKind.RESIDENTS: ("email", PROOF), RealmKind.STAFF: ("email", GROUPS)}
# Whose clients are open: a suspended tenant keeps them, shut.
OPEN = (Tenant.State.REQUESTED, Tenant.State.PRACTICE, Tenant.State.ACTIVE, Tenant.State.LEAVING)
SALT = "pairwiseSubAlgorithmSalt"
SECTOR = "sectorIdentifierUri"


@dataclass(frozen=True, slots=True)
class Registered:
    """A tenant as its clients need it. `hosts` by purpose, the canonical one first; an empty mark: no salt yet."""

    ref: TenantRef
    hosts: dict[str, tuple[str, ...]]
    salt_mark: str
    client_key: int

    @property
    def ready(self) -> bool:
        """Whether it has a schema that can hold its salt; before that its own creation sees to its clients."""
        return bool(self.salt_mark) or self.ref.state not in (Tenant.State.REQUESTED, Tenant.State.ERASED)

    @property
    def gone(self) -> bool:
        return self.ref.state == Tenant.State.ERASED


def registered(only: UUID | None = None) -> list[Registered]:
    """Every tenant of the registry, or one of them."""
    with in_public():
        # One that has moved has its clients at its new place; a second registration here would turn them back.
        rows = Tenant.objects.exclude(state=Tenant.State.MOVED).order_by("slug")
        names = Domain.objects.filter(purpose__in=PURPOSES).order_by("-is_primary", "domain")
        marks = TenantSignIn.objects.all()
        if only is not None:
            rows, names, marks = rows.filter(id=only), names.filter(tenant_id=only), marks.filter(tenant_id=only)
        hosts: dict[UUID, dict[str, list[str]]] = defaultdict(lambda: {purpose: [] for purpose in PURPOSES})
        for row in names:
            hosts[row.tenant_id][row.purpose].append(row.domain)
        known = {row.tenant_id: row for row in marks}
        return [
            Registered(
                ref=row.ref,
                hosts={purpose: tuple(found) for purpose, found in hosts[row.id].items()},
                salt_mark=known[row.id].salt_mark if row.id in known else "",
                client_key=known[row.id].client_key if row.id in known else 1,
            )
            for row in rows
        ]


def sector_address(tenant: UUID) -> str:
    return origin(sector_host()) + f"/{tenant}.json"


def returns(hosts: dict[str, tuple[str, ...]]) -> list[str]:
    """Every address a sign-in at this tenant may come back to: what the sector document says."""
    return sorted(origin(host) + CALLBACK for found in hosts.values() for host in found)


def wanted_clients(one: Registered) -> dict[RealmKind, dict[str, dict[str, Any]]]:
    """Realm to purpose to client, without the pairwise mapper's salt."""
    found: dict[RealmKind, dict[str, dict[str, Any]]] = {kind: {} for kind in RealmKind}
    for purpose in PURPOSES:
        if one.hosts[purpose] and not one.gone:
            found[realm_kind(one.ref.kind, purpose)][purpose] = _client(one, purpose)
    return found


def _client(one: Registered, purpose: str) -> dict[str, Any]:
    tenant, hosts = one.ref, one.hosts[purpose]
    home = origin(hosts[0])
    return {
        "clientId": client_id(tenant.slug, purpose),
        "name": tenant.name.en if purpose == "public" else f"{tenant.name.en}: officers",
        "enabled": tenant.state in OPEN,
        "protocol": "openid-connect",
        "publicClient": False,
        "bearerOnly": False,
        "clientAuthenticatorType": "client-jwt",
        "standardFlowEnabled": True,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": False,
        "fullScopeAllowed": False,
        "consentRequired": False,
        "frontchannelLogout": False,
        "rootUrl": home,
        "baseUrl": home + "/",
        "redirectUris": sorted(origin(host) + CALLBACK for host in hosts),
        "webOrigins": [],
        "defaultClientScopes": list(SCOPES),
        "optionalClientScopes": list(OPTIONAL_SCOPES[realm_kind(tenant.kind, purpose)]),
        "attributes": {
            "pkce.code.challenge.method": "S256",
            "post.logout.redirect.uris": "##".join(
                sorted(origin(host) + path for host in hosts for path in SIGNED_OUT[purpose])
            ),
            "backchannel.logout.url": home + BACK_CHANNEL,
            "backchannel.logout.session.required": "true",
            "backchannel.logout.revoke.offline.tokens": "true",
            "use.jwks.string": "true",
            "use.jwks.url": "false",
            "jwks.string": jwks(f"client/{purpose}", tenant.uuid, one.client_key),
            "token.endpoint.auth.signing.alg": "ES256",
            "commonty.tenant": str(tenant.uuid),
            "commonty.host": purpose,
            "commonty.base": environment().base_domain,
            # Where whoever gives up signing in at the staff host can read on: that host itself would send them back.
            "commonty.site": origin(one.hosts["public"][0]) + "/" if one.hosts["public"] else home + "/",
            # The sign-in pages say in both languages whose site somebody comes from.
            "commonty.name.gd": tenant.name.get("gd"),
        },
    }


def mapper(tenant: UUID, salt: str) -> dict[str, Any]:
    """What gives a person another subject at each tenant."""
    return {
        "name": MAPPER,
        "protocol": "openid-connect",
        "protocolMapper": MAPPER_KIND,
        "config": {SECTOR: sector_address(tenant), SALT: salt},
    }


def ours(client: dict[str, Any]) -> bool:
    """Whether a client of the server is a tenant's of this installation; another cell's are not ours to touch."""
    attributes = client.get("attributes", {})
    return bool(attributes.get("commonty.tenant")) and attributes.get("commonty.base") == environment().base_domain


def mapper_of(client: dict[str, Any]) -> dict[str, Any] | None:
    found = [row for row in client.get("protocolMappers", []) if row["protocolMapper"] == MAPPER_KIND]
    return found[0] if found else None
