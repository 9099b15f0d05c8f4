"""AB38: nobody learns by signing in, asking for a new password, a code or an invitation who has an account or a role.

Compared is what is answered and what is done for it: questions to the database, letters handed over for later. Keycloak
itself answers alike and computes a password either way; a letter of its own it sends before it answers, so a slow mail
server there shows in the time. Whoever makes an account with an address that has one is told so by Keycloak.
"""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.audit.models import OutboxMessage
from core.notices.services import SEND_JOB
from core.people.sso.realm.server import segment
from core.people.sso.sites import realm_names
from tenants.registry.context import in_tenant
from tests.behaviour.test_manage_rounds import browser as officer
from tests.support.http import away
from tests.support.journey import Resident, form_on, round_open
from tests.support.keycloak import Account, Running, Visitor, account_make
from tests.support.letters import letter_box

UNKNOWN = "unknown"


def without_what_differs(page: str, typed: str) -> str:
    """A page without its one-time words and without what was typed into it."""
    page = page.replace(typed, "TYPED")
    page = re.sub(r"(session_code|execution|tab_id|client_data|auth_session_id|nonce)[=\"':]+[^&\"'<\s]+", r"\1", page)
    return re.sub(r"\"[\w+/=.:-]{20,}\"", "ONCE", page)


def both(account: Account, name: str) -> tuple[str, str]:
    """The address of an account, and one like it that has none."""
    return account.address, account.address.replace(name, UNKNOWN)


@pytest.mark.keycloak
def test_ab38_signing_in_does_not_tell_whether_there_is_an_account(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    pages, quickest = {}, {}
    for address in both(account_make(keycloak, "beathag"), "beathag"):
        took = []
        for _again in range(3):
            visitor = Visitor()
            visitor.go(away(site(tenants.alpha)))
            begun = time.monotonic()
            assert visitor.send(username=address, password="not their password") == ""
            took.append(time.monotonic() - begun)
        pages[address], quickest[address] = without_what_differs(visitor.page, address), min(took)
    known, unknown = pages.values()
    assert "password" in known
    assert known == unknown
    # A password is computed for nobody, too: without that, no account would answer many times quicker.
    known_took, unknown_took = quickest.values()
    assert unknown_took > known_took / 4


@pytest.mark.keycloak
def test_ab38_asking_for_a_new_password_does_not_tell_either(
    keycloak: Running, tenants: Any, site: Callable[..., Any]
) -> None:
    known, unknown = both(account_make(keycloak, "ciorstaidh"), "ciorstaidh")
    admin, realm = keycloak.admin(), f"realms/{segment(realm_names().residents)}"
    pages = []
    with letter_box() as box:
        sender = {"host": "127.0.0.1", "port": str(box.port), "from": "sign-in@people.example"}
        admin.call("PUT", realm, {"smtpServer": sender})
        try:
            for address in (known, unknown):
                visitor = Visitor()
                visitor.go(away(site(tenants.alpha)))
                found = re.search(r'href="([^"]*reset-credentials[^"]*)"', visitor.page)
                assert found
                visitor.go(urljoin(visitor.at, html.unescape(found[1])))
                assert visitor.send(username=address) == ""
                pages.append(without_what_differs(visitor.page, address))
        finally:
            admin.call("PUT", realm, {"smtpServer": {}})
    assert "a message is on its way" in pages[0]
    assert pages[0] == pages[1]
    assert box.to == [known], "only whoever has an account is written to"


def letters_waiting(tenant: Any) -> int:
    with in_tenant(tenant):
        return OutboxMessage.objects.filter(task=SEND_JOB.name, state="pending").count()


def test_ab38_a_code_is_asked_for_with_the_same_work_by_whoever_has_voted_and_whoever_is_new(tenants: Any) -> None:
    round_open(tenants.alpha)
    assert Resident(tenants.alpha).votes("leith", "voted@people.example", "P-01").status == 303
    asked = Resident(tenants.alpha)
    asked.fill("leith", "P-02")
    asked.asks_for_code("leith", "asked@people.example")
    done = []
    for address in ("voted@people.example", "asked@people.example", "newly@people.example"):
        one = Resident(tenants.alpha)
        one.fill("leith", "P-02")
        first = one.page("leith", "prove/?how=code-by-email")
        fields, before = dict(form_on(first).fields), letters_waiting(tenants.alpha)
        with CaptureQueriesContext(connection) as queries:
            answer = one.browser.post(one.at("leith", "prove/?how=code-by-email"), {"email": address, **fields})
        page = without_what_differs(answer.content.decode(), address)
        done.append((answer.status_code, page, len(queries), letters_waiting(tenants.alpha) - before))
    assert done[0][3] == 1, "the letter is handed over, and not sent within the answer"
    assert done[0][2] > 0
    assert done[0] == done[1] == done[2]


def test_ab38_an_invitation_is_the_same_work_for_an_officer_and_for_a_stranger(tenants: Any) -> None:
    signed = officer(tenants.alpha)
    signed.post("/setup/colleagues/", {"email": "invited@people.example"})
    done = []
    for address in ("invited@people.example", "stranger@people.example"):
        before = letters_waiting(tenants.alpha)
        with CaptureQueriesContext(connection) as queries:
            answer = signed.post("/setup/colleagues/", {"email": address})
        done.append((answer.status_code, answer["Location"], len(queries), letters_waiting(tenants.alpha) - before))
    assert done[0] == done[1]
    assert done[0][3] == 1
