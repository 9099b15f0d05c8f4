"""What a national provider has told of whoever is signed in, as this tenant's rounds may know it.

Sealed in the session and gone with it: no table holds any of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from core.kernel.crypto import token_open, token_seal
from core.kernel.errors import Invalid, Refused
from core.people.sso.attested import Attested, reduced
from core.places.models import Area
from core.rounds.models import Round
from tenants.registry.context import current_tenant

PURPOSE, KEPT = "session-attested", "attested"


def attested_keep(request: HttpRequest, told: Mapping[str, str], *, at: int = 0) -> None:
    """Reduce what was told and keep that for the session. What was told before by another sign-in is gone."""
    request.session.pop(KEPT, None)
    if not told:
        return
    ages = Round.objects.values_list("min_age", flat=True).distinct()
    found = reduced(told, ages=ages, areas=Area.objects.values_list("code", flat=True), at=at)
    if found is not None:
        life = timedelta(seconds=settings.SESSION_COOKIE_AGE)
        request.session[KEPT] = token_seal(PURPOSE, current_tenant().uuid, asdict(found), ttl=life)


def attested_of(request: HttpRequest) -> Attested | None:
    """What is known of whoever is signed in here; None where no provider told anything."""
    return attested_open(request.session.get(KEPT, ""))


def attested_open(sealed: str) -> Attested | None:
    """What a session of this tenant keeps; None for anything else."""
    try:
        kept = token_open(PURPOSE, current_tenant().uuid, sealed)
    except Invalid:
        return None
    return Attested(
        provider=kept["provider"],
        rung=kept["rung"],
        over=tuple(kept["over"]),
        under=tuple(kept["under"]),
        areas=tuple(kept["areas"]),
        at=kept["at"],
        transaction=kept["transaction"],
    )


def age_check(request: HttpRequest, *, at_least: int) -> None:
    """Refuse somebody of whom a provider has said that they are too young for this round. Raises Refused.

    Where nobody has said it, what the person says of themselves stands, as for every other way.
    """
    found = attested_of(request)
    if found is not None and at_least in found.under:
        raise Refused(
            _("This round is for people aged %(age)s and over.") % {"age": at_least},
            code="proof.young",
            remedy=_("Your sign-in service says that you are younger. Ask the council if that is wrong."),
        )
