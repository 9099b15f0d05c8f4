"""Abuse around a tenant's life and its neighbours' load: renamed, restored, erased, named again, forged, slow.

The same rules as in `test_abuse.py`: from outside, refused and logged, and the good case beside it.
"""

from __future__ import annotations

import base64
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import redis
from django.db import connection, transaction
from django.utils import timezone

from core.audit.models import OutboxMessage
from core.audit.poke import refused_list
from core.audit.services import chain_verify, event_record, events_chain
from core.kernel.env import environment
from core.people.models import Person
from core.rounds.models import Round
from core.rounds.services import round_advance
from core.setup.services import invite
from core.voting.models import Ballot, OpenedBallot, TallyRun
from plugins.api.text import LocalisedText
from plugins.host.fence import Fenced
from tenants.office.events import LookChanged
from tenants.office.lifecycle import tenant_erase
from tenants.office.models import Erasure
from tenants.office.portability import tenant_export, tenant_restore
from tenants.office.services import tenant_create
from tenants.registry.context import Role, TenantRef, in_public, in_tenant
from tenants.registry.hosts import forget
from tenants.registry.place import TIMEOUTS
from tenants.registry.selectors import tenant_by_slug
from tests.house.test_urls_access import client
from tests.support.bootstrap import ROOT
from tests.support.canary import CANARIES
from tests.support.fleet import admin, public_rows
from tests.support.jobs import work
from tests.support.journey import FORM, Resident, round_open
from tests.support.outside import Outside
from tests.support.residents import resident
from tests.support.votes import counted, officers
from tests.tenancy.test_abuse import CSRF, Logged, inside, logged, officer
from tests.tenancy.test_portability import guest, leave, marks

__all__ = ["guest", "logged"]
TOKEN = {f"csrf-{environment().port}": CSRF}
NAMES = LocalisedText("Links Council", "Comhairle nan Links")


@contextmanager
def load(*slugs: str) -> Iterator[dict[str, list[int]]]:
    """Two clients a tenant that ask without a pause: pages to read, and forms to send; the statuses by tenant."""
    seen: dict[str, list[int]] = {slug: [] for slug in slugs}
    over = threading.Event()

    def ask(slug: str, number: int) -> None:
        client = Outside(slug, cookies=TOKEN)
        while not over.is_set():
            if number:
                reply = client.post("/rounds/leith/vote/", {"do": "check", "project": "P-01"})
            else:
                reply = client.get("/rounds/leith/")
            seen[slug].append(reply.status)

    threads = [threading.Thread(target=ask, args=(slug, number)) for slug in slugs for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join(timeout=60)


def grown(seen: list[int], more: int) -> None:
    """Wait until this many more answers have come."""
    wanted, until = len(seen) + more, time.monotonic() + 60
    while len(seen) < wanted and time.monotonic() < until:
        time.sleep(0.02)
    assert len(seen) >= wanted


def test_t1_a_schema_renamed_under_load_fails_for_that_tenant_alone(server: int, tenants: Any, logged: Logged) -> None:
    for tenant in tenants:
        round_open(tenant)
    before = public_rows()
    schema = tenants.beta.schema
    with load("alpha", "beta") as seen:
        grown(seen["beta"], 4)
        admin(f'ALTER SCHEMA "{schema}" RENAME TO t_elsewhere')
        try:
            grown(seen["beta"], 4)
            gone = len(seen["beta"])
            grown(seen["beta"], 8)
            grown(seen["alpha"], 4)
            missing = seen["beta"][gone:]
        finally:
            admin(f'ALTER SCHEMA t_elsewhere RENAME TO "{schema}"')
        back = len(seen["beta"])
        grown(seen["beta"], 6)
    assert {status // 100 for status in missing} == {5}, missing
    assert set(seen["alpha"]) <= {200, 302, 422}, seen["alpha"]
    assert seen["beta"][back + 4] < 400
    assert public_rows() == before
    assert logged(tenants.beta, "")


def voted(tenant: TenantRef, slug: str, name: str) -> tuple[Outside, str]:
    """Somebody who is signed in and has voted, with a program instead of their browser; and their receipt."""
    voter = Resident(tenant)
    voter.browser = resident(tenant, name)
    assert voter.votes(slug, f"{name}@example.com", "P-01").to.endswith("/done/")
    return inside(voter.browser, "public"), voter.receipt(slug)


def test_ab45_erasing_a_person_changes_no_count_before_or_after_the_seal(
    server: int, tenants: Any, logged: Logged
) -> None:
    """While people vote, while it is counted and after it is published: the person goes, vote and record stay."""
    alpha, beta = tenants
    row = round_open(alpha)
    round_open(beta)
    people = {name: voted(alpha, row.slug, name) for name in ("ailsa", "calum", "una")}
    namesake, _receipt = voted(beta, row.slug, "ailsa")

    def erased(name: str) -> None:
        person, receipt = people[name]
        assert "You are being erased here" in person.post("/account/erase/", {"sure": "on"}).text
        work(alpha)
        assert person.get("/account/").to_sign_in
        assert logged(alpha, "a session that is not known here")
        with in_tenant(alpha, role=Role.WORKER):
            assert not Person.objects.filter(display_name=name.title()).exists()
            while events_chain():
                pass
            assert chain_verify()["ok"]
        assert receipt in Outside("alpha").get(f"/rounds/{row.slug}/receipts/?code={receipt}").text

    erased("ailsa")
    with in_tenant(alpha, role=Role.WORKER):
        assert Ballot.objects.count() == 3
    counts = [counted(alpha, row).digest]
    erased("calum")
    with in_tenant(alpha):
        round_advance(round=Round.objects.get(pk=row.pk), verb="publish_result", actor=officers()[0])
    erased("una")
    with in_tenant(alpha, role=Role.WORKER):
        counts += list(TallyRun.objects.values_list("digest", flat=True))
        assert sum(OpenedBallot.objects.values_list("times", flat=True)) == 3
    assert len(set(counts)) == 1
    # Nobody of the same name elsewhere is touched, and whoever works here is refused.
    assert "Ailsa" in namesake.get("/account/").text
    anna = inside(client("alpha", "public", "officer"), "public")
    assert anna.post("/account/erase/", {"sure": "on"}).status in (403, 409, 422)
    assert anna.get("/account/").status == 200


def worker(queue: str) -> subprocess.Popen[str]:
    """A real worker on this run's own database, as an operator starts it."""
    name = str(connection.settings_dict["NAME"])
    here = environment()

    def there(url: str) -> str:
        return url.rpartition("/")[0] + f"/{name}"

    env = {
        **os.environ,
        "COMMONTY_ENV": "test",
        "COMMONTY_DATABASE_URL": there(here.database_url),
        "COMMONTY_MIGRATE_DATABASE_URL": there(here.migrate_database_url),
        "COMMONTY_REDIS_URL": here.redis_url,
        "COMMONTY_VAR": str(here.var_dir),
    }
    words = [sys.executable, "-m", "core.project.cli", "worker", "--queues", queue, "--processes", "1"]
    return subprocess.Popen(words, cwd=ROOT, env=env, text=True, stderr=subprocess.DEVNULL, start_new_session=True)


def put(queue: str, task: str, body: Any, headers: dict[str, Any], *, kind: str = "application/json") -> None:
    """A message as somebody with the broker's password could put it there."""
    mark = str(uuid4())
    told = {"lang": "py", "task": task, "id": mark, "root_id": mark, "parent_id": None, "group": None, **headers}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    message = {
        "body": base64.b64encode(raw).decode(),
        "content-encoding": "utf-8" if kind.endswith("json") else "binary",
        "content-type": kind,
        "headers": told,
        "properties": {
            "correlation_id": mark,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": mark,
        },
    }
    with redis.Redis.from_url(environment().redis_url) as opened:
        opened.lpush(f"commonty:{queue}", json.dumps(message))


@pytest.mark.usefixtures("fleet_clean")
def test_ab46_messages_put_straight_into_the_broker_are_refused_and_kept(tenants: Any) -> None:
    """Forged, unknown and no tenant, and a pickled body; the next honest message is done."""
    alpha, beta = tenants
    with in_tenant(alpha), transaction.atomic():
        event_record(LookChanged(accent="#123456"))
    with in_tenant(alpha, role=Role.WORKER), transaction.atomic():
        OutboxMessage.objects.exclude(task="audit.event").delete()
        row = OutboxMessage.objects.order_by("-created_at").first()
        assert row is not None
        OutboxMessage.objects.exclude(pk=row.pk).delete()
    before = public_rows()

    def words(tenant: Any, message: Any = row.id) -> list[Any]:
        return [[], {"tenant": str(tenant), "message": str(message)}, {"callbacks": None, "errbacks": None}]

    queue, task = "mail", "audit.event"
    put(queue, task, words(beta.uuid), {"tenant": str(beta.uuid)})
    put(queue, task, words(uuid4()), {"tenant": str(alpha.uuid)})
    put(queue, task, words(uuid4()), {})
    unknown = uuid4()
    put(queue, task, words(unknown), {"tenant": str(unknown)})
    put(
        queue, task, pickle.dumps(words(alpha.uuid)), {"tenant": str(alpha.uuid)}, kind="application/x-python-serialize"
    )
    put(queue, "os.system", [["true"], {}, {}], {"tenant": str(alpha.uuid)})
    put(queue, task, words(alpha.uuid), {"tenant": str(alpha.uuid)})
    process = worker(queue)
    try:
        until = time.monotonic() + 90
        while time.monotonic() < until:
            assert process.poll() is None, "the worker has ended"
            with in_tenant(alpha, role=Role.WORKER):
                if OutboxMessage.objects.get(pk=row.pk).state == OutboxMessage.State.DONE:
                    break
            time.sleep(0.2)
        with in_tenant(alpha, role=Role.WORKER):
            assert OutboxMessage.objects.get(pk=row.pk).state == OutboxMessage.State.DONE
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)
    reasons = sorted(one["reason"] for one in refused_list())
    assert reasons == ["message.no_tenant", "message.two_tenants", "message.unknown", "message.unknown_tenant"]
    assert public_rows() == before


def test_ab47_a_hostile_module_takes_down_no_page_and_no_vote(
    server: int, tenants: Any, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ballot's own module raises on the page of one tenant; the vote of the other is taken meanwhile."""
    from plugins.bundled.ballot_approval.format import Approval

    rows = {tenant.slug: round_open(tenant) for tenant in tenants}
    voter = Resident(tenants.beta)
    voter.fill("leith", "P-01")
    voter.proves_by_code("leith", "ann@example.com")
    form = voter.send_form("leith")
    cookies = {name: one.value for name, one in voter.browser.cookies.items()}
    good, stopped = Approval.form, list[str]()

    def hostile(self: Any, *args: Any, **words: Any) -> Any:
        from tenants.registry.context import tenant_or_none

        here = tenant_or_none()
        if here is not None and here.slug == "alpha":
            try:
                with in_tenant(tenants.beta), transaction.atomic():
                    Person.objects.create(issuer="https://evil.example", subject="smuggled")
            except Fenced as error:
                stopped.append(str(error))
            raise ValueError("a name that must not be told")
        return good(self, *args, **words)

    monkeypatch.setattr(Approval, "form", hostile)
    refused = Outside("alpha").get("/rounds/leith/vote/")
    assert refused.status in (500, 503), refused.status
    assert "a name that must not be told" not in refused.text
    assert logged(tenants.alpha, "")
    taken = Outside("beta", cookies=cookies).ask(form.action, method="POST", body=form.body(), Content_Type=FORM)
    assert taken.to.endswith("/done/")
    assert Outside("beta").get("/rounds/leith/vote/").status == 200
    assert Outside("alpha").get("/rounds/leith/").status == 200
    with in_tenant(tenants.beta):
        assert not Person.objects.filter(subject="smuggled").exists()
    assert set(stopped) == {"a plugin may not enter another tenant"}
    assert rows["alpha"].slug == rows["beta"].slug


def test_ab48_a_tenant_that_waits_is_cut_off_and_the_other_is_served(
    server: int, tenants: Any, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement that would not end in alpha: cut by its role's limit, while beta's pages come as ever."""
    for tenant in tenants:
        round_open(tenant)
    statement, _lock, idle = TIMEOUTS[Role.VOTER]
    monkeypatch.setitem(TIMEOUTS, Role.VOTER, (statement, 400, idle))
    name = str(connection.settings_dict["NAME"])
    with psycopg.connect(environment().admin_database_url, dbname=name) as held:
        held.execute(f'LOCK TABLE "{tenants.alpha.schema}".rounds_round IN ACCESS EXCLUSIVE MODE')
        answers: list[int] = []
        waiting = [
            threading.Thread(target=lambda: answers.append(Outside("alpha").get("/rounds/leith/").status))
            for _ in range(4)
        ]
        for thread in waiting:
            thread.start()
        for _ in range(3):
            assert Outside("beta").get("/rounds/leith/").status == 200
        for thread in waiting:
            thread.join(timeout=60)
        held.rollback()
    assert answers == [503] * 4
    assert logged(tenants.alpha, "/rounds/leith/")
    assert Outside("alpha").get("/rounds/leith/").status == 200
    # Page numbers that nobody has reached, and forms that nobody could fill in.
    anna = officer(tenants.alpha)
    for path in (
        "/cms/images/?p=99999999",
        "/cms/reports/site-history/?p=1000000000000",
        "/people/new/?name=" + "x" * 6000,
    ):
        assert anna.get(path).status in (200, 302, 404)
    huge = Outside("alpha", cookies=TOKEN).post("/rounds/leith/vote/", {"project": ["P-01"] * 20_000})
    assert huge.status in (400, 413, 422)


def test_ab52_a_restore_changes_one_tenant_and_voids_what_was_given_out(
    server: int, tenants: Any, guest: Any, tmp_path: Path, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = guest()
    monkeypatch.setitem(CANARIES, here.slug, "canarylinksz3")
    row, _other = round_open(here), round_open(tenants.beta)
    voter, first = Resident(here), Resident(here)
    first.votes(row.slug, "first@example.com", "P-01")
    receipt = first.receipt(row.slug)
    voter.fill(row.slug, "P-01")
    voter.proves_by_code(row.slug, "second@example.com")
    form, cookies = voter.send_form(row.slug), {n: one.value for n, one in voter.browser.cookies.items()}
    with in_tenant(here, role=Role.WORKER):
        while events_chain():
            pass
    with in_tenant(here):
        invitation = invite(address="new@example.com", language="en")
    link = "/join/?invitation=" + _invitation(here, invitation.id)
    anna = officer(here)
    assert anna.get("/people/").status == 200
    assert anna.get(link).status == 200
    tenant_export(slug=here.slug, out=tmp_path / "before.zip")
    neighbour = marks(tenants.beta)
    tenant_restore(path=tmp_path / "before.zip", into=here.slug, keep=tmp_path / "kept.zip")
    now = tenant_by_slug(here.slug)
    assert now.epoch == here.epoch + 1
    # Sessions, invitations and the right to vote that were given out before are void, and said to be.
    assert anna.get("/people/").to_sign_in
    assert logged(now, "a session that is not known here")
    assert officer(now).get(link).status == 404
    sent = Outside(here.slug, cookies=cookies).ask(form.action, method="POST", body=form.body(), Content_Type=FORM)
    assert (sent.status, sent.to.partition("refused=")[2]) == (303, "voting.credential")
    assert logged(now, "voting.credential")
    # Whoever shows again that they may vote does; the receipt of the ballot before stands; the record goes on.
    voter = Resident(now)
    assert voter.votes(row.slug, "second@example.com", "P-02").to.endswith("/done/")
    found = Outside(here.slug).get(f"/rounds/{row.slug}/receipts/?code={receipt}")
    assert found.status == 200
    assert receipt in found.text
    with in_tenant(now, role=Role.WORKER):
        assert Ballot.objects.count() == 2
        while events_chain():
            pass
        assert chain_verify()["ok"]
        assert admin(f"SELECT body->>'epoch' FROM \"{now.schema}\".audit_auditevent WHERE kind = 'tenant_arrived'") == [
            (str(now.epoch),)
        ]
    assert marks(tenants.beta) == neighbour


def _invitation(tenant: TenantRef, row: Any) -> str:
    from core.kernel.crypto import token_seal
    from core.setup.services import INVITATION_PURPOSE

    return token_seal(tenant.of_epoch(INVITATION_PURPOSE), tenant.uuid, {"id": str(row)}, ttl=timedelta(hours=1))


def test_ab53_a_name_used_again_brings_nothing_back(
    server: int, tenants: Any, tmp_path: Path, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made, used, erased, and after its time made again under the same name: another tenant in every respect."""
    monkeypatch.setitem(CANARIES, "links", "canarylinksz3")
    old, _ = tenant_create(slug="links", kind="council", name=NAMES)
    row = round_open(old)
    voter = Resident(old)
    voter.fill(row.slug, "P-01")
    voter.proves_by_code(row.slug, "ann@example.com")
    form, cookies = voter.send_form(row.slug), {n: one.value for n, one in voter.browser.cookies.items()}
    anna = officer(old)
    assert anna.get("/people/").status == 200
    with in_tenant(old):
        link = "/join/?invitation=" + _invitation(old, invite(address="a@example.com", language="en").id)
    for by in ("Ann", "Ben"):
        tenant_erase(slug="links", by=by, reason="it leaves", say=lambda text: None)
    with in_public():
        Erasure.objects.filter(slug="links").update(due_at=timezone.now() - timedelta(minutes=1))
    tenant_erase(slug="links", by="Ann", out=tmp_path / "last.zip", say=lambda text: None)
    assert anna.get("/people/").status == 404
    with in_public():
        Erasure.objects.filter(tenant=old.uuid).update(erased_at=timezone.now() - timedelta(days=91))
    new, _ = tenant_create(slug="links", kind="council", name=NAMES)
    forget()
    try:
        assert (new.uuid == old.uuid, new.schema == old.schema) == (False, False)
        assert anna.get("/people/").to_sign_in
        assert logged(new, "a session that is not known here")
        again = round_open(new)
        sent = Outside("links", cookies=cookies).ask(form.action, method="POST", body=form.body(), Content_Type=FORM)
        assert sent.status in (303, 404)
        assert "done/" not in sent.to
        helper = officer(new)
        assert helper.get(link).status == 404
        assert helper.get("/people/").status == 200
        with in_tenant(new, role=Role.WORKER):
            assert Ballot.objects.count() == 0
            assert Person.objects.count() == 1
        assert Resident(new).votes(again.slug, "ann@example.com", "P-01").to.endswith("/done/")
    finally:
        from tenants.office.owner import schema_drop

        schema_drop(new.schema)
        leave(new)
        leave(old)
