"""F12 and K: a sign-in service that answers late, or not at all: nobody but who signs in waits, and work goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any

import pytest
from django.db import connections

from core.people.proof import LEVEL, PROVED_AT, STRONG
from core.people.sso.provider import KEYS_PAUSE_SECONDS, MOST_WAITING, PASSING_TIMES, THERE_SECONDS, TIMES, Provider
from core.people.sso.sites import realm_names
from core.rounds.services import round_advance
from tenants.registry.context import Role, in_tenant
from tests.behaviour.test_manage_count import COUNT, work
from tests.behaviour.test_manage_rounds import browser, fill, text
from tests.login.test_sessions import change, is_in, time_passes
from tests.login.test_sign_in import signed_in
from tests.support.http import SiteClient
from tests.support.journey import Resident, round_open
from tests.support.keycloak import Running, Visitor, account_make, configured
from tests.support.slow_line import slow_line
from tests.support.votes import vote, voting_open

# Longer than anybody of ours waits.
FOR_EVER = 60.0


def tries(client: SiteClient) -> tuple[int, float, str]:
    """Somebody wants to sign in: the answer's status, how long it took, and its words."""
    begun = time.monotonic()
    try:
        answer = client.post("/sign-in/", {"next": "/privacy/"})
    finally:
        connections.close_all()
    return answer.status_code, time.monotonic() - begun, answer.content.decode()


@pytest.mark.keycloak
def test_f12_a_slow_sign_in_service_keeps_nobody_waiting_but_who_signs_in(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    round_open(tenants.alpha)
    account = account_make(keycloak, "seonag")
    with slow_line(keycloak.url) as line, configured(replace(keycloak, url=line.url)):
        early = site(tenants.alpha)
        signed_in(early, Visitor(), account)
        # Late, but in time: it is waited for.
        line.delay = 1.0
        signed_in(site(tenants.beta), Visitor(), account)
        # Far too late. As many as may wait do; whoever comes while they wait is told at once.
        line.delay = FOR_EVER
        time.sleep(THERE_SECONDS)  # for so long it is believed that the provider answered
        with ThreadPoolExecutor(MOST_WAITING + 2) as pool:
            waiting = [pool.submit(tries, site(tenants.alpha)) for _one in range(MOST_WAITING + 2)]
            first, _others = wait(waiting, return_when=FIRST_COMPLETED)
            assert next(iter(first)).result()[0] == 503
            # Meanwhile everybody else reads and votes …
            assert site(tenants.beta).get("/privacy/").status_code == 200
            assert sum(not one.done() for one in waiting) == MOST_WAITING, "they still wait"
            assert site(tenants.alpha).get("/rounds/leith/").status_code == 200
            assert Resident(tenants.alpha).votes("leith", "quick@people.example", "P-01").status == 303
            answers = sorted(one.result()[:2] for one in waiting)
        assert [status for status, _seconds in answers] == [503] * len(answers)
        slowest = answers[-1][1]
        assert TIMES[1] <= slowest < FOR_EVER / 2
        # … and afterwards nobody asks at all: no connection is made, and the plain page says what to do.
        before = line.opened
        status, _seconds, page = tries(site(tenants.alpha))
        assert (status, line.opened) == (503, before)
        assert "does not answer" in page
        assert "/sign-in-help/" in page
        # Who is signed in stays so: it is asked in passing, a little, and then not any more.
        for due in range(4):
            time_passes()
            before, begun = line.opened, time.monotonic()
            assert is_in(early)
            assert time.monotonic() - begun < TIMES[1]
            assert line.opened == before + (due < 3)
        assert sum(PASSING_TIMES) < TIMES[1]
        # Each of those questions was heard, and each answer lost. Quick again, the same sign-in still stands, …
        line.delay = 0.0
        deadline, before = time.monotonic() + 40, line.opened
        while line.opened == before and time.monotonic() < deadline:
            time_passes()
            assert is_in(early)
            time.sleep(0.5)  # between two looks: the breaker's pause must go by, by the real clock
        assert line.opened > before
        for _twice in range(2):
            time_passes()
            assert is_in(early)
        # … is asked about for good, and everybody signs in as before.
        signed_in(site(tenants.alpha), Visitor(), account)


@pytest.mark.keycloak
def test_made_up_names_of_keys_make_us_ask_once_in_thirty_seconds(keycloak: Running) -> None:
    with slow_line(keycloak.url) as line:
        source = Provider(f"{line.url}/realms/{realm_names().residents}")
        assert source.keys().keys
        for age, asked in ((0.0, 0), (KEYS_PAUSE_SECONDS + 1, 1)):
            source._keys_at -= age
            before = line.opened
            for _token in range(5):
                source.keys(fresh=True)
            assert line.opened == before + asked


def test_while_the_sign_in_service_is_down_votes_are_counted_and_the_result_is_published(tenants: Any) -> None:
    gone = Running("http://127.0.0.1:9", "nobody's")
    with configured(gone):
        with in_tenant(tenants.alpha):
            row = voting_open()
        with in_tenant(tenants.alpha, role=Role.VOTER):
            for number, refs in enumerate([("P-01", "P-02"), ("P-01",), ("P-02", "P-05")]):
                vote(row.id, f"v{number}@example.com", *refs)
        with in_tenant(tenants.alpha):
            round_advance(round=row, verb="close_voting", actor=None)
        first, second = browser(tenants.alpha, name="anna"), browser(tenants.alpha, name="bob")
        for one in (first, second):
            # Signed in with two proofs before it went away.
            change(one, **{LEVEL: 2, PROVED_AT: time.time() - 60})
            assert one.post(COUNT, {"do": "open"}).status_code == 302
        work(tenants.alpha)
        assert "both counts agree" in text(first.get(COUNT))
        # Whoever's proof is too old to publish learns that it cannot be shown now; nothing is published by that.
        change(second, **{PROVED_AT: time.time() - (STRONG.within or 0) - 60})
        assert fill(second, "/rounds/leith/steps/publish_result/").status_code == 403
        answer = second.get("/sign-in/", {"prove": STRONG.name, "next": "/rounds/leith/steps/publish_result/"})
        assert (answer.status_code, answer["Retry-After"]) == (503, "120")
        assert "not published yet" in text(SiteClient(tenants.alpha).get("/rounds/leith/result/"))
        assert fill(first, "/rounds/leith/steps/publish_result/").status_code == 302
        assert "Project 1" in text(SiteClient(tenants.alpha).get("/rounds/leith/result/"))
        assert SiteClient(tenants.beta).get("/rounds/leith/result/").status_code == 404
