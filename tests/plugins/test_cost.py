"""What plugins cost: nothing where they are off, and little for each call."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.kernel.errors import NotFound
from core.project.bench import module_call
from plugins.host.selectors import module
from plugins.host.services import plugin_activate, plugin_deactivate
from tenants.registry.context import in_tenant
from tests.behaviour.test_manage_rounds import browser
from tests.support.http import SiteClient
from tests.support.rounds import round_made

PLUGINS = ("arguments", "opinion-groups", "ballot-ranked")


def asked(client: SiteClient, path: str) -> int:
    """How many questions a page asks the database; the fewest of three, since what all share is asked by the clock."""
    counts = []
    for _turn in range(3):
        with CaptureQueriesContext(connection) as caught:
            assert client.get(path).status_code == 200
        counts.append(len(caught))
    return min(counts)


def test_switching_a_plugin_on_for_one_council_costs_another_nothing(tenants: Any) -> None:
    for tenant in tenants:
        # Both rounds have chosen them, so that a plugin which is on where it should not be would be drawn.
        with in_tenant(tenant):
            round_made(tenant=tenant.slug, deliberation=["threads", "arguments", "opinion-groups"])
    public, staff = SiteClient(tenants.beta), browser(tenants.beta)
    pages = ((public, "/rounds/leith/"), (public, "/rounds/leith/projects/P-01/"), (staff, "/modules/"))
    on = [asked(client, path) for client, path in pages]

    def switched(tenant: Any, change: Any) -> None:
        with in_tenant(tenant):
            for name in PLUGINS:
                change(plugin=name)

    with pytest.MonkeyPatch.context() as patch:
        # A round needs them, which keeps them on; here they are to go.
        patch.setattr("plugins.host.services.rounds_using", lambda modules: ())
        for tenant in tenants:
            switched(tenant, plugin_deactivate)
    before = [asked(client, path) for client, path in pages]
    # What is measured is a cost that is there: with them on, a page of beta asks more.
    assert before[1] < on[1]
    switched(tenants.alpha, plugin_activate)
    assert [asked(client, path) for client, path in pages] == before
    with in_tenant(tenants.alpha):
        assert module("deliberation", "arguments").key == "arguments"
    with in_tenant(tenants.beta), pytest.raises(NotFound):
        module("deliberation", "arguments")


class Words:
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def test_the_bench_of_a_call_measures_both_ways_and_says_where_it_does_not_hold(
    tenants: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module_call, "HOLD_MS", -1.0)
    document = module_call.run(100, Words())
    assert document["ours"] > document["baseline"] > 0
    assert document["added_ms"] == pytest.approx(document["ours"] - document["baseline"], abs=0.001)
    assert document["ratio"] > 1
    assert document["calls"] == 100
    assert not document["ok"]
