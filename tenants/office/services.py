"""What the office does for COSLA: make tenants, and take in what tenants have signed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from core.audit.services import event_record
from core.kernel.crypto import canonical_json, digest, verify
from core.kernel.env import environment
from core.kernel.errors import Invalid, NotFound, Refused
from plugins.api.text import LocalisedText
from tenants.office.events import LookChanged
from tenants.office.hosts.naming import look_of
from tenants.office.models import Erasure, ProvisioningStep, SignedFact
from tenants.office.provisioning import provision
from tenants.registry.context import TenantRef, in_public
from tenants.registry.hosts import forget, origin
from tenants.registry.models import Domain, Tenant

COLOUR = re.compile(r"^#[0-9a-f]{6}$")
# In hundredths: what words of ordinary size need.
CONTRAST = 450
SLUG = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
RESERVED = frozenset({"staff", "hub", "files", "sector", "www", "api", "admin", "login", "mail", "static", "status"})
# How long the address of an erased tenant is given to nobody.
HELD_BACK = timedelta(days=90)
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def schema_name() -> str:
    """A schema's name is ours, never the tenant's: a prefix and a short random id."""
    return "t_" + "".join(secrets.choice(ALPHABET) for _ in range(12))


def slug_check(slug: str, kind: str) -> None:
    """Raises Invalid for a slug that cannot be given out."""
    if not SLUG.fullmatch(slug) or len(slug) > 40:
        raise Invalid(
            f"{slug!r} cannot be an address.",
            code="slug.invalid",
            remedy="Use up to 40 small letters, digits and single hyphens, beginning with a letter.",
        )
    if slug in RESERVED and not (slug == "hub" and kind == Tenant.Kind.HUB):
        raise Invalid(f"{slug!r} is kept for the service itself.", code="slug.reserved", remedy="Choose another.")


def looks_taken(*, besides: UUID | None = None) -> frozenset[str]:
    """What the addresses that are given out or reserved look like to a hurried eye. Called in the registry."""
    given = Tenant.objects.exclude(id=besides).values_list("slug", flat=True)
    return frozenset(look_of(slug) for slug in (*given, *RESERVED))


def look_check(slug: str, *, besides: UUID | None = None) -> None:
    """Raises Refused for a slug that is read as another's: `a1pha` beside `alpha`. Called in the registry."""
    if look_of(slug) in looks_taken(besides=besides):
        raise Refused(
            f"The address {slug!r} looks like another one here.",
            code="slug.look_alike",
            remedy="Choose one that cannot be taken for it.",
        )


def hosts_for(slug: str) -> list[tuple[str, str]]:
    """The hosts a tenant of this address has, with the purpose of each."""
    base = environment().base_domain
    return [(f"{slug}.{base}", "public"), (f"{slug}.staff.{base}", "staff"), (f"{slug}.files.{base}", "files")]


def slug_held_check(slug: str) -> None:
    """Raises Refused for the address of a tenant erased lately: its old links must not lead to somebody else."""
    with in_public():
        held = Erasure.objects.filter(slug=slug, erased_at__gt=Now() - HELD_BACK).order_by("-erased_at").first()
    if held is not None and held.erased_at is not None:
        until = (held.erased_at + HELD_BACK).date()
        raise Refused(
            f"The address {slug!r} is held back until {until.isoformat()}.",
            code="slug.held",
            remedy="Choose another; links to its last holder may still be in use.",
        )


def tenant_reserve(
    *,
    slug: str,
    kind: str,
    name: LocalisedText,
    code: str = "",
    parent: str = "",
    accent: str = "",
) -> TenantRef:
    """Reserve a slug and its hosts for a tenant that is still to be made; the known one where it is of this kind.

    Raises Invalid for a bad slug or parent, Refused when the slug belongs to a tenant of another kind, is held back or
    looks like another's.
    """
    slug_check(slug, kind)
    slug_held_check(slug)
    with in_public(), transaction.atomic():
        above = None
        if parent:
            above = Tenant.objects.filter(slug=parent, kind=Tenant.Kind.COUNCIL).first()
            if above is None:
                raise Invalid(
                    f"There is no council {parent!r} to stand under.",
                    code="parent.unknown",
                    remedy="Name a council's slug, or none.",
                )
        if kind != Tenant.Kind.HUB and not Tenant.objects.filter(slug=slug).exists():
            look_check(slug)
        row, made = Tenant.objects.get_or_create(
            slug=slug,
            defaults={
                "kind": kind,
                "name": name,
                "code": code,
                "parent": above,
                "accent": accent,
                "schema_name": schema_name(),
            },
        )
        if not made and row.kind != kind:
            raise Refused(
                f"The address {slug!r} is already taken by a {row.get_kind_display().lower()}.",
                code="slug.taken",
                remedy="Choose another.",
            )
        if made:
            Domain.objects.bulk_create(
                [Domain(domain=host, tenant=row, purpose=purpose, is_primary=True) for host, purpose in hosts_for(slug)]
            )
        ref: TenantRef = row.ref
    return ref


def tenant_create(
    *,
    slug: str,
    kind: str,
    name: LocalisedText,
    code: str = "",
    parent: str = "",
    accent: str = "",
    say: Callable[[str], None] = lambda text: None,
) -> tuple[TenantRef, list[ProvisioningStep]]:
    """Reserve the slug and its hosts, then do every step. Done again for a tenant of the same kind, it goes on.

    Raises as `tenant_reserve` does, and ProvisioningFailed naming the step that did not succeed.
    """
    ref = tenant_reserve(slug=slug, kind=kind, name=name, code=code, parent=parent, accent=accent)
    done = provision(ref, say=say)
    forget()
    return ref, done


def fact_publish(*, tenant: UUID, body: Mapping[str, Any], signature: bytes) -> bool:
    """Take in a fact a tenant has signed; True when it is now the one that stands, False when a newer one does.

    Raises Invalid for a body that is none, Refused when it names another tenant, when the signature is not the
    tenant's, or when it leads to somebody else's site.
    """
    try:
        text = canonical_json(dict(body))
        kind, key, stated = str(body["kind"]), str(body["key"]), datetime.fromisoformat(str(body["at"]))
    except (KeyError, ValueError) as error:
        raise Invalid("This is not a fact a tenant signs.", code="fact.malformed") from error
    if stated.tzinfo is None:
        raise Invalid("A fact names its moment with its offset from UTC.", code="fact.malformed")
    if body.get("tenant") != str(tenant):
        raise Refused("The fact is another tenant's.", code="fact.tenant")
    with in_public(), transaction.atomic():
        # Held until the end, so that two facts of one tenant are compared one after the other.
        row = Tenant.objects.select_for_update().filter(id=tenant).first()
        if row is None:
            raise NotFound("There is no such tenant.", code="tenant.unknown")
        if row.signing_key is None or not verify(bytes(row.signing_key), text, signature):
            raise Refused("The signature is not this tenant's.", code="fact.signature")
        hosts = Domain.objects.filter(tenant=row, purpose=Domain.Purpose.PUBLIC).values_list("domain", flat=True)
        if "url" in body and not str(body["url"]).startswith(tuple(f"{origin(host)}/" for host in hosts)):
            raise Refused("A fact leads to its tenant's own site.", code="fact.foreign_address")
        known = SignedFact.objects.filter(tenant=row, kind=kind, key=key).first()
        if known is not None and known.stated_at >= stated:
            return False
        SignedFact.objects.update_or_create(
            tenant=row,
            kind=kind,
            key=key,
            defaults={"body": dict(body), "stated_at": stated, "digest": digest(text), "signature": signature},
        )
    return True


def accent_set(*, tenant: UUID, accent: str, actor: Any = None) -> str:
    """Save a tenant's colour, standing in that tenant; empty means the service's own. Returns it as it is kept.

    Raises Invalid for what is no colour, and when white words on it could not be read (WCAG 2.2, 1.4.3).
    """
    colour = accent.strip().lower()
    if colour and not COLOUR.fullmatch(colour):
        raise Invalid(
            "This is not a colour we can read.",
            code="accent.malformed",
            remedy="Write # and six digits or letters from a to f, like #0065bd.",
        )
    if colour and contrast_with_white(colour) < CONTRAST:
        whole, part = divmod(contrast_with_white(colour), 100)
        raise Invalid(
            f"White words on this colour would be hard to read: their contrast is {whole}.{part:02} to 1.",
            code="accent.contrast",
            remedy="Choose a darker colour, with at least 4.5 to 1.",
        )
    with in_public():
        Tenant.objects.filter(id=tenant).update(accent=colour)
    forget()
    with transaction.atomic():
        event_record(LookChanged(accent=colour), actor=actor)
    return colour


def contrast_with_white(accent: str) -> int:
    """The contrast ratio of a #rrggbb colour with white, in hundredths (WCAG 2.2 relative luminance)."""

    def linear(part: str) -> float:
        value = int(part, 16) / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(accent[i : i + 2]) for i in (1, 3, 5))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return int(105 / (luminance + 0.05))
