"""The seams of Django, Wagtail and Redis at which tenants could meet: caches, files, searches, permissions, names.

Rows T4 to T47 of the isolation table that no other file shows; `README.md` beside this says where each row stands.
"""

from __future__ import annotations

import io
import re
import shutil
from typing import Any, cast

import pytest
import redis
from django.apps import apps
from django.conf import settings
from django.core.cache import caches
from django.core.files.base import ContentFile
from django.core.files.images import ImageFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Picture
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import Page, Site

from core.audit.models import SigningKey
from core.kernel.env import environment
from core.kernel.errors import Invalid
from core.people.models import Person
from core.people.services import person_know, role_grant
from plugins.api.text import LocalisedText
from tenants.office.owner import schema_drop
from tenants.office.services import schema_name, slug_check, tenant_create
from tenants.registry.context import NoTenant, Role, in_tenant
from tenants.registry.place import TEMPLATE, TIMEOUTS
from tests.behaviour.test_cms import loose_files
from tests.house.test_urls_access import client
from tests.support.canary import CANARIES
from tests.support.fleet import admin
from tests.support.http import SiteClient
from tests.tenancy.test_isolation import know
from tests.tenancy.test_portability import leave

__all__ = ["loose_files"]
TURNS = 300


def test_t4_two_tenants_take_turns_on_one_backend(tenants: Any) -> None:
    """No pooler stands between us and the server (design.md 1): one connection, and every turn stands where it says.

    The driver's own connection, which the ballot box uses, stands there too (T5).
    """
    assert "pool" not in settings.DATABASES["default"]["OPTIONS"]
    assert settings.DATABASES["default"]["CONN_MAX_AGE"] is None
    for tenant in tenants:
        know(tenant)
    pids = set()
    for turn in range(TURNS):
        tenant = tenants[turn % 2]
        with in_tenant(tenant, role=list(Role)[turn % 3]):
            if turn % 5:
                assert Person.objects.get().display_name == CANARIES[tenant.slug]
            row = cast(Any, connection).entered().execute(
                "SELECT display_name, pg_backend_pid() FROM people_person"
            ).fetchone()  # fmt: skip
            assert row[0] == CANARIES[tenant.slug]
            pids.add(row[1])
    assert len(pids) == 1


def test_t11_words_that_are_sql_reach_no_database(tenants: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every word a page takes from its address, as an officer: no page waits, fails, or shows what it should not.

    A statement that slept as it is told would be cut off by its role's limit, and the page would fail.
    """
    for role in (Role.VOTER, Role.STAFF):
        monkeypatch.setitem(TIMEOUTS, role, (4_000, *TIMEOUTS[role][1:]))
    know(tenants.beta)
    other = f'"{tenants.beta.schema}".people_person'
    attacks = ("' OR '1'='1", "1; SELECT pg_sleep(9)--", f"%' UNION SELECT * FROM {other}--", "person__email")
    anna, public = client("alpha", "staff", "officer"), SiteClient(tenants.alpha)
    asked = {
        "/people/new/": ("name",),
        "/discussion/": ("after", "cursor"),
        "/rounds/": ("order", "q", "page"),
        "/cms/pages/search/": ("q", "ordering", "content_type"),
        "/cms/images/": ("q", "ordering", "p", "collection_id"),
        "/cms/documents/": ("q", "ordering", "p"),
        "/cms/reports/site-history/": ("ordering", "user", "label"),
    }
    for path, names in asked.items():
        assert anna.get(path).status_code == 200, path
        for attack in attacks:
            # The other tenant's canary is looked for in every answer.
            answer = anna.get(path, dict.fromkeys(names, attack))
            assert answer.status_code in (200, 302, 400, 404), (path, attack, answer.status_code)
    for attack in attacks:
        assert public.get("/rounds/", dict.fromkeys(("code", "order", "seed", "q", "page"), attack)).status_code < 500


def test_t16_rights_do_not_follow_a_key_into_the_next_tenant(tenants: Any) -> None:
    """The same primary key: an officer in alpha, nobody in beta; one process asks for both by turns."""
    people = {}
    for tenant in tenants:
        with in_tenant(tenant), transaction.atomic():
            people[tenant.slug] = person_know(issuer="https://id.example", subject="same")
    assert people["alpha"].pk == people["beta"].pk
    with in_tenant(tenants.alpha), transaction.atomic():
        role_grant(person=people["alpha"], role="officer", giver=None)
    browsers = {}
    for tenant in tenants:
        browsers[tenant.slug] = SiteClient(tenant, purpose="staff")
        with in_tenant(tenant), transaction.atomic():
            browsers[tenant.slug].force_login(people[tenant.slug], backend="core.people.backends.GrantBackend")
    for _ in range(3):
        assert browsers["alpha"].get("/cms/pages/").status_code == 200
        assert browsers["alpha"].get("/people/").status_code == 200
        assert browsers["beta"].get("/people/").status_code == 403
        assert browsers["beta"].get("/cms/pages/").status_code == 403
    with in_tenant(tenants.beta):
        assert not Person.objects.get(subject="same").has_perm("wagtailadmin.access_admin")
    with in_tenant(tenants.alpha):
        assert Person.objects.get(subject="same").has_perm("wagtailadmin.access_admin")


def plant(tenant: Any, table: str) -> None:
    """A row of nonsense in the template, past every trigger and foreign key."""
    name = f'"{TEMPLATE}".{table}'
    needed = admin(
        "SELECT attname, atttypid::regtype::text FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND attnotnull AND NOT atthasdef AND attidentity = ''",
        [name],
    )
    blank = {"boolean": "true", "uuid": "gen_random_uuid()", "timestamp with time zone": "now()", "bytea": "'x'",
        "jsonb": "'{}'"}  # fmt: skip
    values = ", ".join(blank.get(kind, "0" if "int" in kind else "'x'") for _name, kind in needed)
    names = ", ".join(f'"{name}"' for name, _kind in needed)
    admin(
        f"BEGIN; SET LOCAL session_replication_role = replica;"
        f" SELECT set_config('commonty.tenant', '{tenant.uuid}', true);"
        f" INSERT INTO {name} ({names}) VALUES ({values}); COMMIT"
    )


def _public_key(ref: Any) -> bytes:
    return bytes(admin("SELECT signing_key FROM registry_tenant WHERE id = %s", [ref.uuid])[0][0])


def test_t18_what_stands_in_the_template_is_not_handed_on(tenants: Any) -> None:
    """A person, a session, a site and a key planted in the template: a new tenant has none of them."""
    # A site of its own, which Wagtail's migrations make, stands there already.
    planted = {"people_person": "true", "people_session": "true", "audit_signingkey": "true",
        "wagtailcore_site": "hostname = 'x'"}  # fmt: skip
    try:
        for table, mine in planted.items():
            plant(tenants.alpha, table)
            assert admin(f'SELECT count(*) FROM "{TEMPLATE}".{table} WHERE {mine}') == [(1,)], table
        ref, _ = tenant_create(slug="planted", kind="council", name=LocalisedText("Planted"))
        try:
            with in_tenant(ref, role=Role.WORKER):
                assert not Person.objects.exists()
                assert [bytes(one.public) for one in SigningKey.objects.all()] == [_public_key(ref)]
                assert {one.hostname for one in Site.objects.all()} == {f"planted.{environment().base_domain}"}
            assert admin(f'SELECT count(*) FROM "{ref.schema}".people_session') == [(0,)]
        finally:
            schema_drop(ref.schema)
            leave(ref)
    finally:
        for table, mine in planted.items():
            admin(f'SET session_replication_role = replica; DELETE FROM "{TEMPLATE}".{table} WHERE {mine}')


@given(st.text(max_size=60))
def test_t20_a_schemas_name_is_ours_and_a_tenants_is_plain(slug: str) -> None:
    assert re.fullmatch(r"t_[a-z0-9]{12}", schema_name())
    try:
        slug_check(slug, "council")
    except Invalid:
        return
    assert re.fullmatch(r"[a-z](?:-?[a-z0-9])*", slug)
    assert len(slug) <= 40


def test_t31_django_caches_no_page(tenants: Any) -> None:
    assert not [name for name in settings.MIDDLEWARE if "cache" in name.lower()]
    mairi = client("alpha", "public", "resident")
    for path in ("/", "/rounds/", "/privacy/"):
        assert "no-store" in mairi.get(path)["Cache-Control"], path
        anybody = SiteClient(tenants.alpha).get(path)
        assert "no-store" not in anybody.get("Cache-Control", "")
        assert not anybody.cookies


def test_t32_every_cache_carries_the_tenant_and_works_in_none_without(tenants: Any) -> None:
    for alias, made in settings.CACHES.items():
        assert made["KEY_FUNCTION"] == "tenants.registry.cache.make_key", alias
        for tenant in tenants:
            with in_tenant(tenant):
                caches[alias].set("same-key", CANARIES[tenant.slug])
        for tenant in tenants:
            with in_tenant(tenant):
                assert caches[alias].get("same-key") == CANARIES[tenant.slug]
        # T35: outside a tenant there is no cache, also for one that is named.
        with pytest.raises(NoTenant):
            caches[alias].get("same-key")
    # Wagtail's own key for where its sites begin, asked in both by turns.
    for _ in range(2):
        for tenant in tenants:
            with in_tenant(tenant):
                page = Page.objects.filter(depth=2).first()
                assert page is not None
                assert f"//{tenant.slug}." in str(page.full_url)
    assert {type(cache).__name__ for cache in caches.all()} == {"RedisCache"}
    # T36: nobody counts or remembers in a cache of their own.
    assert not [name for name in apps.app_configs if name in ("constance", "axes", "cachalot", "django_ratelimit")]


def test_t33_the_same_picture_with_the_same_key_is_made_for_each(tenants: Any, loose_files: None) -> None:
    """One file, one key and one filter in both: neither is given what was made for the other."""
    raw = io.BytesIO()
    Picture.new("RGB", (64, 48), "#0065bd").save(raw, "PNG")
    keys: set[Any] = set()
    made: dict[str, set[str]] = {}
    for tenant in tenants:
        with in_tenant(tenant), transaction.atomic():
            # Files are not put back after a test, so others may have left some.
            shutil.rmtree(default_storage.path(""), ignore_errors=True)
            file = ImageFile(io.BytesIO(raw.getvalue()), name="same.png")
            image = get_image_model().objects.create(title="Same", file=file)
            keys.add((image.pk, image.file.name, image.get_file_hash()))
    assert len(keys) == 1
    for _ in range(2):
        for tenant in tenants:
            with in_tenant(tenant):
                shown = get_image_model().objects.get(title="Same").get_rendition("fill-16x16")
                assert f"//{tenant.slug}.files." in shown.url
                assert str(tenant.uuid) in shown.file.path
                made.setdefault(tenant.slug, set()).add(shown.file.path)
    assert [len(paths) for paths in made.values()] == [1, 1]
    for tenant in tenants:
        with in_tenant(tenant), transaction.atomic():
            get_image_model().objects.all().delete()


def test_t34_sessions_survive_an_empty_cache(tenants: Any) -> None:
    anna = client("beta", "staff", "officer")
    assert anna.get("/people/").status_code == 200
    with in_tenant(tenants.alpha):
        for number in range(200):
            caches["default"].set(f"many-{number}", "x" * 1000)
    with redis.Redis.from_url(environment().redis_url) as server:
        server.flushdb()
    assert anna.get("/people/").status_code == 200


def test_t37_files_of_one_process_lie_under_each_tenants_own_mark(tenants: Any) -> None:
    """One storage object, entered in alpha first; T40: what alpha deletes leaves beta's file of the same name."""
    for tenant in tenants:
        with in_tenant(tenant):
            default_storage.save("notes/same.txt", ContentFile(CANARIES[tenant.slug].encode()))
    for tenant in tenants:
        with in_tenant(tenant):
            assert str(tenant.uuid) in default_storage.path("notes/same.txt")
            assert f"//{tenant.slug}.files." in default_storage.url("notes/same.txt")
            with default_storage.open("notes/same.txt") as kept:
                assert kept.read() == CANARIES[tenant.slug].encode()
    with pytest.raises(NoTenant):
        default_storage.exists("notes/same.txt")
    assert settings.TASKS["default"]["BACKEND"].endswith("ImmediateBackend")
    documents = {}
    for tenant in tenants:
        with in_tenant(tenant), transaction.atomic():
            document = get_document_model()(title="Same")
            document.file.save("same.pdf", ContentFile(b"%PDF-1.7 " + CANARIES[tenant.slug].encode()))
            documents[tenant.slug] = document
    assert documents["alpha"].file.name == documents["beta"].file.name
    with in_tenant(tenants.alpha):
        documents["alpha"].delete()
        assert not default_storage.exists("documents/same.pdf")
        default_storage.delete("notes/same.txt")
    with in_tenant(tenants.beta):
        assert default_storage.exists("documents/same.pdf")
        assert default_storage.exists("notes/same.txt")
        default_storage.delete("documents/same.pdf")
        default_storage.delete("notes/same.txt")


def test_t41_a_search_finds_what_is_here(tenants: Any) -> None:
    for tenant in tenants:
        with in_tenant(tenant), transaction.atomic():
            page = Page.objects.filter(depth=2).first()
            assert page is not None
            page.title = f"Home {CANARIES[tenant.slug]}"
            page.save()
    anna = client("alpha", "staff", "officer")
    for path in ("/cms/pages/search/", "/cms/pages/search/results/", "/cms/choose-page/search/"):
        for word, found in ((CANARIES["alpha"], True), ("canary", None)):
            answer = anna.get(path, {"q": word})
            assert answer.status_code == 200, path
            if found:
                assert CANARIES["alpha"] in answer.content.decode()
    # The other's word, which the page itself repeats as what was asked for, stands in no answer of the index.
    with in_tenant(tenants.alpha):
        assert list(Page.objects.all().search(CANARIES["beta"])) == []
        assert len(list(Page.objects.all().search(CANARIES["alpha"]))) == 1


def test_t44_no_editors_bar_stands_on_a_public_page(tenants: Any) -> None:
    assert settings.WAGTAILADMIN_COMMENTS_ENABLED is False
    for who in ("stranger", "resident", "officer"):
        browser = client("alpha", "public", who)
        for path in ("/", "/privacy/", "/how-it-works/"):
            page = browser.get(path)
            assert page.status_code == 200
            assert b"userbar" not in page.content
            assert b"/cms/" not in page.content


def test_t47_no_console_of_the_registry_stands_anywhere(tenants: Any) -> None:
    assert "django.contrib.admin" not in settings.INSTALLED_APPS
    # T14: nothing that runs outside a request's own thread.
    assert not {"channels", "daphne"} & set(settings.INSTALLED_APPS)
    assert not hasattr(settings, "ASGI_APPLICATION")
    for purpose in ("public", "staff", "files"):
        for path in ("/django-admin/", "/admin/", "/admin/login/"):
            assert SiteClient(tenants.alpha, purpose=purpose).get(path).status_code == 404, (purpose, path)
    assert SiteClient(tenants.alpha, purpose="staff").get("/cms/").status_code == 302
