"""Officers' pages in a real browser: a phone and a desk, with axe, without scripts, and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from core.rounds.models import Round
from core.rounds.services import round_advance
from core.voting.services import opening_approve
from core.voting.tally import tally_run
from tenants.registry.context import Role, in_tenant
from tests.behaviour.test_manage_projects import picture
from tests.behaviour.test_manage_rounds import PROJECT, fill, made
from tests.behaviour.test_manage_rounds import browser as signed_in
from tests.e2e.test_pages import address
from tests.support.http import SiteClient
from tests.support.look import look
from tests.support.votes import officers, vote, voting_open

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def beside_the_browser() -> Iterator[None]:
    """The browser's event loop stands in this thread, and only ever runs inside its own calls."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


def looked_at(browser: Any, port: int, client: SiteClient, paths: list[str]) -> None:
    """Every page as `look` looks at one, for whoever is signed in with `client`."""
    wrong: list[Any] = []
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    host = f"{client.tenant.slug}.staff"
    context = browser.new_context(bypass_csp=True)
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": address(port, host, "/")}])
    try:
        page = context.new_page()
        for path in paths:
            answer = page.goto(address(port, host, path))
            if answer is None or answer.status >= 400:
                wrong.append((path, answer and answer.status))
            wrong += look(page, name=f"{client.tenant.slug}-{path}")
    finally:
        context.close()
    assert wrong == [], wrong


def test_a_round_being_made(tenants: Any, browser: Any, server: int) -> None:
    client = signed_in(tenants.alpha)
    looked_at(browser, server, client, ["/", "/rounds/new/", "/people/", "/people/new/", "/people/new/?name=off"])
    made(client)
    described = {**PROJECT, "alt_en": "A bench under a tree"}
    assert fill(client, "/rounds/leith/projects/new/", **described, picture=picture()).status_code == 302
    dear = {**PROJECT, "title_en": "A bridge", "cost": "£90,000"}
    assert fill(client, "/rounds/leith/projects/new/", **dear).status_code == 302
    with in_tenant(tenants.alpha):
        source = Round.objects.get().pots.get().sources.get().id
    pages = [
        "",
        "edit/words/",
        "edit/decide/",
        "edit/area/",
        "edit/voters/",
        "edit/dates/",
        "money/",
        "money/new/",
        f"money/{source}/",
        "rules/",
        "rules/settings/?ballot_format=approval&outcome_rule=equal-shares",
        "projects/",
        "projects/new/",
        "projects/P-01/",
        "steps/prepare_ballot/",
        "steps/cancel/",
        "preview/",
        "preview/projects/",
        "preview/projects/P-01/",
        "preview/rules/",
        "preview/ballot/",
    ]
    looked_at(browser, server, client, ["/", *(f"/rounds/leith/{one}" for one in pages)])
    with in_tenant(tenants.alpha):
        round_advance(round=Round.objects.get(), verb="prepare_ballot", actor=None)
    looked_at(
        browser,
        server,
        client,
        ["/rounds/leith/?ready", "/rounds/leith/steps/open_voting/", "/rounds/leith/steps/reopen_design/"],
    )


def test_a_round_from_the_vote_to_its_result(tenants: Any, browser: Any, server: int) -> None:
    client = signed_in(tenants.alpha, name="anna")
    with in_tenant(tenants.alpha):
        row = voting_open()
    with in_tenant(tenants.alpha, role=Role.VOTER):
        for number, refs in enumerate([("P-01", "P-02"), ("P-01",), ("P-02", "P-05")]):
            vote(row.id, f"v{number}@example.com", *refs)
    looked_at(
        browser,
        server,
        client,
        [f"/rounds/leith/{one}" for one in ("?open", "count/", "steps/close_voting/", "steps/suspend/")],
    )
    with in_tenant(tenants.alpha):
        row = round_advance(round=row, verb="close_voting", actor=None)
    looked_at(browser, server, client, ["/rounds/leith/?closed", "/rounds/leith/count/?sealed"])
    with in_tenant(tenants.alpha):
        for person in officers():
            opening_approve(round=row, actor=person)
    looked_at(browser, server, client, ["/rounds/leith/count/?running"])
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert tally_run(round_id=row.id).state == "done"
    after = ["count/?counted", "steps/publish_result/", "preview/result/", "preview/result/explain/P-03/"]
    looked_at(browser, server, client, [f"/rounds/leith/{one}" for one in after])


def test_a_form_is_filled_by_keyboard_without_scripts(tenants: Any, browser: Any, server: int) -> None:
    client = signed_in(tenants.alpha)
    context = browser.new_context(java_script_enabled=False)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    home = address(server, "alpha.staff", "/")
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": home}])
    page = context.new_page()
    page.goto(address(server, "alpha.staff", "/rounds/new/"))
    page.get_by_label("Name in English").focus()
    page.keyboard.type("Leith Chooses")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("Better streets")
    page.get_by_role("button", name="Create the round").press("Enter")
    page.get_by_role("link", name="Dates").press("Enter")
    page.get_by_label("Day voting opens").fill("2099-01-02")
    page.get_by_label("Day voting closes").fill("2099-01-01")
    page.get_by_role("button", name="Save").press("Enter")
    page.get_by_role("link", name="Voting must close after it opens").press("Enter")
    assert page.get_by_label("Day voting opens").input_value() == "2099-01-02"
    page.get_by_label("Day voting closes").fill("2099-01-09")
    page.get_by_role("button", name="Save").press("Enter")
    page.get_by_text("“Dates” is saved.").wait_for()
    page.goto(address(server, "alpha.staff", "/rounds/leith-chooses/edit/voters/"))
    page.get_by_label("Who may vote, in one sentence").fill("Anyone who lives here")
    page.get_by_label("Youngest age to vote").fill("8")
    for name in ("They live there", "Code by e-mail", "Voters can change their vote until voting closes"):
        page.get_by_label(name).press("Space")
        assert page.get_by_text(name, exact=True).is_visible()
    page.get_by_role("button", name="Save").press("Enter")
    page.get_by_text("“Who may vote” is saved.").wait_for()
    with in_tenant(tenants.alpha):
        row = Round.objects.get()
        assert (row.min_age, row.connections, row.proofs, row.revisable) == (8, ["live"], ["code-by-email"], True)
        assert Round.objects.get().ballot_closes_at.isoformat() == "2099-01-09T17:00:00+00:00"
    context.close()
