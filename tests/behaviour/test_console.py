"""The national console: what it shows of all of Scotland, what it makes, and that it cannot read a tenant's tables."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction

from core.audit.models import OutboxMessage
from core.kernel.clock import database_now
from core.people.services import person_know
from core.rounds.services import round_advance
from core.setup.models import Acceptance, Invitation
from plugins.api.text import LocalisedText
from tenants.office.banners.services import banners_forget
from tenants.office.documents.models import PublishedDocument
from tenants.office.models import SignedFact
from tenants.registry.context import Role, in_public, in_tenant
from tenants.registry.models import Tenant
from tenants.registry.selectors import tenant_by_slug
from tests.behaviour.test_manage_rounds import browser, fill, text
from tests.support.canary import CANARIES
from tests.support.http import SiteClient
from tests.support.jobs import work
from tests.support.rounds import round_made

PAGES = (
    "",
    "requests/",
    "calendar/",
    "fleet/",
    "banners/",
    "support/",
    "documents/",
    "documents/new/",
    "tenants/new/",
    "tenants/alpha/",
    "tenants/beta/",
)


def hub() -> Any:
    return tenant_by_slug("hub")


def console() -> SiteClient:
    return browser(hub(), name="cosla")


def published() -> None:
    """The starter texts, as an officer of the national site publishes them."""
    client = console()
    assert client.post("/console/documents/").status_code == 302
    work(hub())


def test_every_page_of_the_console_shows_no_word_of_a_tenants_own(tenants: Any) -> None:
    for tenant in tenants:
        with in_tenant(tenant):
            round_made("leith", tenant=tenant.slug, name=LocalisedText("Leith Chooses"))
            # A person, a project and a draft round: what only the tenant may read.
            person_know(issuer="i", subject="s", display_name=CANARIES[tenant.slug])
            round_made("own", tenant=tenant.slug, is_practice=True)
        work(tenant)
    published()
    client = console()
    # The client itself fails on either tenant's canary in any answer.
    for path in PAGES:
        assert client.get(f"/console/{path}").status_code == 200, path
    home = text(client.get("/console/"))
    assert "Running a round" in home
    assert "Not here yet: 32" in re.sub(r"\s+", " ", home)


def test_the_consoles_database_roles_cannot_read_a_tenants_tables(tenants: Any) -> None:
    schema = tenants.alpha.schema
    tables = ("people_person", "rounds_round", "setup_invitation", "voting_rollentry", "audit_auditevent")
    for place in (lambda: in_tenant(hub(), role=Role.STAFF), in_public):
        for table in tables:
            refused = pytest.raises(DatabaseError, match="permission denied")
            with place(), refused, transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f'SELECT 1 FROM "{schema}"."{table}" LIMIT 1')
    # The same rows can be read where they belong.
    with in_tenant(tenants.alpha), connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{schema}"."people_person"')
        assert cursor.fetchone() is not None


def test_only_officers_of_the_national_site_reach_it_and_no_other_host_has_it(tenants: Any) -> None:
    for role in ("round_manager", "observer", ""):
        assert browser(hub(), role, name=f"n{role}").get("/console/").status_code == 403
    assert SiteClient(hub(), purpose="staff").get("/console/").status_code == 302
    assert browser(tenants.alpha).get("/console/").status_code == 404
    assert SiteClient(hub()).get("/console/").status_code == 404
    assert console().get("/console/").status_code == 200


@pytest.mark.usefixtures("fleet_clean")
def test_a_council_is_onboarded_from_nothing_and_its_first_officer_invited(tenants: Any) -> None:
    client = console()
    refused = fill(client, "/console/tenants/new/", kind="council", email="first@fife.example")
    assert refused.status_code == 422
    assert "Choose a council." in text(refused)
    done = fill(client, "/console/tenants/new/", kind="council", council="fife", email="first@fife.example")
    assert done.status_code == 302
    page = text(client.get("/console/tenants/fife/"))
    assert re.search(r"0 of \d+ steps are done", page)
    # The address is read by nobody on the way.
    with in_tenant(hub(), role=Role.WORKER):
        assert "first@fife" not in str(list(OutboxMessage.objects.values_list("payload", flat=True)))
    work(hub())
    fife = tenant_by_slug("fife")
    assert (fife.state, fife.code, fife.name.gd) == ("active", "S12000047", "Fìobha")
    page = re.sub(r"\s+", " ", text(client.get("/console/tenants/fife/")))
    # What has to wait for something outside, such as a sign-in server that is away, says so; nothing else is left.
    states = re.findall(r"ds_tag--\w+\">(Done|Failed|Waits|Running|To do)<", page)
    assert len(states) >= 8
    assert set(states) <= {"Done", "Waits"}
    mail.outbox.clear()
    work(fife)
    (letter,) = mail.outbox
    assert letter.to == ["first@fife.example"]
    link = re.search(r"/join/\?invitation=\S+", str(letter.body))
    assert link is not None
    first = browser(fife, "", name="first")
    assert first.get("/setup/").status_code == 403
    assert "You are signed in as First" in text(first.get(link[0]))
    assert first.post(link[0]).status_code == 302
    assert "are settled" in text(first.get("/setup/"))
    # Once is once, and never elsewhere.
    second = browser(fife, "", name="second")
    assert second.post(link[0]).status_code == 422
    assert second.get("/setup/").status_code == 403
    assert browser(tenants.alpha, "", name="thief").post(link[0]).status_code == 422
    with in_tenant(fife):
        assert Invitation.objects.get().used_at is not None
    assert "Setting up" in text(client.get("/console/"))
    again = fill(client, "/console/tenants/new/", kind="community", name="X", slug="fife", email="a@b.example")
    assert again.status_code == 409
    alike = fill(client, "/console/tenants/new/", kind="community", name="X", slug="f1fe", email="a@b.example")
    assert (alike.status_code, "looks like another one here" in text(alike)) == (409, True)
    # Done again, nothing is doubled.
    with in_tenant(hub(), role=Role.WORKER), transaction.atomic():
        OutboxMessage.objects.filter(task="setup.make").update(state="pending")


def test_a_banner_stands_on_public_and_staff_pages_of_one_tenant_or_all_until_it_ends(tenants: Any) -> None:
    client = console()
    later = (database_now() + timedelta(days=2)).strftime("%d/%m/%Y")
    words = {"words_en": "Voting is slow today", "words_gd": "Tha am bhòtadh slaodach an-diugh", "ends": later}
    past = fill(client, "/console/banners/", **{**words, "tenant": "all", "ends": "1/1/2020"})
    assert past.status_code == 422
    assert "passed" in text(past)
    assert fill(client, "/console/banners/", **words, tenant=str(tenants.alpha.uuid)).status_code == 302
    alpha, beta = SiteClient(tenants.alpha), SiteClient(tenants.beta)
    assert "Voting is slow today" in text(alpha.get("/"))
    assert "Tha am bhòtadh slaodach an-diugh" in text(alpha.get("/gd/"))
    assert "Voting is slow today" in text(browser(tenants.alpha).get("/rounds/"))
    assert "Voting is slow today" not in text(beta.get("/"))
    standing = re.search(r'name="banner" value="([^"]+)"', text(client.get("/console/banners/")))
    assert standing is not None
    assert client.post("/console/banners/", {"do": "end", "banner": standing[1]}).status_code == 302
    assert "Voting is slow today" not in text(alpha.get("/"))
    assert client.post("/console/banners/", {"do": "end", "banner": standing[1]}).status_code == 422
    assert fill(client, "/console/banners/", **words, tenant="all").status_code == 302
    for one in (alpha, beta, SiteClient(hub())):
        assert "Voting is slow today" in text(one.get("/"))
    banners_forget()


def test_votes_that_close_on_one_evening_are_pointed_out(tenants: Any) -> None:
    closes = database_now() + timedelta(days=7)
    for tenant, slug in ((tenants.alpha, "leith"), (tenants.beta, "shore")):
        with in_tenant(tenant):
            row = round_made(slug, tenant=tenant.slug, name=LocalisedText(f"Vote of {slug}"), ballot_closes_at=closes)
            round_advance(round=row, verb="open_voting", actor=None)
        work(tenant)
    page = re.sub(r"\s+", " ", text(console().get("/console/calendar/")))
    assert "Closes on the same day as Beta Council: Vote of shore" in page
    assert "Closes on the same day as Alpha Council: Vote of leith" in page


def test_guidance_has_versions_and_a_tenant_sees_what_changed(tenants: Any) -> None:
    published()
    client, officer = console(), browser(tenants.alpha)
    with in_public():
        assert PublishedDocument.objects.count() == 6
    adopt = "/guidance/policy/moderation/"
    page = text(officer.get(adopt))
    digest = re.search(r'name="digest" value="([^"]+)"', page)
    assert digest is not None
    varied = {"digest": digest[1], "variation_en": "We answer within three days."}
    assert officer.post(adopt, varied).status_code == 302
    work(tenants.alpha)
    public = text(SiteClient(tenants.alpha).get("/how-we-work/"))
    assert "We answer within three days." in public
    assert "What may be published" in public
    assert "We answer within three days." not in text(SiteClient(tenants.beta).get("/how-we-work/"))
    one = "/console/documents/policy/moderation/"
    assert "version 1" in text(client.get(one))
    with in_public():
        fact = SignedFact.objects.get(kind="policy", key="moderation")
    assert fact.tenant_id == tenants.alpha.uuid
    assert set(fact.body) == {
        "public",
        "version",
        "digest",
        "members",
        "role",
        "varied",
        "kind",
        "key",
        "tenant",
        "at",
    }
    typed = {"title_en": "What may be published", "body_en": "New words."}
    silent = fill(client, one, **typed)
    assert silent.status_code == 422
    assert "what is different" in text(silent).lower()
    assert fill(client, one, **typed, change_en="Shorter.").status_code == 302
    work(hub())
    page = text(officer.get(adopt))
    assert "You have adopted version 1." in page
    assert "What is different: Shorter." in page
    reader = SiteClient(hub())
    assert "What may be published" in text(reader.get("/guidance/"))
    assert "Shorter." in text(reader.get("/guidance/policy/moderation/"))
    pack = reader.get("/guidance/assurance/assurance-pack/text/")
    assert pack["Content-Disposition"] == 'attachment; filename="assurance-pack-1.txt"'
    assert "Exit plan." in text(pack)
    assert "Plana fàgail." in text(reader.get("/gd/guidance/assurance/assurance-pack/text/"))
    # What was read is what is accepted: the older words cannot be adopted any more.
    assert officer.post(adopt, varied).status_code == 409
    # An officer who wrote over version 1 is told that there is a version 2.
    late = client.post(one, {**typed, "change_en": "Other.", "seen": "1"})
    assert late.status_code == 409
    assert "Another version was published" in text(late)
    with in_tenant(tenants.alpha):
        assert Acceptance.objects.count() == 1
    with in_public():
        assert Tenant.objects.get(slug="alpha").state == "active"
