"""The pages of looking back in a real browser: a phone and a desk, with axe, in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from core.evaluation.models import Sheet
from core.evaluation.services import feedback_give, framework_choose, sheet_answer, sheet_close, sheet_open
from core.people.models import Person
from core.rounds.models import Round
from tenants.registry.context import in_tenant
from tests.behaviour.test_manage_rounds import browser as signed_in
from tests.e2e.test_manage import beside_the_browser, looked_at
from tests.plugins.test_evaluation import published

__all__ = ["beside_the_browser"]

pytestmark = pytest.mark.browser


def test_looking_back_reads_on_a_phone_and_a_desk(tenants: Any, server: int, browser: Any) -> None:
    from uuid import uuid4

    published(tenants.alpha, 12)
    officer = signed_in(tenants.alpha)
    with in_tenant(tenants.alpha):
        row, somebody = Round.objects.get(), Person.objects.first()
        assert somebody is not None
        for key in ("national-core", "glasgow-toolkit", "charter-check"):
            framework_choose(round=row, key=key, settings={}, actor=None)
        for sheet in Sheet.objects.all():
            sheet_open(sheet=sheet, actor=None)
        team = Sheet.objects.get(module="glasgow-toolkit")
        rated = [one["name"] for one in team.form["fields"] if one["kind"] == "choice"]
        sheet_answer(sheet=team, answers=dict.fromkeys(rated, "4"), actor=somebody, agreed=True)
        sheet_close(sheet=team, actor=None)
        residents = Sheet.objects.get(module="national-core", audience="participant")
        for _ in range(15):
            feedback_give(sheet=residents, answers={"easy": "agree", "better": "A later bus."}, key=uuid4())
        charter = Sheet.objects.filter(module="charter-check").order_by("instrument")[0]
    form = f"/rounds/leith/preview/feedback/{residents.id}/"
    pages = [
        "/rounds/leith/evaluation/",
        "/rounds/leith/evaluation/glasgow-toolkit/",
        f"/rounds/leith/evaluation/sheets/{charter.id}/",
        f"/rounds/leith/evaluation/sheets/{team.id}/words/",
        form,
        f"{form}?gd",
        "/rounds/leith/preview/evaluation/",
        "/rounds/leith/preview/evaluation/?gd",
    ]
    looked_at(browser, server, officer, pages)
