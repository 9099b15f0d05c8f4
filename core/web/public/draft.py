"""A ballot that is being filled in, kept in the visitor's own browser: one encrypted cookie per round and tenant.

Nobody else can open it, no server holds it, and its length does not tell how many projects were chosen.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.http import HttpResponseBase

from core.kernel.crypto import token_open, token_seal
from core.kernel.errors import Invalid
from core.web.public.cookies import cookie_end, cookie_give, cookie_line, cookie_name
from core.web.public.order import seed_good
from plugins.api.text import Text
from plugins.api.values import Problem
from tenants.registry.context import current_tenant

PURPOSE = "ballot-draft"
COOKIE = "ballot"
LIFE = timedelta(days=30)
STEP = 256
# Browsers promise to keep 4,096 bytes of a cookie, its name and attributes included.
LONGEST = 3800
OURS = frozenset({"csrfmiddlewaretoken", "do", "key", "token"})
TOO_LONG = Problem(
    "ballot.too_long",
    Text(
        "Your ballot holds more than we can keep. Take some choices away and try again.",
        "Tha barrachd air a’ phàipear-bhòtaidh agad na ’s urrainn dhuinn a ghleidheadh. Thoir air falbh cuid de na "
        "roghainnean agus feuch a-rithist.",
    ),
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What the visitor has filled in so far, as their browser posted it, and the order in which they see projects."""

    raw: Mapping[str, list[str]] = field(default_factory=dict)
    seed: str = ""


def posted(fields: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The fields of a ballot in a posted form: everything but the page's own."""
    return {name: list(values) for name, values in fields.items() if name not in OURS}


def draft_of(cookies: Mapping[str, str], round_id: UUID) -> Draft | None:
    """The draft in a browser's cookies; None where there is none that this tenant made for this round."""
    token = cookies.get(cookie_name(COOKIE, round_id), "")
    if not token:
        return None
    try:
        kept = token_open(PURPOSE, current_tenant().uuid, token)
        document = json.loads(zlib.decompress(base64.b64decode(kept["z"].rstrip("."))))
        if kept["r"] != str(round_id):
            return None
        return Draft(raw=document["raw"], seed=seed_good(document["seed"]))
    except (Invalid, KeyError, ValueError, TypeError, AttributeError, zlib.error):
        return None


def draft_keep(response: HttpResponseBase, round_id: UUID, draft: Draft) -> None:
    """Give the draft to the browser, without its empty fields. Raises Invalid when it is too long to be kept."""
    filled = {name: [value for value in values if value] for name, values in draft.raw.items()}
    raw = {name: values for name, values in filled.items() if values}
    document = json.dumps({"raw": raw, "seed": draft.seed}, separators=(",", ":")).encode()
    packed = base64.b64encode(zlib.compress(document, 9)).decode()
    padded = packed + "." * (-len(packed) % STEP)
    token = token_seal(PURPOSE, current_tenant().uuid, {"r": str(round_id), "z": padded}, ttl=LIFE)
    if len(token) > LONGEST:
        raise Invalid(TOO_LONG.message.en, code=TOO_LONG.code, problems=[TOO_LONG])
    cookie_give(response, cookie_line(COOKIE, round_id, token, life=LIFE))


def draft_end(round_id: UUID) -> str:
    """The cookie's line that takes the draft away."""
    return cookie_end(COOKIE, round_id)
