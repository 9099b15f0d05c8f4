"""Support access: asked with a reason, granted by name, seen by all, recorded page by page, ended at once."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.db import transaction

from core.audit.models import AuditEvent
from core.audit.services import chain_verify, events_chain
from core.people.models import Person, RoleGrant
from core.project.cli import main
from core.support.models import SupportGrant
from core.support.services import view_note
from tenants.office.support.services import wishes
from tenants.registry.context import Role, in_public, in_tenant
from tenants.registry.models import Tenant
from tests.behaviour.test_console import console
from tests.behaviour.test_manage_rounds import browser, fill, text
from tests.support.rounds import round_made

REASON = "Officers say that a round's page is blank since this morning."


def asked(tenant: Any) -> str:
    answer = fill(console(), f"/console/tenants/{tenant.slug}/", reason=REASON, hours="2")
    assert answer.status_code == 302
    return str(wishes(tenant=tenant.uuid)[0].id)


def door(wish: str) -> str:
    """The link that the console sends its own people on with."""
    answer = console().post("/console/support/", {"wish": wish})
    assert answer.status_code == 302
    assert answer["Location"].split("/")[2].startswith("alpha.staff.")
    return "/" + answer["Location"].split("/", 3)[3]


def test_asked_granted_used_recorded_and_ended(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        round_made("leith")
    client = console()
    for values, words in (
        ({"reason": "help", "hours": "2"}, "Say why"),
        ({"reason": REASON, "hours": "200"}, "less than or equal to 72"),
    ):
        refused = fill(client, "/console/tenants/alpha/", **values)
        assert refused.status_code == 422
        assert words in text(refused)
    wish = asked(tenants.alpha)
    # Asked is not granted: the console cannot open the door, nor ask twice.
    assert client.post("/console/support/", {"wish": wish}).status_code == 409
    assert fill(client, "/console/tenants/alpha/", reason=REASON, hours="2").status_code == 409
    officer = browser(tenants.alpha, name="anna")
    page = text(officer.get("/support/"))
    assert REASON in page.replace("&#x27;", "'")
    assert (
        browser(tenants.alpha, "observer", name="olga").post("/support/", {"wish": wish, "do": "grant"}).status_code
        == 403
    )
    assert browser(tenants.beta).post("/support/", {"wish": wish, "do": "grant"}).status_code == 409
    assert officer.post("/support/", {"wish": wish, "do": "grant"}).status_code == 302
    assert officer.post("/support/", {"wish": wish, "do": "refuse"}).status_code == 409

    helper = browser(tenants.alpha, "", name="helper")
    assert helper.get("/rounds/").status_code == 403
    link = door(wish)
    assert "every page you ask for is recorded" in text(helper.get(link))
    assert helper.post(link).status_code == 302
    assert "Leith Chooses" in text(helper.get("/rounds/leith/"))
    # Reads, and changes nothing; who is who stays closed.
    assert helper.post("/rounds/leith/edit/decide/", {"open_en": "Mine"}).status_code == 403
    assert helper.get("/people/").status_code == 403
    assert helper.get("/support/").status_code == 403
    # Everybody who works here sees it, on every page.
    for path in ("/rounds/", "/people/", "/rounds/leith/"):
        assert "granted by Anna" in text(officer.get(path)), path
    assert "granted by" not in text(browser(tenants.beta, name="ben").get("/rounds/"))
    # One person for each grant.
    other = browser(tenants.alpha, "", name="other")
    assert other.post(link).status_code == 409
    views = text(officer.get(f"/support/{wish}/"))
    for path in ("/rounds/leith/", "/people/", "POST /rounds/leith/edit/decide/"):
        assert f"{path}</code>" in views, path

    assert officer.post("/support/", {"wish": wish, "do": "end"}).status_code == 302
    assert helper.get("/rounds/").status_code == 403
    assert helper.post(link).status_code == 409
    assert "granted by Anna" not in text(officer.get("/rounds/"))
    assert "Ended" in text(console().get("/console/support/"))
    # It stands in the record that nobody rewrites.
    with in_tenant(tenants.alpha, role=Role.WORKER):
        kinds = list(AuditEvent.objects.filter(kind__startswith="support_").values_list("kind", flat=True))
        assert {"support_granted", "support_entered", "support_viewed", "support_ended"} <= set(kinds)
        assert events_chain(limit=5000)
        assert chain_verify()["ok"]
        assert RoleGrant.objects.get(person__display_name="Helper").ends_at is not None


def test_time_ends_it_too_and_a_view_that_cannot_be_recorded_is_not_shown(tenants: Any, monkeypatch: Any) -> None:
    wish = asked(tenants.alpha)
    officer, helper = browser(tenants.alpha, name="anna"), browser(tenants.alpha, "", name="helper")
    assert officer.post("/support/", {"wish": wish, "do": "grant"}).status_code == 302
    link = door(wish)
    assert helper.post(link).status_code == 302
    assert helper.get("/rounds/").status_code == 200

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the record is away")

    with monkeypatch.context() as patch:
        patch.setattr("core.support.services.event_record", broken)
        with pytest.raises(RuntimeError):
            helper.get("/rounds/")
    # Two hours later, by the database's own clock.
    with in_tenant(tenants.alpha, role=Role.WORKER), transaction.atomic():
        person = Person.objects.get(display_name="Helper")
        assert view_note(person=person, method="GET", path="/rounds/")
        RoleGrant.objects.filter(person=person).update(ends_at="2026-01-01T00:00:00Z", starts_at="2025-12-31T00:00:00Z")
    assert helper.get("/rounds/").status_code == 403


def test_the_command_line_lists_grants_and_ends(tenants: Any, capsys: Any) -> None:
    wish = asked(tenants.alpha)
    browser(tenants.alpha, name="anna")
    browser(tenants.alpha, "observer", name="olga")
    with in_tenant(tenants.alpha):
        people = {one.display_name: str(one.public_id) for one in Person.objects.all()}

    def run(*words: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = main(["--json", "support", *words])
        return code, json.loads(capsys.readouterr().out)

    code, listed = run("list", "--tenant", "alpha")
    assert code == 0
    assert [(one["id"], one["state"]) for one in listed["wishes"]] == [(wish, "asked")]
    assert run("list", "--tenant", "beta")[1] == {"wishes": []}
    code, refused = run("grant", wish, "--officer", people["Olga"])
    assert (code, refused["error"]["code"]) == (3, "support.not_an_officer")
    assert run("grant", wish, "--officer", people["Anna"])[1]["state"] == "granted"
    assert run("revoke", wish)[1]["state"] == "ended"
    with in_tenant(tenants.alpha):
        assert SupportGrant.objects.get().ended_at is not None
    with in_public():
        assert Tenant.objects.filter(slug="alpha").exists()
    assert re.fullmatch(r"[0-9a-f-]{36}", wish)
