"""Limits and fair turns: what one tenant does in a rush leaves another's jobs and pages as they were."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.core import mail
from django.db import connection, transaction

from core.audit.models import AuditEvent, OutboxMessage
from core.audit.outbox import outbox_dispatch, running
from core.kernel.env import environment
from core.kernel.errors import CommontyError, Limited
from core.kernel.jobs import Job, Queue, job_port
from core.notices.services import notice_send
from tenants.registry import limits
from tenants.registry.context import Role, in_public, in_tenant
from tenants.registry.limits import What
from tenants.registry.models import Quota
from tenants.registry.selectors import tenant_by_slug
from tests.behaviour.test_manage_rounds import browser, fill, text
from tests.behaviour.test_outbox import Basket, basket
from tests.support.heavy import STARTED, at_work
from tests.support.http import SiteClient
from tests.support.jobs import work

__all__ = ["basket"]
HEAVY = Job("test.heavy", Queue.REPORTS)
LONG = Job("test.long", Queue.REPORTS)
PATIENCE = 120


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    limits.quotas_forget()
    yield
    limits.quotas_forget()


def enqueue(tenant: Any, number: int, job: Job = HEAVY) -> None:
    with in_tenant(tenant), transaction.atomic():
        for _ in range(number):
            job_port().send(job, tenant=tenant.uuid, payload={})


def quota(tenant: Any, what: What, most: int) -> None:
    """What the national team sets; `tenant` None for all together."""
    with in_public():
        Quota.objects.create(tenant_id=tenant.uuid if tenant else None, what=what.value, most=most)
    limits.quotas_forget()


def until(question: Any) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := question()):
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)
    return found


def test_real_workers_start_betas_one_job_before_alphas_hundredth_and_cut_what_takes_too_long(tenants: Any) -> None:
    for tenant in tenants:
        with in_tenant(tenant, role=Role.WORKER), transaction.atomic():
            OutboxMessage.objects.all().delete()
    enqueue(tenants.alpha, 1, LONG)
    enqueue(tenants.alpha, 100)
    enqueue(tenants.beta, 1)
    with redis.Redis.from_url(environment().redis_url, decode_responses=True) as server, at_work():
        order: list[str] = until(lambda: (found := server.lrange(STARTED, 0, -1)) and len(found) == 101 and found)
        place = order.index("beta")
        assert place < 99
        assert order.count("alpha") == 100

        def cut() -> OutboxMessage | None:
            with in_tenant(tenants.alpha, role=Role.WORKER):
                return OutboxMessage.objects.filter(task=LONG.name).exclude(error="").first()

        long = until(cut)
    assert long.error == "TookTooLong job.too_long"


def test_a_tenant_has_so_many_heavy_jobs_with_the_workers_and_the_rest_wait_at_home(
    tenants: Any, basket: Basket
) -> None:
    from core.audit import outbox

    done: list[dict[str, Any]] = []
    outbox.bind_jobs({HEAVY: done.append, Job("test.light"): done.append})
    enqueue(tenants.alpha, 5)
    enqueue(tenants.alpha, 3, Job("test.light"))

    def dispatch(tenant: Any) -> int:
        with in_tenant(tenant, role=Role.WORKER):
            return outbox_dispatch()

    # Two heavy ones, and every light one beside them.
    assert dispatch(tenants.alpha) == 2 + 3
    assert dispatch(tenants.alpha) == 0
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert running() == 2
    enqueue(tenants.beta, 1)
    assert dispatch(tenants.beta) == 1
    assert basket.arrive() == ["done"] * 6
    # All together may have fewer than each alone: then others' turns come first.
    quota(None, What.REPORTS, 1)
    assert dispatch(tenants.alpha) == 1
    enqueue(tenants.beta, 1)
    assert dispatch(tenants.beta) == 0
    assert basket.arrive() == ["done"]
    assert dispatch(tenants.beta) == 1
    basket.arrive()
    quota(tenants.alpha, What.REPORTS, 0)
    assert dispatch(tenants.alpha) == 0


def test_requests_over_the_limit_are_told_when_to_try_again_and_nobody_else_is(tenants: Any, site: Any) -> None:
    quota(tenants.alpha, What.REQUESTS, 3)
    alpha = site(tenants.alpha)
    answers = [alpha.get("/privacy/") for _ in range(8)]
    codes = [one.status_code for one in answers]
    # The window may turn once meanwhile, and not twice.
    assert 3 <= codes.count(200) <= 6
    late = next(one for one in answers if one.status_code == 429)
    assert 1 <= int(late["Retry-After"]) <= 11
    assert f"Try again in {late['Retry-After']} second" in late.content.decode()
    assert "no-store" in late["Cache-Control"]
    assert late["Content-Security-Policy"]
    assert (
        "Feuch ris a-rithist"
        in next(one for one in (alpha.get("/gd/privacy/") for _ in range(8)) if one.status_code == 429).content.decode()
    )
    assert {site(tenants.beta).get("/privacy/").status_code for _ in range(8)} == {200}
    assert site(tenants.alpha, purpose="staff").get("/").status_code == 302
    with in_tenant(tenants.alpha):
        (use,) = [one for one in limits.uses(tenants.alpha, running=0) if one.what is What.REQUESTS]
    assert use.most == 3
    assert use.refused is not None
    assert use.refused > 0


def test_what_one_is_refused_uses_up_nothing_of_what_all_have(tenants: Any) -> None:
    quota(None, What.MAILS, 5)
    quota(tenants.alpha, What.MAILS, 2)
    for _ in range(2):
        limits.take(tenants.alpha, What.MAILS)
    for _ in range(10):
        with pytest.raises(Limited) as refused:
            limits.take(tenants.alpha, What.MAILS)
        assert 0 < refused.value.retry_after <= 3601
    for _ in range(3):
        limits.need(tenants.beta, What.MAILS)
        limits.take(tenants.beta, What.MAILS)
    # Now all together have used what they may, and beta has to wait too.
    with pytest.raises(Limited):
        limits.take(tenants.beta, What.MAILS)
    for tenant in tenants:
        with pytest.raises(Limited):
            limits.need(tenant, What.MAILS)
    together = {one.what: one.used for one in limits.uses_together()}
    assert together[What.MAILS] == 5


def test_without_redis_nobody_is_refused(tenants: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    quota(tenants.alpha, What.MAILS, 0)
    with pytest.raises(Limited):
        limits.take(tenants.alpha, What.MAILS)
    gone = redis.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.1)
    monkeypatch.setattr(limits, "_server", lambda url: gone)
    monkeypatch.setattr(limits, "_away", [0.0])
    limits.take(tenants.alpha, What.MAILS)
    assert {one.used for one in limits.uses(tenants.alpha, running=0) if one.what is not What.REPORTS} == {None}
    assert SiteClient(tenants.alpha).get("/privacy/").status_code == 200


def test_files_take_only_the_space_a_tenant_may_have(tenants: Any) -> None:
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage

    quota(tenants.alpha, What.STORAGE, 1000)
    kept = []
    for tenant in tenants:
        with in_tenant(tenant):
            # Files are not put back after a test, so others may have left some.
            shutil.rmtree(default_storage.path(""), ignore_errors=True)
            kept.append((tenant, default_storage.save("a.txt", ContentFile(b"x" * 800))))
    with in_tenant(tenants.alpha):
        with pytest.raises(Limited) as refused:
            default_storage.save("b.txt", ContentFile(b"x" * 300))
        assert refused.value.retry_after == 0
        default_storage.save("small.txt", ContentFile(b"x" * 200))
        used = {one.what: one.used for one in limits.uses(tenants.alpha, running=0)}
        assert used[What.STORAGE] == 1000
    with in_tenant(tenants.beta):
        default_storage.save("b.txt", ContentFile(b"x" * 300))
    for tenant in tenants:
        with in_tenant(tenant):
            for name in default_storage.listdir("")[1]:
                default_storage.delete(name)
            assert limits.uses(tenant, running=0)[3].used == 0


def test_the_console_sets_a_limit_that_its_tenant_sees_and_another_does_not(tenants: Any) -> None:
    hub = tenant_by_slug("hub")
    console, alpha, beta = browser(hub, name="cosla"), browser(tenants.alpha), browser(tenants.beta)
    form = "/console/limits/"
    assert "5,000 in an hour" in text(alpha.get("/limits/"))
    wanted = {"tenant": str(tenants.alpha.uuid), "what": "mails", "most": "7"}
    assert fill(console, form, **wanted).status_code == 302
    assert "7 in an hour" in text(alpha.get("/limits/"))
    assert "5,000 in an hour" in text(beta.get("/limits/"))
    shown = text(console.get(form))
    assert shown.count(">set<") == 1
    assert fill(console, form, tenant="together", what="storage", most="3").status_code == 302
    assert "3.0\xa0MB" in text(console.get(form))
    for wrong in ({"most": "-1"}, {"most": "many"}, {"tenant": "nobody"}, {"what": "else"}):
        assert fill(console, form, **{**wanted, **wrong}).status_code == 422
    assert fill(console, form, **{**wanted, "most": ""}).status_code == 302
    assert "5,000 in an hour" in text(alpha.get("/limits/"))
    with in_tenant(hub):
        kinds = AuditEvent.objects.filter(kind="quota_set").count()
    assert kinds == 3
    # Only the national site's officers have the page.
    assert alpha.get(form).status_code == 404


def test_mail_over_the_limit_waits_and_a_code_is_refused_with_its_time(tenants: Any) -> None:
    def letter(tenant: Any, **secret: Any) -> None:
        with in_tenant(tenant), transaction.atomic():
            template = "one-time-code" if secret else "voting-opened"
            to = "mairi@example.org"
            notice_send(template=template, to=to, language="en", context={}, secret=secret or None)

    quota(tenants.alpha, What.MAILS, 1)
    mail.outbox.clear()
    for tenant in tenants:
        letter(tenant)
        letter(tenant)
    work(tenants.beta)
    assert len(mail.outbox) == 2
    with pytest.raises(CommontyError):
        work(tenants.alpha)
    assert len(mail.outbox) == 3
    with pytest.raises(Limited) as refused:
        letter(tenants.alpha, code="493027")
    assert 0 < refused.value.retry_after <= 3601
    letter(tenants.beta, code="493027")
    assert "1 in an hour" in (page := text(browser(tenants.alpha).get("/limits/")))
    assert "Reached" in page


def test_a_search_is_cut_at_its_time_out_and_says_so(tenants: Any, site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.web.public import rounds
    from tenants.registry import place

    def slow(*args: Any, **kwargs: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(20)")

    monkeypatch.setattr(rounds, "round_by_slug", slow)
    client = site(tenants.alpha)
    client.raise_request_exception = False
    place_before = place.TIMEOUTS[Role.VOTER]
    monkeypatch.setitem(place.TIMEOUTS, Role.VOTER, (300, *place_before[1:]))
    connection.close()
    begun = time.monotonic()
    answer = client.get("/rounds/leith/")
    assert time.monotonic() - begun < 10
    assert answer.status_code == 503
    assert "This took too long, so it was stopped." in answer.content.decode()
    monkeypatch.undo()
    connection.close()
    assert site(tenants.alpha).get("/privacy/").status_code == 200
