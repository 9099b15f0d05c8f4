"""A person's own page: what is held about them, taken as a file, sessions ended, erased; each council its own."""

from __future__ import annotations

import json
import re
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models, transaction
from django.db.models import F

from core.audit.models import AuditEvent
from core.people.models import Person, PersonalFile, RoleGrant, Session
from core.people.privacy import GONE, _parts, privacy_tables
from core.people.proof import LEVEL, PROVED_AT
from core.people.services import role_end, role_grant
from core.people.sign_ins import sign_in_keep
from core.support.models import SupportGrant
from core.voting.models import RollEntry
from core.voting.services import roll_claim
from plugins.api.values import Proof, RollKey
from plugins.bundled.threads.models import Post
from tenants.registry.context import Role, in_tenant
from tests.behaviour.test_manage_rounds import browser as officer_at
from tests.login.test_sessions import change
from tests.plugins.test_threads import say, talked
from tests.support.jobs import work
from tests.support.journey import Resident, round_open
from tests.support.keycloak import Running, configured
from tests.support.residents import resident

ID = "00000000-0000-4000-8000-000000000000"


def file_on_page(client: Any) -> str:
    found = re.search(rb'action="/account/file/([0-9a-f-]{36})/"', client.get("/account/").content)
    return found[1].decode() if found else ""


def test_the_file_is_made_for_its_owner_taken_once_and_within_a_day(tenants: Any, site: Any) -> None:
    """AB44: owner's sign-in, one download, 24 hours."""
    talked(tenants.alpha)
    owner, other = resident(tenants.alpha, "ailsa"), resident(tenants.alpha, "calum")
    foreign = resident(tenants.beta, "ailsa")
    assert say(owner, text="The bench is rotten").status_code == 302
    assert say(other, text="It is not").status_code == 302
    assert owner.post("/account/file/").status_code == 302
    assert b"is being made" in owner.get("/account/").content
    assert file_on_page(owner) == ""
    work(tenants.alpha)
    key = file_on_page(owner)
    assert key
    # Whoever holds no more than the address, another person or the same name at another council gets nothing.
    assert site(tenants.alpha).post(f"/account/file/{key}/")["Location"].startswith("/sign-in/")
    for stranger in (other, foreign):
        assert stranger.post(f"/account/file/{key}/").status_code == 404
    assert owner.get(f"/account/file/{key}/").status_code == 405
    assert owner.post(f"/account/file/{ID}/").status_code == 404
    answer = owner.post(f"/account/file/{key}/")
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]
    held = json.loads(answer.content)["held"]
    assert held["people"]["account"][0]["name shown"] == "Ailsa"
    assert "The bench is rotten" in str(held["modules"])
    assert "It is not" not in str(held)
    # Once, and then nothing of it is left to take.
    assert owner.post(f"/account/file/{key}/").status_code == 404
    with in_tenant(tenants.alpha):
        assert PersonalFile.objects.get().held == ""
    # One that nobody takes is worth nothing after its day.
    owner.post("/account/file/")
    work(tenants.alpha)
    late = file_on_page(owner)
    with in_tenant(tenants.alpha, role=Role.WORKER), transaction.atomic():
        life = PersonalFile.objects.get(pk=late)
        assert life.ends_at - life.asked_at < timedelta(hours=24, minutes=1)
        PersonalFile.objects.update(ends_at=F("ends_at") - timedelta(hours=25))
    assert owner.post(f"/account/file/{late}/").status_code == 404
    assert file_on_page(owner) == ""


def signed_in_somewhere(tenant: Any, client: Any, *, device: str) -> UUID:
    with in_tenant(tenant):
        session = Session.objects.get(session_key=client.session_key)
        made = sign_in_keep(
            session_key=session.session_key,
            person=client.person,
            level=1,
            place="public",
            device=device,
            shared=False,
            renewal="",
        )
        return made.id


def test_somebody_ends_their_own_session_elsewhere_and_nobody_elses(tenants: Any) -> None:
    here, phone, other = (resident(tenants.alpha, name) for name in ("mairi", "mairi", "hamish"))
    for client in (here, phone, other):
        client.session_key = next(one.value for name, one in client.cookies.items() if name.startswith("session"))
    signed_in_somewhere(tenants.alpha, here, device="Firefox, Linux")
    away = signed_in_somewhere(tenants.alpha, phone, device="Chrome, Android")
    theirs = signed_in_somewhere(tenants.alpha, other, device="Safari, iPhone")
    page = here.get("/account/").content.decode()
    assert "Chrome, Android" in page
    assert "Safari, iPhone" not in page
    assert page.count("End this one") == 1
    for key in (theirs, ID):
        assert here.post(f"/account/sessions/{key}/end/").status_code == 302
    assert other.get("/account/").status_code == 200
    assert phone.get("/account/").status_code == 200
    assert here.post(f"/account/sessions/{away}/end/").status_code == 302
    assert phone.get("/account/").status_code == 302
    assert here.get("/account/").status_code == 200


def test_erased_here_and_nowhere_else_and_no_second_ballot_by_it(tenants: Any) -> None:
    talked(tenants.alpha)
    talked(tenants.beta)
    row = round_open(tenants.alpha, "voting")
    clients = {tenant.slug: resident(tenant, "morag") for tenant in tenants}
    for tenant in tenants:
        say(clients[tenant.slug], text="A bench would help")
    mine = clients["alpha"]
    known = f"{mine.person.issuer} {mine.person.subject}"
    proof = Proof(roll_keys=(RollKey("person", known), RollKey("email", "morag@people.example")), rung="E3")
    with in_tenant(tenants.alpha, role=Role.VOTER):
        entry = roll_claim(round_id=row.id, proof=proof).entry
    assert mine.post("/account/erase/", {}).status_code == 422
    work(tenants.alpha)
    with in_tenant(tenants.alpha):
        assert Person.objects.filter(pk=mine.person.pk).exists()
    answer = mine.post("/account/erase/", {"sure": "on"})
    assert b"You are being erased here" in answer.content
    assert '"cache"' in answer["Clear-Site-Data"]
    assert not any(one.value for one in mine.cookies.values())
    assert mine.get("/account/").status_code == 302
    work(tenants.alpha)
    work(tenants.beta)
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert not Person.objects.filter(pk=mine.person.pk).exists()
        post = Post.objects.get()
        assert post.author is None
        event = AuditEvent.objects.get(kind="person_erased")
        assert event.body["person"] == str(mine.person.public_id)
        assert "Morag" not in str(event.body)
    # The roll knows them still, by a mark that was never theirs here alone.
    with in_tenant(tenants.alpha, role=Role.VOTER):
        assert roll_claim(round_id=row.id, proof=proof).entry == entry
        assert RollEntry.objects.filter(round_id=row.id).count() == 1
    with in_tenant(tenants.beta):
        assert Post.objects.get().author is not None
    assert clients["beta"].get("/account/").status_code == 200


def test_whoever_works_here_is_not_erased_and_a_record_keeps_an_empty_place(tenants: Any) -> None:
    officer, former = resident(tenants.alpha, "una"), resident(tenants.alpha, "fergus")
    with in_tenant(tenants.alpha, role=Role.WORKER), transaction.atomic():
        role_grant(person=officer.person, role="observer", giver=None)
        SupportGrant.objects.create(
            id=UUID(ID), reason="A fault", hours=1, granted_by=former.person, ends_at=former.person.joined_at
        )
    assert officer.post("/account/erase/", {"sure": "on"}).status_code == 409
    assert officer.get("/account/").status_code == 200
    assert former.post("/account/erase/", {"sure": "on"}).status_code == 200
    work(tenants.alpha)
    with in_tenant(tenants.alpha):
        assert Person.objects.get(pk=officer.person.pk).display_name == "Una"
        left = Person.objects.get(pk=former.person.pk)
        assert (left.issuer, left.display_name, left.is_active) == (GONE, "", False)
        assert left.subject != former.person.subject
        assert SupportGrant.objects.get().granted_by == left


def test_receipts_of_this_browser_only_and_of_this_council(tenants: Any, site: Any) -> None:
    """Shown from the browser's own sealed cookie; the database joins no receipt to the account that looks at it."""
    round_open(tenants.alpha)
    round_open(tenants.beta)
    mine, elsewhere, neighbour = (
        resident(tenants.alpha, "ishbel"),
        resident(tenants.alpha, "ishbel"),
        resident(tenants.beta, "ishbel"),
    )
    assert "There is none." in mine.get("/account/").content.decode()
    voter = Resident(tenants.alpha)
    voter.votes("leith", "ishbel@people.example", "P-01")
    kept = {name: one.value for name, one in voter.browser.cookies.items() if name.startswith("receipt-")}
    code = re.search(r'cc-receipt">([^<]+)<', voter.page("leith", "done/").content.decode())
    assert code
    for name, value in kept.items():
        for browser in (mine, neighbour):
            browser.cookies[name] = value
    page = mine.get("/account/").content.decode()
    assert page.count(code[1]) >= 1
    assert f'href="/rounds/leith/receipts/?code={code[1]}"' in page
    assert "There is none." not in page
    # The same person at another device, and another council with the cookie carried over, show nothing.
    for browser in (elsewhere, neighbour):
        other = browser.get("/account/").content.decode()
        assert code[1] not in other
        assert "There is none." in other
    # A cookie that somebody has changed is no receipt.
    for name, value in kept.items():
        mine.cookies[name] = value[:-4] + "AAAA"
    assert code[1] not in mine.get("/account/").content.decode()
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert code[1] not in str([part.held(mine.person) for part in _parts])


def leads_to_somebody(field: Any) -> bool:
    if isinstance(field, models.ForeignKey):
        return field.related_model is Person
    return isinstance(field, models.UUIDField) and "public id" in str(field.help_text)


def test_every_table_that_leads_to_a_person_is_answered_for(tenants: Any) -> None:
    """A new table with a person in it fails here until its module registers what it shows and how it erases."""
    found = {
        model._meta.db_table
        for model in apps.get_models()
        if model.__module__.startswith(("core.", "plugins.host", "cms."))
        and any(leads_to_somebody(one) for one in model._meta.local_concrete_fields)
    }
    assert "people_rolegrant" in found
    assert found - privacy_tables() == set()


def test_an_officer_has_the_page_on_the_staff_host_and_no_way_out_of_all_of_scotland_there(
    tenants: Any, site: Any
) -> None:
    # Nobody answers at this service; its accounts could be deleted, its officers need two proofs.
    with configured(Running("http://127.0.0.1:9", "nobody's")):
        desk, other = officer_at(tenants.alpha, name="oighrig"), officer_at(tenants.beta, name="oighrig")
        for one in (desk, other):
            assert "A second proof is needed" in one.get("/account/").content.decode()
            change(one, **{LEVEL: 2, PROVED_AT: time.time()})
        page = desk.get("/account/").content.decode()
        for words in ("Oighrig", "Officer", "Public website", "Where you are signed in", "Erase me here"):
            assert words in page
        for words in ("Delete my national account", "Receipts of ballots"):
            assert words not in page
        assert desk.get("/account/farewell/").status_code == 404
        assert 'href="/account/"' in desk.get("/rounds/").content.decode()
        assert b"Delete my national account" in resident(tenants.alpha, "morag").get("/account/").content
        # Everything on it works here, too: the name, the file, and leaving once there is no role any more.
        assert desk.post("/account/name/", {"name": ""}).status_code == 422
        assert desk.post("/account/name/", {"name": "Effie"})["Location"] == "/account/"
        assert "Effie" in desk.get("/account/").content.decode()
        assert "Oighrig" in other.get("/account/").content.decode()
        assert desk.post("/account/file/")["Location"] == "/account/"
        work(tenants.alpha)
        key = file_on_page(desk)
        assert other.post(f"/account/file/{key}/").status_code == 404
        assert b"Effie" in desk.post(f"/account/file/{key}/").content
        assert desk.post("/account/erase/", {"sure": "on"}).status_code == 409
        with in_tenant(tenants.alpha):
            role_end(grant=RoleGrant.objects.get(), actor=None)
        assert desk.post("/account/erase/", {"sure": "on"}).status_code == 200
        assert desk.get("/account/")["Location"].startswith("/sign-in/")
        assert other.get("/account/").status_code == 200
