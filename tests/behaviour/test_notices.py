"""Notices: asked for with their cause, sent once, with the code nowhere but in the message."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from core.audit.models import AuditEvent, OutboxMessage
from core.kernel.errors import Invalid, Refused
from core.notices import services
from core.notices.mail import written_mail
from core.notices.models import Notice
from core.notices.services import notice_deliver, notice_send
from tenants.registry.context import Role, in_tenant

CODE = "493027"


@pytest.fixture(autouse=True)
def mail_to_files(settings: Any) -> None:
    """Django's test set-up keeps mail in memory; here the demo's own way of sending is looked at."""
    settings.EMAIL_BACKEND = "core.notices.mail.FileBackend"


def send(tenant: Any, language: str = "en", to: str = "mairi@example.org") -> str:
    with in_tenant(tenant, role=Role.VOTER), transaction.atomic():
        return str(notice_send(template="one-time-code", to=to, language=language, context={}, secret={"code": CODE}))


def deliver(tenant: Any, notice: str) -> Notice:
    with in_tenant(tenant, role=Role.WORKER), transaction.atomic():
        notice_deliver({"notice": notice})
        return Notice.objects.get(pk=notice)


@pytest.mark.parametrize(("language", "words"), [("en", "Your code is"), ("gd", "Seo an còd agad")])
def test_a_code_is_mailed_and_then_gone(tenants: Any, language: str, words: str) -> None:
    notice = send(tenants.alpha, language)
    with in_tenant(tenants.alpha, role=Role.WORKER):
        before = json.dumps([list(Notice.objects.values()), list(OutboxMessage.objects.values())], default=str)
        events = json.dumps(list(AuditEvent.objects.values()), default=str)
    assert CODE not in before + events
    assert "mairi" not in before + events
    after = deliver(tenants.alpha, notice)
    assert (after.state, after.address, after.secret) == (Notice.State.SENT, "", "")
    with in_tenant(tenants.alpha):
        mail = written_mail()[0]
    assert mail.subject == f"{words}{':' if language == 'gd' else ''} {CODE}"
    assert mail.to == "mairi@example.org"
    assert CODE in mail.body
    with in_tenant(tenants.beta):
        assert mail not in written_mail()


def test_the_same_notice_twice_is_one_message(tenants: Any) -> None:
    notice = send(tenants.alpha)
    with in_tenant(tenants.alpha):
        count = len(written_mail())
    deliver(tenants.alpha, notice)
    deliver(tenants.alpha, notice)
    with in_tenant(tenants.alpha):
        assert len(written_mail()) == min(count + 1, 50)


def test_an_expired_code_is_not_sent(tenants: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "SECRET_LIFE", timedelta(seconds=-5))
    notice = send(tenants.alpha, to="late@example.org")
    after = deliver(tenants.alpha, notice)
    assert (after.state, after.address, after.secret) == (Notice.State.EXPIRED, "", "")
    with in_tenant(tenants.alpha):
        assert "late@example.org" not in {mail.to for mail in written_mail()}


def test_bad_requests_are_refused_and_voters_read_nothing(tenants: Any) -> None:
    with pytest.raises(Invalid):
        send(tenants.alpha, to="a@example.org\nBcc: b@example.org")
    with in_tenant(tenants.alpha), pytest.raises(Refused):
        notice_send(template="one-time-code", to="a@example.org", language="en", context={})
    send(tenants.alpha)
    for role in (Role.VOTER, Role.STAFF):
        with in_tenant(tenants.alpha, role=role), pytest.raises(DatabaseError), transaction.atomic():
            list(Notice.objects.values_list("address", "secret"))


def test_the_demo_shows_what_it_would_have_sent(tenants: Any, site: Callable[..., Any]) -> None:
    deliver(tenants.beta, send(tenants.beta, to="seen@example.org"))
    answer = site(tenants.beta, purpose="staff").get("/demo-mail/")
    assert answer.status_code == 200
    assert "seen@example.org" in answer.content.decode()
    assert "seen@example.org" not in site(tenants.alpha, purpose="staff").get("/demo-mail/").content.decode()
    assert site(tenants.beta).get("/demo-mail/").status_code == 404
