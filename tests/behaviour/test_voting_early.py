"""No count leaves before the result is published: every page is the same with no ballot and with many (G13, AB16)."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.urls import URLPattern

from core.rounds.models import Round
from core.rounds.services import round_advance
from core.voting.box import box_of
from core.voting.log import log_write
from core.voting.tally import tally_run
from core.web.manage import urls as manage_urls
from core.web.public import urls as public_urls
from tenants.registry.context import Role, in_tenant
from tests.behaviour.test_manage_rounds import browser
from tests.support.http import SiteClient
from tests.support.votes import ballots_in, closed, voting_open

CANARY = 137
WORDS = {"slug": "leith", "ref": "P-01", "section": "name", "verb": "close_voting"}
# What differs between any two visits: tokens, marks and the order of chance.
CHANCE = re.compile(r"[A-Za-z0-9_\-]{16,}|order=[0-9a-f]{8}|value=\"[0-9a-f]{8}\"")
TOLD = ("ETag", "Last-Modified", "Content-Length")


def addresses(patterns: list[Any], prefix: str = "") -> list[str]:
    """The address of every page for the round of this test; those that need an identifier of their own are left out."""
    found = []
    for pattern in patterns:
        assert isinstance(pattern, URLPattern)
        route = str(pattern.pattern)
        for name in re.findall(r"<(?:\w+:)?(\w+)>", route):
            if name in WORDS:
                route = re.sub(rf"<(\w+:)?{name}>", WORDS[name], route)
        if "<" not in route:
            found.append(f"{prefix}/{route}")
    return found


def everything(tenants: Any, officer: Any) -> dict[str, tuple[int, str, tuple[str, ...]]]:
    """Every page of both hosts as a resident and as an officer see it, without what chance makes.

    Left out is the page of limits: it counts the requests that this walk makes (ballots are not among them).
    """
    seen = {}
    public = addresses(public_urls.urlpatterns) + addresses(public_urls.urlpatterns, "/gd")
    for host, client, paths in (
        ("public", SiteClient(tenants.alpha), [*public, "/rounds/leith/projects/?order=0123abcd"]),
        ("staff", officer, [one for one in addresses(manage_urls.urlpatterns) if one != "/limits/"]),
        ("hub", SiteClient(tenants.beta), ["/", "/rounds/"]),
    ):
        for path in paths:
            for method in (client.get, client.head):
                answer = method(path)
                body = answer.content.decode("utf-8", "replace")
                told = tuple(str(answer.headers.get(name, "")) for name in TOLD[:2])
                parts = sorted(CHANCE.sub("·", body).split("\n")) if "order" in body else [CHANCE.sub("·", body)]
                seen[f"{host} {method.__name__} {path}"] = answer.status_code, "\n".join(parts), told
    return seen


def cast(tenants: Any, round_id: UUID) -> None:
    with in_tenant(tenants.alpha, role=Role.VOTER):
        assert len(set(ballots_in(round_id, [("P-01",)] * CANARY))) == CANARY
    with in_tenant(tenants.alpha, role=Role.WORKER), transaction.atomic():
        assert log_write(round_id, box_of(round_id).keys, limit=None) == CANARY


@pytest.fixture
def officer(tenants: Any) -> Any:
    return browser(tenants.alpha)


def compare(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert before.keys() == after.keys()
    for page, (status, body, told) in after.items():
        assert not re.search(rf"\b{CANARY}\b", body), page
        assert (status, told) == (before[page][0], before[page][2]), page
        if "/projects/" not in page and "/vote/" not in page:
            assert body == before[page][1], page
        else:
            # Pages in an order of chance: the same lines, whatever their order.
            assert len(body) == len(before[page][1]), page


def test_no_page_tells_how_many_have_voted(tenants: Any, officer: Any) -> None:
    with in_tenant(tenants.alpha):
        row = voting_open()
    before = everything(tenants, officer)
    assert before["public get /rounds/leith/"][0] == 200
    assert before["public get /rounds/leith/result.json"][0] == 404
    assert before["staff get /rounds/leith/count/"][0] == 200
    cast(tenants, row.id)
    compare(before, everything(tenants, officer))


def test_no_page_tells_the_result_between_the_close_and_its_publication(tenants: Any, officer: Any) -> None:
    with in_tenant(tenants.alpha):
        row = voting_open()
    cast(tenants, row.id)
    with in_tenant(tenants.alpha):
        row = closed(row)
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert tally_run(round_id=row.id).state == "done"
    public = {page: seen for page, seen in everything(tenants, officer).items() if not page.startswith("staff")}
    for page, (_status, body, _told) in public.items():
        assert not re.search(rf"\b{CANARY}\b", body), page
    with in_tenant(tenants.alpha):
        round_advance(round=Round.objects.get(pk=row.pk), verb="publish_result", actor=None)
    # Once it is published it is told, so that what was looked for could have been found.
    told = SiteClient(tenants.alpha).get("/rounds/leith/result/").content.decode()
    assert re.search(rf"\b{CANARY}\b", told)
