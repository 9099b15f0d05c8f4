"""What this site knows about a person who has signed in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.people.access import SIGNED_IN, access
from core.people.models import Person, RoleGrant
from core.people.selectors import roles_of


@never_cache
@require_safe
@access(SIGNED_IN)
def account(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, Person)
    labels = dict(RoleGrant.Role.choices)
    roles = sorted(labels[role] for role in roles_of(request.user))
    return render(request, "public/account.html", {"roles": roles})
