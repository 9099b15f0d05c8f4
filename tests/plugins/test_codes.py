"""Codes and proofs on a real database: right, wrong, reused, old, guessed; two proofs of one person; two tenants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from django.db import connection, transaction

from core.audit.models import AuditEvent
from core.kernel.errors import NotFound, Refused, Unavailable
from core.notices.models import Notice
from plugins.api import FormSpec, NoSettings, Proof, ProofRefused, Redirect, RequestFacts
from plugins.host import codes, ports
from plugins.host.context import plugin_context, proof_callback
from plugins.host.failures import PluginFailure
from plugins.host.models import OneTimeCode, PluginActivation
from plugins.host.selectors import active_modules, ballot_format, eligibility_proof, module_settings
from plugins.host.services import plugin_activate, plugin_deactivate
from tenants.registry.context import Role, current_tenant, in_tenant
from tenants.registry.place import NOWHERE
from tests.plugins.test_host import OFFER, Dummy, guarded

ADDRESS = "Ailsa.Munro+vote@Example.org"


class Sent(list[tuple[str, str]]):
    def send(self, *, to: str, code: str, language: str, by: str = "email") -> None:
        self.append((to, code))


@pytest.fixture
def sent() -> Iterator[Sent]:
    box = Sent()
    before = ports._bound.sender
    ports.code_sender_bind(box)
    yield box
    ports.code_sender_bind(before)


def wrong_of(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_code_works_once_for_its_tenant_and_the_database_knows_neither_code_nor_address(
    tenants: Any, sent: Sent
) -> None:
    with in_tenant(tenants.alpha, role=Role.VOTER):
        handle = codes.code_issue(to=ADDRESS, language="en")
    code = sent[0][1]
    with in_tenant(tenants.beta, role=Role.VOTER):
        assert codes.code_check(handle=handle, code=code) is None
    with in_tenant(tenants.alpha, role=Role.VOTER):
        assert codes.code_check(handle=handle, code=wrong_of(code)) is None
        assert codes.code_check(handle=handle, code=f" {code[:3]} {code[3:]} ") == "ailsa.munro@example.org"
        assert codes.code_check(handle=handle, code=code) is None
        row = str(OneTimeCode.objects.values().get())
    assert code not in row
    assert "ailsa" not in row.lower() + handle.lower()


def test_five_wrong_tries_lock_a_code_and_asking_again_gives_no_endless_tries(tenants: Any, sent: Sent) -> None:
    with in_tenant(tenants.alpha, role=Role.VOTER):
        for _ in range(4):
            handle = codes.code_issue(to=ADDRESS, language="en")
            code = sent[-1][1]
            for _ in range(codes.TRIES):
                assert codes.code_check(handle=handle, code=wrong_of(code)) is None
            assert codes.code_check(handle=handle, code=code) is None
        last = codes.code_issue(to=ADDRESS, language="en")
        assert codes.code_check(handle=last, code=sent[-1][1]) is None
        other = codes.code_issue(to="other@example.org", language="en")
        assert codes.code_check(handle=other, code=sent[-1][1]) == "other@example.org"
    # The same address is locked in the one tenant alone.
    with in_tenant(tenants.beta, role=Role.VOTER):
        theirs = codes.code_issue(to=ADDRESS, language="en")
        assert codes.code_check(handle=theirs, code=sent[-1][1]) == "ailsa.munro@example.org"


def test_resending_is_limited_with_the_same_answer(tenants: Any, sent: Sent) -> None:
    with in_tenant(tenants.alpha, role=Role.VOTER):
        handles = [codes.code_issue(to=ADDRESS, language="en") for _ in range(codes.SENDS_PER_ADDRESS + 2)]
    assert len(sent) == codes.SENDS_PER_ADDRESS
    assert len({len(handle) for handle in handles}) == 1


def test_an_old_code_and_a_made_up_handle_are_refused(
    tenants: Any, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_tenant(tenants.alpha, role=Role.VOTER):
        with monkeypatch.context() as short:
            short.setattr(codes, "LIFE", -codes.LIFE)
            handle = codes.code_issue(to=ADDRESS, language="en")
        assert codes.code_check(handle=handle, code=sent[0][1]) is None
        assert codes.code_check(handle="made-up", code="123456") is None
        assert codes.code_check(handle="", code="") is None


def test_without_a_sender_the_asker_is_told(tenants: Any, sent: Sent) -> None:
    ports.code_sender_bind(None)
    with in_tenant(tenants.alpha, role=Role.VOTER):
        with pytest.raises(Unavailable, match="not set up to send codes"):
            codes.code_issue(to=ADDRESS, language="en")
        assert OneTimeCode.objects.count() == 0


def test_both_proofs_of_one_person_share_a_key(tenants: Any, sent: Sent) -> None:
    none = NoSettings()
    with in_tenant(tenants.alpha, role=Role.VOTER):
        context = plugin_context(none)
        by_code, by_sign_in = eligibility_proof("code-by-email"), eligibility_proof("national-sign-in")
        first = by_code.begin(context, RequestFacts(), none)
        assert isinstance(first, FormSpec)
        junk = by_code.complete(context, proof_callback({"email": "junk"}, step=first.step), none)
        assert isinstance(junk, ProofRefused)
        second = by_code.complete(context, proof_callback({"email": ADDRESS}, step=first.step), none)
        assert isinstance(second, FormSpec)
        refused = by_code.complete(context, proof_callback({"code": wrong_of(sent[0][1])}, step=second.step), none)
        assert isinstance(refused, ProofRefused)
        proved = by_code.complete(context, proof_callback({"code": sent[0][1]}, step=second.step), none)
        assert isinstance(proved, Proof)

        assert by_sign_in.begin(context, RequestFacts(), none) == Redirect("sign-in")
        typed = by_sign_in.complete(context, proof_callback({"session.person": "me"}), none)
        assert isinstance(typed, ProofRefused)
        session = {"person": "sub-1", "email": "ailsa.munro@example.org", "email_verified": "true"}
        signed = by_sign_in.complete(context, proof_callback({}, session=session), none)
        assert isinstance(signed, Proof)
        assert set(proved.roll_keys) & set(signed.roll_keys)
        unverified = by_sign_in.complete(context, proof_callback({}, session={**session, "email_verified": ""}), none)
        assert isinstance(unverified, Proof)
        assert {key.namespace for key in unverified.roll_keys} == {"person"}


def test_switching_off_hides_a_module_here_and_not_next_door(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        assert ballot_format("approval").key == "approval"
        assert module_settings("ballot_format", "approval").model_dump() == {"minimum": 1, "maximum": 0}
        plugin_deactivate(plugin="ballot-approval")
        with pytest.raises(NotFound):
            ballot_format("approval")
        keys = {one.key for one in active_modules("ballot_format")}
        assert "exact-k" in keys
        assert "approval" not in keys
        with pytest.raises(NotFound):
            plugin_deactivate(plugin="ballot-approval")
    with in_tenant(tenants.beta):
        assert ballot_format("approval").key == "approval"
    with in_tenant(tenants.alpha):
        plugin_activate(plugin="ballot-approval", settings={"approval": {"maximum": 3}})
        plugin_activate(plugin="ballot-approval")
        assert module_settings("ballot_format", "approval").model_dump()["maximum"] == 3
        assert PluginActivation.objects.filter(plugin="ballot-approval").count() == 2
        assert AuditEvent.objects.filter(kind="plugin_deactivated").count() == 1


def test_a_plugin_in_use_is_not_switched_off(tenants: Any) -> None:
    before = ports._bound.in_use
    ports.in_use_bind(lambda modules: ["Your Street"] if ("ballot_format", "approval") in modules else [])
    try:
        with in_tenant(tenants.alpha):
            with pytest.raises(Refused, match="Your Street"):
                plugin_deactivate(plugin="ballot-approval")
            plugin_deactivate(plugin="ballot-exact-k")
    finally:
        ports.in_use_bind(before)


def test_a_plugin_that_moves_away_or_breaks_the_transaction_is_put_back(tenants: Any) -> None:
    def moves(self: Any, offer: Any, settings: Any) -> Any:
        cast(Any, connection).enter(NOWHERE)
        return []

    def opens(self: Any, offer: Any, settings: Any) -> Any:
        transaction.atomic().__enter__()
        return []

    def writes_and_raises(self: Any, offer: Any, settings: Any) -> Any:
        PluginActivation.objects.create(plugin="smuggled", version="1")
        raise ValueError

    def breaks(self: Any, offer: Any, settings: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    with in_tenant(tenants.alpha):
        for method in (moves, opens):
            with pytest.raises(PluginFailure):
                guarded(type("Broken", (Dummy,), {"check": method})).check(OFFER, None)
            assert not connection.in_atomic_block
            assert current_tenant().slug == "alpha"
            assert PluginActivation.objects.exists()
        with transaction.atomic():
            PluginActivation.objects.create(plugin="kept", version="1")
            for method in (moves, opens, writes_and_raises, breaks):
                with pytest.raises(PluginFailure):
                    guarded(type("Broken", (Dummy,), {"check": method})).check(OFFER, None)
        names = set(PluginActivation.objects.values_list("plugin", flat=True))
    assert "kept" in names
    assert "smuggled" not in names


def test_the_service_sends_codes_as_notices_and_an_undeliverable_address_gets_the_same_answer(tenants: Any) -> None:
    with in_tenant(tenants.alpha, role=Role.VOTER):
        assert codes.code_issue(to=ADDRESS, language="gd")
        assert codes.code_issue(to="no..dots@-example.c_m", language="en")
        assert OneTimeCode.objects.count() == 2
    with in_tenant(tenants.alpha, role=Role.WORKER):
        notices = list(Notice.objects.values())
    assert [(notice["template"], notice["language"]) for notice in notices] == [("one-time-code", "gd")]
    assert "ailsa" not in str(notices).lower()
