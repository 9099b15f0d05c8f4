"""A plugin's life in a council: settings kept, upgraded and sealed, pinned while people vote, off when unused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from core.audit.models import AuditEvent
from core.kernel.errors import Invalid, NotFound, Refused
from core.rounds.services import round_advance
from core.voting.models import TallyRun
from core.voting.tally import tally_run
from plugins.bundled.ballot_approval.format import Approval
from plugins.host.failures import PluginFailure
from plugins.host.models import PluginActivation
from plugins.host.registry import Registered, registry, registry_set
from plugins.host.selectors import module_settings
from plugins.host.services import module_configure, plugin_activate, plugin_deactivate, plugin_upgrade
from tenants.registry.context import Role, in_tenant
from tests.support.votes import ballots_in, closed, round_made, voting_open

PLUGIN, KEY = "ballot-approval", "approval"


class Newer(BaseModel):
    """The settings of `approval` as a second version has them: another name, and a secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minimum: int = Field(default=1, ge=1, title="Fewest")
    most: int = Field(default=0, ge=0, title="Most")
    token: SecretStr = Field(default=SecretStr(""), title="Secret")

    @property
    def maximum(self) -> int:
        return self.most


class Second(Approval):
    Settings = Newer  # type: ignore[assignment]  # what a newer version of the plugin brings
    settings_version = 2

    @classmethod
    def upgrade(cls, data: Mapping[str, Any], from_version: int) -> Mapping[str, Any]:
        kept = dict(data)
        kept["most"] = kept.pop("maximum", 0)
        return kept


class Broken(Second):
    @classmethod
    def upgrade(cls, data: Mapping[str, Any], from_version: int) -> Mapping[str, Any]:
        raise KeyError("gone")


def installed(module: type[Approval], version: str = "2.0.0") -> None:
    """The plugin `ballot-approval` as this class and version, in the registry of this process."""
    now = registry()
    info = replace(now.plugins[PLUGIN], version=version)
    place = ("ballot_format", KEY)
    kind = now.modules[place].kind
    modules = {**now.modules, place: Registered(info, kind, module())}
    registry_set(replace(now, plugins={**now.plugins, PLUGIN: info}, modules=modules))


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = registry()
    yield
    registry_set(before)


def facts(kind: str) -> list[dict[str, Any]]:
    return [event.body for event in AuditEvent.objects.filter(kind=kind)]


def test_settings_of_an_earlier_version_are_upgraded_on_reading_and_later_ones_are_refused(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        module_configure(kind="ballot_format", key=KEY, settings={"maximum": 4})
        assert facts("plugin_configured") == [{"plugin": PLUGIN, "module": KEY, "settings": ["maximum"]}]
        installed(Second)
        assert module_settings("ballot_format", KEY).most == 4  # type: ignore[attr-defined]  # the newer settings
        kept = PluginActivation.objects.get(plugin=PLUGIN, ended_at__isnull=True)
        assert kept.settings[KEY]["version"] == 1
        installed(Broken)
        with pytest.raises(PluginFailure, match="upgrade raised"):
            module_settings("ballot_format", KEY)
        installed(Second)
        module_configure(kind="ballot_format", key=KEY, settings={"most": 5})
        installed(Approval)
        with pytest.raises(PluginFailure, match="newer version"):
            module_settings("ballot_format", KEY)
    with in_tenant(tenants.beta):
        assert module_settings("ballot_format", KEY).maximum == 0  # type: ignore[attr-defined]  # beta kept nothing


def test_settings_edited_by_hand_are_a_failure_that_is_named(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = PluginActivation.objects.get(plugin=PLUGIN, ended_at__isnull=True)
        row.settings = {KEY: {"version": 1, "values": {"minimum": "many"}}}
        with transaction.atomic():
            row.save()
        with pytest.raises(PluginFailure, match="kept values do not fit"):
            module_settings("ballot_format", KEY)
        plugin_deactivate(plugin=PLUGIN)
        with pytest.raises(Invalid) as caught:
            plugin_activate(plugin=PLUGIN, settings={KEY: {"minimum": 0}})
        assert caught.value.code == "plugin.settings"


def test_a_secret_is_sealed_with_the_councils_own_key_and_kept_where_it_is_left_out(tenants: Any) -> None:
    installed(Second)
    with in_tenant(tenants.alpha):
        module_configure(kind="ballot_format", key=KEY, settings={"token": "hush-hush", "most": 2})
        kept = PluginActivation.objects.get(plugin=PLUGIN, ended_at__isnull=True).settings
        assert "hush" not in str(kept)
        assert "hush" not in str(facts("plugin_configured"))
        module_configure(kind="ballot_format", key=KEY, settings={"most": 3})
        chosen: Any = module_settings("ballot_format", KEY)
        assert (chosen.token.get_secret_value(), chosen.most) == ("hush-hush", 3)
    with in_tenant(tenants.beta):
        row = PluginActivation.objects.get(plugin=PLUGIN, ended_at__isnull=True)
        row.settings = kept
        with transaction.atomic():
            row.save()
        with pytest.raises(PluginFailure):
            module_settings("ballot_format", KEY)


def test_a_plugin_that_a_round_chose_is_not_switched_off_until_the_round_is_over(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = round_made()
        for plugin in (PLUGIN, "outcome-greedy", "code-by-email"):
            with pytest.raises(Refused, match="Leith Chooses"):
                plugin_deactivate(plugin=plugin)
        plugin_deactivate(plugin="ballot-ranked")
        round_advance(round=row, verb="cancel", actor=None, reason="no longer wanted", reason_code="other")
        plugin_deactivate(plugin=PLUGIN)
        with pytest.raises(NotFound):
            module_settings("ballot_format", KEY)
    with in_tenant(tenants.beta):
        assert module_settings("ballot_format", KEY)
        plugin_deactivate(plugin=PLUGIN)


def test_a_round_that_has_opened_is_counted_under_a_new_settings_version_only_by_a_recorded_decision(
    tenants: Any,
) -> None:
    with in_tenant(tenants.alpha):
        row = voting_open()
    with in_tenant(tenants.alpha, role=Role.VOTER):
        ballots_in(row.id, [("P-01", "P-02"), ("P-01",)])
    with in_tenant(tenants.alpha):
        row = closed(row)
        # Switching other plugins on changes nothing of what was frozen.
        plugin_deactivate(plugin="ballot-score")
        plugin_activate(plugin="ballot-score")
    installed(Second)
    with in_tenant(tenants.alpha):
        with pytest.raises(Refused, match="Leith Chooses"):
            module_settings("ballot_format", KEY)
        with pytest.raises(Invalid):
            plugin_upgrade(plugin=PLUGIN, reason=" ")
    with in_tenant(tenants.alpha, role=Role.WORKER):
        run = tally_run(round_id=row.id)
        assert (run.state, run.error) == (TallyRun.State.FAILED, "plugin.upgrade_undecided")
    with in_tenant(tenants.alpha):
        assert plugin_upgrade(plugin=PLUGIN, reason="Checked on a copy") == ["Leith Chooses"]
        said = facts("plugin_upgraded")
        assert [(one["to_version"], one["rounds"], one["reason"]) for one in said] == [
            ("2.0.0", ["Leith Chooses"], "Checked on a copy")
        ]
    with in_tenant(tenants.alpha, role=Role.WORKER):
        run = tally_run(round_id=row.id)
        assert (run.state, run.error) == (TallyRun.State.DONE, "")
        assert run.document["counted_with"]["ballot_format"] == "2.0.0"
        assert run.document["ballot_format"]["version"] == "1.0.0"


def test_another_version_with_the_same_settings_counts_and_says_so(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = voting_open()
    with in_tenant(tenants.alpha, role=Role.VOTER):
        ballots_in(row.id, [("P-01",)])
    with in_tenant(tenants.alpha):
        row = closed(row)
    installed(Approval, "1.0.1")
    with in_tenant(tenants.alpha, role=Role.WORKER):
        run = tally_run(round_id=row.id)
    assert run.state == TallyRun.State.DONE
    assert run.document["counted_with"]["ballot_format"] == "1.0.1"
