"""A council's messages travel by the channels it chose: in order, again where it helps, parked where it does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from core.audit.models import AuditEvent, OutboxMessage
from core.audit.outbox import message_again, parked
from core.kernel.errors import Invalid, Unavailable
from core.notices.carrying import channels_choose
from core.notices.mail import written_mail
from core.notices.models import Notice
from core.notices.services import notice_send
from plugins.api import PermanentFailure, SendReceipt, TemporaryFailure
from plugins.bundled.channel_file.channel import ToFile
from plugins.bundled.channel_notify.channel import NotifyText
from plugins.host.services import module_configure
from tenants.registry.context import Role, in_tenant
from tests.behaviour.test_manage_rounds import browser
from tests.support.jobs import work

KEY = "council-26785a09-ab16-4eb0-8407-a37497a57506-3d844edf-8d35-48ac-975b-e847b4f122b0"
PHONE = "+447700900123"
REFERENCE = "740e5834-3a29-46b4-9a6f-16142fde03a7"


@pytest.fixture(autouse=True)
def letter_box(settings: Any) -> None:
    settings.EMAIL_BACKEND = "core.notices.mail.FileBackend"


@pytest.fixture
def carriers(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What each of two channels does when it is called: answers, one a call, the last for good."""
    doing: dict[str, list[Any]] = {"notify-sms": [SendReceipt(REFERENCE)], "file": [SendReceipt("file-1")]}

    def send(self: Any, context: Any, message: Any, settings: Any) -> SendReceipt:
        calls.append((self.key, message.to.value, message.body))
        answers = doing[self.key]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        found: SendReceipt = answer
        return found

    calls: list[Any] = []
    doing["calls"] = calls
    for one in (NotifyText, ToFile):
        monkeypatch.setattr(one, "send", send)
    return doing


def choose(tenant: Any, *channels: str) -> None:
    with in_tenant(tenant, role=Role.STAFF), transaction.atomic():
        channels_choose(channels)


def ask(tenant: Any, to: str = PHONE, by: str = "phone") -> str:
    with in_tenant(tenant, role=Role.VOTER), transaction.atomic():
        secret = {"code": "493027"}
        return str(notice_send(template="one-time-code", to=to, language="en", context={}, secret=secret, by=by))


def notice(tenant: Any, key: str) -> Notice:
    with in_tenant(tenant, role=Role.WORKER):
        return Notice.objects.get(pk=key)


def try_once(tenant: Any) -> OutboxMessage:
    """One try of the sending job that waits, as a worker has it: what fails goes back to the outbox."""
    from core.audit import outbox

    with in_tenant(tenant, role=Role.WORKER):
        row = OutboxMessage.objects.get(task="notices.send")
    words = {"task": row.task, "header": str(tenant.uuid), "body": str(tenant.uuid), "message": str(row.pk)}
    try:
        outbox.message_run(**words)
    except Unavailable as error:
        outbox.message_failed(tenant=tenant, message=row.pk, error=error)
    with in_tenant(tenant, role=Role.WORKER):
        return OutboxMessage.objects.get(pk=row.pk)


def test_a_text_message_travels_by_the_channel_of_its_council_alone(tenants: Any, carriers: Any) -> None:
    choose(tenants.alpha, "notify-sms")
    key = ask(tenants.alpha)
    with pytest.raises(Unavailable, match="No channel"):
        ask(tenants.beta)
    work(tenants.alpha)
    sent = notice(tenants.alpha, key)
    assert (sent.state, sent.channel, sent.reference, sent.address, sent.secret) == (
        "sent",
        "notify-sms",
        REFERENCE,
        "",
        "",
    )
    ((channel, to, body),) = carriers["calls"]
    assert (channel, to) == ("notify-sms", PHONE)
    assert "493027" in body
    assert len(body) < 200
    with in_tenant(tenants.alpha):
        for wrong in ("07700 900123", "+44", "+447700900123\n"):
            with pytest.raises(Invalid), transaction.atomic():
                notice_send(template="one-time-code", to=wrong, language="en", context={}, by="phone")


def test_where_one_channel_fails_the_next_one_carries(tenants: Any, carriers: Any) -> None:
    choose(tenants.alpha, "notify-sms", "file")
    for failure in (TemporaryFailure("busy"), PermanentFailure("no"), ValueError("broken")):
        carriers["calls"].clear()
        carriers["notify-sms"][:] = [failure]
        key = ask(tenants.alpha)
        work(tenants.alpha)
        assert [one[0] for one in carriers["calls"]] == ["notify-sms", "file"]
        assert notice(tenants.alpha, key).channel == "file"


def test_failures_are_tried_again_as_they_deserve_and_then_seen(tenants: Any, carriers: Any) -> None:
    """A busy carrier is asked again when it said, a refusal is parked at once, a broken plugin after three times."""
    choose(tenants.alpha, "notify-sms")
    for failure, tries in ((PermanentFailure("no"), 1), (ValueError("broken"), 3)):
        carriers["notify-sms"][:] = [failure]
        ask(tenants.alpha)
        for _ in range(tries):
            with in_tenant(tenants.alpha, role=Role.WORKER):
                assert parked() == []
            row = try_once(tenants.alpha)
        with in_tenant(tenants.alpha, role=Role.WORKER):
            assert [one["task"] for one in parked()] == ["notices.send"]
        # An officer sees it and has it tried again once the cause is put right.
        officer = browser(tenants.alpha, name="anna")
        page = officer.get("/modules/channels/").content.decode()
        assert "could not be sent" in page
        assert "Could not be sent" not in browser(tenants.beta, name="bob").get("/modules/channels/").content.decode()
        carriers["notify-sms"][:] = [SendReceipt(REFERENCE)]
        with in_tenant(tenants.alpha, role=Role.STAFF):
            message_again(row.pk)
        assert try_once(tenants.alpha).state == "done"
        with in_tenant(tenants.alpha, role=Role.WORKER), transaction.atomic():
            OutboxMessage.objects.filter(task="notices.send").delete()
    carriers["notify-sms"][:] = [TemporaryFailure("busy", retry_after=600), SendReceipt(REFERENCE)]
    ask(tenants.alpha)
    row = try_once(tenants.alpha)
    assert row.state == "pending"
    assert (row.available_at - row.created_at).total_seconds() >= 600
    assert try_once(tenants.alpha).state == "done"


def test_without_a_choice_e_mail_is_as_it_was_and_files_carry_what_was_chosen(tenants: Any) -> None:
    key = ask(tenants.alpha, "mairi@example.org", "email")
    work(tenants.alpha)
    assert notice(tenants.alpha, key).channel == "mail"
    choose(tenants.alpha, "email", "file")
    by_mail, by_file = ask(tenants.alpha, "mairi@example.org", "email"), ask(tenants.alpha)
    work(tenants.alpha)
    assert (notice(tenants.alpha, by_mail).channel, notice(tenants.alpha, by_file).channel) == ("email", "file")
    with in_tenant(tenants.alpha):
        assert {"mairi@example.org", PHONE} <= {one.to for one in written_mail()}
    with in_tenant(tenants.beta):
        assert PHONE not in {one.to for one in written_mail()}


def test_a_carriers_receipt_is_believed_by_its_token_alone(
    tenants: Any, carriers: Any, site: Callable[..., Any]
) -> None:
    choose(tenants.alpha, "notify-sms")
    for tenant in (tenants.alpha, tenants.beta):
        with in_tenant(tenant, role=Role.STAFF):
            settings = {"api_key": KEY, "callback_token": f"the token of {tenant.slug}"}
            module_configure(kind="notification_channel", key="notify-sms", settings=settings)
    key = ask(tenants.alpha)
    work(tenants.alpha)
    at = "/x/notify-sms/-/callback/"
    body = json.dumps({"id": REFERENCE, "status": "delivered"})

    def told(client: Any, token: str, body: str = body, at: str = at) -> int:
        status: int = client.post(
            at, body, content_type="application/json", headers={"authorization": f"Bearer {token}"}
        ).status_code
        return status

    alpha, beta = site(tenants.alpha), site(tenants.beta)
    assert told(alpha, "the token of beta") == 403
    assert told(alpha, "") == 403
    assert told(alpha, "the token of alpha", "{}") == 403
    assert told(alpha, "the token of alpha", body + " " * 70_000) == 413
    assert told(alpha, "the token of alpha", at="/x/no-such/-/callback/") == 404
    assert told(beta, "the token of beta") == 204
    assert alpha.get(at).status_code == 405
    for tenant in (tenants.alpha, tenants.beta):
        work(tenant)
    assert notice(tenants.alpha, key).delivery is None
    assert told(alpha, "the token of alpha") == 204
    late = json.dumps({"id": REFERENCE, "status": "temporary-failure"})
    assert told(alpha, "the token of alpha", late) == 204
    work(tenants.alpha)
    assert notice(tenants.alpha, key).delivery == "delivered"


def test_an_officer_chooses_the_channels_and_nobody_else(tenants: Any) -> None:
    officer = browser(tenants.alpha, name="anna")
    at = "/modules/channels/"
    page = officer.get(at).content.decode()
    assert "Text message by GOV.UK Notify" in page
    assert officer.post(at, {"first": "notify-sms", "second": "notify-sms"}).status_code == 422
    assert officer.post(at, {"first": "no-such"}).status_code == 422
    assert officer.post(at, {"second": "file", "first": "notify-sms"}).status_code == 302
    with in_tenant(tenants.alpha):
        from core.notices.carrying import channels_chosen

        assert channels_chosen() == ["notify-sms", "file"]
        assert AuditEvent.objects.get(kind="channels_chosen").body["channels"] == ["notify-sms", "file"]
    with in_tenant(tenants.beta):
        assert channels_chosen() == []
    assert browser(tenants.alpha, "observer", name="olly").get(at).status_code == 403
    assert officer.post(at, {"first": "", "second": ""}).status_code == 302
    with in_tenant(tenants.alpha):
        assert channels_chosen() == []
