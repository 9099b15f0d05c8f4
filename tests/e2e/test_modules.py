"""The modules pages in a real browser: a phone and a desk, with axe."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from core.notices.carrying import channels_choose
from plugins.host import breaker
from plugins.host.services import plugin_deactivate
from tenants.office.modules.selectors import wishes
from tenants.office.modules.services import permit_set, wish_answer, wish_make
from tenants.registry.context import in_tenant
from tenants.registry.permits import permits_forget
from tests.behaviour.test_console import hub
from tests.behaviour.test_manage_rounds import browser as signed_in
from tests.e2e.test_manage import beside_the_browser, looked_at
from tests.support.jobs import work
from tests.support.rounds import round_made as talked_about
from tests.support.votes import round_made

__all__ = ["beside_the_browser"]

pytestmark = pytest.mark.browser
PAGES = [
    "/modules/",
    "/modules/ballot_format/approval/",
    "/modules/ballot_format/points-areas/",
    "/modules/outcome_rule/equal-shares/",
]


def test_the_modules_pages_read_on_a_phone_and_a_desk(tenants: Any, server: int, browser: Any) -> None:
    with in_tenant(tenants.alpha):
        round_made()
        for _ in range(breaker.FAILURES):
            breaker.failure_count("ballot-points")
        breaker.breaker_close("ballot-points")
    looked_at(browser, server, signed_in(tenants.alpha), PAGES)


def test_channels_lists_rules_and_arguments_read_on_a_phone_and_a_desk(tenants: Any, server: int, browser: Any) -> None:
    with in_tenant(tenants.alpha):
        talked_about(proofs=["roll-match"], deliberation=["arguments"])
        with transaction.atomic():
            channels_choose(["notify-sms", "email"])
    officer = signed_in(tenants.alpha)
    listed = BytesIO(b"first_name,last_name,postcode\nMorag,Bain,EH6 6AA\n")
    listed.name = "list.csv"
    assert officer.post("/modules/lists/roll-match/", {"round": "leith", "file": listed}).status_code == 302
    at = "/rounds/leith/preview/discussion/arguments/argue/"
    for side, words in (("for", "It is near the school."), ("against", "It floods every winter, and nobody mends it.")):
        assert officer.post(at, {"ref": "P-01", "side": side, "text": words}).status_code == 302
    looked_at(
        browser,
        server,
        officer,
        [
            "/modules/channels/",
            "/modules/lists/roll-match/",
            "/modules/eligibility_proof/roll-match/",
            "/rounds/leith/rules/compare/",
            "/rounds/leith/rules/compare/?ballot_format=ranked&outcome_rule=stv",
            "/rounds/leith/preview/projects/P-01/",
            "/discussion/",
        ],
    )


def test_the_console_and_the_council_read_the_same_of_modules(tenants: Any, server: int, browser: Any) -> None:
    national, officer = signed_in(hub(), name="cosla"), signed_in(tenants.alpha)
    # Nothing is decided, asked for or said yet.
    looked_at(browser, server, national, ["/console/modules/"])
    with in_tenant(tenants.alpha):
        talked_about(deliberation=["threads"])
        plugin_deactivate(plugin="ballot-ranked")
        for what in (
            "A ranking vote on paper",
            "A map on which residents put their ideas, with the words of each beside it",
        ):
            wish_make(what=what, why="Our islands vote on paper and want to rank.", new_id=uuid4())
    with in_tenant(tenants.beta):
        plugin_deactivate(plugin="ballot-ranked")
    for tenant in tenants:
        work(tenant)
    first, second = wishes()
    with in_tenant(hub()):
        permit_set(plugin="threads", tenant=tenants.alpha.uuid, allowed=False, reason="We look at its accessibility.")
        wish_answer(wish=first.id, state="planned", answer="It comes with the spring release.")
    looked_at(
        browser,
        server,
        national,
        ["/console/modules/", "/console/modules/deliberation/threads/", f"/console/modules/wishes/{second.id}/"],
    )
    looked_at(browser, server, officer, ["/modules/", "/modules/deliberation/threads/", "/modules/wishes/new/"])
    permits_forget()
