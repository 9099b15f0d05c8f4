"""The tenant seal: a row that matters says whose it is, and the database believes nobody else.

The column's default is the transaction's own setting; a CHECK written at provisioning admits this schema's tenant
only; a trigger compares the old row with the setting on update and delete. An insert in autocommit, on a wrong path
or with another tenant's setting fails by declaration (security.md C1).
"""

from __future__ import annotations

from django.apps import apps
from django.db import models
from django.db.models import Func, Value
from django.db.models.functions import Cast

SETTING = "commonty.tenant"


def _from_setting() -> Cast:
    return Cast(Func(Value(SETTING), function="current_setting"), models.UUIDField())


class Sealed(models.Model):
    """For every table that holds a ballot, roll entry, money, person, credential, evidence or equality answer."""

    tenant = models.UUIDField(db_default=_from_setting(), editable=False)

    class Meta:
        abstract = True


def says_whose(model: type[models.Model]) -> bool:
    """Whether a row of this table says whose it is and takes the answer from the transaction alone.

    The column decides, not the class: a plugin may import nothing of ours but its contract, and its tables hold what
    people have written. It declares the column itself and is sealed by the host like everybody else.
    """
    return any(
        field.column == "tenant" and isinstance(field, models.UUIDField) and field.db_default == _from_setting()
        for field in model._meta.local_concrete_fields
    )


def sealed_tables() -> list[str]:
    """The table of every sealed model, in order of name."""
    return sorted(model._meta.db_table for model in apps.get_models() if says_whose(model))


GUARD = """
CREATE OR REPLACE FUNCTION {schema}.commonty_seal_guard() RETURNS trigger LANGUAGE plpgsql AS $guard$
BEGIN
  IF OLD.tenant::text IS DISTINCT FROM current_setting('commonty.tenant', true) THEN
    RAISE EXCEPTION 'this row belongs to another tenant' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $guard$
"""

__all__ = ["GUARD", "SETTING", "Sealed", "says_whose", "sealed_tables"]
