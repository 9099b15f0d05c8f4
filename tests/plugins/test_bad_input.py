"""Bad input that no other file answers for, and that `README.md` names a test for every kind of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from core.kernel.errors import Refused
from core.rounds.models import Round
from plugins.bundled.arguments.models import Mark
from plugins.host.models import PluginActivation
from plugins.host.selectors import active_plugins
from plugins.host.services import plugin_activate, plugin_deactivate
from tenants.office import purging
from tenants.office.owner import owner_connection
from tenants.registry.context import Role, in_tenant
from tenants.registry.selectors import tenant_refs
from tests.plugins.test_opinion_groups import PAGE, talked
from tests.support.bootstrap import ROOT
from tests.support.residents import resident
from tests.support.votes import vote, voting_open
from tests.tenancy.test_table import NAMED, functions

HERE = "tests/plugins/"
# Issue 6, "Bad input": every kind in the words of its line there.
KINDS = (
    *("duplicate key", "wrong API range", "missing metadata", "uncompiled translations", "unprefixed tables"),
    *("import side effects", "settings that do not validate", "a migration that fails in one schema"),
    *("settings edited by hand in the database", "mixed vote types", "points beyond the total", "ranks twice"),
    *("a cycle", "an unknown unit", "empty", "10,000 characters", "script", "right-to-left marks"),
    *("activation while a vote is open", "purge with data"),
)


def missing(text: str) -> list[str]:
    """Kinds without a row, and tests that are named and are not there."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    answers = {row[0]: row[-1] for row in rows}
    found = [f"{kind}: no row" for kind in KINDS if kind not in answers]
    for kind in KINDS:
        named = NAMED.findall(answers.get(kind, ""))
        if kind in answers and not named:
            found.append(f"{kind}: no test")
        found += [
            f"{file}::{name} does not exist"
            for file, name in named
            if name not in functions(file if file.startswith("tests/") else HERE + file)
        ]
    return found


def test_every_kind_of_bad_input_names_a_test_that_exists() -> None:
    text = (ROOT / HERE / "README.md").read_text(encoding="utf-8")
    assert missing(text) == []
    assert missing(text.replace("| ranks twice |", "| ranks |")) == ["ranks twice: no row"]
    renamed = missing(text.replace("::test_purging_with_data", "::test_some_purging"))
    assert [one for one in renamed if "test_some_purging" in one] == renamed
    assert renamed


@pytest.mark.parametrize("typed", ["", " \u202e\u2066 ", "x" * 10_000])
def test_a_statement_that_says_nothing_or_too_much_is_refused_at_its_field(tenants: Any, typed: str) -> None:
    talked(tenants.alpha)
    refused = resident(tenants.alpha, "mairi").post(PAGE + "write/", {"text": typed})
    assert refused.status_code == 422
    assert typed.strip("\u202e\u2066 ") in refused.content.decode()


def test_a_statement_with_script_and_marks_of_direction_is_shown_as_text_without_them(tenants: Any) -> None:
    talked(tenants.alpha)
    writer = resident(tenants.alpha, "mairi")
    assert writer.post(PAGE + "write/", {"text": "<script>alert(1)</script> \u202eevil\u202c"}).status_code == 302
    page = writer.get(PAGE).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; evil" in page
    assert "<script>alert" not in page


def test_switching_plugins_on_while_people_vote_changes_nothing_of_their_vote(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        plugin_deactivate(plugin="ballot-ranked")
        row = voting_open()
    with in_tenant(tenants.alpha, role=Role.VOTER):
        vote(row.id, "one@example.com", "P-01")
    with in_tenant(tenants.alpha):
        plugin_activate(plugin="ballot-ranked")
        # What the vote stands on stays on, and stands as it stood: on again it would be a new row with new settings.
        kept = PluginActivation.objects.get(plugin="ballot-approval", ended_at__isnull=True)
        with pytest.raises(Refused, match="Leith"):
            plugin_deactivate(plugin="ballot-approval")
        assert plugin_activate(plugin="ballot-approval", settings={"approval": {"maximum": 1}}).pk == kept.pk
        kept.refresh_from_db()
        assert kept.settings["approval"]["values"]["maximum"] == 0
        assert Round.objects.get(pk=row.pk).state == "voting"
    with in_tenant(tenants.alpha, role=Role.VOTER):
        vote(row.id, "two@example.com", "P-01", "P-02", key=b"j" * 16)
    with in_tenant(tenants.beta):
        assert "ballot-ranked" in active_plugins()


def test_purging_with_data_is_refused_without_a_folder_and_writes_every_row_with_one(
    tenants: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_tenant(tenants.alpha, role=Role.WORKER), transaction.atomic():
        Mark.objects.create(kind="frozen", about=tenants.alpha.uuid)
    with pytest.raises(Refused, match="switched on for alpha, beta"):
        purging.plugin_purge(plugin="arguments", out=None)
    for tenant in tenant_refs():
        with in_tenant(tenant):
            plugin_deactivate(plugin="arguments")
    with pytest.raises(Refused, match="Nothing was dropped") as caught:
        purging.plugin_purge(plugin="arguments", out=None)
    assert "--out" in str(caught.value.remedy)
    for tenant in tenants:
        with in_tenant(tenant):
            assert Mark.objects.count() == (tenant.slug == "alpha")
    left = []

    @contextmanager
    def taken_back() -> Iterator[Any]:
        """The owner's own transaction, looked at when all is done and then undone: others need these tables."""
        with owner_connection() as owner:
            yield owner
            row = owner.execute("SELECT count(*) FROM pg_class WHERE starts_with(relname, 'arguments_')").fetchone()
            left.append(row[0] if row else None)
            owner.rollback()

    monkeypatch.setattr(purging, "owner_connection", taken_back)
    done = purging.plugin_purge(plugin="arguments", out=tmp_path)
    assert (done["rows"], left) == (1, [0])
    (file,) = tmp_path.iterdir()
    assert file.name == f"{tenants.alpha.schema}.arguments_mark.csv"
    assert str(tenants.alpha.uuid) in file.read_text("utf-8")
