"""Many posts at the same moment, posts around the close, and a database that goes away: on real servers and threads."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection, connections

from core.kernel.clock import database_now
from core.kernel.env import environment
from core.project.cli.serve import command
from core.rounds.models import Round
from core.rounds.services import round_advance
from core.voting.models import RoundSeal
from core.voting.services import roll_claim
from core.web.public import credential as credentials
from core.web.public.cookies import cookie_name
from tenants.registry.context import Role, in_tenant
from tests.support.bootstrap import ROOT
from tests.support.journey import FORM, Answer, Resident, SendForm, round_open, wsgi_post
from tests.support.votes import by_email, by_sign_in

PARALLEL = 200


@contextmanager
def granian() -> Iterator[int]:
    """The real web server on this run's database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    here = psycopg.conninfo.conninfo_to_dict(environment().database_url)
    name = connection.settings_dict["NAME"]
    url = f"postgresql://{here['user']}:{here['password']}@{here['host']}:{here['port']}/{name}"
    words = command(address="127.0.0.1", port=port, workers=2)
    process = subprocess.Popen(words, cwd=ROOT, env={**os.environ, "COMMONTY_DATABASE_URL": url})
    try:
        for _attempt in range(600):
            assert process.poll() is None, "the server ended at once"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=30)


def at_once(works: list[Callable[[], Any]]) -> list[Any]:
    """Do everything at the same moment, each in a thread of its own."""
    answers: list[Any] = [None] * len(works)
    begin = threading.Barrier(len(works))

    def one(number: int) -> None:
        try:
            begin.wait(timeout=60)
            answers[number] = works[number]()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=240)
    return answers


def over_http(port: int, host: str, form: SendForm, cookies: dict[str, str]) -> Answer:
    caller = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    said = {"Host": host, "Content-Type": FORM, "Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}
    caller.request("POST", form.action, body=form.body(), headers={**said, "Sec-Fetch-Site": "same-origin"})
    answer = caller.getresponse()
    body = answer.read()
    caller.close()
    given = dict(part.partition(";")[0].partition("=")[::2] for part in answer.headers.get_all("Set-Cookie") or [])
    return Answer(answer.status, {name.title(): value for name, value in answer.headers.items()}, given, body)


def holding(tenant: Any, row: Any, proof: Any) -> tuple[str, dict[str, str]]:
    """The token and the cookies of a browser whose owner has shown this proof."""
    from django.http import HttpResponse

    with in_tenant(tenant, role=Role.VOTER):
        credential = roll_claim(round_id=row.id, proof=proof)
        kept = HttpResponse()
        credentials.credential_set(kept, row.id, credential)
        return credentials.cast_token(credential), {n: one.value for n, one in kept.cookies.items() if one.value}


def receipts(tenant: Any, row: Any, answers: list[Answer]) -> set[str]:
    with in_tenant(tenant):
        found = [credentials.receipt_of(answer.cookies, row.id) for answer in answers]
    return {one.code for one in found if one is not None}


def sealed(tenant: Any, row: Any) -> RoundSeal:
    with in_tenant(tenant):
        round_advance(round=row, verb="close_voting", actor=None)
        return RoundSeal.objects.get(pk=row.pk)


def form_of(token: str, key: str, *refs: str) -> SendForm:
    fields = [("key", key), ("token", token), *(("project", ref) for ref in refs)]
    return SendForm("/rounds/leith/vote/cast/", tuple(fields))


@pytest.mark.parametrize("revisable", [False, True])
def test_200_posts_of_one_voter_over_both_proofs_are_one_ballot(tenants: Any, revisable: bool) -> None:
    """AB01 and AB02, against the real web server; the other tenant's round stays empty."""
    row, other = round_open(tenants.alpha, revisable=revisable), round_open(tenants.beta)
    doors = [
        holding(tenants.alpha, row, by_email("mairi@example.org")),
        holding(tenants.alpha, row, by_sign_in("https://id.example 7", "mairi@example.org")),
    ]
    # Two doors, one entry: the token is a code over it.
    assert doors[0][0] == doors[1][0]
    host = Resident(tenants.alpha).host
    with granian() as port:

        def post(number: int) -> Answer:
            token, cookies = doors[number % 2]
            return over_http(port, host, form_of(token, f"key of page {number % 7:08}", "P-01", "P-03"), cookies)

        answers = at_once([lambda number=number: post(number) for number in range(PARALLEL)])  # type: ignore[misc]
    assert {answer.status for answer in answers} == {303}
    assert {answer.to for answer in answers} == {"/rounds/leith/vote/done/"}
    assert len(receipts(tenants.alpha, row, answers)) == 1
    seal = sealed(tenants.alpha, row)
    assert (seal.boxes, seal.kept, seal.receipts, seal.entries) == (1, 1, 1, 1)
    assert sealed(tenants.beta, other).boxes == 0


def test_of_different_ballots_at_once_one_stands_and_the_others_are_told(tenants: Any) -> None:
    row = round_open(tenants.alpha)
    token, cookies = holding(tenants.alpha, row, by_email("mairi@example.org"))
    host = Resident(tenants.alpha).host

    def post(number: int) -> Answer:
        form = form_of(token, f"key of page {number % 5:08}", f"P-0{1 + number % 6}")
        return wsgi_post(host, form.action, form.body(), cookies)

    answers = at_once([lambda number=number: post(number) for number in range(60)])  # type: ignore[misc]
    taken = [answer for answer in answers if answer.to.endswith("done/")]
    assert taken
    assert len(receipts(tenants.alpha, row, taken)) == 1
    others = {answer.refused for answer in answers if answer not in taken}
    assert others <= {"voting.already_voted", "voting.key_reused"}
    assert others
    assert sealed(tenants.alpha, row).boxes == 1


def test_in_if_and_only_if_before_the_close_by_the_databases_time(tenants: Any) -> None:
    """AB05: voters' clocks and ours do not matter; each post is held against the time of the database around it."""
    closes: datetime = database_now() + timedelta(seconds=15)
    row = round_open(tenants.alpha, ballot_closes_at=closes)
    host = Resident(tenants.alpha).host
    doors: list[tuple[str, dict[str, str]]] = []
    while database_now() < closes - timedelta(seconds=4) and len(doors) < 240:
        doors.append(holding(tenants.alpha, row, by_email(f"v{len(doors)}@example.org")))
    around = timedelta(seconds=0.7)

    def voter(mine: list[tuple[str, dict[str, str]]]) -> list[tuple[datetime, Answer, datetime]]:
        """Posts evenly from a little before the close to a little after it."""
        seen = []
        for number, (token, cookies) in enumerate(mine):
            due = closes - around + 2 * around * number / len(mine)
            time.sleep(max(0.0, (due - database_now()).total_seconds()))
            before = database_now()
            form = form_of(token, "key of this voter", "P-02")
            answer = wsgi_post(host, form.action, form.body(), cookies)
            seen.append((before, answer, database_now()))
        return seen

    works: list[Callable[[], Any]] = [lambda n=n: voter(doors[n::6]) for n in range(6)]  # type: ignore[misc]
    posts = [one for seen in at_once(works) for one in seen]
    taken = [one for one in posts if one[1].to.endswith("done/")]
    refused = [one for one in posts if one[1].refused == "voting.closed"]
    assert len(taken) + len(refused) == len(posts)
    assert taken
    assert refused
    assert all(before < closes for before, _answer, _after in taken)
    assert all(after >= closes for _before, _answer, after in refused)
    assert sealed(tenants.alpha, row).boxes == len(taken)


def test_what_was_acknowledged_before_an_officer_closes_is_in_and_nothing_else(tenants: Any) -> None:
    row = round_open(tenants.alpha)
    host = Resident(tenants.alpha).host
    doors = [holding(tenants.alpha, row, by_email(f"v{number}@example.org")) for number in range(48)]
    begun = threading.Event()

    def voter(mine: list[tuple[str, dict[str, str]]]) -> list[Answer]:
        answers = []
        for token, cookies in mine:
            form = form_of(token, "key of this voter", "P-02")
            answers.append(wsgi_post(host, form.action, form.body(), cookies))
            begun.set()
        return answers

    def officer() -> list[Answer]:
        begun.wait(timeout=60)
        sealed(tenants.alpha, row)
        return []

    works: list[Callable[[], Any]] = [lambda n=n: voter(doors[n::4]) for n in range(4)]  # type: ignore[misc]
    answers = [one for seen in at_once([*works, officer]) for one in seen]
    taken = [answer for answer in answers if answer.to.endswith("done/")]
    assert {answer.refused for answer in answers} == {"", "voting.closed"}
    with in_tenant(tenants.alpha):
        seal = RoundSeal.objects.get(pk=row.pk)
    assert seal.boxes == len(taken) == len(receipts(tenants.alpha, row, taken))
    # Whoever never saw the answer asks again after the close: the same receipt, and nothing new in the box.
    token, cookies = doors[0]
    form = form_of(token, "key of this voter", "P-02")
    again = wsgi_post(host, form.action, form.body(), cookies)
    assert again.to.endswith("done/")
    assert receipts(tenants.alpha, row, [again]) <= receipts(tenants.alpha, row, taken)


# -- the database -----------------------------------------------------------------------------------------------------


@pytest.fixture
def voter(tenants: Any) -> Resident:
    round_open(tenants.alpha)
    resident = Resident(tenants.alpha)
    resident.fill("leith", "P-01")
    resident.proves_by_code("leith", "mairi@example.org")
    return resident


def test_a_broken_connection_is_made_anew_and_the_ballot_counted_once(voter: Resident) -> None:
    form = voter.send_form("leith")
    other = Resident(voter.tenant)
    other.votes("leith", "other@example.org", "P-02")
    with in_tenant(voter.tenant), connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    with psycopg.connect(environment().admin_database_url, autocommit=True) as admin:
        assert admin.execute("SELECT pg_terminate_backend(%s)", [backend]).fetchone() == (True,)
    assert voter.send(form).to == voter.at("leith", "done/")
    first = voter.receipt("leith")
    assert voter.send(form).to == voter.at("leith", "done/")
    assert voter.receipt("leith") == first


@pytest.mark.parametrize(("prefix", "words"), [("", "Your ballot was not taken"), ("/gd", "Cha deach")])
def test_without_a_database_the_page_says_that_the_ballot_was_not_taken(
    tenants: Any, prefix: str, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    row = round_open(tenants.alpha)
    voter = Resident(tenants.alpha, prefix=prefix)
    voter.fill("leith", "P-01")
    voter.proves_by_code("leith", "mairi@example.org")
    form = voter.send_form("leith")
    there = connection.settings_dict["PORT"]
    connection.close()
    connection.settings_dict["PORT"] = "9"
    try:
        answer = voter.send(form)
    finally:
        connection.settings_dict["PORT"] = there
        connection.close()
    page = answer.content.decode()
    assert answer.status == 503
    assert answer.headers["Retry-After"]
    assert words in page
    assert page.count("<h1") == 1
    assert "Traceback" not in page + capfd.readouterr().err
    assert cookie_name("receipt", row.id) not in answer.cookies
    # The page sends the same ballot again, which is then taken.
    assert all(f'name="{name}" value="{value}"' in page for name, value in form.fields)
    assert voter.send(form).to == voter.at("leith", "done/")


def test_an_answer_that_is_lost_twice_is_not_called_refused(voter: Resident, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection breaks while the ballot is on its way: nobody can say, so the page does not say that it knows."""
    from core.web import cast

    form = voter.send_form("leith")
    real = cast.ballot_take

    def breaks(*args: Any, **kwargs: Any) -> Any:
        outcome = real(*args, **kwargs)
        connection.connection.close()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return outcome

    with monkeypatch.context() as patch:
        patch.setattr(cast, "ballot_take", breaks)
        answer = voter.send(form)
    assert answer.status == 503
    assert b"cannot say whether it was taken" in answer.content
    assert voter.send(form).to == voter.at("leith", "done/")
    # Sent three times and more, it lies in the box once.
    with in_tenant(voter.tenant):
        row = Round.objects.get(slug="leith")
    assert sealed(voter.tenant, row).boxes == 1
