"""What a browser holds between showing that one may vote and the receipt: two sealed cookies and a word in the form.

The **credential** is the right to vote in one round, as the entry on its roll. It is encrypted for this tenant, names
its round, and is good for half an hour. The **token** stands in the form that sends the ballot. It is a code over the
same entry, so a page of another site cannot know it, and a page that was made for one voter does not send for the
next one at the same device. The **receipt** shows its code on the page after sending. Credential and receipt end with
the browser, at the latest after half an hour, and with the tenant's epoch: none is good after a restore or a move.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase

from core.kernel.crypto import mac, token_open, token_seal
from core.kernel.errors import Invalid
from core.rounds.models import Round
from core.voting.services import Credential
from core.web.public.cookies import cookie_end, cookie_give, cookie_line, cookie_name
from tenants.registry.context import current_tenant

__all__ = [
    "Credential",
    "Receipt",
    "cast_token",
    "cast_token_good",
    "cast_token_round",
    "credential_of",
    "credential_set",
    "receipt_line",
    "receipt_of",
    "receipts_of",
]

CREDENTIAL, RECEIPT, TOKEN = "credential", "receipt", "cast-token"
TOKEN_SHAPE = re.compile(r"[0-9a-f]{64}")
LIFE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is shown once a ballot lies in the box. `revision` is above 1 where it replaced an earlier one."""

    code: str
    revision: int


def _purpose(what: str) -> str:
    return current_tenant().of_epoch(f"vote-{what}")


def _opened(cookies: Mapping[str, str], what: str, round_id: UUID) -> dict[str, Any] | None:
    """What this tenant sealed for this round and purpose, and what is still good; None for anything else."""
    token = cookies.get(cookie_name(what, round_id), "")
    if not token:
        return None
    try:
        kept = token_open(_purpose(what), current_tenant().uuid, token)
    except Invalid:
        return None
    return kept if kept.get("r") == round_id.hex else None


def _line(what: str, round_id: UUID, values: dict[str, Any]) -> str:
    sealed = token_seal(_purpose(what), current_tenant().uuid, {"r": round_id.hex, **values}, ttl=LIFE)
    return cookie_line(what, round_id, sealed)


def credential_of(cookies: Mapping[str, str], round_id: UUID) -> Credential | None:
    """The right to vote in this round that this browser has shown; None without one that is good now."""
    kept = _opened(cookies, CREDENTIAL, round_id)
    return Credential(round_id, UUID(hex=kept["e"])) if kept else None


def credential_set(response: HttpResponseBase, round_id: UUID, credential: Credential) -> None:
    """Give it to the browser. A receipt of whoever voted here before goes."""
    cookie_give(response, _line(CREDENTIAL, round_id, {"e": credential.entry.hex}))
    cookie_give(response, cookie_end(RECEIPT, round_id))


def cast_token(credential: Credential) -> str:
    """The word that the form carries for this credential: the round it is for, and a code over round and entry."""
    data = credential.round_id.bytes + credential.entry.bytes
    return credential.round_id.hex + mac(TOKEN, current_tenant().uuid, data).hex()[:32]


def cast_token_round(token: str) -> UUID | None:
    """The round a token says it is for: not believed until the token is compared with a credential."""
    return UUID(hex=token[:32]) if TOKEN_SHAPE.fullmatch(token) else None


def cast_token_good(credential: Credential, token: str) -> bool:
    return hmac.compare_digest(cast_token(credential).encode(), token.encode())


def receipt_of(cookies: Mapping[str, str], round_id: UUID) -> Receipt | None:
    """The receipt of the ballot this browser has just sent."""
    kept = _opened(cookies, RECEIPT, round_id)
    return Receipt(code=str(kept["c"]), revision=int(kept["v"])) if kept else None


def receipts_of(cookies: Mapping[str, str], rounds: Callable[[], Iterable[Round]]) -> list[tuple[Round, Receipt]]:
    """The receipts this browser still holds, by round; no round is asked for where it holds none.

    Told from the browser's own cookies alone: who is signed in plays no part, and nothing joins the two.
    """
    if not any(name.removeprefix("__Host-").startswith(f"{RECEIPT}-") for name in cookies):
        return []
    found = [(row, receipt_of(cookies, row.id)) for row in rounds()]
    return [(row, receipt) for row, receipt in found if receipt is not None]


def receipt_line(round_id: UUID, receipt: Receipt) -> str:
    """The cookie's line that gives it to the browser."""
    return _line(RECEIPT, round_id, {"c": receipt.code, "v": receipt.revision})
