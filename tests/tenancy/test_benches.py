"""The benches of many tenants at a tiny size: each runs whole, sees what it is there to see, and leaves nothing behind.

What they measure here means nothing; that they hold at size is shown by `commonty bench scale`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection

from core.project.bench import fleet, noisy_neighbour, pages
from core.project.bench import tenants as many
from core.project.bench.provisioning import document, measured_many
from core.rounds.models import Round
from tenants.office.fleet import release_now
from tenants.office.inspection import fleet_findings
from tenants.office.owner import owner_connection
from tenants.registry.context import in_tenant
from tests.support.database import PREFIX, _code_mark
from tests.support.fleet import admin

SIZE = 2


class Words:
    """What a bench says on its way."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture(scope="module")
def out() -> Words:
    return Words()


@pytest.fixture(scope="module")
def made(database: str, out: Words) -> Iterator[many.Made]:
    """A database of the bench's own with two tenants, the worker killed on the way."""
    own = f"commonty_tests_bench_{os.getpid()}"
    before = pytest.MonkeyPatch()
    before.setattr(many, "DATABASE", own)
    before.setattr(pages, "DATABASE", own)
    before.setattr(many, "BLANK", PREFIX + _code_mark())
    # Each worker is a Python of its own, which costs more than its work here.
    before.setattr(many, "WORKERS", 1)
    before.setattr(fleet, "COMMAND", (*fleet.COMMAND[:-1], "1"))
    before.setattr(pages, "TURNS", 1)
    before.setattr(noisy_neighbour, "TURNS", 1)
    before.setattr(noisy_neighbour, "PROJECTS", 4)
    before.setattr(noisy_neighbour, "VOTERS", 20)
    home = connection.settings_dict["NAME"]
    call_command("collectstatic", interactive=False, verbosity=0)
    with many.bench_database(own, say=out.say):
        yield many.crowd(SIZE, say=out.say, kill=True)
        refs = many.bench_tenants()
    before.undo()
    assert connection.settings_dict["NAME"] == home
    assert admin("SELECT count(*) FROM pg_database WHERE datname LIKE 'commonty_tests_bench_%%'", []) == [(0,)]
    names = [f"{ref.schema}_{role}" for ref in refs for role in ("voter", "staff", "worker")]
    assert admin("SELECT count(*) FROM pg_roles WHERE rolname = ANY(%s)", [names]) == [(0,)]


def test_a_worker_killed_half_way_costs_no_tenant_and_doubles_none(made: many.Made, out: Words) -> None:
    assert (made.tenants >= SIZE - 1, bool(made.killed)) == (True, True)
    assert fleet_findings(release_now())[1] == []
    one = {"ratio": 20.0, "ours": 0.5}
    cost = measured_many(made, SIZE)
    assert (cost["tenants"], cost["worker_killed"]) == (SIZE, True)
    assert document(one, {**cost, "growth": 1.0})["ok"]
    # What would be a failure is told as one.
    for wrong in ({"growth": 2.6}, {"tenants": SIZE - 1}):
        assert not document(one, {**cost, "growth": 1.0, **wrong})["ok"]
    assert not document({**one, "ratio": 11.9}, {**cost, "growth": 1.0})["ok"]
    # Done again it makes nothing.
    assert many.crowd(SIZE, say=out.say).tenants == 0


def test_the_fleet_bench_migrates_every_tenant_and_goes_on_after_it_was_killed(made: many.Made, out: Words) -> None:
    found = fleet.measured(SIZE, out)
    assert (found["tenants"], found["findings"]) == (SIZE, [])
    assert found["killed_after"] >= SIZE // 2
    with owner_connection() as owner:
        words = "SELECT count(*) FROM office_schemarelease WHERE state = 'done' AND release_id = %s"
        rows = owner.execute(words, [release_now().pk]).fetchone()
    # Those of the copied database are looked at too.
    assert rows == (SIZE + 3,)


def test_the_pages_bench_shows_pages_of_both_databases_and_reads_a_backends_memory(made: many.Made, out: Words) -> None:
    found = pages.measured(SIZE, out)
    assert set(found["pages"]) == set(pages.PAGES)
    assert found["baseline"] > 0
    assert 0 < found["backend_megabytes_with_rule"] <= 500


def test_the_neighbour_is_noisy_and_the_other_is_answered(made: many.Made, out: Words) -> None:
    found = noisy_neighbour.measured(5, out)
    assert found["answers"] == {"200": 10}
    assert all(found["neighbour"][kind] for kind in ("exports", "searches", "200"))
    loud, ours = many.first_two()
    with in_tenant(ours):
        assert not Round.objects.filter(slug=noisy_neighbour.DECIDED).exists()
    with in_tenant(loud):
        assert Round.objects.filter(slug=noisy_neighbour.DECIDED).exists()
