"""How Django finds the person of a session. Nobody is ever authenticated by a password here."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from core.people.models import Person


class GrantBackend(ModelBackend):
    """Persons by their key; permissions come from the groups that follow their grants."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Person | None:
        return None

    def get_user(self, user_id: Any) -> Person | None:
        return Person.objects.filter(pk=user_id, is_active=True).first()
