"""Projects with their pictures: checked, written anew, described, and served from the files host alone."""

from __future__ import annotations

import io
from typing import Any

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from core.proposals import pictures
from core.proposals.models import Proposal
from core.rounds.services import round_advance
from tenants.registry.context import in_tenant
from tests.behaviour.test_manage_rounds import PROJECT, WORDS, browser, fill, made, text
from tests.support.http import SiteClient


def picture(kind: str = "JPEG", *, size: tuple[int, int] = (1600, 1000), secret: bytes = b"") -> SimpleUploadedFile:
    out = io.BytesIO()
    image = Image.new("RGBA" if kind == "PNG" else "RGB", size, (20, 120, 60, 128) if kind == "PNG" else (20, 120, 60))
    extra: dict[str, Any] = {}
    if kind == "JPEG":
        exif = Image.Exif()
        exif[0x010E] = "Taken at 12 Secret Lane"
        # Lying on its side, as telephones keep pictures.
        exif[0x0112] = 6
        extra["exif"] = exif
    image.save(out, kind, **extra)
    return SimpleUploadedFile(f"holiday.{kind.lower()}", out.getvalue() + secret, f"image/{kind.lower()}")


def stored(tenant: Any) -> list[str]:
    with in_tenant(tenant):
        return sorted(default_storage.listdir("proposals")[1]) if default_storage.exists("proposals") else []


def test_a_picture_is_written_anew_described_and_shown(tenants: Any) -> None:
    client = browser(tenants.alpha)
    made(client)
    before = set(stored(tenants.alpha))
    silent = fill(client, "/rounds/leith/projects/new/", **PROJECT, picture=picture())
    assert silent.status_code == 422
    assert "Say in words what the picture shows" in text(silent)
    assert 'value="Benches"' in text(silent)
    assert set(stored(tenants.alpha)) == before
    path = "/rounds/leith/projects/P-01/"
    described = {**PROJECT, "alt_en": "A bench under a tree"}
    assert (
        fill(client, "/rounds/leith/projects/new/", **described, picture=picture(secret=b"<script>")).status_code == 302
    )
    with in_tenant(tenants.alpha):
        row = Proposal.objects.get()
        name = row.image.name
        with default_storage.open(name) as one, default_storage.open(pictures.small_name(name)) as other:
            large, small = one.read(), other.read()
        url = row.image.url
    assert b"Secret Lane" not in large + small
    assert b"<script>" not in large + small
    with Image.open(io.BytesIO(large)) as image:
        assert image.format == "JPEG"
        assert not image.getexif()
        # Turned upright, and within the bounds.
        assert image.height > image.width
        assert image.size <= (1200, 900)
    files = SiteClient(tenants.alpha, purpose="files")
    served = files.get("/" + name)
    assert served.status_code == 200
    assert served["Content-Type"] == "image/jpeg"
    assert SiteClient(tenants.beta, purpose="files").get("/" + name).status_code == 404
    for shown in (path, "/rounds/leith/preview/projects/P-01/"):
        page = text(client.get(shown))
        assert 'alt="A bench under a tree"' in page, shown
    assert url in text(client.get("/rounds/leith/preview/projects/P-01/"))
    # Saving the words leaves the picture; another takes its place and the old files go; taking it away leaves none.
    assert fill(client, path, **{**described, "title_en": "Two benches"}).status_code == 302
    with in_tenant(tenants.alpha):
        assert Proposal.objects.get().image.name == name
    assert fill(client, path, **{**PROJECT, "alt_en": ""}).status_code == 422
    assert fill(client, path, **described, picture=picture("PNG")).status_code == 302
    assert fill(client, path, **described, picture=picture("WEBP")).status_code == 302
    assert len(set(stored(tenants.alpha)) - before) == 2
    assert files.get("/" + name).status_code == 404
    assert fill(client, path, **described, picture_away="on").status_code == 302
    with in_tenant(tenants.alpha):
        row = Proposal.objects.get()
        assert not row.image
        assert row.image_alt is None
    assert set(stored(tenants.alpha)) == before
    assert not stored(tenants.beta)


def test_what_is_not_a_sound_picture_is_refused(tenants: Any, monkeypatch: Any) -> None:
    client = browser(tenants.alpha)
    made(client)
    whole = picture().read()
    described = {**PROJECT, "alt_en": "A bench"}
    gif = io.BytesIO()
    Image.new("P", (4, 4)).save(gif, "GIF")
    before = set(stored(tenants.alpha))
    for name, data in (
        ("a.jpg", b"not a picture"),
        ("a.jpg", whole[: len(whole) // 2]),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"),
        ("a.jpg", gif.getvalue()),
        ("a.png", b"\x89PNG\r\n\x1a\n"),
    ):
        refused = fill(client, "/rounds/leith/projects/new/", **described, picture=SimpleUploadedFile(name, data))
        assert refused.status_code == 422, name
        assert "not a picture we can read" in text(refused)
        assert "Choose the picture again." in text(refused)
    with monkeypatch.context() as patch:
        patch.setattr(pictures, "MOST_PIXELS", 100)
        many = fill(client, "/rounds/leith/projects/new/", **described, picture=picture())
        assert "50 million points" in text(many)
    large = SimpleUploadedFile("a.jpg", whole + b"0" * pictures.MOST_BYTES)
    assert "larger than 5 MB" in text(fill(client, "/rounds/leith/projects/new/", **described, picture=large))
    assert set(stored(tenants.alpha)) == before
    with in_tenant(tenants.alpha):
        assert not Proposal.objects.exists()


def test_a_project_is_a_draft_on_the_ballot_or_withdrawn(tenants: Any) -> None:
    client = browser(tenants.alpha)
    made(client)
    empty = text(client.get("/rounds/leith/projects/"))
    assert "No project yet." in empty
    form = {**PROJECT, "draft": "1"}
    assert fill(client, "/rounds/leith/projects/new/", **form).status_code == 302
    assert client.get("/rounds/leith/preview/projects/P-01/").status_code == 404
    for cost, words in (
        ("12,5", "Write pounds"),
        ("1e3", "Write pounds"),
        ("-1", "less than nothing"),
        ("0", "above £0"),
    ):
        refused = fill(client, "/rounds/leith/projects/P-01/", **{**PROJECT, "cost": cost})
        assert refused.status_code == 422
        assert words in text(refused)
    untitled = fill(client, "/rounds/leith/projects/P-01/", **{**PROJECT, "title_en": "  "})
    assert untitled.status_code == 422
    state = "/rounds/leith/projects/P-01/state/"
    for wanted, words in (("on_ballot", "On the ballot"), ("withdrawn", "Withdrawn"), ("on_ballot", "On the ballot")):
        for _press in range(2):
            assert client.post(state, {"state": wanted}).status_code == 302
        assert words in text(client.get("/rounds/leith/projects/"))
    assert client.post(state, {"state": "winner"}).status_code == 400
    assert client.post("/rounds/leith/projects/P-99/state/", {"state": "draft"}).status_code == 404
    assert browser(tenants.beta).post(state, {"state": "withdrawn"}).status_code == 404
    with in_tenant(tenants.alpha):
        row = Proposal.objects.get()
        assert row.state == "on_ballot"
        round_advance(round=row.round, verb="prepare_ballot", actor=None)
        round_advance(round=row.round, verb="open_voting", actor=None)
    assert client.post(state, {"state": "withdrawn"}).status_code == 403
    # Frozen: the list leads to the project as residents read it.
    assert 'href="/rounds/leith/preview/projects/P-01/"' in text(client.get("/rounds/leith/projects/"))


def test_a_project_sent_twice_is_added_once(tenants: Any) -> None:
    client = browser(tenants.alpha)
    assert fill(client, "/rounds/new/", **WORDS, slug="leith").status_code == 302
    from tests.behaviour.test_manage_rounds import hidden

    form = {**hidden(client.get("/rounds/leith/projects/new/")), **PROJECT}
    for _press in range(2):
        assert client.post("/rounds/leith/projects/new/", form).status_code == 302
    with in_tenant(tenants.alpha):
        assert Proposal.objects.count() == 1
