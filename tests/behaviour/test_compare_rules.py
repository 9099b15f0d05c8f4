"""The rules beside one another on made-up ballots: the same for everybody, true to each rule, and kept nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from core.counting.sampling import VOTERS, sample_profile
from core.voting.models import TallyRun
from core.web.manage.compare import OFFER
from plugins.host.selectors import active_modules
from tenants.registry.context import in_tenant
from tests.behaviour.test_manage_rounds import browser
from tests.support.votes import round_made

AT = "/rounds/leith/rules/compare/"


def test_made_up_ballots_keep_the_rules_of_every_format_and_are_always_the_same(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        tried = 0
        for form in active_modules("ballot_format"):
            settings = form.Settings()
            if form.check(OFFER, settings):
                continue
            limits = form.constraints(OFFER, settings)
            if limits.sections:
                with pytest.raises(ValueError, match="parts"):
                    sample_profile(form.family, limits)
                continue
            first, again = (sample_profile(form.family, limits) for _ in range(2))
            assert first.voters == VOTERS
            assert first.points_of() == again.points_of()
            assert first.distinct > 5
            tried += 1
        assert tried >= 6


def test_the_same_ballots_stand_under_each_rule(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        round_made(rule="greedy-skip")
    officer = browser(tenants.alpha, name="anna")
    page = officer.get(AT).content.decode()
    assert AT in officer.get("/rounds/leith/rules/").content.decode()
    for words in ("A lunch club", "£8,000", "Spent", "What changes, and why", "Equal shares"):
        assert words.lower() in page.lower()
    assert "STV" not in page.partition('method="get"')[0]
    table = page[page.index("<table") : page.index("</table>")]
    assert table in officer.get(AT).content.decode()
    ranked = officer.get(f"{AT}?ballot_format=ranked&outcome_rule=stv").content.decode()
    assert "cannot" not in ranked.partition("<form")[0]
    assert "Funded" in ranked
    refused = officer.get(f"{AT}?ballot_format=approval&outcome_rule=stv").content.decode()
    assert "This rule cannot count ballots of this kind." in refused
    assert officer.get(f"{AT}?ballot_format=no-such").status_code == 200
    assert "csrfmiddlewaretoken" not in page.partition('method="get"')[2].partition("</form>")[0]
    with in_tenant(tenants.alpha):
        assert not TallyRun.objects.exists()
    assert browser(tenants.beta, name="bob").get(AT).status_code == 404
    assert browser(tenants.alpha, "observer", name="olly").get(AT).status_code == 403
