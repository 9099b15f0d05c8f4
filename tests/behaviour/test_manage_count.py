"""From the close to the result: two people open the box, a count that fails runs again, and nobody sees it early."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.audit import outbox
from core.audit.models import OutboxMessage
from core.rounds.models import Round
from core.rounds.services import round_advance
from core.voting.models import Opening, TallyRun
from tenants.registry.context import Role, in_tenant
from tests.behaviour.test_manage_rounds import browser, fill, text
from tests.support.http import SiteClient
from tests.support.votes import vote, voting_open

COUNT = "/rounds/leith/count/"


@pytest.fixture
def closed(tenants: Any) -> Round:
    """A round in alpha at its count, with four ballots in the box."""
    with in_tenant(tenants.alpha):
        row = voting_open()
    with in_tenant(tenants.alpha, role=Role.VOTER):
        for number, refs in enumerate([("P-01", "P-02"), ("P-01",), ("P-02", "P-05"), ("P-01", "P-05")]):
            vote(row.id, f"v{number}@example.com", *refs)
    with in_tenant(tenants.alpha):
        return round_advance(round=row, verb="close_voting", actor=None)


def work(tenant: Any) -> None:
    """What a worker does: the counts that were asked for."""
    uuid = str(tenant.uuid)
    with in_tenant(tenant):
        waiting = [str(one.id) for one in OutboxMessage.objects.filter(task="voting.tally").exclude(state="done")]
    for message in waiting:
        outbox.message_run(task="voting.tally", header=uuid, body=uuid, message=message)


def test_nothing_that_can_be_counted_is_told_before_the_count(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        row = voting_open()
    with in_tenant(tenants.alpha, role=Role.VOTER):
        for number in range(37):
            vote(row.id, f"v{number}@example.com", "P-01")
    client = browser(tenants.alpha)
    for path in ("/", "/rounds/leith/", COUNT, "/rounds/leith/projects/", "/rounds/leith/steps/close_voting/"):
        assert not re.search(r"\b37\b", text(client.get(path))), path
    assert "sealed when voting closes" in text(client.get(COUNT))
    early = client.post(COUNT, {"do": "open"})
    assert early.status_code == 409
    assert "Close voting first." in text(early)
    assert client.get("/rounds/leith/preview/result/").status_code == 404


def test_two_people_open_the_box_and_the_result_is_looked_at_before_it_is_published(
    tenants: Any, closed: Round
) -> None:
    first = browser(tenants.alpha, name="anna")
    second = browser(tenants.alpha, "steering_member", name="bob", round_id=closed.id)
    watching = browser(tenants.alpha, "observer")
    assert "Nobody has agreed yet." in text(first.get(COUNT))
    assert "I agree" not in text(watching.get(COUNT))
    assert watching.post(COUNT, {"do": "open"}).status_code == 409
    assert first.post(COUNT, {"do": "open"}).status_code == 302
    again = first.post(COUNT, {"do": "open"})
    assert again.status_code == 409
    assert "A second person has to agree too." in text(again)
    page = text(first.get(COUNT))
    assert "Anna" in page
    assert "ask a second person" in page
    assert "I agree that the box is opened</button>" not in page
    assert "The ballots have not been counted." in text(first.get("/rounds/leith/steps/publish_result/"))
    assert second.post(COUNT, {"do": "open"}).status_code == 302
    running = text(second.get(COUNT))
    assert "Being counted" in running
    assert "Look again" in running
    third = browser(tenants.alpha, name="carol")
    assert "Two people have agreed already." in text(third.post(COUNT, {"do": "open"}))
    work(tenants.alpha)
    assert "both counts agree" in text(first.get(COUNT))
    looked = text(first.get("/rounds/leith/preview/result/"))
    assert "This is the result as it would be published." in looked
    assert "Project 1" in looked
    assert first.get("/rounds/leith/preview/result/explain/P-03/").status_code == 200
    assert first.get("/rounds/leith/preview/result/explain/P-99/").status_code == 404
    assert first.get("/rounds/leith/preview/result.json").json()["spent"] > 0
    # An observer, a resident and another council learn nothing yet.
    for path in ("result/", "result/explain/P-01/", "result.json"):
        assert watching.get(f"/rounds/leith/preview/{path}").status_code == 403
        assert browser(tenants.beta).get(f"/rounds/leith/preview/{path}").status_code == 404
    assert "not published yet" in text(SiteClient(tenants.alpha).get("/rounds/leith/result/"))
    # A steering member looks and does not publish.
    assert second.get("/rounds/leith/preview/result/").status_code == 200
    assert second.get("/rounds/leith/steps/publish_result/").status_code == 403
    assert fill(first, "/rounds/leith/steps/publish_result/").status_code == 302
    assert "Project 1" in text(SiteClient(tenants.alpha).get("/rounds/leith/result/"))
    assert "start the projects" in text(first.get("/rounds/leith/"))
    assert fill(first, "/rounds/leith/steps/start_delivery/").status_code == 302
    assert "Undo the last step:" in text(first.get("/rounds/leith/"))
    assert fill(first, "/rounds/leith/steps/return_to_ratification/").status_code == 302
    with in_tenant(tenants.alpha):
        assert Round.objects.get().state == "ratification"


def test_a_count_that_fails_says_its_code_and_runs_again(
    tenants: Any, closed: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.voting import tally

    first, second = browser(tenants.alpha, name="anna"), browser(tenants.alpha, name="bob")
    assert first.post(COUNT, {"do": "again"}).status_code == 409
    for one in (first, second):
        assert one.post(COUNT, {"do": "open"}).status_code == 302

    def differs(*args: Any, **kwargs: Any) -> Any:
        raise tally.CountDiffers("Two counts of the same ballots did not agree.", code="tally.differs")

    with monkeypatch.context() as patch:
        patch.setattr(tally, "_decide", differs)
        work(tenants.alpha)
    failed = text(first.get(COUNT))
    assert "tally.differs" in failed
    assert "Count again" in failed
    assert "No ballot is lost" in failed
    assert fill(first, "/rounds/leith/steps/publish_result/").status_code == 409
    with in_tenant(tenants.alpha):
        assert Round.objects.get().state == "count"
    asked = first.post(COUNT, {"do": "again"})
    assert asked.headers["Location"] == f"{COUNT}?after=1"
    assert "Being counted" in text(first.get(asked.headers["Location"]))
    work(tenants.alpha)
    assert "both counts agree" in text(first.get(asked.headers["Location"]))
    with in_tenant(tenants.alpha):
        assert [run.state for run in TallyRun.objects.order_by("finished_at")] == ["failed", "done"]
        assert Opening.objects.count() == 2
