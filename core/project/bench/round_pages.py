"""Pages of a round with many projects against the same pages with few: questions to the database, and time.

Each page goes through the whole stack of the public site in this process, warm, as an anonymous visitor.
"""

from __future__ import annotations

import secrets
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from core.kernel.clock import database_now
from core.kernel.env import environment
from core.people.services import person_know, role_grant
from core.project.bench.tenants import bench_tenant
from core.proposals.services import proposal_save
from core.rounds.models import Round
from core.rounds.services import fund_source_add, round_advance, round_create, rules_set
from core.voting.box import ballots_put, box_of
from core.voting.services import opening_approve, roll_import
from core.voting.tally import tally_run
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from plugins.api.values import Ballot
from tenants.office.template import migrate
from tenants.registry.context import Role, TenantRef, in_tenant

SIZES = (10, 50, 200)
QUERIES_HOLD = 12
MS_HOLD = 60.0
TIMES = 20
VOTERS = 300
OPEN_PAGES = {"round": "", "projects": "projects/?order=0123abcd", "ballot": "vote/?order=0123abcd"}
DONE_PAGES = {"result": "result/", "result.json": "result.json"}
HELD = ("round", "result")


def round_voting(slug: str, projects: int, deliberation: Sequence[str] = ()) -> Round:
    """A round with voting open; words in both languages, as a careful council would have them."""
    now = database_now()
    words = LocalisedText("Better streets for everybody.", "Sràidean nas fheàrr dhan a h-uile duine.")
    row = round_create(
        slug=slug,
        name=LocalisedText(f"A round of {projects} projects", f"Cuairt le {projects} pròiseactan"),
        purpose=words,
        open_to_influence=words,
        fixed=words,
        eligibility=words,
        ballot_opens_at=now - timedelta(seconds=1),
        ballot_closes_at=now + timedelta(days=1),
        proofs=["code-by-email"],
        deliberation=deliberation,
        actor=None,
    )
    fund_source_add(round=row, pot_name=LocalisedText("Pot", "Poit"), name="Council", amount=Money(500_000 * projects))
    rules_set(
        round=row,
        ballot_format="approval",
        ballot_settings={"maximum": 5},
        outcome_rule="greedy-skip",
        outcome_settings={},
        actor=None,
    )
    for number in range(projects):
        proposal_save(
            round=row,
            title=LocalisedText(
                f"Project number {number} on the green", f"Pròiseact àireamh {number} air an rèidhlean"
            ),
            benefit=LocalisedText("Somewhere to sit down.", "Àite airson suidhe."),
            description=LocalisedText("What would be done.\n\nWhen it would be done." * 3),
            cost=Money(700_000 + 1_000 * number),
            area=f"Area {number % 9}",
            category="Streets",
            actor=None,
        )
    row = round_advance(round=row, verb="prepare_ballot", actor=None)
    return round_advance(round=row, verb="open_voting", actor=None)


def round_decided(tenant: TenantRef, row: Round, voters: int = VOTERS) -> None:
    """Votes that differ, the count and the result."""
    with in_tenant(tenant, role=Role.WORKER):
        box = box_of(row.id)
        refs = [project.ref for project in box.offer.projects]
        with transaction.atomic():
            entries = roll_import(
                round_id=row.id, namespace="bench", values=[str(number) for number in range(voters)], rung="bench"
            )
            many = [
                (
                    entry,
                    box.format.canonical(
                        Ballot("approval", tuple(sorted({refs[number * step % len(refs)] for step in (1, 3, 7)})))
                    ),
                    secrets.token_bytes(16),
                )
                for number, entry in enumerate(entries)
            ]
            ballots_put(box, many, channel="bench")
    with in_tenant(tenant):
        row = round_advance(round=row, verb="close_voting", actor=None)
        for name in ("first", "second"):
            person = person_know(issuer="urn:commonty:bench", subject=name, display_name=name)
            role_grant(person=person, role="officer", giver=None)
            opening_approve(round=row, actor=person)
    with in_tenant(tenant, role=Role.WORKER):
        tally_run(round_id=row.id)
        round_advance(round=row, verb="publish_result", actor=None)


class _Counter:
    """Counts statements on their way to the database."""

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.seen += 1
        return execute(sql, params, many, context)


def _measure(client: Client, path: str) -> dict[str, Any]:
    """Statements and the median of milliseconds of one page, once it is warm; and what of them was our own work."""
    for _ in range(3):
        answer = client.get(path)
    counter = _Counter()
    with connection.execute_wrapper(counter):
        client.get(path)
    taken = []
    processor = time.process_time()
    for _ in range(TIMES):
        begun = time.perf_counter()
        client.get(path)
        taken.append((time.perf_counter() - begun) * 1000)
    return {
        "status": answer.status_code,
        "queries": counter.seen,
        "ms": round(statistics.median(taken), 1),
        "processor_ms": round((time.process_time() - processor) * 1000 / TIMES, 1),
        "kilobytes": round(len(answer.content) / 1024),
    }


def run(size: int, out: Any) -> dict[str, Any]:
    """The pages of rounds with 10, 50 and `size` (200) projects, with voting open and with the result published."""
    migrate(say=out.say)
    call_command("collectstatic", interactive=False, verbosity=0)
    sizes = (*SIZES[:-1], size or SIZES[-1])
    settings = environment()
    pages: list[dict[str, Any]] = []
    with bench_tenant("bench-pages") as tenant:
        client = Client(HTTP_HOST=f"{tenant.slug}.{settings.base_domain}:{settings.port}")
        for projects in sizes:
            slug = f"with-{projects}"
            with in_tenant(tenant):
                row = round_voting(slug, projects)
            found = {name: _measure(client, f"/rounds/{slug}/{path}") for name, path in OPEN_PAGES.items()}
            round_decided(tenant, row)
            found |= {name: _measure(client, f"/rounds/{slug}/{path}") for name, path in DONE_PAGES.items()}
            for name, page in found.items():
                pages.append({"page": name, "projects": projects, **page})
                out.say(f"{name:12} {projects:4} projects  {page['queries']:3} queries  {page['ms']:6.1f} ms")
    most, fewest = max(sizes), min(sizes)

    def of(name: str, projects: int) -> dict[str, Any]:
        return next(page for page in pages if page["page"] == name and page["projects"] == projects)

    constant = all(len({page["queries"] for page in pages if page["page"] == name}) == 1 for name in HELD)
    few = all(page["queries"] <= QUERIES_HOLD for page in pages if page["page"] in HELD)
    quick = all(of(name, most)["ms"] <= MS_HOLD for name in HELD)
    ours, baseline = of("round", most)["ms"], of("round", fewest)["ms"]
    return {
        "name": "round-pages",
        "ours": ours,
        "baseline": baseline,
        "ratio": round(ours / baseline, 2),
        "hold": f"round and result: <= {QUERIES_HOLD} queries, as many for every number of projects; <= {MS_HOLD:g} ms",
        "ok": constant and few and quick and all(page["status"] == 200 for page in pages),
        "pages": pages,
    }
