"""A hostile plugin while ballots are cast (AB47, F15): nothing is lost here, and the other council notices nothing.

How much slower ballots get is measured by `commonty bench hostile-plugin`; what it takes for a failure is tested here.
"""

from __future__ import annotations

import importlib
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from core.audit.models import AuditEvent
from core.kernel.errors import Refused
from core.project.bench.hostile_module import WAYS
from core.project.bench.hostile_plugin import document
from core.rounds.models import Round, RuleSet
from core.rounds.services import round_advance
from core.voting.models import Ballot, TallyRun
from core.voting.services import opening_approve
from core.voting.tally import tally_run
from plugins.api import Text, hookimpl
from plugins.bundled.ballot_approval.format import Approval
from plugins.discovery import Installed, allowed
from plugins.host.breaker import breaker_close
from plugins.host.failures import PluginFailure
from plugins.host.registry import registry_build, registry_set
from plugins.host.services import plugin_activate
from tenants.registry.context import Role, in_tenant
from tests.behaviour.test_cast_races import at_once, form_of, holding, receipts, sealed
from tests.plugins.test_host import plugin
from tests.support.jobs import work
from tests.support.journey import Answer, Resident, round_open, wsgi_post
from tests.support.rounds import round_made
from tests.support.votes import by_email, officers

NAME = "hostile-ballot"
VOTERS, AT_ONCE = 8, 4
HANGS = 0.6  # seconds


def test_a_lost_ballot_a_slow_one_and_an_idle_plugin_are_told_as_failures() -> None:
    did = Counter(way.__name__.strip("_") for way in WAYS)
    good: dict[str, Any] = {"ratio": 1.02, "ballots": 5, "taken": 5, "stored": 5, "pages": {"with": {"200": 3}}}
    assert document(good, did)["ok"]
    for wrong in ({"stored": 4}, {"taken": 4}, {"ratio": 1.2}, {"pages": {"with": {"200": 3, "500": 1}}}):
        assert not document({**good, **wrong}, did)["ok"]
    assert not document(good, did - Counter({"hangs": 1}))["ok"]


class Hostile(Approval):
    """Takes one ballot of four; the others it meets with an error, a long sleep, or an answer that is no ballot."""

    key = "hostile"
    label = Text("Hostile", "Nàimhdeil")
    did: ClassVar[Counter[str]] = Counter()
    turn: ClassVar[Any] = itertools.count()
    calm: ClassVar[bool] = False

    def check(self, offer: Any, settings: Any) -> Any:
        return self._once("check") or super().check(offer, settings)

    def restore(self, data: bytes) -> Any:
        return self._once("restore") or super().restore(data)

    def parse(self, raw: Any, offer: Any, settings: Any) -> Any:
        way = "parses" if self.calm else ("raises", "hangs", "lies", "parses")[next(self.turn) % 4]
        self.did[way] += 1
        if way == "raises":
            raise RuntimeError(str(raw))
        if way == "hangs":
            time.sleep(HANGS)  # to hang is what it is here for
            raise RuntimeError
        return {"ballot": raw} if way == "lies" else super().parse(raw, offer, settings)

    def _once(self, name: str) -> None:
        self.did[name] += 1
        if self.did[name] == 1:
            raise RuntimeError(name)


@hookimpl
def voting_opened(context: Any, event: Any) -> None:
    Hostile.did["observer"] += 1
    raise RuntimeError


@pytest.fixture
def hostile() -> Iterator[type[Hostile]]:
    """The plugin in this process, beside everything that ships with Commonty."""
    source = plugin(NAME, formats=(Hostile,))
    source.voting_opened = voting_opened
    Hostile.did.clear()
    Hostile.turn, Hostile.calm = itertools.count(), False
    planted = Installed(NAME, "planted.plugin", "planted", "1.0.0")
    built = registry_build(
        [*allowed(()), planted],
        load=lambda path: source if path == planted.module else importlib.import_module(path),
    )
    # Voters are given ten seconds on an overrun machine; here it is late at once.
    place = ("ballot_format", Hostile.key)
    found = built.modules[place]
    methods = {**found.kind.methods, "parse": replace(found.kind.methods["parse"], late=HANGS / 2)}
    quick = replace(found, kind=replace(found.kind, methods=methods))
    before = registry_set(replace(built, modules={**built.modules, place: quick}))
    yield Hostile
    registry_set(before)


def test_no_ballot_is_lost_where_a_hostile_format_is_used_and_the_other_council_notices_nothing(
    tenants: Any, hostile: type[Hostile]
) -> None:
    with in_tenant(tenants.alpha):
        plugin_activate(plugin=NAME)
        row = round_made("leith", ballot=("hostile", {"maximum": 3}))
        with pytest.raises(Refused):
            round_advance(round=row, verb="open_voting", actor=None)
        assert Round.objects.get(pk=row.pk).state == row.state
        row = round_advance(round=row, verb="open_voting", actor=None)
    rows = {"alpha": row, "beta": round_open(tenants.beta)}
    doors = {
        tenant.slug: [holding(tenant, rows[tenant.slug], by_email(f"v{n}@example.org")) for n in range(VOTERS)]
        for tenant in tenants
    }
    hosts = {tenant.slug: Resident(tenant).host for tenant in tenants}

    def post(slug: str, number: int) -> Answer:
        token, cookies = doors[slug][number]
        form = form_of(token, f"key of voter {number:08}", f"P-0{1 + number % 6}")
        return wsgi_post(hosts[slug], form.action, form.body(), cookies)

    def patient(numbers: range) -> list[Answer]:
        """Voters of alpha, who send again when told so, as their page has them do; an officer closes the breaker."""
        answers = []
        for number in numbers:
            for _try in range(100):
                answers.append(post("alpha", number))
                if answers[-1].status == 303:
                    break
                with in_tenant(tenants.alpha):
                    breaker_close(NAME)
                time.sleep(0.05)  # between two tries, as somebody who was told to try again
        return answers

    groups = [range(first, VOTERS, AT_ONCE) for first in range(AT_ONCE)]
    found = at_once(
        [
            *(lambda group=group: patient(group) for group in groups),  # type: ignore[misc]
            lambda: [post("beta", number) for number in range(VOTERS)],
        ]
    )
    theirs, ours = found.pop(), [answer for answers in found for answer in answers]
    with in_tenant(tenants.alpha):
        breaker_close(NAME)
    with pytest.raises(PluginFailure, match="voting_opened"):
        work(tenants.alpha)
    # The other council: every ballot at the first go.
    assert {answer.to for answer in theirs} == {"/rounds/leith/vote/done/"}
    assert len(receipts(tenants.beta, rows["beta"], theirs)) == VOTERS
    # Here: taken with a receipt, or not taken and told so; never anything else, and in the end everybody's.
    taken = [answer for answer in ours if answer.status == 303]
    assert {answer.to for answer in taken} == {"/rounds/leith/vote/done/"}
    assert {answer.status for answer in ours} == {303, 503}
    assert all(b"Your ballot was not taken" in answer.content for answer in ours if answer.status == 503)
    assert len(receipts(tenants.alpha, row, taken)) == len(taken) == VOTERS
    assert all(hostile.did[way] for way in ("raises", "hangs", "lies", "parses", "observer", "check"))
    for slug, tenant in (("alpha", tenants.alpha), ("beta", tenants.beta)):
        with in_tenant(tenant, role=Role.WORKER):
            assert Ballot.objects.values("pk").count() == VOTERS
        assert (lambda seal: (seal.boxes, seal.kept, seal.receipts))(sealed(tenant, rows[slug])) == (VOTERS,) * 3
    # The count fails with it, says so, and is run again: every acknowledged ballot is in it.
    with in_tenant(tenants.alpha):
        for person in officers():
            opening_approve(round=row, actor=person)
        breaker_close(NAME)
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert tally_run(round_id=row.id).state == TallyRun.State.FAILED
        hostile.calm = True
        done = tally_run(round_id=row.id)
        assert (done.state, done.document["ballots"]["valid"]) == (TallyRun.State.DONE, VOTERS)
    with in_tenant(tenants.beta):
        assert not AuditEvent.objects.filter(kind="tally_finished").exists()
        assert not RuleSet.objects.filter(ballot_format="hostile").exists()
