"""One-time codes: six digits, ten minutes, five wrong tries, one use.

The database holds keyed digests; the address travels in the encrypted handle that the asker keeps. Asking does the
same work and gives the same answer for any address, also when the address has had too many codes and none is sent.
Wrong tries count per code and, over an hour, per address, so that asking again gives no new tries.
"""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F, Sum

from core.kernel.clock import database_now
from core.kernel.crypto import mac, token_open, token_seal
from core.kernel.errors import Invalid
from plugins.host.fence import lifted
from plugins.host.models import OneTimeCode
from plugins.host.ports import code_sender
from tenants.registry.context import current_tenant

LIFE = timedelta(minutes=10)
WINDOW = timedelta(hours=1)
TRIES = 5
TRIES_PER_ADDRESS = 15
SENDS_PER_ADDRESS = 5
PURPOSE = "one-time-code"


EMAIL, PHONE = "email", "phone"
NUMBER = re.compile(r"\+[1-9][0-9]{7,14}")


def address_comparable(address: str, by: str = EMAIL) -> str:
    """An address in the form in which two of them are the same: for e-mail small letters and nothing after a plus,
    for a phone the plus, the country and the digits."""
    if by == PHONE:
        return "+" + "".join(letter for letter in address if letter in "0123456789")
    local, _, domain = address.strip().lower().rpartition("@")
    return f"{local.split('+', 1)[0]}@{domain}"


def _deliverable(address: str, by: str) -> bool:
    """An address nothing can be sent to gets the same answer as any other, and no message."""
    if by == PHONE:
        return NUMBER.fullmatch(address.strip()) is not None
    try:
        validate_email(address.strip())
    except ValidationError:
        return False
    return True


def _mac(what: str, value: str) -> bytes:
    return mac(f"{PURPOSE}/{what}", current_tenant().uuid, value.encode())


def code_issue(*, to: str, language: str, by: str = EMAIL) -> str:
    """Make a code, have it sent by e-mail or to a phone, and return a handle that only this tenant can open.

    Raises Unavailable where nothing can send codes that way.
    """
    sender = code_sender()
    comparable = address_comparable(to, by)
    address_mac = _mac("address", comparable)
    code = f"{secrets.randbelow(1_000_000):06}"
    with transaction.atomic():
        now = database_now()
        recent = OneTimeCode.objects.filter(address_mac=address_mac, created_at__gt=now - WINDOW).count()
        row = OneTimeCode(address_mac=address_mac, code_mac=b"", expires_at=now + LIFE)
        row.code_mac = _mac("code", f"{row.id}:{code}")
        row.save(force_insert=True)
        if recent < SENDS_PER_ADDRESS and _deliverable(to, by):
            sender.send(to=to.strip(), code=code, language=language, by=by)
    return token_seal(PURPOSE, current_tenant().uuid, {"id": str(row.id), "address": comparable}, ttl=None)


def code_check(*, handle: str, code: str) -> str | None:
    """The comparable address when the code is right, unused and in time; None otherwise, whatever the reason."""
    try:
        opened = token_open(PURPOSE, current_tenant().uuid, handle)
        row_id, comparable = UUID(str(opened["id"])), str(opened["address"])
    except (Invalid, KeyError, ValueError):
        return None
    digits = "".join(letter for letter in code if letter in "0123456789")[:12]
    given = _mac("code", f"{row_id}:{digits}")
    with transaction.atomic():
        now = database_now()
        # Counted first and in one statement: parallel guesses cannot share a try.
        counted = OneTimeCode.objects.filter(
            pk=row_id, used_at__isnull=True, expires_at__gt=now, tries__lt=TRIES
        ).update(tries=F("tries") + 1)
        row = OneTimeCode.objects.filter(pk=row_id).first()
        known = bytes(row.code_mac) if row else b"\0" * 32
        address_mac = _mac("address", comparable)
        tries = OneTimeCode.objects.filter(address_mac=address_mac, created_at__gt=now - WINDOW).aggregate(
            sum=Sum("tries")
        )["sum"]
        right = hmac.compare_digest(known, given)
        if not (counted and right and (tries or 0) <= TRIES_PER_ADDRESS):
            return None
        OneTimeCode.objects.filter(pk=row_id).update(used_at=now)
    return comparable


def codes_purge() -> int:
    """Delete codes that expired more than a day ago; for a worker. Returns how many."""
    with transaction.atomic():
        return OneTimeCode.objects.filter(expires_at__lt=database_now() - timedelta(days=1)).delete()[0]


class HostCodes:
    """The port that plugins see."""

    def issue(self, *, to: str, language: str, by: str = EMAIL) -> str:
        with lifted():
            return code_issue(to=to, language=language, by=by)

    def redeem(self, *, handle: str, code: str) -> str | None:
        with lifted():
            return code_check(handle=handle, code=code)
