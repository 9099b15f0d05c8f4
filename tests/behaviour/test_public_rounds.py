"""Residents read rounds and projects and fill in a ballot, with no account and without scripts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core.rounds.models import Round
from core.rounds.services import round_advance
from plugins.api.money import Money
from tenants.registry.context import in_tenant
from tests.support.http import SiteClient
from tests.support.rounds import round_made


@pytest.fixture
def open_round(tenants: Any) -> Round:
    """A round on which the pages take ballots, in alpha; a round of the same address in beta."""
    with in_tenant(tenants.beta):
        round_made(tenant="beta")
    with in_tenant(tenants.alpha):
        row = round_made()
        opened(row)
    return row


def opened(row: Round) -> None:
    round_advance(round=row, verb="open_voting", actor=None)


def text(answer: Any) -> str:
    found: str = answer.content.decode()
    return found


def test_a_resident_reads_everything_without_an_account(tenants: Any, site: Any, open_round: Round) -> None:
    browser = site(tenants.alpha)
    for path, words in (
        ("/rounds/", "Leith Chooses"),
        ("/rounds/leith/", "£30,000 of public money"),
        ("/rounds/leith/projects/?order=0123abcd", "Ramp to the hall"),
        ("/rounds/leith/projects/P-01/", "What would be done"),
        ("/rounds/leith/rules/", "What you put on your ballot"),
    ):
        for prefix in ("", "/gd"):
            answer = browser.get(prefix + path)
            assert answer.status_code == 200, path
            assert text(answer).count("<h1") == 1
            assert browser.head(prefix + path).status_code == 200
            assert not answer.cookies
            if not prefix:
                assert words in text(answer), path
    assert browser.get("/rounds/nowhere/").status_code == 404
    assert browser.get("/rounds/leith/projects/P-99/").status_code == 404


def test_a_round_in_design_does_not_exist_for_residents(tenants: Any, site: Any) -> None:
    with in_tenant(tenants.alpha):
        row = round_made("secret")
        Round.objects.filter(pk=row.pk).update(state="design")
    assert site(tenants.alpha).get("/rounds/secret/").status_code == 404
    assert "secret" not in text(site(tenants.alpha).get("/rounds/"))


def refs(page: str) -> list[str]:
    return re.findall(r"/projects/(P-\d+)/", page) or re.findall(r'value="(P-\d+)"', page)


def test_the_order_is_by_chance_and_stays(tenants: Any, site: Any, open_round: Round) -> None:
    browser = site(tenants.alpha)
    first = browser.get("/rounds/leith/projects/")
    assert first.status_code == 302
    assert re.search(r"order=[0-9a-f]{8}$", first["Location"])
    page = refs(text(browser.get(first["Location"])))
    assert refs(text(browser.get(first["Location"]))) == page
    orders = {tuple(refs(text(browser.get(f"/rounds/leith/projects/?order={n:08x}")))) for n in range(8)}
    assert len(orders) > 1
    assert all(sorted(set(one)) == [f"P-{n:02}" for n in range(1, 7)] for one in orders)
    seed = first["Location"].rpartition("=")[2]
    booth = browser.get(f"/rounds/leith/vote/?order={seed}")
    assert refs(text(booth)) == list(dict.fromkeys(page))
    # From now on the kept ballot holds the order, whatever the address says.
    assert refs(text(browser.get("/rounds/leith/vote/?order=00000000"))) == list(dict.fromkeys(page))


def test_a_ballot_is_filled_in_step_by_step(tenants: Any, site: Any, open_round: Round) -> None:
    browser = site(tenants.alpha)
    assert browser.get("/rounds/leith/vote/review/").status_code == 302
    none = browser.post("/rounds/leith/vote/", {"do": "check"})
    assert none.status_code == 422
    assert "You have not chosen a project" in text(none)
    counted = browser.post("/rounds/leith/vote/", {"do": "total", "project": ["P-01", "P-02"]})
    assert counted.status_code == 200
    assert "Chosen so far: 2. Together they cost £11,000." in text(counted)
    assert text(counted).count("checked") == 2
    # Back another day: the ballot is still there.
    assert text(browser.get("/rounds/leith/vote/")).count("checked") == 2
    done = browser.post("/rounds/leith/vote/", {"do": "check", "project": ["P-01", "P-03"]})
    assert done.status_code == 302
    page = text(browser.get(done["Location"]))
    assert "Benches on the green" in page
    assert "Garden for the day centre" in page
    assert "Bike shelter" not in page
    assert browser.get(done["Location"])["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    gaelic = text(browser.get("/gd/rounds/leith/vote/review/"))
    assert "Beingean air an rèidhlean" in gaelic


@pytest.mark.parametrize("chosen", [["P-99"], ["P-01", "P-01"], ["P-01", "'; --"], ["P-01"] * 900, ["x" * 9000]])
def test_a_ballot_that_is_not_right_is_kept_and_named(
    tenants: Any, site: Any, open_round: Round, chosen: list[str]
) -> None:
    browser = site(tenants.alpha)
    answer = browser.post("/rounds/leith/vote/", {"project": chosen})
    assert answer.status_code == 422
    assert "There is a problem" in text(answer)
    assert "Traceback" not in text(answer)
    assert browser.get("/rounds/leith/vote/review/").status_code == 302


def test_a_withdrawn_project_is_shown_and_cannot_be_chosen(tenants: Any, site: Any) -> None:
    from core.proposals.models import Proposal

    with in_tenant(tenants.alpha):
        row = round_made()
        with transaction.atomic():
            Proposal.objects.filter(ref="P-02").update(state="withdrawn")
        opened(row)
    browser = site(tenants.alpha)
    assert "P-02" not in text(browser.get("/rounds/leith/vote/"))
    answer = browser.post("/rounds/leith/vote/", {"project": ["P-01", "P-02"]})
    assert answer.status_code == 422
    assert "not part of this vote" in text(answer)
    assert "This project was withdrawn" in text(browser.get("/rounds/leith/projects/P-02/"))


def test_a_foreign_or_forged_cookie_is_no_ballot(tenants: Any, site: Any, open_round: Round) -> None:
    with in_tenant(tenants.beta):
        other_round = Round.objects.get(slug="leith")
        opened(other_round)
    beta = site(tenants.beta)
    beta.post("/rounds/leith/vote/", {"project": ["P-01"]})
    name = next(name for name in beta.cookies if name.startswith("ballot-"))
    alpha = site(tenants.alpha)
    own = f"ballot-{open_round.id.hex[:12]}" + name[len("ballot-") + 12 :]
    for value in (beta.cookies[name].value, "AAAA", "x" * 4000, "é"):
        alpha.cookies[own] = value
        assert alpha.get("/rounds/leith/vote/").status_code == 200
        assert alpha.get("/rounds/leith/vote/review/").status_code == 302
    attributes = beta.cookies[name]
    assert attributes["httponly"]
    assert attributes["samesite"] == "Lax"
    assert not attributes["domain"]


def test_the_cookie_does_not_tell_how_much_was_chosen(tenants: Any, site: Any, open_round: Round) -> None:
    lengths = set()
    for chosen in ([], ["P-01"], [f"P-{n:02}" for n in range(1, 7)]):
        browser = site(tenants.alpha)
        browser.post("/rounds/leith/vote/", {"do": "total", "project": chosen})
        lengths.add(len(next(c.value for n, c in browser.cookies.items() if n.startswith("ballot-"))))
    assert len(lengths) == 1


def test_no_ballot_is_taken_while_voting_is_not_open(tenants: Any, site: Any) -> None:
    browser = site(tenants.alpha)
    with in_tenant(tenants.alpha):
        row = round_made()
    answer = browser.get("/rounds/leith/vote/")
    assert answer.status_code == 200
    assert "Voting is not open" in text(answer)
    assert browser.post("/rounds/leith/vote/", {"project": ["P-01"]}).status_code == 409
    with in_tenant(tenants.alpha):
        opened(row)
    assert browser.post("/rounds/leith/vote/", {"project": ["P-01"]}).status_code == 302
    with in_tenant(tenants.alpha):
        round_advance(round=row, verb="close_voting", actor=None)
    assert browser.post("/rounds/leith/vote/", {"project": ["P-01"]}).status_code == 409


def test_pages_cost_the_same_queries_whatever_the_number_of_projects(tenants: Any, site: Any) -> None:
    with in_tenant(tenants.alpha):
        opened(round_made("few", projects=2, pot=Money(10_000_000)))
        opened(round_made("many", projects=200, pot=Money(10_000_000)))
    counts: dict[str, list[int]] = {}
    for page in ("", "projects/?order=0123abcd", "rules/", "vote/"):
        for slug in ("few", "many"):
            with in_tenant(tenants.alpha):
                browser = SiteClient(tenants.alpha)
            browser.get(f"/rounds/{slug}/{page}")
            seen = []
            # The fewest of three: what is kept for some seconds can run out in between.
            for _ in range(3):
                with CaptureQueriesContext(connection) as queries:
                    assert browser.get(f"/rounds/{slug}/{page}").status_code == 200
                seen.append(len(queries))
            counts.setdefault(page, []).append(min(seen))
    assert all(few == many <= 12 for few, many in counts.values()), counts
