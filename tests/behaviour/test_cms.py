"""The editors' pages: each tenant its own, in two languages, written on the staff host and read on the public one."""

from __future__ import annotations

import gc
import io
import json
import warnings
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from PIL import Image as Picture
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import Collection, Locale, Page, PageLogEntry, PageViewRestriction
from wagtail.test.utils.form_data import nested_form_data, rich_text, streamfield

from cms.models import HomePage, HowItWorksPage, NewsIndexPage, NewsPage, RoundIndexPage, StandardPage
from cms.provisioning import pages_step
from core.kernel.env import environment
from tenants.registry.context import in_tenant
from tenants.registry.selectors import tenant_by_slug
from tests.house.test_urls_access import client
from tests.support.canary import CANARIES
from tests.support.http import SiteClient

NOT_TRANSLATED = "Cha deach an duilleag seo eadar-theangachadh fhathast."
STARTER = "This is starter text that came with the service."


def editor(slug: str = "alpha") -> SiteClient:
    return client(slug, "staff", "officer")


def page_of(tenant: Any, kind: Any, language: str = "en", **more: Any) -> Any:
    with in_tenant(tenant):
        return kind.objects.get(locale__language_code=language, **more)


def typed(page: Any, **over: Any) -> dict[str, Any]:
    """What the editor's form sends, with what stood in it."""
    known = {"title": page.title, "slug": page.slug, "intro": getattr(page, "intro", ""), "body": [], "seo_title": ""}
    known |= {"search_description": "", "go_live_at": "", "expire_at": ""} | over
    known["body"] = streamfield([(name, rich_text(text)) for name, text in known["body"]])
    return nested_form_data(known)


def published(browser: SiteClient, page: Any, **over: Any) -> Any:
    """Send the editor's form with "publish"; the answer is a redirect where it was taken."""
    return browser.post(f"/cms/pages/{page.pk}/edit/", {**typed(page, **over), "action-publish": "1"})


def added(browser: SiteClient, kind: Any, parent: Any, **fields: Any) -> Any:
    blank = SimpleNamespace(title="", slug="")
    data = {**typed(blank, **fields), "action-publish": "1"}
    return browser.post(f"/cms/pages/add/cms/{kind.__name__.lower()}/{parent.pk}/", data)


def read(tenant: Any, path: str, status: int = 200) -> str:
    answer = SiteClient(tenant).get(path)
    assert answer.status_code == status, path
    return str(answer.content.decode())


def test_every_tenant_has_its_pages_in_both_languages_under_the_same_words_of_the_address(tenants: Any) -> None:
    for tenant, name in ((tenants.alpha, "Alpha Council"), (tenants.beta, "Beta Council")):
        assert f"<h1>Community Choices in {name}</h1>" in read(tenant, "/")
        assert f"<h1>Roghainnean Coimhearsnachd: {tenant.name.gd}</h1>" in read(tenant, "/gd/")
        for path in ("/how-it-works/", "/news/", "/rounds/"):
            english, gaelic = read(tenant, path), read(tenant, f"/gd{path}")
            assert STARTER in english
            assert "Seo teacsa tòiseachaidh" in gaelic
            assert NOT_TRANSLATED not in gaelic
        assert 'href="/how-it-works/"' in read(tenant, "/")
        assert 'href="/gd/how-it-works/">Mar a tha e ag obair' in read(tenant, "/gd/")
        for kind in (HomePage, HowItWorksPage, NewsIndexPage, RoundIndexPage):
            twins = page_of(tenant, kind).translation_key, page_of(tenant, kind, "gd").translation_key
            assert twins[0] == twins[1]
    hub = tenant_by_slug("hub")
    assert "<h1>Community Choices across Scotland</h1>" in read(hub, "/")
    assert "<h1>Roghainnean Coimhearsnachd air feadh Alba</h1>" in read(hub, "/gd/")


def test_what_an_editor_publishes_is_read_on_this_site_alone(tenants: Any) -> None:
    page = page_of(tenants.alpha, HomePage)
    theirs = page_of(tenants.beta, HomePage)
    assert page.pk == theirs.pk
    word = CANARIES["alpha"]
    answer = published(editor(), page, title=f"Welcome {word}", body=[("paragraph", f"<p>Words of {word}</p>")])
    assert answer.status_code == 302
    own = read(tenants.alpha, "/")
    assert f"<h1>Welcome {word}</h1>" in own
    assert f">Words of {word}</p>" in own
    assert STARTER not in own
    assert "Community Choices in Beta Council" in read(tenants.beta, "/")
    # Gaelic is its own page and stays what it was.
    assert word not in read(tenants.alpha, "/gd/")
    # The editor's own search, on both sides.
    found = f'href="/cms/pages/{page.pk}/edit/"'
    assert found in editor().get("/cms/pages/search/", {"q": "Welcome"}).content.decode()
    assert found not in editor("beta").get("/cms/pages/search/", {"q": "Welcome"}).content.decode()
    # A draft is not shown.
    editor().post(f"/cms/pages/{page.pk}/edit/", typed(page, title="Only a draft"))
    assert "Only a draft" not in read(tenants.alpha, "/")


def test_scripts_do_not_pass_the_editor(tenants: Any) -> None:
    page = page_of(tenants.alpha, HomePage)
    published(
        editor(), page, title="<script>alert(1)</script>", body=[("paragraph", "<p>x<script>alert(2)</script></p>")]
    )
    shown = read(tenants.alpha, "/")
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)" in shown


def test_a_page_without_gaelic_is_served_in_english_and_says_so_until_it_is_translated(tenants: Any) -> None:
    browser, home = editor(), page_of(tenants.alpha, HomePage)
    answer = added(
        browser, StandardPage, home, title="Who we are", slug="who-we-are", in_footer="on", intro="Three of us."
    )
    assert answer.status_code == 302, answer.content.decode()
    page = page_of(tenants.alpha, StandardPage, slug="who-we-are")
    assert read(tenants.alpha, "/who-we-are/").count("<h1>Who we are</h1>") == 1
    assert 'href="/who-we-are/">Who we are</a>' in read(tenants.alpha, "/privacy/")
    gaelic = read(tenants.alpha, "/gd/who-we-are/")
    assert NOT_TRANSLATED in gaelic
    assert '<article lang="en">' in gaelic
    assert '<html lang="gd"' in gaelic
    assert 'href="/gd/who-we-are/" lang="en">Who we are</a>' in read(tenants.alpha, "/gd/privacy/")
    read(tenants.beta, "/who-we-are/", 404)
    # The editor's own way to a translation: a draft, which changes nothing yet.
    with in_tenant(tenants.alpha):
        language = Locale.objects.get(language_code="gd").pk
    assert browser.post(f"/cms/translation/submit/page/{page.pk}/", {"locales": [language]}).status_code == 302
    draft = page_of(tenants.alpha, StandardPage, "gd", slug="who-we-are")
    assert NOT_TRANSLATED in read(tenants.alpha, "/gd/who-we-are/")
    assert published(browser, draft, title="Cò sinn", in_footer="on").status_code == 302
    gaelic = read(tenants.alpha, "/gd/who-we-are/")
    assert "<h1>Cò sinn</h1>" in gaelic
    assert NOT_TRANSLATED not in gaelic
    assert "<article>" in gaelic
    assert 'href="/gd/who-we-are/">Cò sinn</a>' in read(tenants.alpha, "/gd/privacy/")
    # Taken back, the English page stands in for it again.
    browser.post(f"/cms/pages/{draft.pk}/unpublish/")
    assert NOT_TRANSLATED in read(tenants.alpha, "/gd/who-we-are/")


def test_the_services_own_addresses_are_kept(tenants: Any) -> None:
    browser, home = editor(), page_of(tenants.alpha, HomePage)
    for slug in ("places", "account", "gd", "static"):
        answer = added(browser, StandardPage, home, title=f"My {slug}", slug=slug)
        assert answer.status_code == 200
        assert "The service itself answers at this address" in answer.content.decode()
    index = page_of(tenants.alpha, RoundIndexPage)
    answer = published(browser, index, slug="vote-here")
    assert "People rely on this page" in answer.content.decode()
    assert published(browser, index, title="Our rounds").status_code == 302
    assert "<h1>Our rounds</h1>" in read(tenants.alpha, "/rounds/")
    assert "Our rounds" not in read(tenants.beta, "/rounds/")


def test_the_duties_are_answered_by_the_service_until_an_editor_publishes_words(tenants: Any) -> None:
    browser = editor()
    for slug in ("accessibility", "privacy", "complaints"):
        page = page_of(tenants.alpha, StandardPage, slug=slug)
        assert STARTER not in read(tenants.alpha, f"/{slug}/")
        published(browser, page, title=f"Our {slug}", body=[("paragraph", "<p>Write to us.</p>")])
        assert f"<h1>Our {slug}</h1>" in read(tenants.alpha, f"/{slug}/")
        assert f"Our {slug}" not in read(tenants.beta, f"/{slug}/")
        browser.post(f"/cms/pages/{page.pk}/unpublish/")
        assert f"Our {slug}" not in read(tenants.alpha, f"/{slug}/")


def test_a_preview_shows_what_was_typed_as_a_resident_would_see_it(tenants: Any) -> None:
    for kind, path in ((HomePage, "/"), (RoundIndexPage, "/rounds/"), (HowItWorksPage, "/how-it-works/")):
        page, browser = page_of(tenants.alpha, kind), editor()
        fields: dict[str, Any] = {"steps": streamfield([])} if kind is HowItWorksPage else {}
        kept = browser.post(f"/cms/pages/{page.pk}/edit/preview/", typed(page, title="Not yet said", **fields))
        assert json.loads(kept.content)["is_valid"], kept.content
        shown = browser.get(f"/cms/pages/{page.pk}/edit/preview/")
        text = shown.content.decode()
        assert shown.status_code == 200
        assert "<h1>Not yet said</h1>" in text
        assert "no-store" in shown["Cache-Control"]
        assert "frame-ancestors 'self'" in shown["Content-Security-Policy"]
        assert 'href="/privacy/"' in text
        assert "Not yet said" not in read(tenants.alpha, path)
    # Nobody else sees one, and beta's editor has nothing to see.
    assert SiteClient(tenants.alpha, purpose="staff").get(f"/cms/pages/{page.pk}/edit/preview/").status_code == 302
    other = editor("beta").get(f"/cms/pages/{page.pk}/edit/preview/").content.decode()
    assert "Not yet said" not in other
    assert SiteClient(tenants.alpha).get(f"/cms/pages/{page.pk}/edit/preview/").status_code == 404


def test_news_is_newest_first_and_goes_on_to_a_second_page(tenants: Any) -> None:
    index = page_of(tenants.alpha, NewsIndexPage)
    assert "There is no news yet." in read(tenants.alpha, "/news/")
    with in_tenant(tenants.alpha):
        for number in range(1, 24):
            piece = NewsPage(title=f"Piece {number:02}", slug=f"piece-{number}", day=f"2026-01-{number:02}")
            Page.objects.get(pk=index.pk).add_child(instance=piece)
    first, second = read(tenants.alpha, "/news/"), read(tenants.alpha, "/news/?page=2")
    assert first.index("Piece 23") < first.index("Piece 22")
    assert "Piece 03" not in first
    assert "Piece 03" in second
    assert "<h1>Piece 07</h1>" in read(tenants.alpha, "/news/piece-7/")
    read(tenants.beta, "/news/piece-7/", 404)
    # The Gaelic list shows what there is in English, marked, while there is no Gaelic piece.
    gaelic = read(tenants.alpha, "/gd/news/")
    assert '<li lang="en"><h2><a href="piece-23/">Piece 23</a></h2>' in gaelic
    assert "Friday 23 January 2026" in gaelic
    assert "<h1>Piece 07</h1>" in read(tenants.alpha, "/gd/news/piece-7/")
    read(tenants.alpha, "/news/?page=nonsense")


@pytest.fixture
def loose_files() -> Iterator[None]:
    """Wagtail leaves the temporary file of each copy it makes to the garbage collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


def picture() -> SimpleUploadedFile:
    held = io.BytesIO()
    image = Picture.new("RGB", (1200, 900), "green")
    exif = image.getexif()
    exif[0x010E] = "taken at home"
    image.save(held, "JPEG", exif=exif)
    return SimpleUploadedFile("bench.jpg", held.getvalue(), content_type="image/jpeg")


def test_a_picture_is_the_tenants_own_made_anew_and_from_the_files_host(tenants: Any, loose_files: None) -> None:
    browser, page = editor(), page_of(tenants.alpha, StandardPage, slug="privacy")
    with in_tenant(tenants.alpha):
        collection = Collection.get_first_root_node().pk
    assert (
        browser.post("/cms/images/add/", {"title": "Bench", "file": picture(), "collection": collection}).status_code
        == 302
    )
    with in_tenant(tenants.alpha):
        image = get_image_model().objects.get()
    with in_tenant(tenants.beta):
        assert not get_image_model().objects.exists()
    block = {"image": image.pk, "alt": "A bench below a tree", "caption": ""}
    data = typed(page) | nested_form_data({"body": streamfield([("picture", block)])}) | {"action-publish": "1"}
    assert browser.post(f"/cms/pages/{page.pk}/edit/", data).status_code == 302
    shown = read(tenants.alpha, "/privacy/")
    assert 'alt="A bench below a tree"' in shown
    address = shown.split('<img src="')[1].split('"')[0]
    host = f"http://alpha.files.{environment().base_domain}:{environment().port}"
    assert address.startswith(f"{host}/images/")
    path = address.removeprefix(host)
    served = SiteClient(tenants.alpha, purpose="files").get(path)
    assert served["Content-Type"] == "image/jpeg"
    assert b"taken at home" not in served.content
    assert SiteClient(tenants.beta, purpose="files").get(path).status_code == 404
    assert SiteClient(tenants.alpha).get(path).status_code == 404
    # What came in, with what the camera noted in it, is given to nobody.
    assert SiteClient(tenants.alpha, purpose="files").get(f"/{image.file.name}").status_code == 404
    # Words are asked for, with what was typed kept.
    data = typed(page) | nested_form_data({"body": streamfield([("picture", {**block, "alt": ""})])})
    refused = browser.post(f"/cms/pages/{page.pk}/edit/", {**data, "action-publish": "1"})
    assert refused.status_code == 200
    assert "This field is required" in refused.content.decode()


def test_a_document_is_given_to_be_kept(tenants: Any) -> None:
    browser = editor()
    with in_tenant(tenants.alpha):
        collection = Collection.get_first_root_node().pk
    paper = SimpleUploadedFile("easy.pdf", b"%PDF-1.7 words", content_type="application/pdf")
    sent = browser.post("/cms/documents/add/", {"title": "Easy Read", "file": paper, "collection": collection})
    assert sent.status_code == 302
    page = SimpleUploadedFile("easy.html", b"<script>1</script>", content_type="text/html")
    refused = browser.post("/cms/documents/add/", {"title": "Page", "file": page, "collection": collection})
    assert refused.status_code == 200
    with in_tenant(tenants.alpha):
        document = get_document_model().objects.get()
        address = document.url
    path = "/" + address.split("/", 3)[3]
    served = SiteClient(tenants.alpha, purpose="files").get(path)
    assert served.status_code == 200
    assert served["Content-Disposition"] == "attachment"
    assert "sandbox" in served["Content-Security-Policy"]
    assert SiteClient(tenants.beta, purpose="files").get(path).status_code == 404


def test_no_page_can_be_hidden_from_some_residents(tenants: Any) -> None:
    page = page_of(tenants.alpha, HomePage)
    browser = editor()
    for kind in ("login", "password", "groups"):
        data = {"restriction_type": kind, "password": "secret", "groups": []}
        browser.post(f"/cms/pages/{page.pk}/privacy/", data)
        with in_tenant(tenants.alpha):
            assert not PageViewRestriction.objects.exists()
    assert SiteClient(tenants.alpha).get("/").status_code == 200


def test_giving_the_pages_again_changes_nothing_an_editor_wrote(tenants: Any) -> None:
    page = page_of(tenants.alpha, HowItWorksPage)
    published(editor(), page, title="How we do it", steps=streamfield([]))
    with in_tenant(tenants.alpha):
        before = list(Page.objects.order_by("pk").values_list("pk", "title", "slug"))
        pages_step(tenants.alpha)
        assert list(Page.objects.order_by("pk").values_list("pk", "title", "slug")) == before
    assert "<h1>How we do it</h1>" in read(tenants.alpha, "/how-it-works/")


def test_starter_pages_stand_in_wagtails_tree_log_and_search_as_if_each_were_added_by_hand(tenants: Any) -> None:
    with in_tenant(tenants.alpha), transaction.atomic():
        home = HomePage.objects.get(locale__language_code="en")
        gone = home.get_children().get(slug="news")
        gone.delete()
        by_hand = StandardPage(title="Bins", slug="bins")
        home.refresh_from_db()
        home.add_child(instance=by_hand)
        pages_step(tenants.alpha)
        assert Page.find_problems() == ([], [], [], [], [])
        again = NewsIndexPage.objects.get(locale__language_code="en")
        assert again.path > by_hand.path
        assert again.get_parent().specific == home
        assert again.url_path == "/home/news/"
        hand, ours = (PageLogEntry.objects.get(page=page, action="wagtail.create") for page in (by_hand, again))
        same = ("user_id", "data", "uuid", "content_changed", "deleted")
        assert [getattr(hand, name) for name in same] == [getattr(ours, name) for name in same]
        assert ours.label == "News"
        assert {page.slug for page in Page.objects.search("works")} == {"how-it-works"}
        assert [page.pk for page in Page.objects.search("News")] == [again.pk]
        how = HowItWorksPage.objects.get(locale__language_code="en")
        assert how.get_translations().get().locale.language_code == "gd"
        transaction.set_rollback(True)
    with in_tenant(tenants.beta):
        assert Page.objects.filter(slug="news").count() == 2


@pytest.mark.parametrize("who", ["stranger", "resident", "foreign officer"])
def test_only_this_sites_editors_write(tenants: Any, who: str) -> None:
    page = page_of(tenants.alpha, HomePage)
    answer = published(client("alpha", "staff", who), page, title="Taken over")
    assert answer.status_code in (302, 403)
    assert "Taken over" not in read(tenants.alpha, "/")
