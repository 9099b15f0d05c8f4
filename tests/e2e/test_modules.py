"""The modules pages in a real browser: a phone and a desk, with axe."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.host import breaker
from tenants.registry.context import in_tenant
from tests.behaviour.test_manage_rounds import browser as signed_in
from tests.e2e.test_manage import beside_the_browser, looked_at
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
