"""The operator's file of identity providers, and what one of each kind is to be. No server is needed to read them."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.kernel.crypto import mac
from core.kernel.errors import Invalid
from core.people.sso.realm.files import FOLDER, filled
from core.people.sso.sites import PROOF, RealmKind
from tenants.registry.context import TenantRef

KINDS = ("entra", "scotaccount", "myaccount")
KIND_NOTE = "commonty.kind"
# Says in Keycloak that a provider is ours, and which secret of ours it has.
MARK = "commonty.mark"
# Part of who a person is: their account is known by it, so it is chosen once.
ALIAS = re.compile(r"^[a-z][a-z0-9-]{1,60}$")
VALUE = re.compile(r"^[A-Za-z0-9._~:/-]{1,200}$")
DIRECTORY = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
# A dot leads into a claim within a claim.
CLAIM = re.compile(r"^[A-Za-z0-9_.-]{1,60}$")
DOMAIN = re.compile(r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")
# What the file may say otherwise than the kind does: where things are, and how we show who we are there.
OPEN_SETTINGS = frozenset(
    {
        "issuer",
        "authorizationUrl",
        "tokenUrl",
        "jwksUrl",
        "userInfoUrl",
        "logoutUrl",
        "defaultScope",
        "clientAssertionSigningAlg",
        "acceptsPromptNoneForwardFromClient",
    }
)
# What no kind and no file may change.
FIXED = {"trustEmail": False, "storeToken": False, "addReadTokenRoleOnCreate": False, "linkOnly": False}
FIXED_CONFIG = {
    "validateSignature": "true",
    "useJwksUrl": "true",
    "pkceEnabled": "true",
    "pkceMethod": "S256",
    "backchannelSupported": "true",
    "allowedClockSkew": "30",
    "loginHint": "false",
    "passMaxAge": "true",
    "forwardParameters": "acr_values",
}


def _bad(what: str, remedy: str) -> Invalid:
    return Invalid(f"The file of identity providers: {what}.", code="realm.providers", remedy=remedy)


@dataclass(frozen=True, slots=True)
class Broker:
    """One provider as it is to be. `tenant` is the slug of the council whose officers it brings, else empty.

    `groups` is the claim by which it names an officer's groups; empty where these are not taken over.
    """

    alias: str
    kind: str
    realm: RealmKind
    tenant: str
    domains: tuple[str, ...]
    settings: dict[str, Any]
    mappers: tuple[dict[str, Any], ...]
    secret: str = field(default="", repr=False)
    groups: str = ""


@lru_cache(maxsize=8)
def kind_file(kind: str) -> dict[str, Any]:
    """What one of this kind is, with its placeholders."""
    found: dict[str, Any] = tomllib.loads((FOLDER / "providers" / f"{kind}.toml").read_text(encoding="utf-8"))
    return found


def brokers_read(path: str, tenants: Mapping[str, TenantRef]) -> list[Broker]:
    """Every provider the operator's file names. Raises Invalid saying what is wrong."""
    try:
        rows = tomllib.loads(Path(path).read_text(encoding="utf-8")).get("provider", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _bad(f"{path} cannot be read", "Check COMMONTY_KEYCLOAK_PROVIDERS and the file.") from error
    found = [_broker(row, tenants, Path(path).parent) for row in rows]
    for what in ([one.alias for one in found], [one.tenant for one in found if one.tenant]):
        twice = {name for name in what if what.count(name) > 1}
        if twice:
            raise _bad(f"{', '.join(sorted(twice))} is named twice", "Name each once.")
    return found


def _broker(row: Mapping[str, Any], tenants: Mapping[str, TenantRef], folder: Path) -> Broker:
    alias, kind = str(row.get("alias", "")), str(row.get("kind", ""))
    if not ALIAS.match(alias):
        raise _bad(f"“{alias}” is no alias", "Use small letters, digits and hyphens; it is never changed afterwards.")
    if kind not in KINDS:
        raise _bad(f"{alias} is of no known kind", f"Use one of {', '.join(KINDS)}.")
    shape = kind_file(kind)
    realm = RealmKind(shape["realm"])
    values = {name: str(row.get("values", {}).get(name, "")) for name in shape["values"]}
    for name, value in values.items():
        if not VALUE.match(value) or (name == "directory" and not DIRECTORY.match(value)):
            raise _bad(f"{alias} needs a good value for `{name}`", "It is what the provider's own page shows.")
    slug = str(row.get("tenant", ""))
    if realm is RealmKind.STAFF:
        tenant = tenants.get(slug)
        if tenant is None or tenant.kind == "community":
            raise _bad(f"{alias} is for “{slug}”, which is no council here", "Name the slug of its council.")
        values |= {"tenant": str(tenant.uuid), "tenant_name": tenant.name.en}
    elif slug:
        raise _bad(f"{alias} is for residents everywhere", "Leave `tenant` out.")
    domains = tuple(str(one).lower() for one in row.get("domains", ()))
    if not all(DOMAIN.match(one) for one in domains):
        raise _bad(f"{alias} has a domain that is none", "Write what stands behind the @, such as glasgow.gov.uk.")
    groups = str(row.get("groups", ""))
    if groups and ("groups" not in shape or not CLAIM.match(groups)):
        raise _bad(f"{alias} may not take `groups` from “{groups}”", "Name a claim of a council's own provider.")
    return _made(row, shape, realm, values, slug, domains, _secret(row, alias, folder))


def _made(
    row: Mapping[str, Any],
    shape: Mapping[str, Any],
    realm: RealmKind,
    values: dict[str, str],
    slug: str,
    domains: tuple[str, ...],
    secret: str,
) -> Broker:
    alias, kind = str(row["alias"]), str(row["kind"])
    otherwise = {str(name): str(value) for name, value in row.get("config", {}).items()}
    if otherwise.keys() - OPEN_SETTINGS:
        names = ", ".join(sorted(otherwise.keys() - OPEN_SETTINGS))
        raise _bad(f"{alias} may not say {names}", f"It may say {', '.join(sorted(OPEN_SETTINGS))}.")
    identity = filled(shape["identity"], values, f"{kind}.toml")
    shown = {"clientAuthMethod": "client_secret_post" if secret else "private_key_jwt"}
    if not secret:
        shown["clientAssertionSigningAlg"] = "RS256"
    notes = shape.get("claims", {})
    groups = str(row.get("groups", ""))
    taken = [*shape["mapper"], *(shape["groups"] if groups else ())]
    mappers = [*filled(taken, {**values, "groups": groups}, f"{kind}.toml"), *(_notes(notes, kind) if notes else [])]
    settings = {
        "alias": alias,
        **identity,
        **FIXED,
        "enabled": bool(row.get("enabled", True)),
        "hideOnLogin": not shape["shown"],
        "firstBrokerLoginFlowAlias": "",
        "config": {
            **identity["config"],
            **shown,
            **otherwise,
            **FIXED_CONFIG,
            MARK: mac("keycloak/provider", None, f"{alias} {secret}".encode()).hex()[:32],
            "commonty.kind": kind,
        },
    }
    return Broker(alias, kind, realm, slug, domains, settings, tuple(mappers), secret, groups)


def _notes(claims: Mapping[str, str], kind: str) -> list[dict[str, Any]]:
    """What a provider tells is kept with the session, and with nothing that stays."""
    pairs = [{"key": name, "value": ".+"} for name in sorted(set(claims.values()))]
    facts = {"are.claim.values.regex": "true", "claims": json.dumps(pairs, separators=(",", ":"))}
    return [
        {
            "name": "facts of the session",
            "identityProviderMapper": "oidc-user-session-note-idp-mapper",
            "config": {"syncMode": "FORCE", **facts},
        },
        {
            "name": "kind of the session",
            "identityProviderMapper": "hardcoded-user-session-attribute-idp-mapper",
            "config": {"syncMode": "FORCE", "attribute": KIND_NOTE, "attribute.value": kind},
        },
    ]


def _secret(row: Mapping[str, Any], alias: str, folder: Path) -> str:
    """The secret shown to a provider that takes no key, from a file of its own."""
    if "secret" in row:
        raise _bad(f"{alias} has its secret in the file", "Put it into a file of its own and name that: secret_file.")
    if not row.get("secret_file"):
        return ""
    try:
        return (folder / str(row["secret_file"])).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(f"the secret of {alias} cannot be read", "Check `secret_file`.") from error


def proof_scope() -> dict[str, Any]:
    """The scope by which a council's client learns what a provider has told, only when it asks for it."""
    mappers = {}
    for kind in KINDS:
        for word, claim in kind_file(kind).get("claims", {}).items():
            mappers[f"{word} from {claim}"] = _told(f"{word} from {claim}", claim, f"proof.{word}")
    mappers["kind"] = _told("kind", KIND_NOTE, "proof.kind")
    return {
        "name": PROOF,
        "description": "What a national provider has told of who signs in, for a council that asks.",
        "protocol": "openid-connect",
        # The call that tells looks into the token for what was asked.
        "attributes": {"include.in.token.scope": "true", "display.on.consent.screen": "false"},
        "mapper": list(mappers.values()),
    }


def _told(name: str, note: str, claim: str) -> dict[str, Any]:
    """Told in answer to a call and never in a token, since a session keeps the token of its sign-in."""
    return {
        "name": name,
        "protocolMapper": "oidc-usersessionmodel-note-mapper",
        "config": {
            "user.session.note": note,
            "claim.name": claim,
            "jsonType.label": "String",
            "id.token.claim": "false",
            "access.token.claim": "false",
            "userinfo.token.claim": "true",
            "introspection.token.claim": "false",
        },
    }
