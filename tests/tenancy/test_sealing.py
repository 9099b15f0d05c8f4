"""Which tables are sealed. A table that is not sealed stands here with the reason; a new one without a reason fails."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from tenants.registry.seal import Sealed, sealed_tables
from tests.support.fleet import admin

DJANGO = "Django's own list of kinds and rights, the same words in every tenant"
EDITING = "what editors write for the public, and the traces of writing it; no ballot, person, money or evidence"
# The first word or words of a table's name, and why it needs no seal. The longest that fits counts.
OPEN = {
    "auth_group": DJANGO,
    "auth_permission": DJANGO,
    "django_content_type": DJANGO,
    "people_person_groups": "follows the sealed role grants and is made anew at each request of an officer",
    "people_person_user_permissions": "never used: rights come from grants",
    "places_area": "public geography",
    "rounds_programme": "published words about a round",
    "rounds_round": "published words and dates of a round; its money, ballots and steps are sealed",
    "rounds_ruleset": "published rules; what counts is the sealed frozen offer",
    "cms_": EDITING,
    "wagtailcore_": EDITING,
    "wagtailadmin_": EDITING,
    "wagtailsearch_": EDITING,
    "wagtaildocs_": EDITING,
    "wagtailimages_": EDITING,
    "wagtailusers_userprofile": "how an editor likes the editor to look",
    "simple_translation_": EDITING,
    "taggit_": EDITING,
}
# What must be sealed whoever writes it, by what it holds.
KINDS = {
    "ballot": ("voting_ballot", "voting_receiptrecord", "voting_sealedballot", "voting_openedballot", "voting_result"),
    "roll": ("voting_rollentry", "voting_rollkey", "voting_sealedrollentry"),
    "money": ("rounds_pot", "rounds_fundsource", "proposals_proposal"),
    "person": ("people_person", "people_rolegrant", "people_session", "notices_notice"),
    "credential": ("audit_signingkey", "plugin_host_onetimecode", "voting_roundkeys"),
    "evidence": ("audit_auditevent", "voting_ballotlog", "voting_roundseal", "rounds_roundtransition"),
}


def tenant_models() -> list[type[models.Model]]:
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_config.name not in settings.SHARED_APPS and model._meta.managed and not model._meta.proxy
    ]


def unclassified(tables: Iterable[str], sealed: Iterable[str]) -> list[str]:
    known = set(sealed)
    return sorted(table for table in tables if table not in known and not table.startswith(tuple(OPEN)))


def test_every_table_is_sealed_or_says_why_not() -> None:
    tables = [model._meta.db_table for model in tenant_models()]
    assert unclassified(tables, sealed_tables()) == []
    # A new table, and a ballot table that has lost its seal, are both seen.
    assert unclassified([*tables, "voting_secondthoughts"], sealed_tables()) == ["voting_secondthoughts"]
    assert unclassified(tables, set(sealed_tables()) - {"voting_ballot"}) == ["voting_ballot"]
    unused = [start for start in OPEN if not any(table.startswith(start) for table in tables)]
    assert unused == []


@pytest.mark.parametrize("kind", list(KINDS))
def test_what_matters_is_sealed_whatever_anybody_says(kind: str) -> None:
    assert set(KINDS[kind]) <= set(sealed_tables())
    assert not any(table.startswith(tuple(OPEN)) for table in KINDS[kind] if not table.startswith("rounds_round"))


def test_the_column_decides_and_not_its_name() -> None:
    class Impostor(models.Model):
        tenant = models.UUIDField(null=True)

        class Meta:
            app_label = "rounds"
            db_table = "rounds_impostor"

        def __str__(self) -> str:
            return "an impostor"

    try:
        assert "rounds_impostor" not in sealed_tables()
        assert not issubclass(Impostor, Sealed)
    finally:
        del apps.all_models["rounds"]["impostor"]
        apps.clear_cache()


def test_a_row_of_another_tenant_is_refused_in_every_sealed_table(tenants: Any) -> None:
    """The CHECK itself, in every table: the database is asked with a row that would otherwise be in order."""
    alpha, beta = tenants
    for table in sealed_tables():
        words = admin(
            "SELECT pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE conrelid = %s::regclass"
            " AND conname = %s",
            [f'"{alpha.schema}".{table}', f"{table[:50]}_seal"],
        )
        assert words == [(f"CHECK ((tenant = '{alpha.uuid}'::uuid))", True)], table
    insert = f"INSERT INTO \"{alpha.schema}\".audit_inboxeffect (key, tenant) VALUES ('k', '{{0}}')"
    with pytest.raises(psycopg.errors.CheckViolation):
        admin(insert.format(beta.uuid))
    admin(insert.format(alpha.uuid))
