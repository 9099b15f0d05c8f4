"""How strongly and how lately somebody has shown who they are in this session, and what asks them to show it again.

A rule is asked by `@proven` on a view: whoever sends a form without enough proof keeps what they had filled in, shows
again who they are, and returns to it. A provider that never says how strongly (the demo's) is not asked for it.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponseBase, QueryDict

from core.kernel.errors import Refused
from core.people.sso.door import levels_stated

View = TypeVar("View", bound=Callable[..., Any])
When = Callable[..., bool]

# What a session says of the sign-in behind it.
LEVEL, PROVED_AT, SHARED = "level", "proved_at", "shared"
KEPT = "kept_form"
# What no form of ours comes near; a longer one is not kept, and the page says so.
MOST_CHARACTERS = 100_000


@dataclass(frozen=True, slots=True)
class ProofRule:
    """How strong a proof has to be (1 one factor, 2 two) and how many seconds old it may be; None: as old as it is."""

    name: str
    level: int
    within: int | None = None


# Whoever works on a staff host; for what cannot be taken back there; and for a resident's own data.
SECOND_FACTOR = ProofRule("second-factor", 2)
STRONG = ProofRule("strong", 2, 900)
FRESH = ProofRule("fresh", 1, 900)
RULES = {rule.name: rule for rule in (SECOND_FACTOR, STRONG, FRESH)}


class ProofNeeded(Refused):
    """Who asks has to show once more who they are. `rule` is what would be enough; `kept` whether the form waits."""

    def __init__(self, rule: ProofRule, *, back: str, kept: bool) -> None:
        super().__init__("Show once more that it is you.", code="sign_in.proof_needed")
        self.rule, self.back, self.kept = rule, back, kept


def proof_lacks(request: HttpRequest, rule: ProofRule, *, now: float | None = None) -> bool:
    """Whether this session's proof is too weak or too old for the rule."""
    if not levels_stated():
        return False
    moment = time.time() if now is None else now
    if request.session.get(LEVEL, 0) < rule.level:
        return True
    return rule.within is not None and moment - request.session.get(PROVED_AT, 0) > rule.within


def proven(rule: ProofRule = STRONG, *, when: When | None = None) -> Callable[[View], View]:
    """Ask for the proof before a form of this view takes effect; `when(**gaps of the address)` says for which.

    Reading is never asked for it. Stands beneath `@access`, so that only whoever may at all is asked.
    """

    def declare(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            asks = request.method == "POST" and (when is None or when(**kwargs))
            if asks and proof_lacks(request, rule):
                raise ProofNeeded(rule, back=request.get_full_path(), kept=_keep(request))
            answer: HttpResponseBase = view(request, *args, **kwargs)
            return answer

        guarded.proof = rule  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return declare


def _keep(request: HttpRequest) -> bool:
    """Keep what was filled in with the session, at the server, until its owner is back."""
    form = request.POST.copy()
    form.pop("csrfmiddlewaretoken", None)
    words = form.urlencode()
    if request.FILES or len(words) > MOST_CHARACTERS:
        return False
    request.session[KEPT] = {"path": request.get_full_path(), "form": words}
    return True


def form_kept(request: HttpRequest) -> QueryDict | None:
    """What its owner had filled in on this page before they went to prove who they are; given back once."""
    kept = request.session.get(KEPT)
    if not kept or request.method != "GET" or kept["path"] != request.get_full_path():
        return None
    del request.session[KEPT]
    return QueryDict(kept["form"])
