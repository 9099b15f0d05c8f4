"""The only place that answers "may this person": rules for views, and roles for services.

Every view says who may see it: `@access(OFFICER)`. A view without a rule is refused to everybody.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.utils.http import urlencode

from core.people.models import Person, RoleGrant
from core.people.selectors import roles_anywhere, roles_of

View = TypeVar("View", bound=Callable[..., Any])
Role = RoleGrant.Role


RoundOf = Callable[[str], UUID | None]
"""Finds the round that a word of the address names; None where there is none. A higher module declares it."""


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Who may: anyone, anyone signed in, or holders of one of these roles.

    `anywhere`: a role for any single round is enough, for pages that then show only what its holder may see.
    """

    name: str
    roles: frozenset[str] = frozenset()
    anonymous: bool = False
    anywhere: bool = False

    def allows(self, user: Person | AnonymousUser, *, round_id: UUID | None = None) -> bool:
        if self.anonymous:
            return True
        if not isinstance(user, Person) or not user.is_active:
            return False
        if self.anywhere:
            return bool(self.roles & roles_anywhere(user))
        return not self.roles or bool(self.roles & roles_of(user, round_id=round_id))


ANYONE = AccessRule("anyone", anonymous=True)
SIGNED_IN = AccessRule("signed in")
OFFICER = AccessRule("officer", frozenset({Role.OFFICER.value}))
ROUND_TEAM = AccessRule(
    "round team", frozenset({Role.OFFICER.value, Role.ROUND_MANAGER.value, Role.STEERING_MEMBER.value})
)
ROUND_EDITORS = AccessRule("round editors", frozenset({Role.OFFICER.value, Role.ROUND_MANAGER.value}))
STAFF = AccessRule("staff", frozenset(role.value for role in Role))
STAFF_ANYWHERE = AccessRule("staff, or a role in one round", STAFF.roles, anywhere=True)


def has_role(person: Any, *roles: str, round_id: UUID | None = None) -> bool:
    """Whether the person holds one of the roles now, for the tenant or for this round."""
    return isinstance(person, Person) and bool(frozenset(roles) & roles_of(person, round_id=round_id))


def access(rule: AccessRule, *, round_of: RoundOf | None = None, gap: str = "slug") -> Callable[[View], View]:
    """Declare and enforce who may call a view function. On a staff host a stranger is sent to sign in.

    With `round_of`, a role limited to one round opens that round's pages: the round is what `round_of` finds for the
    word in the address's gap named `gap`. Whoever holds no role there learns nothing of whether the round exists.
    """

    def declare(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            word = kwargs.get(gap)
            round_id = round_of(str(word)) if round_of and word and request.user.is_authenticated else None
            if rule.allows(request.user, round_id=round_id):
                answer: HttpResponseBase = view(request, *args, **kwargs)
                return answer
            if not request.user.is_authenticated:
                return HttpResponseRedirect("/sign-in/?" + urlencode({"next": request.get_full_path()}))
            raise PermissionDenied

        guarded.access = rule  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return declare
