"""The national site: councils, the one per cent, and what was decided before this service."""

from __future__ import annotations

import csv
import json
import re
from typing import Any

import pytest

from core.places.national import DATA, councils, past_awards, past_rounds, settlements
from core.project.cli import main
from core.rounds.models import Round
from core.rounds.services import round_advance
from plugins.api.text import LocalisedText
from tenants.office.models import Move
from tenants.office.services import tenant_create
from tenants.registry.context import in_public, in_tenant
from tenants.registry.models import Tenant
from tenants.registry.selectors import tenant_by_slug
from tests.behaviour.test_manage_rounds import browser, text
from tests.support.http import SiteClient
from tests.support.jobs import work
from tests.support.rounds import round_made as coming
from tests.support.votes import counted, voting_open


def hub(path: str) -> str:
    answer = SiteClient(tenant_by_slug("hub")).get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def rows(page: str) -> list[str]:
    return re.findall(r"<tr><th scope=\"row\">.*?</tr>", page, re.DOTALL)


@pytest.mark.parametrize("language", ["en", "gd"])
def test_the_one_per_cent_shows_the_published_settlement_and_never_zero(tenants: Any, language: str) -> None:
    page = hub("/one-percent/" if language == "en" else "/gd/one-percent/")
    found = rows(page)
    assert len(found) == 32
    none = {"en": "no signed figure yet", "gd": "gun fhigear air a shoidhnigeadh fhathast"}[language]
    known = settlements()
    # The file itself, read another way than the service reads it.
    with (DATA / "council_finance.csv").open(encoding="utf-8") as opened:
        published = {
            (line["area_code"], line["financial_year"], line["amount_gbp"])
            for line in csv.DictReader(opened)
            if line["measure"] == "scottish_government_settlement" and line["source_id"] != "derived"
        }
    for council, row in zip(councils(), found, strict=True):
        assert council.name.get(language).replace("'", "&#x27;") in row
        assert none in row
        assert "£0<" not in row
        settled = known.get(council.code)
        if settled is None:
            continue
        assert (council.code, settled.year, str(settled.amount.minor // 100)) in published
        assert settled.amount.format() in row
        assert settled.year in row
        assert settled.source.replace("'", "&#x27;") in row
    assert sum(1 for council in councils() if council.code in known) >= 30


def test_the_map_has_the_same_councils_as_the_list_in_the_readers_language(tenants: Any) -> None:
    glasgow = next(council for council in councils() if council.slug == "glasgow-city")
    tenant_create(slug="glasgow-city", kind="council", name=glasgow.name, code=glasgow.code)
    for path, language, tail in (("/councils.geojson", "en", "/"), ("/gd/councils.geojson", "gd", "/gd/")):
        shapes = json.loads(hub(path))["features"]
        assert [one["properties"]["name"] for one in shapes] == [one.name.get(language) for one in councils()]
        led = [one["properties"] for one in shapes if one["properties"]["url"]]
        assert [one["name"] for one in led] == [glasgow.name.get(language)]
        assert led[0]["url"].endswith(tail)
        page = hub("/" if language == "en" else "/gd/")
        assert f'<a href="{led[0]["url"]}">{glasgow.name.get(language)}</a>' in page


def test_earlier_rounds_stand_on_the_councils_own_site_with_their_sources(tenants: Any) -> None:
    slug = max((one.council_slug for one in past_awards()), key=[one.council_slug for one in past_awards()].count)
    council = next(one for one in councils() if one.slug == slug)
    made, _steps = tenant_create(slug=slug, kind="council", name=council.name, code=council.code)
    page = SiteClient(made).get("/past-rounds/").content.decode()
    rounds = [one for one in past_rounds() if one.council_slug == slug]
    awards = [one for one in past_awards() if one.council_slug == slug]
    assert rounds
    assert awards
    for one in (*rounds, *awards):
        assert f'id="{one.anchor}"' in page
        assert one.source_url.replace("&", "&amp;") in page
    # What was not obtained stays empty: it is never nothing.
    assert "£0<" not in page
    assert "£0<" not in SiteClient(made).get("/").content.decode()
    other = SiteClient(tenants.alpha).get("/past-rounds/").content.decode()
    assert all(one.anchor not in other for one in (*rounds, *awards))


def test_a_council_of_another_cell_keeps_its_place_and_what_it_had_decided(
    tenants: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    glasgow = next(council for council in councils() if council.slug == "glasgow-city")
    tenant_create(slug="glasgow-city", kind="council", name=glasgow.name, code=glasgow.code)
    made = tenant_by_slug("glasgow-city")
    with in_tenant(made):
        decided, _coming = voting_open("decided"), coming("coming", tenant="alpha", name=LocalisedText("Coming soon"))
    counted(made, decided)
    with in_tenant(made):
        round_advance(round=Round.objects.get(slug="decided"), verb="publish_result", actor=None)
    work(made)
    ours, there = "http://glasgow-city.localhost", "http://glasgow-city.west.localhost:8000"
    console = browser(tenant_by_slug("hub"), name="cosla")
    wish = {"reason": "The chair says that a page is blank.", "hours": "2"}
    page = hub("/")
    assert f'<a href="{ours}' in page
    assert "/rounds/decided/" in page
    assert "/rounds/coming/" in page
    assert "Served elsewhere" not in text(console.get("/console/"))
    with in_public():
        Tenant.objects.filter(id=made.uuid).update(state=Tenant.State.MOVED)
        Move.objects.create(tenant_id=made.uuid, cell="west", step=Move.Step.CLEARED, origins={"public": there})
    page = hub("/")
    assert f'<a href="{there}/">Glasgow City</a>' in page
    assert f'<a href="{ours}' not in page.partition('id="councils"')[2]
    # What was decided stands; how the other round goes on is not heard here.
    assert "/rounds/decided/" in page
    assert "/rounds/coming/" not in page
    home = text(console.get("/console/"))
    assert "Served elsewhere: 1" in re.sub(r"\s+", " ", home)
    assert "council=glasgow-city" not in home
    assert "council=fife" in home
    assert 'value="glasgow-city"' not in text(console.get("/console/tenants/new/"))
    assert "Coming soon" not in text(console.get("/console/calendar/"))
    one = text(console.get("/console/tenants/glasgow-city/"))
    assert f'<a href="{there}/">' in one
    assert "another installation of this service, “west”" in one
    assert console.post("/console/tenants/glasgow-city/", wish).status_code == 404
    assert console.post("/console/tenants/beta/", wish).status_code == 302
    capsys.readouterr()
    assert main(["--json", "tenant", "show", "glasgow-city"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["state"], told["move"]["cell"], told["move"]["origins"]["public"]) == ("moved", "west", there)
    assert main(["--json", "tenant", "list"]) == 0
    assert {one["slug"] for one in json.loads(capsys.readouterr().out)["tenants"]} == {"alpha", "beta", "hub"}
