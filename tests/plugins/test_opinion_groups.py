"""Groups of opinion: the numbers against a published conversation, the screens on two councils."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import transaction
from sklearn.metrics import adjusted_rand_score

from core.audit.models import OutboxMessage
from plugins.api import Person, SubjectRef, Verdict
from plugins.bundled.opinion_groups.groups import Table, described, grouped, table_of
from plugins.bundled.opinion_groups.models import Answer, Map, Statement
from plugins.host.context import plugin_context
from plugins.host.deliberation import moderate, person_erase, personal_data_kept, queues
from plugins.host.selectors import module, module_settings
from tenants.registry.context import Role, in_tenant
from tests.support.canary import CANARIES
from tests.support.jobs import work
from tests.support.residents import resident
from tests.support.rounds import round_made

POLIS = Path(os.environ.get("COMMONTY_POLIS_DATA", "")) / "canadian-electoral-reform"
PAGE = "/x/opinion-groups/leith/"


def conversation() -> tuple[Table, np.ndarray[Any, Any], list[str]]:
    """A published conversation: the last answer of each person, without statements its moderators took out."""
    if not (POLIS / "votes.csv").exists():
        pytest.skip("COMMONTY_POLIS_DATA names no folder with the published conversation")

    def rows(name: str) -> list[dict[str, str]]:
        with (POLIS / name).open(encoding="utf-8") as opened:
            return list(csv.DictReader(opened))

    out = {row["comment-id"] for row in rows("comments.csv") if row["moderated"] == "-1"}
    last = {(row["voter-id"], row["comment-id"]): int(row["vote"]) for row in rows("votes.csv")}
    people = rows("participants-votes.csv")
    person = {row["participant"]: number for number, row in enumerate(people)}
    refs = sorted({ref for _, ref in last} - out, key=int)
    column = {ref: number for number, ref in enumerate(refs)}
    answers = [(person[who], column[ref], value) for (who, ref), value in last.items() if ref in column]
    exported = np.array([int(row["group-id"] or -1) for row in people])
    return table_of(answers, len(people), len(refs)), exported, refs


def test_the_groups_of_a_published_conversation_and_what_they_agree_on() -> None:
    table, exported, refs = conversation()
    found = grouped(table, fewest_answers=7, fewest_in_group=5)
    assert found is not None
    both = (exported >= 0) & (found.labels >= 0)
    assert both.sum() == (exported >= 0).sum() == 281
    assert adjusted_rand_score(exported[both], found.labels[both]) >= 0.8
    theirs, ours = described(table, exported).consensus, found.consensus
    assert refs[ours[0][0]] == refs[theirs[0][0]]
    assert len({one for one, _ in ours[:5]} & {one for one, _ in theirs[:5]}) >= 4
    marks = [{refs[one.statement] for one in group} for group in found.representative]
    # What parts the groups is the same statements, on which one says yes and the other no.
    assert len(marks[0] & marks[1]) >= 3


def made(
    people: int, statements: int, groups: int, seed: int = 1, each: int = 30
) -> tuple[Table, np.ndarray[Any, Any]]:
    draw = np.random.default_rng(seed)
    side = draw.integers(0, groups, people)
    leaning = draw.uniform(0.05, 0.95, (groups, statements))
    person = np.repeat(np.arange(people), each)
    statement = np.concatenate([draw.choice(statements, each, replace=False) for _ in range(people)])
    value = np.where(draw.random(person.size) < leaning[side[person], statement], 1, -1)
    return Table(people, statements, person, statement, value), side


@pytest.mark.parametrize("groups", [2, 3])
def test_groups_that_are_there_are_found_and_the_same_each_time(groups: int) -> None:
    table, side = made(400, 60, groups)
    found, again = (grouped(table, fewest_answers=7, fewest_in_group=5) for _ in range(2))
    assert found is not None
    assert again is not None
    assert found.groups == groups
    assert adjusted_rand_score(side, found.labels) > 0.9
    assert (found.labels == again.labels).all()
    sizes = np.bincount(found.labels)
    assert list(sizes) == sorted(sizes, reverse=True)


def test_a_large_group_cannot_make_a_consensus_alone() -> None:
    # Statement 0: 90 of one group agree and none of ten others. Statement 1: two thirds of both.
    answers = [(person, 0, 1 if person < 90 else -1) for person in range(100)]
    answers += [(person, 1, 1 if person % 3 else -1) for person in range(100)]
    found = described(table_of(answers, 100, 2), np.array([0] * 90 + [1] * 10))
    assert [one for one, _ in found.consensus] == [1, 0]


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [(person, statement, 1) for person in range(40) for statement in range(10)],
        [(0, statement, 1) for statement in range(10)],
        [(person, 0, person % 2) for person in range(40)],
    ],
)
def test_nothing_is_drawn_where_nothing_tells_people_apart(answers: list[tuple[int, int, int]]) -> None:
    people = max((one[0] for one in answers), default=-1) + 1
    statements = max((one[1] for one in answers), default=-1) + 1
    assert grouped(table_of(answers, people, statements), fewest_answers=7, fewest_in_group=5) is None


# -- the screens ------------------------------------------------------------------------------------------------------


def body(answer: Any) -> str:
    found: str = answer.content.decode()
    return found


def talked(tenant: Any) -> Any:
    with in_tenant(tenant):
        return round_made(tenant=tenant.slug, deliberation=["opinion-groups"])


def filled(tenant: Any, row: Any, *, people: int = 30, statements: int = 12) -> list[Statement]:
    """Two camps that answer everything: they agree on the first statement and differ on the rest."""
    with in_tenant(tenant, role=Role.WORKER), transaction.atomic():
        made = [
            Statement(round=row.id, text=f"Statement {number} {CANARIES[tenant.slug]}", author=None)
            for number in range(statements)
        ]
        Statement.objects.bulk_create(made)
        from uuid import uuid5

        Answer.objects.bulk_create(
            Answer(
                statement=one,
                person=uuid5(row.id, str(person)),
                value=1 if place == 0 or (place + person) % 2 else -1,
            )
            for person in range(people)
            for place, one in enumerate(made)
        )
    return made


def test_statements_are_written_looked_at_and_answered(tenants: Any, site: Any) -> None:
    row = talked(tenants.alpha)
    talked(tenants.beta)
    writer, reader = resident(tenants.alpha, "mairi"), resident(tenants.alpha, "iain")
    assert "There is no statement yet." in body(site(tenants.alpha).get(PAGE))
    assert "Sign in to take part." in body(site(tenants.alpha).get(PAGE))
    long = writer.post(PAGE + "write/", {"text": "x" * 10_000})
    assert long.status_code == 422
    assert "The most is 140." in body(long)
    assert writer.post(PAGE + "write/", {"text": ""}).status_code == 422
    assert writer.post(PAGE + "write/", {"text": "More benches <b>"}).status_code == 302
    assert "Waits for a moderator" in body(writer.get(PAGE))
    assert "More benches" not in body(reader.get(PAGE))
    assert "This statement is there already." in body(writer.post(PAGE + "write/", {"text": "more benches <b>"}))
    with in_tenant(tenants.beta):
        assert queues() == ([], [])
    with in_tenant(tenants.alpha), transaction.atomic():
        (waiting,) = queues()[0]
        moderate(key="opinion-groups", item=waiting.item.ref, decision=Verdict.PUBLISH, reason="")
    page = body(reader.get(PAGE))
    assert "More benches &lt;b&gt;" in page
    assert "You have answered 0 of 1 statements." in page
    ref = waiting.item.ref
    assert reader.post(PAGE + "answer/", {"statement": ref, "answer": "perhaps"}).status_code == 422
    assert reader.post(PAGE + "answer/", {"statement": "nonsense", "answer": "agree"}).status_code == 422
    stranger = site(tenants.alpha).post(PAGE + "answer/", {"statement": ref, "answer": "agree"})
    assert stranger["Location"].startswith("/sign-in/")
    for answer in ("agree", "agree", "disagree"):
        assert reader.post(PAGE + "answer/", {"statement": ref, "answer": answer}).status_code == 302
    with in_tenant(tenants.alpha):
        assert [one.value for one in Answer.objects.all()] == [-1]
        # However many answers, one map is asked for until a worker begins.
        assert OutboxMessage.objects.filter(task="plugins.work", state="pending").count() == 1
    # A statement of this council cannot be answered at another.
    other = resident(tenants.beta, "mairi").post(PAGE + "answer/", {"statement": ref, "answer": "agree"})
    assert other.status_code == 422
    assert row.slug == "leith"


def test_a_worker_draws_the_map_and_nothing_is_shown_below_the_minimums(tenants: Any, site: Any) -> None:
    row = talked(tenants.alpha)
    talked(tenants.beta)
    made = filled(tenants.alpha, row, people=19)
    client = resident(tenants.alpha, "mairi")
    one = {"statement": str(made[0].id), "answer": "pass"}
    assert client.post(PAGE + "answer/", one).status_code == 302
    work(tenants.alpha)
    page = body(site(tenants.alpha).get(PAGE))
    assert "There are not enough answers for a map yet. At least 20 people" in page
    assert "<svg" not in page
    with in_tenant(tenants.alpha, role=Role.WORKER), transaction.atomic():
        Statement.objects.all().delete()
    made = filled(tenants.alpha, row, people=30)
    assert client.post(PAGE + "answer/", {"statement": str(made[0].id), "answer": "agree"}).status_code == 302
    work(tenants.alpha)
    page = body(site(tenants.alpha).get(PAGE))
    assert "Map of 30 people in 2 groups." in page
    assert page.count("<circle") + page.count("<rect") > 2
    assert page.index("What all groups agree on most") < page.index(made[0].text)
    assert "Buidheann A" in body(site(tenants.alpha).get("/gd" + PAGE))
    assert "style=" not in page[page.index("<svg") : page.index("</svg>")]
    assert "<svg" not in body(site(tenants.beta).get(PAGE))
    with in_tenant(tenants.alpha):
        kept = Map.objects.get()
        people = {str(one) for one in Answer.objects.values_list("person", flat=True)}
        assert not any(who in str(kept.document) for who in people)


def test_frozen_erased_and_shown_to_the_person(tenants: Any) -> None:
    row = talked(tenants.alpha)
    talked(tenants.beta)
    made = filled(tenants.alpha, row)
    client = resident(tenants.alpha, "mairi")
    client.post(PAGE + "answer/", {"statement": str(made[1].id), "answer": "agree"})
    client.post(PAGE + "report/", {"statement": str(made[2].id)})
    client.post(PAGE + "write/", {"text": "Mine"})
    person = Person(str(client.person.public_id))
    with in_tenant(tenants.alpha):
        held = personal_data_kept(person)["opinion-groups"].tables
        assert {name: len(rows) for name, rows in held.items()} == {"statements": 1, "answers": 1, "reports": 1}
        assert len(queues()[0]) == 2
    with in_tenant(tenants.beta), transaction.atomic():
        assert dict(person_erase(person)["opinion-groups"].deleted) == {"answers": 0}
    with in_tenant(tenants.alpha, role=Role.WORKER), transaction.atomic():
        assert dict(person_erase(person)["opinion-groups"].deleted) == {"answers": 1}
        assert personal_data_kept(person) == {}
    with in_tenant(tenants.alpha), transaction.atomic():
        found = module("deliberation", "opinion-groups")
        context = plugin_context(module_settings("deliberation", "opinion-groups"))
        found.freeze(context, SubjectRef("round", str(row.id)))
        summary = found.summaries(context, [SubjectRef("round", str(row.id))])
        assert next(iter(summary.values())).participants == 30
    refused = client.post(PAGE + "answer/", {"statement": str(made[1].id), "answer": "agree"})
    assert refused.status_code == 422
    assert "This has ended." in body(refused)
    assert client.post(PAGE + "write/", {"text": "Another"}).status_code == 422
