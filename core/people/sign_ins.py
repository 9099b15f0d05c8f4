"""Sign-ins behind sessions: kept, shown to their owner, ended, and asked about at the provider from time to time."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.core.cache import cache
from django.db import transaction

from core.kernel import telemetry
from core.kernel.crypto import digest, token_open, token_seal
from core.kernel.errors import Invalid, Refused, Unavailable
from core.people.models import Person, Session, SignIn
from core.people.selectors import subjects_of
from core.people.sso.flow import renewed
from tenants.registry.context import current_tenant
from tenants.registry.hosts import Site

PURPOSE = "sign-in/renewal"
# Longer than any session lasts.
LIFE = timedelta(hours=12)


def sign_in_keep(
    *, session_key: str, person: Person, level: int, place: str, device: str, shared: bool, renewal: str
) -> SignIn:
    """Note the sign-in behind a session that was just made. `renewal` is the provider's token or empty."""
    with transaction.atomic():
        return SignIn.objects.create(
            session_id=session_key,
            person=person,
            level=level,
            place=place,
            device=device,
            shared=shared,
            renewal=_sealed(renewal),
        )


def sign_ins_of(person: Person) -> list[SignIn]:
    """Where this person is signed in here, the latest first."""
    return list(SignIn.objects.filter(person=person).order_by("-begun_at"))


def sign_in_end(*, person: Person, sign_in: UUID) -> bool:
    """End one of the person's own sessions; whether there was such a one."""
    with transaction.atomic():
        ended, _by_table = Session.objects.filter(sign_in=sign_in, sign_in__person=person).delete()
    return bool(ended)


def sessions_end_of(person: Person) -> None:
    """End every session of the person here."""
    with transaction.atomic():
        Session.objects.filter(person=person).delete()


def sign_in_due(*, session_key: str, every: int) -> bool:
    """Whether it is time to ask the provider, `every` so many seconds; of several requests at once one asks."""
    mark = f"sign-in-stands/{digest(session_key.encode())[:32]}"
    return bool(cache.add(mark, 1, timeout=every))


def sign_in_stands(*, site: Site, session_key: str) -> bool:
    """Whether the provider still says so. A provider that does not answer ends nobody's session."""
    row = SignIn.objects.select_related("person").filter(session_id=session_key).first()
    if row is None or not row.renewal:
        return True
    try:
        token = str(token_open(PURPOSE, current_tenant().uuid, row.renewal)["token"])
        fresh = renewed(site, renewal=token, subjects=subjects_of(row.person))
    except Unavailable:
        return True
    except (Refused, Invalid) as error:
        telemetry.logger(__name__).info("a sign-in does not stand any more (%s)", error.code)
        return False
    with transaction.atomic():
        SignIn.objects.filter(pk=row.pk).update(renewal=_sealed(fresh))
    return True


def _sealed(token: str) -> str:
    return token_seal(PURPOSE, current_tenant().uuid, {"token": token}, ttl=LIFE) if token else ""
