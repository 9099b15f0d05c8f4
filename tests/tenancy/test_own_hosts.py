"""An address of one's own and mail in one's own name: proved by records that a real name server gives out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import transaction

from core.audit.models import AuditEvent
from core.kernel.clock import database_now
from core.kernel.env import environment
from core.kernel.errors import Invalid, Refused, Unavailable
from core.kernel.names import bind_names
from core.notices.services import notice_send
from core.people.models import RoleGrant
from core.people.sso.realm.clients import registered, wanted_clients
from core.people.sso.sites import RealmKind
from core.project.resolver import DnsNames
from core.setup.models import Invitation
from core.setup.services import invite
from tenants.office.archive import BelongingsTold
from tenants.office.belongings import belongings, belongings_check, belongings_take
from tenants.office.hosts.models import OwnHost
from tenants.office.hosts.naming import host_check, host_of
from tenants.office.hosts.sender import sender_look, sender_of
from tenants.office.hosts.sequencer import RecordTimes
from tenants.office.hosts.services import host_ask, host_look, own_hosts
from tenants.registry.context import in_public, in_tenant
from tenants.registry.hosts import forget, site_for
from tenants.registry.models import Domain, Quota
from tenants.registry.selectors import tenant_by_slug
from tests.behaviour.test_manage_rounds import browser, text
from tests.support.http import SiteClient
from tests.support.jobs import work
from tests.support.nameserver import Zone, name_server

HOST = "choices.alpha-council.scot"
ADDRESS = "198.51.100.7"
PAGE = "/address/"


@pytest.fixture
def zone() -> Iterator[Zone]:
    with name_server() as made:
        bind_names(DnsNames([made.server]))
        yield made
    bind_names(DnsNames())


class OwnClient(SiteClient):
    """A browser at an address of a tenant's own."""

    def __init__(self, tenant: Any, host: str) -> None:
        super().__init__(tenant)
        self.host = host
        self.defaults["HTTP_HOST"] = f"{host}:{environment().port}"


def known(tenant: Any) -> Any:
    """The one address this tenant has asked for, as its page shows it."""
    (one,) = own_hosts(tenant.uuid)
    return one


def ask(client: SiteClient, host: str = HOST) -> Any:
    return client.post(PAGE, {"do": "ask", "host": host})


def does(client: SiteClient, verb: str, tenant: Any) -> Any:
    return client.post(PAGE, {"do": verb, "own": str(known(tenant).id)}, follow=True)


def prove(client: SiteClient, tenant: Any, zone: Zone, host: str = HOST) -> None:
    """What an officer and whoever keeps the domain do together, with a name that leads here."""
    assert ask(client, host).status_code == 302
    one = known(tenant)
    zone.text(one.name, one.text)
    zone.put(f"{tenant.slug}.localhost", "A", ADDRESS)
    zone.put(host, "CNAME", f"{tenant.slug}.localhost")
    assert "The record is there." in text(does(client, "look", tenant))


def nightly(tenant: Any) -> None:
    """The night comes: what is due is asked for by the national site's visit and done by the tenant's worker."""
    with in_public():
        OwnHost.objects.filter(next_look_at__isnull=False).update(next_look_at=database_now())
    with in_tenant(tenant_by_slug("hub")):
        RecordTimes().sequence(limit=100)
    work(tenant)
    forget()


def test_a_proved_address_serves_this_tenant_and_links_name_the_main_one(tenants: Any, zone: Zone) -> None:
    client = browser(tenants.alpha)
    assert ask(client, f"https://{HOST.upper()}/").status_code == 302
    page = text(client.get(PAGE))
    assert "Waits for its record" in page
    assert known(tenants.alpha).name in page
    assert known(tenants.alpha).text in page
    # Asking claims nothing, and a record that says something else proves nothing.
    zone.text(known(tenants.alpha).name, "commonty-proof=guessed")
    assert "not there yet" in text(does(client, "look", tenants.alpha))
    assert site_for(HOST) is None
    own = OwnClient(tenants.alpha, HOST)
    assert own.get("/").status_code == 404

    prove(client, tenants.alpha, zone)
    ours = f"http://alpha.localhost:{environment().port}"
    front = text(own.get("/privacy/"))
    assert "Alpha Council" in front
    assert f'rel="canonical" href="{ours}/privacy/"' in front
    assert (
        f"img-src 'self' data: http://alpha.files.localhost:{environment().port};"
        in own.get("/")["Content-Security-Policy"]
    )
    assert "Links and letters name this address" in text(does(client, "main", tenants.alpha))
    work(tenants.alpha)
    theirs = f"http://{HOST}:{environment().port}"
    for browser_here in (own, SiteClient(tenants.alpha)):
        assert f'rel="canonical" href="{theirs}/privacy/"' in text(browser_here.get("/privacy/"))
    # The editors' pages follow, and the neighbour's stay as they were.
    assert f'href="{theirs}/how-it-works/"' in text(own.get("/")) or '/how-it-works/"' in text(own.get("/"))
    assert "beta.localhost" in text(SiteClient(tenants.beta).get("/privacy/"))
    assert own.get("/cms/").status_code == 404
    with in_tenant(tenants.alpha):
        kinds = list(AuditEvent.objects.filter(kind__endswith="host_changed").values_list("kind", flat=True))
    assert sorted(kinds) == ["main_host_changed", *["own_host_changed"] * 3]


def office(tenant: Any, client: SiteClient) -> None:
    """An address for residents, an officer who came by an invitation, and one who never took it up."""
    assert client.post("/setup/contacts/", {"email": f"office@{tenant.slug}-council.scot"}).status_code == 302
    with in_tenant(tenant):
        invite(address="never@example.org", language="en")
        row = invite(address="mairi@example.org", language="gd")
        with transaction.atomic():
            officer = RoleGrant.objects.filter(role="officer", round_id__isnull=True).first()
            Invitation.objects.filter(pk=row.pk).update(used_at=database_now(), used_by=officer.person.public_id)  # type: ignore[union-attr]
    work(tenant)
    mail.outbox.clear()


@pytest.mark.usefixtures("fleet_clean")
def test_a_lost_domain_is_switched_off_not_followed_and_told_to_the_office(tenants: Any, zone: Zone) -> None:
    client = browser(tenants.alpha)
    office(tenants.alpha, client)
    office(tenants.beta, browser(tenants.beta))
    prove(client, tenants.alpha, zone)
    does(client, "main", tenants.alpha)
    one = known(tenants.alpha)
    nightly(tenants.alpha)
    assert known(tenants.alpha).state == "proved"
    # A broken name server proves nothing either way: it is borne for days, and not for ever.
    zone.silent.add(one.name)
    nightly(tenants.alpha)
    assert known(tenants.alpha).state == "proved"
    assert not known(tenants.alpha).answered
    zone.silent.clear()
    # The record flips: gone for one look, back at the next.
    zone.drop(one.name, "TXT")
    nightly(tenants.alpha)
    assert known(tenants.alpha).state == "lost"
    # The office is told, once: those residents write to and officers whose address was given, nobody next door.
    letters = sorted((one.to, one.subject) for one in mail.outbox)
    assert letters == [
        (["mairi@example.org"], f"Chaidh {HOST} a chur dheth"),
        (["office@alpha-council.scot"], f"{HOST} is switched off"),
    ]
    assert f"http://alpha.staff.localhost:{environment().port}{PAGE}" in mail.outbox[0].body
    assert "Your website stays at alpha.localhost" in next(one.body for one in mail.outbox if "is" in one.subject)
    mail.outbox.clear()
    assert site_for(HOST) is None
    assert OwnClient(tenants.alpha, HOST).get("/").content == b"Not found\n"
    assert site_for("alpha.localhost").named == "alpha.localhost"  # type: ignore[union-attr]
    zone.text(one.name, one.text)
    nightly(tenants.alpha)
    assert not mail.outbox
    assert "not there yet" in text(does(client, "look", tenants.alpha))
    assert site_for(HOST) is None
    assert "Switched off" in text(client.get(PAGE))
    # Only the new record brings it back.
    prove(client, tenants.alpha, zone)
    assert site_for(HOST) is not None


def test_silence_for_days_switches_off(tenants: Any, zone: Zone) -> None:
    client = browser(tenants.alpha)
    prove(client, tenants.alpha, zone)
    zone.silent.add(known(tenants.alpha).name)
    for days, state in ((2, "proved"), (4, "lost")):
        with in_public():
            OwnHost.objects.update(answered_at=database_now() - timedelta(days=days))
        nightly(tenants.alpha)
        assert known(tenants.alpha).state == state


@pytest.mark.usefixtures("fleet_clean")
def test_what_goes_along_in_a_file_is_believed_as_long_as_silence_is(tenants: Any, zone: Zone) -> None:
    alpha = tenants.alpha
    client = browser(alpha)
    prove(client, alpha, zone)
    does(client, "main", alpha)
    record = known(alpha)
    with in_public():
        Quota.objects.create(tenant_id=alpha.uuid, what="exports", most=7)

    def carried(**changed: Any) -> None:
        """Out and in again where the service has the same name."""
        with in_public(), transaction.atomic():
            told = BelongingsTold.model_validate(belongings(alpha.uuid, alpha.slug))
            told = told.model_copy(update={"hosts": [one.model_copy(update=changed) for one in told.hosts]})
            Domain.objects.filter(domain=HOST).delete()
            Domain.objects.filter(domain="alpha.localhost").update(is_primary=True)
            belongings_check(told, alpha.uuid)
            belongings_take(told, alpha)
        forget()

    carried()
    assert (known(alpha).state, known(alpha).main, known(alpha).text) == ("proved", True, record.text)
    assert site_for(HOST).tenant.slug == "alpha"  # type: ignore[union-attr]
    with in_public():
        assert Quota.objects.get(tenant_id=alpha.uuid).most == 7
    # The record is asked for at once, and one that is gone by then is not believed.
    zone.drop(record.name, "TXT")
    with in_tenant(tenant_by_slug("hub")):
        RecordTimes().sequence(limit=100)
    work(alpha)
    assert known(alpha).state == "lost"
    prove(client, alpha, zone)
    # What was answered too long ago is asked for again; the record that stands there proves it.
    carried(answered_at=database_now() - timedelta(days=4))
    assert known(alpha).state == "asked"
    assert site_for(HOST) is None
    assert "The record is there." in text(does(client, "look", alpha))
    # A file claims nothing that could not be asked for.
    with in_public():
        told = BelongingsTold.model_validate(belongings(alpha.uuid, alpha.slug))
        for host in ("mail.alpha-council.scot", "beta.localhost", "alphа.scot"):
            with pytest.raises((Refused, Invalid)):
                belongings_check(
                    told.model_copy(update={"hosts": [told.hosts[0].model_copy(update={"host": host})]}), alpha.uuid
                )


@pytest.mark.usefixtures("fleet_clean")
def test_who_proves_first_has_the_name(tenants: Any, zone: Zone) -> None:
    alpha, beta = browser(tenants.alpha), browser(tenants.beta)
    for client in (alpha, beta):
        assert ask(client).status_code == 302
    # Both records stand in one domain: the second finds it taken, and the first keeps it.
    one, other = known(tenants.alpha), known(tenants.beta)
    assert one.text != other.text
    zone.put(one.name, "TXT", f'"{one.text}"', f'"{other.text}"')
    assert "The record is there." in text(does(alpha, "look", tenants.alpha))
    late = does(beta, "look", tenants.beta)
    assert late.status_code == 409
    assert "is the address of another website here" in text(late)
    assert site_for(HOST).tenant.slug == "alpha"  # type: ignore[union-attr]
    assert ask(beta).status_code == 409
    # Nobody looks at, chooses or ends another's address.
    for verb in ("look", "main", "end"):
        answer = beta.post(PAGE, {"do": verb, "own": str(one.id)})
        assert answer.status_code == 409
        assert "There is no such address." in text(answer)
    assert "The address is switched off." in text(does(alpha, "end", tenants.alpha))
    assert site_for(HOST) is None
    assert "The record is there." in text(does(beta, "look", tenants.beta))


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("alpha.localhost", "host.taken"),
        ("beta.localhost", "host.reserved"),
        ("new.localhost", "host.reserved"),
        ("choices.example.org", "host.reserved"),
        ("192.0.2.1", "host.reserved"),
        ("scotland", "host.reserved"),
        ("mail.alpha-council.scot", "host.reserved"),
        ("alphа.scot", "host.letters"),
        ("xn--alph-8cd.scot", "host.letters"),
        ("choices.alpha.scot:8080", "host.malformed"),
        ("choices.alpha.scot/rounds", "host.malformed"),
        ("-choices.scot", "host.malformed"),
        ("a." * 130 + "scot", "host.malformed"),
        ("", "host.malformed"),
        ("choices.alpha-counci1.scot", "host.look_alike"),
        ("choices.alphacouncil.scot", "host.look_alike"),
    ],
)
@pytest.mark.usefixtures("fleet_clean")
def test_reserved_taken_and_look_alike_names_are_refused(tenants: Any, zone: Zone, host: str, code: str) -> None:
    with in_public():
        Domain.objects.create(domain=HOST, tenant_id=tenants.alpha.uuid, purpose="public", is_primary=False)
    with in_tenant(tenants.beta):
        with pytest.raises((Refused, Invalid)) as refused:
            host_ask(tenant=tenants.beta, host=host)
        assert refused.value.code == code
        assert host_ask(tenant=tenants.beta, host="choices.beta-council.scot").state == "asked"


def test_the_services_own_names_are_not_imitated() -> None:
    others = ["choices.alpha-council.scot"]
    for host, code in (
        ("new.choices.scot", "host.ours"),
        ("choices.scot", "host.ours"),
        ("ch0ices.scot", "host.look_alike"),
        ("glasgow.cho1ces.scot", "host.look_alike"),
    ):
        with pytest.raises(Refused) as refused:
            host_check(host_of(host), base="choices.scot", others=others)
        assert refused.value.code == code
    host_check(host_of("vote.beta.scot"), base="choices.scot", others=others)


def test_main_only_where_it_leads_here_and_only_so_many(tenants: Any, zone: Zone) -> None:
    client = browser(tenants.alpha)
    ask(client)
    one = known(tenants.alpha)
    zone.text(one.name, one.text)
    zone.put(HOST, "A", "203.0.113.9")
    zone.put("alpha.localhost", "A", ADDRESS)
    does(client, "look", tenants.alpha)
    refused = does(client, "main", tenants.alpha)
    assert refused.status_code == 409
    assert "does not lead to your website yet" in text(refused)
    zone.put(HOST, "A", "203.0.113.9", ADDRESS)
    does(client, "look", tenants.alpha)
    does(client, "main", tenants.alpha)
    assert known(tenants.alpha).main
    # It leads elsewhere while the record still stands: links name ours again.
    zone.put(HOST, "A", "203.0.113.9")
    nightly(tenants.alpha)
    assert (known(tenants.alpha).state, known(tenants.alpha).main) == ("proved", False)
    assert ask(client, "two.alpha-council.scot").status_code == 302
    assert ask(client, "three.alpha-council.scot").status_code == 302
    assert ask(client, "four.alpha-council.scot").status_code == 409


def test_sign_in_returns_to_a_proved_address_and_no_longer_to_a_lost_one(tenants: Any, zone: Zone) -> None:
    def returns(tenant: Any) -> list[str]:
        (one,) = registered(tenant.uuid)
        found: list[str] = wanted_clients(one)[RealmKind.RESIDENTS]["public"]["redirectUris"]
        return found

    client = browser(tenants.alpha)
    here = f"http://{HOST}:{environment().port}/sign-in/callback/"
    assert here not in returns(tenants.alpha)
    prove(client, tenants.alpha, zone)
    assert here in returns(tenants.alpha)
    assert here not in returns(tenants.beta)
    work(tenants.alpha)
    # No Keycloak stands behind this installation: the page says whom to ask for what.
    page = text(client.get(PAGE))
    assert here in page
    assert "commonty-alpha" in page
    does(client, "end", tenants.alpha)
    assert here not in returns(tenants.alpha)
    assert here not in text(client.get(PAGE))


def test_a_session_of_one_address_is_nobodys_at_another(tenants: Any, zone: Zone) -> None:
    client = browser(tenants.alpha)
    prove(client, tenants.alpha, zone)
    own = OwnClient(tenants.beta, HOST)
    own.tenant = tenants.alpha
    answer = own.get("/account/")
    assert answer.status_code == 302
    assert not [one for one in answer.cookies.values() if one["domain"]]


def test_the_real_resolver_tells_nothing_from_no_answer(zone: Zone) -> None:
    names = DnsNames([zone.server])
    zone.text("long.scot", "x" * 450)
    zone.put("only-a.scot", "A", ADDRESS)
    zone.put("alias.scot", "CNAME", "only-a.scot")
    assert names.texts("long.scot") == ("x" * 450,)
    assert names.texts("only-a.scot") == ()
    assert names.texts("nobody.scot") == ()
    assert names.addresses("alias.scot") == {ADDRESS}
    zone.silent.add("broken.scot")
    with pytest.raises(Unavailable):
        names.texts("broken.scot")
    with pytest.raises(Invalid):
        DnsNames(["not-an-address:53"])
    with pytest.raises(Invalid):
        names.texts("a..scot")


# -- mail in one's own name -------------------------------------------------------------------------------------------

SENDER = "choices@alpha-council.scot"
KEY = "v=DKIM1; k=rsa; p=MIIBIjANBgkq" + "A" * 300
OURS = "no-reply@localhost"


def letter(tenant: Any) -> Any:
    """One letter, as it leaves."""
    with in_tenant(tenant), transaction.atomic():
        notice_send(template="voting-opened", to="mairi@example.org", language="en", context={})
    mail.outbox.clear()
    work(tenant)
    (sent,) = mail.outbox
    return sent


def records(tenant: Any, zone: Zone) -> None:
    found = sender_of(tenant)
    assert found is not None
    zone.text("commonty._domainkey.localhost", KEY)
    for one in (wanted.record for wanted in found.records):
        if one.type == "TXT":
            zone.text(one.name, one.text)
        else:
            zone.put(one.name, one.type, one.text)


def looked(tenant: Any) -> Any:
    with in_tenant(tenant):
        return sender_look(tenant=tenant)


def test_mail_leaves_in_a_councils_name_only_while_every_record_allows_it(tenants: Any, zone: Zone) -> None:
    client = browser(tenants.alpha)
    office(tenants.alpha, client)
    assert f"Alpha Council <{OURS}>" == letter(tenants.alpha).from_email
    assert client.post("/address/mail/", {"do": "ask", "address": SENDER}).status_code == 302
    first = letter(tenant_by_slug("alpha"))
    assert (first.from_email, first.reply_to) == (f"Alpha Council <{OURS}>", [SENDER])
    assert not looked(tenants.alpha).good
    records(tenants.alpha, zone)
    page = client.post("/address/mail/", {"do": "look"}, follow=True)
    assert "Every record is as it should be." in text(page)
    assert len(re.findall("As it should be", text(page))) == 4
    second = letter(tenant_by_slug("alpha"))
    assert (second.from_email, second.reply_to) == (f"Alpha Council <{SENDER}>", [])
    assert letter(tenants.beta).from_email == f"Beta Council <{OURS}>"
    # One record is taken away: the night finds it, and letters are ours again.
    zone.drop("_dmarc.alpha-council.scot", "TXT")
    with in_public():
        from tenants.office.hosts.models import OwnSender

        OwnSender.objects.update(next_look_at=database_now())
    with in_tenant(tenant_by_slug("hub")):
        RecordTimes().sequence(limit=100)
    mail.outbox.clear()
    work(tenants.alpha)
    assert sender_of(tenants.alpha).good is False  # type: ignore[union-attr]
    # The office hears of it, once.
    assert sorted((one.to, one.subject) for one in mail.outbox) == [
        (["mairi@example.org"], f"Cha tèid post a chur mar {SENDER} tuilleadh"),
        (["office@alpha-council.scot"], f"Mail is no longer sent as {SENDER}"),
    ]
    third = letter(tenant_by_slug("alpha"))
    assert (third.from_email, third.reply_to) == (f"Alpha Council <{OURS}>", [SENDER])


def test_another_tenant_cannot_send_in_a_councils_name(tenants: Any, zone: Zone) -> None:
    for tenant in tenants:
        client = browser(tenant)
        assert client.post("/address/mail/", {"do": "ask", "address": SENDER}).status_code == 302
    records(tenants.alpha, zone)
    assert looked(tenants.alpha).good
    # Beta finds every record but the proof, which is alpha's.
    found = looked(tenants.beta)
    assert {one.record.kind: one.said.value for one in found.records if one.said} == {
        "proof": "wrong",
        "spf": "good",
        "dkim": "good",
        "dmarc": "good",
    }
    assert not found.good


@pytest.mark.parametrize(
    ("name", "value", "kind", "said"),
    [
        ("alpha-council.scot", "v=spf1 -all", "spf", "wrong"),
        ("alpha-council.scot", "v=spf1 ~all include:_spf.localhost", "spf", "wrong"),
        ("alpha-council.scot", "v=spf1 include:mail.alpha-council.scot -all", "spf", "good"),
        ("alpha-council.scot", "v=spf1 redirect=mail.alpha-council.scot", "spf", "good"),
        ("alpha-council.scot", "v=spf1 -include:_spf.localhost ~all", "spf", "wrong"),
        ("alpha-council.scot", "v=spf1 include:loop.alpha-council.scot ~all", "spf", "wrong"),
        ("alpha-council.scot", "something else", "spf", "missing"),
        ("_dmarc.alpha-council.scot", "v=DMARC1; p=perhaps", "dmarc", "wrong"),
        ("_dmarc.alpha-council.scot", "v=DMARC1; p=none", "dmarc", "good"),
        ("_dmarc.alpha-council.scot", "v=DMARC2", "dmarc", "missing"),
    ],
)
def test_what_each_record_must_say(tenants: Any, zone: Zone, name: str, value: str, kind: str, said: str) -> None:
    client = browser(tenants.alpha)
    client.post("/address/mail/", {"do": "ask", "address": SENDER})
    records(tenants.alpha, zone)
    zone.text("mail.alpha-council.scot", "v=spf1 include:_spf.localhost -all")
    zone.text("loop.alpha-council.scot", "v=spf1 include:loop.alpha-council.scot ~all")
    zone.text(name, value)
    found = {one.record.kind: one.said.value for one in looked(tenants.alpha).records if one.said}
    assert found.pop(kind) == said
    assert set(found.values()) == {"good"}
    assert looked(tenants.alpha).good is (said == "good")


def test_a_senders_domain_is_checked_like_a_websites(tenants: Any, zone: Zone) -> None:
    client = browser(tenants.alpha)
    for address, status in (
        ("choices@mail.alpha-council.scot", 302),
        ("choices@localhost", 409),
        ("choices@beta.localhost", 409),
        ("choices@example.org", 409),
        ("not an address", 422),
        ("choices@alphа.scot", 422),
    ):
        assert client.post("/address/mail/", {"do": "ask", "address": address}).status_code == status, address
    assert sender_of(tenants.alpha).address == "choices@mail.alpha-council.scot"  # type: ignore[union-attr]
    assert sender_of(tenants.beta) is None


def test_the_key_must_be_ours(tenants: Any, zone: Zone) -> None:
    browser(tenants.alpha).post("/address/mail/", {"do": "ask", "address": SENDER})
    records(tenants.alpha, zone)
    zone.drop("commonty._domainkey.alpha-council.scot", "CNAME")
    zone.text("commonty._domainkey.alpha-council.scot", "v=DKIM1; p=another")
    assert not looked(tenants.alpha).good
    zone.text("commonty._domainkey.alpha-council.scot", KEY)
    assert looked(tenants.alpha).good
    # Nothing is published for our own selector: then no key of theirs is ours.
    zone.text("commonty._domainkey.localhost", "v=DKIM1; p=")
    assert not looked(tenants.alpha).good


def test_looking_in_the_registry_needs_no_transaction(tenants: Any, zone: Zone) -> None:
    with in_tenant(tenants.alpha):
        own = host_ask(tenant=tenants.alpha, host=HOST)
        assert host_look(own=own.id, tenant=tenants.alpha).state == "asked"
