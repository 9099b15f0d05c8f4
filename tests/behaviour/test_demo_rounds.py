"""What a visitor of the demo finds: a round at each stage, marked as made up, made once."""

from __future__ import annotations

from typing import Any

import pytest

from core.project import demo_rounds
from core.rounds.models import Round
from tenants.registry.context import in_tenant
from tests.behaviour.test_public_pages import follow
from tests.support.http import SiteClient

PLACES = {"glasgow-city": "alpha", "city-of-edinburgh": "beta", "na-h-eileanan-siar": "alpha", "fife": "beta"}


def test_demo_rounds_are_made_once_and_marked_on_every_page(tenants: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_rounds, "tenant_by_slug", lambda slug: getattr(tenants, PLACES[slug]))

    def cut(**_given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as while_counting:
        while_counting.setattr(demo_rounds, "tally_run", cut)
        with pytest.raises(KeyboardInterrupt):
            demo_rounds.demo_rounds_make()
    # The next start counts what was cast and makes what is missing.
    assert len(demo_rounds.demo_rounds_make()) == 2
    assert demo_rounds.demo_rounds_make() == []
    alpha, beta = SiteClient(tenants.alpha), SiteClient(tenants.beta)
    for client, path, words in (
        (alpha, "/rounds/demo-greener-east-end/", "Fill in your ballot"),
        (alpha, "/gd/rounds/demo-greener-east-end/projects/", "Slighe thioram tron phàirc"),
        (beta, "/rounds/demo-leith-decides/result/", "Lunch club by the Shore"),
        (alpha, "/gd/rounds/demo-nis/projects/", "Teasachadh an talla"),
    ):
        page, _at = follow(client, path)
        assert page.status_code == 200, path
        text = page.content.decode()
        assert words in text, path
        assert ("This is a demonstration round." in text) or ("’S e cuairt-thaisbeanaidh" in text), path
    assert "Demo" in alpha.get("/rounds/").content.decode()
    result = beta.get("/rounds/demo-leith-decides/result.json").json()
    assert result["ballots"]["valid"] == 640
    assert result["channels"] == {"web": 448, "paper_event": 192}
    # What is only being planned is shown to nobody outside.
    assert beta.get("/rounds/demo-levenmouth/").status_code == 404
    with in_tenant(tenants.beta):
        assert set(Round.objects.values_list("slug", "is_demo")) == {
            ("demo-leith-decides", True),
            ("demo-levenmouth", True),
        }
