"""Abuse between tenants, tried from outside over HTTP: refused, logged under the tenant, and the good case beside.

The numbers AB08 to AB51 are those of the threat model; those of life and death of a tenant are in `test_abuse_life`.
"""

from __future__ import annotations

import importlib
import re
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.core import mail

from core.people.models import Person
from core.rounds.models import FundSource
from core.setup.services import invite
from core.support.services import enter_token
from tenants.office.support.services import support_ask
from tenants.registry import limits
from tenants.registry.context import TenantRef, in_public, in_tenant
from tenants.registry.limits import What
from tenants.registry.models import Quota, Tenant
from tests.behaviour.test_manage_rounds import browser
from tests.house.test_urls_access import MANAGE, POST_ONLY, client
from tests.support.fleet import admin
from tests.support.journey import FORM, Resident, form_on, messages_sent, round_open
from tests.support.outside import Outside
from tests.support.residents import resident
from tests.support.rounds import round_made
from tests.tenancy.test_fairness import quota

CSRF = "a" * 32


def inside(seated: Any, purpose: str = "staff") -> Outside:
    """The same person with a program instead of a browser, holding a token that forms of this host would carry."""
    kept = {name: one.value for name, one in seated.cookies.items()}
    csrf = next(name for name in kept if name.startswith("session")).replace("session", "csrf")
    return Outside(seated.tenant.slug, purpose, {**kept, csrf: CSRF})


def officer(tenant: TenantRef) -> Outside:
    return inside(client(tenant.slug, "staff", "officer"))


Logged = Callable[[TenantRef, str], list[str]]


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Logged:
    """Warnings that name this tenant and hold these words, since this was last asked; no word of the other's."""

    def said(tenant: TenantRef, words: str) -> list[str]:
        lines = [
            record.getMessage()
            for record in caplog.records
            if getattr(record, "tenant", "") == str(tenant.uuid) and record.levelname in ("WARNING", "ERROR")
        ]
        caplog.clear()
        return [line for line in lines if words in line]

    return said


def test_ab08_a_session_of_alpha_is_nobody_at_beta(server: int, tenants: Any, logged: Logged) -> None:
    mine, theirs = officer(tenants.alpha), officer(tenants.beta)
    with in_tenant(tenants.alpha):
        mine_pk = Person.objects.get(subject="officer").pk
    with in_tenant(tenants.beta):
        assert Person.objects.get(subject="officer").pk == mine_pk
    assert mine.get("/people/").status == 200
    thief = Outside("beta", "staff", mine.cookies)
    assert thief.get("/people/").to_sign_in
    assert logged(tenants.beta, "a session that is not known here")
    # Neither when the row itself was carried over, with beta's own mark on it.
    names = [row[0] for row in admin("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND attname NOT IN ('tenant', 'id')", [f'"{tenants.alpha.schema}".people_session'])]  # fmt: skip
    columns = ", ".join(names)
    admin(
        f'INSERT INTO "{tenants.beta.schema}".people_session (tenant, {columns})'
        f" SELECT '{tenants.beta.uuid}', {columns} FROM \"{tenants.alpha.schema}\".people_session"
        " ON CONFLICT DO NOTHING"
    )
    assert thief.get("/people/").to_sign_in
    assert logged(tenants.beta, "a session that is not known here")
    assert theirs.get("/people/").status == 200


def test_ab09_no_token_stands_in_for_a_session(server: int, tenants: Any, logged: Logged) -> None:
    """Tokens of the provider at the wrong council: tests/behaviour/test_signin.py and tests/login/test_refusals.py."""
    mine = officer(tenants.alpha)
    key = next(value for name, value in mine.cookies.items() if name.startswith("session"))
    for host in ("alpha", "beta"):
        for words in (f"Bearer {key}", f"Basic {key}", f"Token {key}"):
            assert Outside(host, "staff").get("/people/", Authorization=words).to_sign_in
    for path in ("/sign-in/callback/?code=x&state=y", "/sign-in/callback/?id_token=x"):
        assert Outside("beta", "staff", mine.cookies).get(path).status in (403, 503)
    logged(tenants.beta, "")
    forged = Outside("beta", "staff").post("/sign-out/back-channel/", {"logout_token": "eyJhbGciOiJub25lIn0.e30."})
    assert forged.status in (400, 503)
    assert logged(tenants.beta, "/sign-out/back-channel/")
    assert mine.get("/people/").status == 200


def test_ab10_a_link_of_alpha_opens_nothing_at_beta(server: int, tenants: Any, logged: Logged) -> None:
    people = {tenant.slug: inside(client(tenant.slug, "staff", "resident")) for tenant in tenants}
    with in_tenant(tenants.alpha):
        invite(address="new@example.com", language="en")
    messages_sent(tenants.alpha)
    found = re.search(r"/join/\?invitation=\S+", str(mail.outbox[-1].body))
    assert found
    foreign = people["beta"].get(found[0])
    assert foreign.status == 404
    assert "new@example.com" not in foreign.text
    assert logged(tenants.beta, "/join/")
    # Nobody uses it without having signed in, and a link of which a letter was changed is none.
    assert Outside("alpha", "staff").get(found[0]).to_sign_in
    assert people["alpha"].get(found[0][:-2] + "AA").status == 404
    assert people["alpha"].get(found[0]).status == 200
    assert people["beta"].post(found[0]).status == 422
    assert people["alpha"].post(found[0]).to == "/setup/"
    # Used once, it is no link any more.
    assert people["alpha"].post(found[0]).status == 422
    # The door for support: alpha's link at beta, and beta's own wish under alpha's link.
    wish = support_ask(tenant=tenants.alpha.uuid, reason="A page is blank since this morning.", hours=2)
    officer(tenants.alpha).post("/support/", {"wish": str(wish.id), "do": "grant"})
    door = f"/support/enter/?access={enter_token(tenant=tenants.alpha.uuid, wish=wish.id)}"
    helpers = {tenant.slug: inside(client(tenant.slug, "staff", "helper")) for tenant in tenants}
    assert helpers["beta"].post(door).status == 409
    assert logged(tenants.beta, "/support/enter/")
    assert helpers["beta"].get("/rounds/").status == 403
    assert helpers["alpha"].post(door).status == 302
    assert helpers["alpha"].get("/rounds/").status == 200


def names_of(tenant: TenantRef) -> dict[str, str]:
    """What stands in the gaps of an address of this tenant."""
    with in_tenant(tenant):
        row = round_made(f"only-{tenant.slug}", tenant=tenant.slug)
        source = FundSource.objects.get(pot__round=row)
        invite(address="new@example.com", language="en")
    anna = client(tenant.slug, "staff", "officer")
    grant = re.search(r"/people/([0-9a-f-]{36})/end/", anna.get("/people/").content.decode())
    assert grant
    wish = support_ask(tenant=tenant.uuid, reason="A page is blank since this morning.", hours=2)
    anna.post("/support/", {"wish": str(wish.id), "do": "grant"})
    return {
        "slug:slug": row.slug,
        "uuid:source": str(source.id),
        "str:ref": "P-01",
        "slug:section": "decide",
        "slug:verb": "open_voting",
        "uuid:grant": grant[1],
        "uuid:wish": str(wish.id),
    }


def put_into(route: str, names: dict[str, str]) -> str:
    return "/" + re.sub(r"<([^>]+)>", lambda gap: names[gap[1]], route)


def test_ab11_names_of_beta_are_unknown_at_alpha(server: int, tenants: Any, logged: Logged) -> None:
    own, foreign = names_of(tenants.alpha), names_of(tenants.beta)
    anna = officer(tenants.alpha)
    gaps = {route: set(re.findall(r"<([^>]+)>", route)) for route in MANAGE}
    # What stands apart: pages that say the same whatever is asked for.
    apart = ("modules/", "setup/", "guidance/", "discussion/")
    routes = [route for route, held in gaps.items() if held and held <= set(own) and not route.startswith(apart)]
    assert len(routes) > 15
    wrong: list[str] = []
    for route in routes:
        method = "POST" if MANAGE[route] == POST_ONLY else "GET"
        foreign_path = put_into(route, foreign)
        reply = anna.post(foreign_path) if method == "POST" else anna.get(foreign_path)
        if reply.status != 404:
            wrong.append(f"{method} {foreign_path}: {reply.status}")
        if not logged(tenants.alpha, foreign_path):
            wrong.append(f"{foreign_path}: not logged")
        mine = anna.get(put_into(route, own))
        # There is no result yet, and some pages lead on to the next.
        if mine.status not in (200, 302, 405) and "result" not in route and "evaluation" not in route:
            wrong.append(f"{route}: {mine.status}")
    assert not wrong
    # Half of one and half of the other, and in what is sent along.
    mixed = {**own, "uuid:source": foreign["uuid:source"]}
    assert anna.get(put_into("rounds/<slug:slug>/money/<uuid:source>/", mixed)).status == 404
    for act in ("grant", "refuse", "end"):
        assert anna.post("/support/", {"wish": foreign["uuid:wish"], "do": act}).status in (404, 409)
    assert officer(tenants.beta).get(put_into("support/<uuid:wish>/", foreign)).status == 200
    assert anna.post("/support/", {"wish": own["uuid:wish"], "do": "end"}).status == 302
    for host in ("", "rules/", "projects/", "vote/", "result/", "receipts/"):
        assert Outside("alpha").get(f"/rounds/{foreign['slug:slug']}/{host}").status == 404


LISTS = "/modules/lists/roll-match/"
LISTED = "first_name,last_name,postcode\nMorag,ODonnell,EH6 6AA\nIain,Macleod,G1 1AA\n"


def hands_in(person: Outside, name: str) -> Any:
    """A list of who may vote, sent for the round of this name as a browser sends a file."""
    parts = (
        f'--x\nContent-Disposition: form-data; name="round"\n\n{name}\n'
        '--x\nContent-Disposition: form-data; name="file"; filename="l.csv"\nContent-Type: text/csv\n'
        f"\n{LISTED}\n--x--\n"
    )
    body = parts.replace("\n", "\r\n").encode()
    return person.ask(LISTS, method="POST", body=body, Content_Type="multipart/form-data; boundary=x", X_CSRFToken=CSRF)


def test_ab12_where_people_live_is_shown_to_their_own_council_alone(server: int, tenants: Any, logged: Logged) -> None:
    """Lists of names and postcodes are the evidence of residency that is held: read, replaced and deleted at home."""
    rows = {}
    for tenant in tenants:
        with in_tenant(tenant):
            rows[tenant.slug] = round_made(f"only-{tenant.slug}", tenant=tenant.slug, proofs=["roll-match"])
    mine, theirs = rows["alpha"], rows["beta"]
    anna, bea = officer(tenants.alpha), officer(tenants.beta)
    assert hands_in(bea, theirs.slug).status == 302

    def held(tenant: TenantRef) -> Any:
        return admin(f'SELECT row_to_json(l)::text FROM "{tenant.schema}".roll_match_rollline l ORDER BY 1')

    before = held(tenants.beta)
    assert len(before) == 2
    # At home beta's round is unknown by name and by id: nothing is shown, replaced or deleted.
    for name in (theirs.slug, str(theirs.id)):
        assert hands_in(anna, name).status == 422
        assert logged(tenants.alpha, LISTS), name
        assert anna.post(LISTS, {"drop": name}).status == 422
        assert logged(tenants.alpha, LISTS), name
    page = anna.get(LISTS)
    assert (page.status, theirs.slug in page.text, "People on it" in page.text) == (200, False, False)
    # At beta alpha's officer is nobody, and whoever only observes there reads no list either.
    thief = Outside("beta", "staff", anna.cookies)
    acts: list[Callable[[Outside], Any]] = [
        lambda person: person.get(LISTS),
        lambda person: hands_in(person, theirs.slug),
        lambda person: person.post(LISTS, {"drop": theirs.slug}),
    ]
    for act in acts:
        assert act(thief).to_sign_in
        assert logged(tenants.beta, "a session that is not known here")
    for person in (
        inside(client("beta", "staff", "foreign officer")),
        inside(browser(tenants.beta, "observer", name="observer")),
    ):
        for act in acts:
            assert act(person).status == 403
            assert logged(tenants.beta, LISTS)
    assert held(tenants.beta) == before
    # Each council does all of it with its own.
    assert hands_in(anna, mine.slug).status == 302
    assert "People on it: 2" in anna.get(LISTS).text
    assert anna.post(LISTS, {"drop": mine.slug}).status == 302
    assert (held(tenants.alpha), held(tenants.beta)) == ([], before)
    assert "People on it: 2" in bea.get(LISTS).text


def test_ab13_the_roll_of_a_round_is_for_those_who_run_it(server: int, tenants: Any, logged: Logged) -> None:
    """A group's editor, an observer and an officer of next door change nothing about who may vote."""
    with in_public():
        Tenant.objects.filter(id=tenants.alpha.uuid).update(kind="community")
    with in_tenant(tenants.alpha):
        row = round_made("ours", tenant="alpha")
    path = f"/rounds/{row.slug}/edit/voters/"
    values = {"eligibility_en": "Anybody anywhere", "min_age": "0", "proofs": ["code-by-email"]}
    for role in ("observer", "steering_member"):
        person = inside(browser(tenants.alpha, role, name=role))
        assert person.post(path, values).status == 403, role
        assert logged(tenants.alpha, path), role
    assert inside(client("alpha", "staff", "foreign officer")).post(path, values).status == 403
    page = officer(tenants.alpha).get(path)
    assert page.status == 200
    seen = re.search(r'name="seen" value="([^"]*)"', page.text)
    assert seen
    done = officer(tenants.alpha).post(path, {**values, "seen": seen[1]})
    assert done.status == 302, done.text
    with in_tenant(tenants.alpha):
        row.refresh_from_db()
    assert row.eligibility.en == "Anybody anywhere"


EDITORS = ("rounds/new/", "modules/", "people/", "people/new/", "look/", "setup/", "guidance/", "entrusted/new/",
    "groups/", "support/", "cms/", "cms/pages/", "cms/images/", "cms/reports/site-history/", "documents/")  # fmt: skip


def test_ab14_a_participant_opens_no_editor_by_its_address(server: int, tenants: Any, logged: Logged) -> None:
    with in_tenant(tenants.alpha):
        row = round_made("ours", tenant="alpha")
    steps = ("", "money/", "rules/", "projects/new/", "edit/decide/", "steps/open_voting/", "count/", "preview/result/")
    paths = [*(f"/{path}" for path in EDITORS), *(f"/rounds/{row.slug}/{step}" for step in steps)]
    participant, anna = inside(client("alpha", "staff", "resident")), officer(tenants.alpha)
    wrong = []
    for path in paths:
        refused, admitted = participant.get(path), anna.get(path)
        written = logged(tenants.alpha, path)
        if refused.status != 403 and not (path == "/documents/" and refused.status == 404):
            wrong.append(f"{path}: {refused.status} for a participant")
        if admitted.status >= 400 and path not in ("/documents/", f"/rounds/{row.slug}/preview/result/"):
            wrong.append(f"{path}: {admitted.status} for an officer")
        if not written:
            wrong.append(f"{path}: not logged")
    assert not wrong
    # On the public host there is no editor at all.
    assert {Outside("alpha", cookies=anna.cookies).get(path).status for path in ("/cms/", "/people/")} == {404}


def raw(port: int, request: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as opened:
        opened.sendall(request.replace("\n", "\r\n").encode() + b"\r\nConnection: close\r\n\r\n")
        parts = []
        while part := opened.recv(65536):
            parts.append(part)
    return b"".join(parts)


def test_ab25_a_host_that_is_only_claimed_chooses_nothing(server: int, tenants: Any, logged: Logged) -> None:
    good = raw(server, f"GET /privacy/ HTTP/1.1\nHost: alpha.localhost:{server}")
    assert b" 200 " in good.split(b"\r\n")[0]
    claims = ("X-Forwarded-Host", "X-Forwarded-Server", "X-Host", "Forwarded", "X-Original-Host", "X-Rewrite-URL")
    for name in claims:
        value = "host=beta.localhost" if name == "Forwarded" else "beta.localhost"
        answer = raw(server, f"GET /privacy/ HTTP/1.1\nHost: alpha.localhost:{server}\n{name}: {value}")
        assert b"Beta Council" not in answer, name
        assert b'href="http://alpha.localhost' in answer, name
    for line in (f"GET http://beta.localhost:{server}/privacy/ HTTP/1.1", "GET //beta.localhost/privacy/ HTTP/1.1"):
        answer = raw(server, f"{line}\nHost: alpha.localhost:{server}")
        assert b"Beta Council" not in answer, line
    for host in (f"alpha.localhost:{server}@beta.localhost", "alpha.localhost,beta.localhost", "beta.localhost\tx", ""):
        answer = raw(server, f"GET /privacy/ HTTP/1.1\nHost: {host}")
        assert b" 404 " in answer.split(b"\r\n")[0], host
        assert answer.endswith(b"Not found\n"), host
    # What is sent by mail leads to the tenant's own host, whatever the request said.
    anna = officer(tenants.alpha)
    values = {"email": "new@example.com"}
    sent = anna.post("/setup/colleagues/", values, X_Forwarded_Host="evil.example", Forwarded="host=evil.example")
    assert sent.status == 302, sent.text
    messages_sent(tenants.alpha)
    assert "http://alpha.staff.localhost" in str(mail.outbox[-1].body)
    assert "evil.example" not in str(mail.outbox[-1].body)
    assert anna.post("/setup/colleagues/", values, Origin="http://evil.example").status == 403
    assert logged(tenants.alpha, "Origin checking failed")


def test_ab26_a_cookie_planted_by_a_neighbour_is_ignored(server: int, tenants: Any, logged: Logged) -> None:
    """The group's page sets a cookie for everybody below the base domain, and the browser brings it along."""
    row = round_open(tenants.alpha)
    round_open(tenants.beta)
    voter, attacker = Resident(tenants.alpha), Resident(tenants.beta)
    for person in (voter, attacker):
        person.fill(row.slug, "P-01")
        person.proves_by_code(row.slug, f"{person.tenant.slug}@example.com")
    form = voter.send_form(row.slug)
    good = {name: one.value for name, one in voter.browser.cookies.items()}
    planted = {name: one.value for name, one in attacker.browser.cookies.items()}
    evil = officer(tenants.beta).cookies
    own = next(name for name in good if name.startswith("credential"))
    foreign = next(value for name, value in planted.items() if name.startswith("credential"))
    visitor = Outside("alpha", cookies={**planted, **evil, own: foreign})
    refused = visitor.ask(
        form.action, method="POST", body=form.body(), Content_Type="application/x-www-form-urlencoded"
    )
    assert (refused.status, refused.to.partition("refused=")[2]) == (303, "voting.credential")
    assert logged(tenants.alpha, "voting.credential")
    assert visitor.get("/account/").to_sign_in
    visitor = Outside("alpha", cookies={**planted, **evil, **good})
    taken = visitor.ask(form.action, method="POST", body=form.body(), Content_Type="application/x-www-form-urlencoded")
    assert taken.to.endswith("/done/")
    # Nothing of ours is set for more than its own host; on https the browser itself refuses what was planted.
    lines = [*taken.cookies, *visitor.get("/account/").cookies, *Outside("alpha").get("/sign-in/").cookies]
    assert lines
    assert not [line for line in lines if "domain=" in line.lower()]
    production = importlib.import_module("core.project.settings.production")
    names = (production.SESSION_COOKIE_NAME, production.CSRF_COOKIE_NAME, production.LANGUAGE_COOKIE_NAME)
    assert all(name.startswith("__Host-") for name in names)


def test_t29_a_form_on_a_neighbours_page_is_refused(server: int, tenants: Any, logged: Logged) -> None:
    mairi = inside(resident(tenants.alpha, "mairi"), "public")
    for origin in (f"http://beta.localhost:{server}", "http://localhost", "https://alpha.localhost", "null"):
        assert mairi.post("/account/name/", {"name": "Taken over"}, Origin=origin).status == 403, origin
        assert logged(tenants.alpha, "Origin checking failed"), origin
    assert mairi.post("/account/name/", {"name": "Taken over", "csrfmiddlewaretoken": "b" * 32}).status == 403
    with in_tenant(tenants.alpha):
        assert not Person.objects.filter(display_name="Taken over").exists()
    assert mairi.post("/account/name/", {"name": "Màiri"}, Origin=f"http://alpha.localhost:{server}").status == 302


def test_ab44_what_is_known_of_a_person_is_shown_to_that_person_alone(
    server: int, tenants: Any, logged: Logged
) -> None:
    mairi = inside(resident(tenants.alpha, "mairi", shown="Màiri of alpha"), "public")
    iain = inside(resident(tenants.alpha, "iain"), "public")
    same = inside(resident(tenants.beta, "mairi", shown="Somebody else"), "public")
    assert "Màiri of alpha" in mairi.get("/account/").text
    assert mairi.get("/account/").headers["cache-control"].find("no-store") >= 0
    for other in (iain, same):
        assert "Màiri of alpha" not in other.get("/account/").text
    assert Outside("beta", cookies=mairi.cookies).get("/account/").to_sign_in
    assert logged(tenants.beta, "a session that is not known here")
    for path in (f"/account/{uuid4()}/", "/account/?person=1", "/account/export/"):
        assert "Màiri of alpha" not in iain.get(path).text


def test_ab49_who_goes_from_tenant_to_tenant_meets_the_limit_of_all_together(
    server: int, tenants: Any, logged: Logged
) -> None:
    """A scrape of all, and codes tried for everywhere: each tenant's own limit is far away."""
    hosts = [Outside(tenant.slug) for tenant in tenants]
    quota(None, What.REQUESTS, 4)
    seen: dict[str, list[int]] = {"alpha": [], "beta": []}
    for _ in range(20):
        for host in hosts:
            reply = host.get("/privacy/")
            seen[host.slug].append(reply.status)
            if reply.status == 429:
                assert 1 <= int(reply.headers["retry-after"]) <= 11
                assert "Council" not in reply.text
    for tenant in tenants:
        assert set(seen[tenant.slug]) == {200, 429}
    for tenant in tenants:
        (use,) = [one for one in limits.uses(tenant, running=0) if one.what is What.REQUESTS]
        assert use.used is not None
        assert use.used < 10 < use.most
    assert logged(tenants.alpha, "the limit of requests is reached")
    quota_end()
    assert {host.get("/privacy/").status for host in hosts} == {200}

    # Codes to prove oneself by: two letters, then everybody is told to wait, wherever they are asked for.
    quota(None, What.MAILS, 2)
    logged(tenants.alpha, "")
    asks = []
    for tenant in tenants:
        row = round_open(tenant)
        for _ in range(2):
            voter = Resident(tenant)
            voter.fill(row.slug, "P-01")
            path = voter.at(row.slug, "prove/?how=code-by-email")
            asks.append((tenant, path, form_on(voter.browser.get(path)).fields, inside_of(voter)))

    def asked(number: int) -> Any:
        tenant, path, fields, person = asks[number]
        reply = person.ask(
            path,
            method="POST",
            body=urlencode({"email": f"n{number}@example.com", **dict(fields)}).encode(),
            Content_Type=FORM,
        )
        messages_sent(tenant)
        return reply

    mail.outbox.clear()
    assert [asked(number).status for number in (0, 2)] == [200, 200]
    assert len(mail.outbox) == 2
    for number in (1, 3):
        late = asked(number)
        assert (late.status, "retry-after" in late.headers) == (429, True)
        assert logged(asks[number][0], "/prove/")
    assert len(mail.outbox) == 2
    quota_end()
    assert [asked(number).status for number in (1, 3)] == [200, 200]
    assert len(mail.outbox) == 4


def inside_of(voter: Resident) -> Outside:
    """The voter with a program instead of their browser."""
    return Outside(voter.tenant.slug, cookies={name: one.value for name, one in voter.browser.cookies.items()})


def quota_end() -> None:
    with in_public():
        Quota.objects.all().delete()
    limits.quotas_forget()


PROBES = ("/metrics", "/metrics/", "/healthz/", "/healthz/live", "/healthz/ready", "/__debug__/", "/debug/", "/silk/",
    "/django-admin/", "/admin/", "/realms/master/", "/auth/admin/", "/flower/", "/api/tasks", "/minio/", "/.env",
    "/.git/config", "/server-status", "/phpinfo.php", "/config.json", "/static/../core/project/settings/base.py",
    "/console/", "/static/%2e%2e/pyproject.toml")  # fmt: skip


def test_ab50_nothing_of_operations_stands_on_a_public_host(server: int, tenants: Any, logged: Logged) -> None:
    for slug, purpose in (("alpha", "public"), ("alpha", "staff"), ("alpha", "files"), ("hub", "public")):
        asked = Outside(slug, purpose)
        for path in PROBES:
            reply = asked.get(path)
            assert reply.status == 404 or reply.to_sign_in or reply.status in (301, 302), (slug, purpose, path)
            if reply.status in (301, 302):
                # A slash is added, or the way leads to the door; nothing is shown.
                assert reply.to.startswith(("/sign-in/", path)), (path, reply.to)
            assert "Traceback" not in reply.text
            assert "DJANGO_SETTINGS" not in reply.text
    assert logged(tenants.alpha, "/metrics")
    assert Outside("alpha").get("/robots.txt").status == 200
    for user, word in (("admin", "admin"), ("postgres", "postgres"), ("admin", "password")):
        tried = Outside("alpha", "staff").post("/cms/login/", {"username": user, "password": word})
        assert tried.to_sign_in or tried.status == 403


def test_ab51_what_is_somebodys_own_is_kept_by_no_cache(server: int, tenants: Any, logged: Logged) -> None:
    mairi, anna = inside(resident(tenants.alpha, "mairi"), "public"), officer(tenants.alpha)
    row = round_open(tenants.alpha)
    matrix: tuple[dict[str, str], ...] = (
        {},
        {"Cache_Control": "max-age=0"},
        {"Cache_Control": "ONLY-IF-CACHED"},
        {"Vary": "*"},
        {"If_Modified_Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
        {"If_None_Match": "*"},
        {"Authorization": "x"},
    )
    own = ((mairi, "/account/"), (anna, "/people/"), (anna, "/rounds/"), (mairi, f"/rounds/{row.slug}/vote/prove/"))
    for who, path in own:
        for headers in matrix:
            reply = who.get(path, **headers)
            said = reply.headers.get("cache-control", "")
            assert reply.status in (200, 302), (path, headers, reply.status)
            assert "no-store" in said or "private" in said, (path, headers, said)
            assert "public" not in said
    # A page for everybody says by what it differs, and gives out nothing of whoever asked before.
    public = Outside("alpha").get(f"/rounds/{row.slug}/")
    assert public.status == 200
    assert "Màiri" not in public.text
    assert "no-store" in mairi.get(f"/rounds/{row.slug}/").headers["cache-control"]
    assert "no-store" not in public.headers.get("cache-control", "")
