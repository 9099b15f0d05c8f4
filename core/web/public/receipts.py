"""After the ballot was sent: the receipt, and looking one up."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.kernel.errors import Invalid
from core.people.access import ANYONE, access
from core.rounds.selectors import round_by_slug
from core.voting.selectors import receipt_status
from core.web.public.credential import receipt_of
from core.web.public.rounds import frame


@never_cache
@require_safe
@access(ANYONE)
def done(request: HttpRequest, slug: str) -> HttpResponse:
    """The receipt of the ballot this browser has just sent."""
    row = round_by_slug(slug, visible_only=True)
    context = {**frame(row, "vote"), "receipt": receipt_of(request.COOKIES, row.id)}
    return render(request, "public/done.html", context)


@never_cache
@require_safe
@access(ANYONE)
def receipts(request: HttpRequest, slug: str) -> HttpResponse:
    """Whether a ballot with this receipt was recorded and counted; never what was chosen."""
    row = round_by_slug(slug, visible_only=True)
    typed = request.GET.get("code", "").strip()[:80]
    context: dict[str, Any] = {**frame(row, "receipts"), "typed": typed, "receipts": True}
    if typed:
        try:
            context["status"] = receipt_status(row, typed)
            context["code"] = typed.upper()
        except Invalid:
            context["problem"] = _(
                "This is not a code we have given out: a letter or digit is wrong or missing. Check it against "
                "what you wrote down."
            )
    elif "code" in request.GET:
        context["problem"] = _("Enter the code from your receipt.")
    return render(request, "public/receipts.html", context, status=422 if "problem" in context else 200)
