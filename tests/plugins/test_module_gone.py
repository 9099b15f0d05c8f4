"""A plugin that does not load any more: votes that depend on it stand still, loudly, and go on when it is back."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

from core.audit.models import AuditEvent
from core.kernel.errors import Refused
from core.rounds import sequencer
from core.rounds.events import RoundAdvanced
from core.rounds.models import Round, RoundTransition
from core.rounds.sequencer import votes_stop
from core.rounds.services import round_advance
from plugins.discovery import allowed
from plugins.host.registry import registry_build, registry_set
from tenants.registry.context import Role, in_tenant
from tests.support.votes import vote, voting_open


@pytest.fixture
def gone() -> Iterator[Any]:
    """A registry without the ballot of exactly so many projects; the value puts the whole one in its place."""

    def load(path: str) -> Any:
        if path == "plugins.bundled.ballot_exact_k.plugin":
            raise ImportError("no module named gone")
        return importlib.import_module(path)

    whole: list[Any] = []

    def swap() -> None:
        whole.append(registry_set(registry_build(allowed(()), load=load)))

    yield swap, lambda: registry_set(whole[0])
    if whole:
        registry_set(whole[0])


def looked(tenant: Any) -> int:
    with in_tenant(tenant, role=Role.WORKER):
        return votes_stop(limit=10)


def page_of(site: Any, tenant: Any) -> str:
    return str(site(tenant).get("/rounds/leith/").content.decode())


def test_a_vote_stands_still_while_its_module_does_not_load_and_goes_on_when_it_does(
    tenants: Any, site: Any, gone: Any, caplog: pytest.LogCaptureFixture
) -> None:
    breaks, mends = gone
    rounds: dict[str, Round] = {}
    for tenant, more in (
        (tenants.alpha, {"format": "exact-k", "format_settings": {"count": 2}}),
        (tenants.beta, {"format": "approval"}),
    ):
        with in_tenant(tenant):
            rounds[tenant.slug] = voting_open(**more)
    assert [looked(one) for one in tenants] == [0, 0]
    breaks()
    assert [looked(one) for one in tenants] == [1, 0]
    assert "exact-k" in caplog.text
    with in_tenant(tenants.alpha):
        row = Round.objects.get()
        assert row.state == "suspended"
        step = RoundTransition.objects.get(verb="suspend")
        assert (step.reason_code, step.actor) == ("fault", None)
        assert AuditEvent.objects.filter(kind=RoundAdvanced.kind, body__reason="fault").count() == 1
        with pytest.raises(Refused) as refused:
            round_advance(round=row, verb="resume", actor=None)
        assert [one.code for one in refused.value.problems] == ["round.module_missing"]
        assert "exact-k" in refused.value.problems[0].message.en
    # Residents read so, and another council's vote goes on.
    assert "The round is paused. Ballots that were sent are kept safe." in page_of(site, tenants.alpha)
    with in_tenant(tenants.beta):
        assert Round.objects.get().state == "voting"
    with in_tenant(tenants.beta, role=Role.VOTER):
        vote(rounds["beta"].id, "morag@people.example", "P-01")
    # Asked again there is nothing more to do; with the module back people let it go on.
    assert looked(tenants.alpha) == 0
    mends()
    with in_tenant(tenants.alpha):
        round_advance(round=Round.objects.get(), verb="resume", actor=None)
    with in_tenant(tenants.alpha, role=Role.VOTER):
        vote(rounds["alpha"].id, "morag@people.example", "P-01", "P-02")


def test_a_vote_that_moved_on_meanwhile_does_not_keep_the_next_from_being_looked_at(
    tenants: Any, gone: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks, _mends = gone
    with in_tenant(tenants.alpha):
        for slug in ("leith", "shore"):
            voting_open(slug, format="exact-k", format_settings={"count": 2})
    with in_tenant(tenants.beta):
        voting_open()
    breaks()
    look = sequencer.voting_without

    def late() -> Any:
        found = look()
        if found:
            round_advance(round=found[0][0], verb="suspend", actor=None)
        return found

    monkeypatch.setattr(sequencer, "voting_without", late)
    assert [looked(one) for one in tenants] == [1, 0]
    with in_tenant(tenants.alpha):
        assert {row.state for row in Round.objects.all()} == {"suspended"}
