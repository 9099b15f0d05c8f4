"""Database fields for money and for words in two languages."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from plugins.api.money import Money
from plugins.api.text import LocalisedText


class MoneyField(models.BigIntegerField):  # type: ignore[type-arg]  # stubs want set and get types
    """Money as whole pence in a bigint column."""

    def from_db_value(self, value: int | None, expression: Any, connection: Any) -> Money | None:
        return None if value is None else Money(value)

    def to_python(self, value: Any) -> Money | None:
        if value is None or isinstance(value, Money):
            return value
        if type(value) is int:
            return Money(value)
        raise ValidationError("An amount is a Money or a whole number of pence.")

    def get_prep_value(self, value: Any) -> int | None:
        if value is None:
            return None
        if isinstance(value, Money):
            return value.minor
        if type(value) is int:
            return value
        raise TypeError("An amount is a Money or a whole number of pence.")

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.get_prep_value(self.value_from_object(obj)))

    def formfield(self, *args: Any, **kwargs: Any) -> Any:
        return None


class LocalisedTextField(models.JSONField):
    """Words in English (required unless blank) and Gaelic, as JSON `{"en": …, "gd": …}`."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> LocalisedText | None:
        raw = super().from_db_value(value, expression, connection)
        return None if raw is None else LocalisedText(**raw)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = json.loads(value)
        return LocalisedText(**value) if isinstance(value, dict) else value

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(value.as_json() if isinstance(value, LocalisedText) else value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        plain = value.as_json() if isinstance(value, LocalisedText) else value
        return super().get_db_prep_value(plain, connection, prepared)

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        if not isinstance(value, LocalisedText) or (not value.en.strip() and not self.blank):
            raise ValidationError("English words are required.")

    def formfield(self, *args: Any, **kwargs: Any) -> Any:
        return None
