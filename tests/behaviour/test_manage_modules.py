"""The modules page: what there is, switched on and off, set, tried as a resident, and called again after failures."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from core.audit.models import OutboxMessage
from plugins.host import breaker
from plugins.host.observing import OBSERVE_JOB
from plugins.host.registry import registry
from plugins.host.selectors import active_plugins, module_settings
from tenants.registry.context import Role, in_tenant
from tests.house.test_urls_access import client
from tests.support.votes import round_made

APPROVAL = "/modules/ballot_format/approval/"


def test_every_module_has_a_card_and_a_page_that_stands(tenants: Any) -> None:
    officer = client("alpha", "staff", "officer")
    page = officer.get("/modules/").content.decode()
    for (kind, key), one in registry().modules.items():
        assert f'href="/modules/{kind}/{key}/"' in page
        answer = officer.get(f"/modules/{kind}/{key}/")
        assert answer.status_code == 200, key
        assert one.plugin.author in answer.content.decode()
    assert officer.get("/modules/ballot_format/none/").status_code == 404


def test_settings_are_saved_here_alone_and_wrong_ones_stay_typed(tenants: Any) -> None:
    officer = client("alpha", "staff", "officer")
    wrong = officer.post(APPROVAL, {"setting.minimum": "5", "setting.maximum": "2"})
    assert wrong.status_code == 422
    assert 'value="5"' in wrong.content.decode()
    assert "cannot be more" in wrong.content.decode()
    assert officer.post(APPROVAL, {"setting.minimum": "1", "setting.maximum": "4"}).status_code == 302
    for tenant, most in ((tenants.alpha, 4), (tenants.beta, 0)):
        with in_tenant(tenant):
            chosen: Any = module_settings("ballot_format", "approval")
            assert chosen.maximum == most


def test_a_ballot_is_tried_and_nothing_is_kept(tenants: Any) -> None:
    officer = client("alpha", "staff", "officer")
    good = officer.post(APPROVAL, {"do": "try", "project": ["P-01", "P-03"]}).content.decode()
    assert "This ballot would count" in good
    assert "A lunch club" in good
    refused = officer.post(APPROVAL, {"do": "try"}).content.decode()
    assert "would be sent back" in refused
    assert 'href="#project"' in refused


def test_a_plugin_in_use_stays_on_and_another_goes_off_and_on_for_this_council_alone(tenants: Any) -> None:
    officer = client("alpha", "staff", "officer")
    with in_tenant(tenants.alpha):
        round_made()
    kept = officer.post("/modules/plugins/ballot-approval/switch/", {"to": "off"}, follow=True).content.decode()
    assert "Leith Chooses" in kept
    officer.post("/modules/plugins/ballot-ranked/switch/", {"to": "off"})
    with in_tenant(tenants.alpha):
        assert "ballot-approval" in active_plugins()
        assert "ballot-ranked" not in active_plugins()
    with in_tenant(tenants.beta):
        assert "ballot-ranked" in active_plugins()
    officer.post("/modules/plugins/ballot-ranked/switch/", {"to": "on"})
    with in_tenant(tenants.alpha):
        assert "ballot-ranked" in active_plugins()


def test_a_plugin_that_failed_is_called_again_and_what_it_missed_is_told_again(tenants: Any) -> None:
    officer = client("alpha", "staff", "officer")
    with in_tenant(tenants.alpha):
        for _ in range(breaker.FAILURES):
            breaker.failure_count("ballot-approval")
    assert "It failed too often" in officer.get("/modules/").content.decode()
    officer.post("/modules/plugins/ballot-approval/breaker/")
    with in_tenant(tenants.alpha):
        assert breaker.health("ballot-approval") == breaker.Health(0, False)
    with in_tenant(tenants.alpha, role=Role.WORKER), transaction.atomic():
        row = OutboxMessage.objects.create(
            task=OBSERVE_JOB.name, state="parked", payload={}, error="PluginFailure", attempts=8
        )
    page = officer.get("/modules/").content.decode()
    assert f"/modules/parked/{row.id}/again/" in page
    foreign = client("beta", "staff", "officer")
    assert foreign.post(f"/modules/parked/{row.id}/again/").status_code == 404
    officer.post(f"/modules/parked/{row.id}/again/")
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert OutboxMessage.objects.get(pk=row.id).state == "pending"
