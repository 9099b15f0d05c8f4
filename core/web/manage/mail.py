"""The demo's letter box: what this council would have sent, on a page of the staff host."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from core.kernel.env import environment
from core.notices.mail import written_mail
from core.people.access import ANYONE, access


@access(ANYONE)
def demo_mail(request: HttpRequest) -> HttpResponse:
    """Open to anyone, since in a demo a resident reads their code here; outside the demo there is no such page."""
    if environment().env == "production":
        raise Http404
    answer = render(request, "manage/demo_mail.html", {"mail": written_mail()})
    answer["Cache-Control"] = "no-store"
    return answer
