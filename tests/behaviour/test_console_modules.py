"""Modules in the national console: where they are used, allowed and withdrawn, and wishes for new ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from core.audit.models import AuditEvent
from core.kernel.errors import NotFound, Refused
from core.project.cli import main
from core.rounds.services import round_advance, round_change, rules_set
from plugins.api.text import LocalisedText
from plugins.host.models import PluginActivation
from plugins.host.selectors import active_plugins
from plugins.host.services import plugin_activate, plugin_deactivate
from tenants.office.models import SignedFact
from tenants.office.modules.services import permit_set
from tenants.office.services import tenant_create
from tenants.registry.context import in_public, in_tenant
from tenants.registry.permits import permits_forget, permits_know
from tests.behaviour.test_console import console, hub
from tests.behaviour.test_manage_rounds import browser, fill, text
from tests.support.http import SiteClient
from tests.support.jobs import work
from tests.support.rounds import round_made

APPROVAL = "/console/modules/ballot_format/approval/"
WHY = "We look at its ballots once more."


@pytest.fixture(autouse=True)
def decisions_forgotten() -> Iterator[None]:
    permits_forget()
    yield
    permits_forget()


def plain(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text(answer)))


def row_of(page: str, name: str) -> str:
    found = [one for one in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if name in one]
    assert len(found) == 1, (name, found)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0]))


def decide(tenant: Any, *, allowed: bool, plugin: str = "ballot-approval") -> None:
    with in_tenant(hub()):
        permit_set(plugin=plugin, tenant=tenant.uuid if tenant else None, allowed=allowed, reason=WHY)


def kinds(tenant: Any, kind: str) -> list[dict[str, Any]]:
    with in_tenant(tenant):
        return [dict(row.body) for row in AuditEvent.objects.filter(kind=kind)]


def test_the_console_counts_where_each_module_is_on_and_used_from_what_tenants_signed(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = round_made("leith", name=LocalisedText("Only alpha may read this name"), deliberation=["threads"])
        plugin_deactivate(plugin="ballot-ranked")
    work(tenants.alpha)
    client = console()
    page = text(client.get("/console/modules/"))
    assert "1 has said nothing of its modules yet" in plain(client.get("/console/modules/"))
    assert "1 council  2 councils" not in page
    assert re.search(r"2 councils.* 1 council .*1", row_of(page, ">threads<"))
    work(tenants.beta)
    page = text(client.get("/console/modules/"))
    assert re.search(r"2 councils +2 councils +1", row_of(page, ">threads<"))
    assert re.search(r"2 councils +1 council +0", row_of(page, ">ranked<"))
    one = text(client.get("/console/modules/deliberation/threads/"))
    assert re.search(r"Yes +[\d.]+ +1", row_of(one, "Alpha Council"))
    assert re.search(r"Yes +[\d.]+ +0", row_of(one, "Beta Council"))
    assert client.get("/console/modules/deliberation/none/").status_code == 404
    # Neither names of rounds nor anything else of theirs travels: numbers alone.
    with in_public():
        body = SignedFact.objects.get(tenant_id=tenants.alpha.uuid, kind="modules").body
    assert set(body) == {"public", "plugins", "used", "kind", "key", "tenant", "at"}
    assert "Only alpha" not in json.dumps(body)
    with in_tenant(tenants.alpha):
        round_advance(round=row, verb="cancel", actor=None)
    work(tenants.alpha)
    assert re.search(r"2 councils +2 councils +0", row_of(text(client.get("/console/modules/")), ">threads<"))
    assert browser(tenants.alpha).get("/console/modules/").status_code == 404


def test_a_withdrawn_module_is_refused_where_it_is_new_and_kept_where_residents_see_it(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        seen = round_made("seen")
        fresh = round_made("fresh", is_practice=True)
        round_advance(round=fresh, verb="reopen_design", actor=None)
    client = console()
    form = {"tenant": str(tenants.alpha.uuid), "decision": "withdraw", "reason": ""}
    refused = fill(client, APPROVAL, **form)
    assert refused.status_code == 422
    assert "Say why in a sentence" in text(refused)
    assert fill(client, APPROVAL, **{**form, "reason": WHY}).status_code == 302
    assert WHY in row_of(text(client.get(APPROVAL)), "Alpha Council")
    assert "Not everywhere" in row_of(text(client.get("/console/modules/")), ">approval<")
    officer = browser(tenants.alpha)
    assert WHY in text(officer.get("/modules/ballot_format/approval/"))
    assert "Withdrawn for new rounds" in text(officer.get("/modules/"))
    assert "Withdrawn for new rounds" not in text(browser(tenants.beta).get("/modules/"))
    with in_tenant(tenants.alpha):
        # What residents see goes on with it, into voting.
        assert round_advance(round=seen, verb="open_voting", actor=None).state == "voting"
        with pytest.raises(Refused) as stopped:
            round_advance(round=fresh, verb="prepare_ballot", actor=None)
        assert [one.code for one in stopped.value.problems] == ["round.module_withdrawn"]
        plugin_deactivate_allowed = "ballot-approval" in active_plugins()
    assert plugin_deactivate_allowed
    # The other council is as it was.
    with in_tenant(tenants.beta):
        other = round_made("other")
        assert round_advance(round=other, verb="open_voting", actor=None).state == "voting"
    # Allowed again, the round that waited goes on.
    assert fill(client, APPROVAL, tenant=str(tenants.alpha.uuid), decision="allow").status_code == 302
    with in_tenant(tenants.alpha):
        assert round_advance(round=fresh, verb="prepare_ballot", actor=None).state == "ballot_prep"
    assert kinds(hub(), "plugin_withdrawn") == [{"plugin": "ballot-approval", "where": "alpha", "reason": WHY}]
    assert kinds(hub(), "plugin_permitted") == [{"plugin": "ballot-approval", "where": "alpha"}]
    assert "withdrawn for new rounds at alpha" in text(browser(hub(), name="cosla").get("/audit/"))


def test_nothing_withdrawn_is_chosen_anew_or_switched_on(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = round_made("leith")
        plugin_deactivate(plugin="ballot-ranked")
    decide(None, allowed=False, plugin="ballot-ranked")
    decide(None, allowed=False, plugin="ballot-points")
    decide(None, allowed=False, plugin="threads")
    decide(None, allowed=False, plugin="code-by-phone")
    officer = browser(tenants.alpha)
    choices = text(officer.get("/rounds/leith/rules/"))
    assert 'value="approval"' in choices
    assert 'value="points"' not in choices
    assert 'value="ranked"' not in choices
    assert officer.post("/modules/plugins/ballot-ranked/switch/", {"to": "on"}).status_code == 302
    assert "Switch it on" not in text(officer.get("/modules/ballot_format/ranked/"))
    permits_know()
    with in_tenant(tenants.alpha):
        assert "ballot-ranked" not in active_plugins()
        with pytest.raises(Refused, match="not allowed"):
            plugin_activate(plugin="ballot-ranked")
        with pytest.raises(Refused, match="points"):
            rules_set(
                round=row,
                ballot_format="points",
                ballot_settings={},
                outcome_rule="greedy-skip",
                outcome_settings={},
                actor=None,
            )
        for fields in ({"deliberation": ["threads"]}, {"proofs": ["code-by-phone"]}):
            with pytest.raises(Refused, match="Withdrawn"):
                round_change(round=row, actor=None, **fields)
        assert round_change(round=row, actor=None, deliberation=["arguments"]).deliberation == ["arguments"]
    # A pilot: withdrawn for all, allowed at one.
    decide(tenants.beta, allowed=True, plugin="ballot-points")
    with in_tenant(tenants.beta):
        pilot = round_made("pilot")
        assert rules_set(
            round=pilot,
            ballot_format="points",
            ballot_settings={},
            outcome_rule="greedy-skip",
            outcome_settings={},
            actor=None,
        )


def test_a_tenant_that_is_made_gets_what_is_allowed_and_a_new_plugin_reaches_all_but_who_switched_it_off(
    tenants: Any,
) -> None:
    decide(None, allowed=False)
    made, _steps = tenant_create(slug="gamma", kind="council", name=LocalisedText("Gamma Council"))
    with in_tenant(made):
        assert "ballot-approval" not in active_plugins()
        assert "ballot-ranked" in active_plugins()
    # A plugin that is new: on nowhere, and never was.
    for tenant in tenants:
        with in_tenant(tenant), transaction.atomic():
            PluginActivation.objects.filter(plugin="ballot-approval").update(plugin="another")
    with in_tenant(tenants.beta):
        plugin_deactivate(plugin="ballot-score")
    for tenant in (*tenants, made):
        work(tenant)
    client = console()
    assert "Switched on nowhere" in text(client.get("/console/modules/"))
    for path in (APPROVAL, "/console/modules/ballot_format/score/"):
        assert client.post(path, {"do": "everywhere"}).status_code == 302
    work(hub())
    for tenant in (*tenants, made):
        with in_tenant(tenant):
            assert "ballot-approval" in active_plugins()
            assert ("ballot-score" in active_plugins()) == (tenant.slug != "beta")
    assert {"plugins": ["ballot-approval 1.0.0"]} in kinds(tenants.alpha, "plugins_begun")
    for tenant in (*tenants, made):
        work(tenant)
    assert "Switched on nowhere" not in text(client.get("/console/modules/"))


def test_a_decision_for_all_takes_the_place_of_single_ones_and_only_the_hub_decides(tenants: Any) -> None:
    decide(tenants.alpha, allowed=True)
    decide(None, allowed=False)
    for tenant in tenants:
        with in_tenant(tenant), pytest.raises(Refused):
            plugin_activate(plugin="ballot-approval")
    with in_tenant(tenants.alpha), pytest.raises(Refused, match="national site"):
        permit_set(plugin="ballot-approval", tenant=None, allowed=True)
    with in_tenant(hub()), pytest.raises(NotFound):
        permit_set(plugin="nothing", tenant=None, allowed=True)
    assert main(["plugins", "allow", "ballot-approval", "--json"]) == 0
    permits_forget()
    for tenant in tenants:
        with in_tenant(tenant):
            assert plugin_activate(plugin="ballot-approval").plugin == "ballot-approval"
    assert main(["plugins", "withdraw", "nothing", "--reason", WHY]) == 1


def test_an_officer_asks_for_a_module_and_reads_the_answer_and_nobody_elses(tenants: Any) -> None:
    officer, client = browser(tenants.alpha), console()
    assert "You have asked for nothing" in text(officer.get("/modules/"))
    assert "Nobody has asked for a module" in text(client.get("/console/modules/"))
    short = fill(officer, "/modules/wishes/new/", what="A ranking vote on paper", why="Yes")
    assert short.status_code == 422
    assert "A ranking vote on paper" in text(short)
    why = "Our islands vote on paper and want to rank."
    sent = re.search(r'name="new_id" value="([^"]+)"', text(short))
    assert sent is not None
    for _twice in range(2):
        assert (
            fill(officer, "/modules/wishes/new/", what="A ranking vote on paper", why=why, new_id=sent[1]).status_code
            == 302
        )
    page = text(client.get("/console/modules/"))
    assert page.count("A ranking vote on paper") == 1
    link = re.search(r'href="(/console/modules/wishes/[^"]+)"', page)
    assert link is not None
    assert why in text(client.get(link[1]))
    declined = fill(client, link[1], state="declined", answer="")
    assert declined.status_code == 422
    assert "Say why not" in text(declined)
    assert fill(client, link[1], state="planned", answer="It comes with the spring release.").status_code == 302
    read = plain(officer.get("/modules/"))
    assert "A ranking vote on paper Planned" in read
    assert "It comes with the spring release." in read
    assert "ranking vote" not in text(browser(tenants.beta).get("/modules/"))
    assert browser(tenants.beta).get(link[1]).status_code == 404
    assert SiteClient(tenants.alpha).get("/modules/wishes/new/").status_code == 404
    assert [one["state"] for one in kinds(hub(), "module_wish_answered")] == ["planned"]
    assert len(kinds(tenants.alpha, "module_wished")) == 1
