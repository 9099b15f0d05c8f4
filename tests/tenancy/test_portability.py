"""Out as a file and in again: the same to the byte, under the same or another address, and no neighbour touched."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction

from core.audit.services import chain_verify, events_chain
from core.kernel.crypto import canonical_json, sign, sign_keypair
from core.kernel.errors import Invalid, Refused
from core.people.models import Person, Session
from core.rounds.models import Round
from core.rounds.services import round_advance
from core.voting.models import OpenedBallot, Result
from tenants.office import portability
from tenants.office.archive import LEFT_OUT, MANIFEST, SIGNATURE, Reader, table_mark, tables_of
from tenants.office.fleet import release_now
from tenants.office.inspection import fleet_findings
from tenants.office.owner import owner_connection, schema_drop
from tenants.office.portability import media_of, tenant_export, tenant_import, tenant_restore
from tenants.registry.context import Role, TenantRef, in_public, in_tenant
from tenants.registry.models import Tenant
from tenants.registry.selectors import tenant_by_slug
from tests.support.fleet import admin, told_once_more
from tests.support.http import SiteClient
from tests.support.votes import ballots_in, counted, officers, voting_open

# The record goes on with the line that tells of the file.
RECORD = {"audit_auditevent", "audit_outboxmessage"}


def marks(tenant: TenantRef) -> dict[str, Any]:
    """Every table of a schema by its digest, those a file leaves out included."""
    with owner_connection() as owner:
        return {table.name: table_mark(owner, tenant.schema, table) for table in tables_of(owner, tenant.schema)}


def finished(tenant: TenantRef) -> Round:
    """A round that was voted on, counted and published, and a picture beside it."""
    with in_tenant(tenant):
        row = voting_open()
        refs = [str(proposal.ref) for proposal in row.proposals.order_by("ref")]
        default_storage.save("notes/plan.txt", ContentFile(b"what was agreed in Leith"))
    with in_tenant(tenant, role=Role.WORKER):
        ballots_in(row.id, [(refs[0], refs[1]), (refs[0],), (refs[4],)])
    counted(tenant, row)
    with in_tenant(tenant):
        row = round_advance(round=Round.objects.get(pk=row.pk), verb="publish_result", actor=officers()[0])
    with in_tenant(tenant, role=Role.WORKER):
        while events_chain():
            pass
    return row


def leave(tenant: TenantRef) -> None:
    """Another database, which has never heard of this tenant: all that is here of it is taken away."""
    admin(f'DROP SCHEMA IF EXISTS "{tenant.schema}" CASCADE')
    for table, column in admin(
        "SELECT k.conrelid::regclass::text, a.attname FROM pg_constraint k JOIN pg_attribute a"
        " ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1] WHERE k.confrelid = 'registry_tenant'::regclass"
    ):
        admin(f"DELETE FROM {table} WHERE {column} = %s", [tenant.uuid])
    admin("DELETE FROM registry_tenant WHERE id = %s", [tenant.uuid])
    portability.shutil.rmtree(media_of(tenant.uuid), ignore_errors=True)


@pytest.fixture
def guest(tenants: Any) -> Iterator[Callable[..., TenantRef]]:
    """Councils of their own for a test, taken away afterwards: alpha and beta stay as they are."""
    from plugins.api.text import LocalisedText
    from tenants.office.services import tenant_create

    made: list[TenantRef] = []

    def make(slug: str = "leith-links", kind: str = "council") -> TenantRef:
        tenant_create(slug=slug, kind=kind, name=LocalisedText("Links Council", "Comhairle nan Links"))
        made.append(tenant_by_slug(slug))
        return made[-1]

    yield make
    connection.close()
    for ref in made:
        for (schema,) in admin("SELECT schema_name FROM registry_tenant WHERE id = %s", [ref.uuid]):
            schema_drop(schema)
        leave(ref)
        schema_drop(ref.schema)


def test_out_and_in_under_another_address_is_the_same_and_the_neighbour_is_untouched(
    tenants: Any, guest: Any, tmp_path: Path
) -> None:
    here = guest()
    row = finished(here)
    path = f"/rounds/{row.slug}/result/"
    page_before = SiteClient(here).get(path)
    assert page_before.status_code == 200
    neighbours = [marks(tenants.alpha), marks(tenants.beta)]
    before = marks(here)
    out = tenant_export(slug=here.slug, out=tmp_path / "links.zip")
    assert out.files == 1
    assert out.rows == sum(rows for rows, _mark in before.values())
    leave(here)
    done = tenant_import(path=tmp_path / "links.zip", slug="links-again")
    there = done.tenant
    assert (there.uuid, there.slug, done.digest, done.rows, done.files) == (
        here.uuid,
        "links-again",
        out.digest,
        out.rows,
        1,
    )
    assert there.schema != here.schema
    # What the roles of a tenant are is remembered by each connection, at times without the newest.
    assert told_once_more(there.schema)
    after = marks(there)
    changed = {name for name in before if before[name] != after[name]}
    # Its site has the new host, and its record tells of the arrival; nothing else is other than it was.
    assert changed == {"wagtailcore_site", *RECORD}
    with in_tenant(there, role=Role.WORKER):
        assert chain_verify()["ok"]
        assert Result.objects.count() == 1
    with in_tenant(there), default_storage.open("notes/plan.txt") as kept:
        assert kept.read() == b"what was agreed in Leith"
    page_after = SiteClient(there).get(path)
    assert page_after.status_code == 200
    same = page_before.content.replace(b"leith-links", b"links-again")
    assert strip(page_after.content) == strip(same)
    assert [marks(tenants.alpha), marks(tenants.beta)] == neighbours
    assert fleet_findings(release_now())[1] == []
    # It goes on living there: rows get numbers that were never given out.
    with in_tenant(there), transaction.atomic():
        Person.objects.create(issuer="https://id.example", subject="newcomer")


def strip(page: bytes) -> list[bytes]:
    """Without what is made anew for every request."""
    return [line for line in page.split(b"\n") if b"csrf" not in line and b"nonce" not in line]


def test_a_round_that_is_open_goes_along(tenants: Any, guest: Any, tmp_path: Path) -> None:
    here = guest()
    with in_tenant(here):
        row = voting_open()
        refs = [str(proposal.ref) for proposal in row.proposals.order_by("ref")]
    with in_tenant(here, role=Role.WORKER):
        ballots_in(row.id, [(refs[0],), (refs[1],)])
    tenant_export(slug=here.slug, out=tmp_path / "open.zip")
    leave(here)
    there = tenant_import(path=tmp_path / "open.zip").tenant
    with in_tenant(there, role=Role.WORKER):
        ballots_in(row.id, [(refs[2],)])
    assert counted(there, reread(there, row)).state == "done"
    with in_tenant(there, role=Role.WORKER):
        assert sum(OpenedBallot.objects.values_list("times", flat=True)) == 3
    assert fleet_findings(release_now())[1] == []


def reread(tenant: TenantRef, row: Round) -> Round:
    with in_tenant(tenant):
        return Round.objects.get(pk=row.pk)


def test_a_restore_brings_back_one_tenant_signs_everybody_out_and_touches_nobody_else(
    tenants: Any, guest: Any, tmp_path: Path
) -> None:
    here = guest()
    row = finished(here)
    tenant_export(slug=here.slug, out=tmp_path / "before.zip")
    before = marks(here)
    neighbours = [marks(tenants.alpha), marks(tenants.beta)]
    with in_tenant(here, role=Role.STAFF), transaction.atomic():
        person = Person.objects.create(issuer="https://id.example", subject="later")
        from core.people.sessions import SessionStore

        session = SessionStore()
        session["person"] = person.pk
        session.save()
    old = here
    done = tenant_restore(path=tmp_path / "before.zip", into=here.slug, keep=tmp_path / "kept.zip")
    now = tenant_by_slug(here.slug)
    assert (now.uuid, now.epoch, now.schema) == (old.uuid, old.epoch + 1, done.tenant.schema)
    assert now.schema != old.schema
    after = marks(now)
    assert {name for name in before if before[name] != after[name]} == RECORD
    with in_tenant(now, role=Role.STAFF):
        assert not Person.objects.filter(subject="later").exists()
        assert Session.objects.count() == 0
    with in_tenant(old), pytest.raises(Exception, match="does not exist|permission denied"):
        Person.objects.count()
    assert [marks(tenants.alpha), marks(tenants.beta)] == neighbours
    assert SiteClient(now).get(f"/rounds/{row.slug}/result/").status_code == 200
    assert fleet_findings(release_now())[1] == []
    # What was there before the restore is not lost.
    kept = Reader(tmp_path / "kept.zip")
    people = next(member for member in kept.manifest.members if member.name == "tables/people_person.jsonl")
    assert b"later" in b"".join(kept.blocks(people))
    kept.close()


@pytest.mark.usefixtures("fleet_clean")
def test_another_tenants_file_is_not_restored(tenants: Any, tmp_path: Path) -> None:
    tenant_export(slug="beta", out=tmp_path / "beta.zip")
    before = marks(tenants.alpha)
    with pytest.raises(Refused, match="beta"):
        tenant_restore(path=tmp_path / "beta.zip", into="alpha", keep=tmp_path / "kept.zip")
    assert marks(tenants.alpha) == before


def test_a_restore_whose_present_state_cannot_be_kept_changes_nothing(tenants: Any, tmp_path: Path) -> None:
    tenant_export(slug="alpha", out=tmp_path / "alpha.zip")
    before, there = marks(tenants.alpha), standing()
    with pytest.raises(Invalid, match="could not be written"):
        tenant_restore(path=tmp_path / "alpha.zip", into="alpha", keep=tmp_path / "no such folder" / "kept.zip")
    assert standing() == there
    assert marks(tenants.alpha) == before
    assert tenant_by_slug("alpha") == tenants.alpha
    assert not list(media_of(tenants.alpha.uuid).parent.glob(f"{tenants.alpha.uuid}.t_*"))


def rewritten(source: Path, target: Path, change: Callable[[dict[str, bytes]], None], *, resign: bool = False) -> Path:
    with zipfile.ZipFile(source) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    if resign:
        keys = sign_keypair()
        manifest = canonical_json(json.loads(members[MANIFEST]))
        members[MANIFEST] = manifest
        members[SIGNATURE] = json.dumps(
            {"algorithm": "Ed25519", "public": keys.public.hex(), "signature": sign(keys.private, manifest).hex()}
        ).encode()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target


def _row_changed(members: dict[str, bytes]) -> None:
    members["tables/places_area.jsonl"] = members["tables/wagtailcore_site.jsonl"]


def _manifest_changed(members: dict[str, bytes]) -> None:
    members[MANIFEST] = members[MANIFEST].replace(b'"epoch":1', b'"epoch":9')


def _told(**changes: Any) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        document = json.loads(members[MANIFEST])
        document.update(changes)
        members[MANIFEST] = canonical_json(document)

    return change


def _climbing(members: dict[str, bytes]) -> None:
    document = json.loads(members[MANIFEST])
    name = "media/../../outside.txt"
    members[name] = b"x"
    document["members"].append({"name": name, "size": 1, "sha256": "0", "rows": 0})
    members[MANIFEST] = canonical_json(document)


def _added(members: dict[str, bytes]) -> None:
    members["tables/extra.jsonl"] = b"{}\n"


BAD = {
    "a row was changed": (_row_changed, False, "signed for"),
    "the list was changed": (_manifest_changed, False, "changed after"),
    "signed by a stranger": (lambda members: None, True, "somebody else"),
    "of another form": (_told(format="commonty-tenant/2"), True, "form"),
    "of a newer release": (_told(release="0" * 64, migrations=[["rounds", "9999_later"]]), True, "newer release"),
    "of an unknown release": (_told(release="0" * 64), True, "release not known"),
    "with more in its list": (_told(more=1), True, "not as ours"),
    "leading outside": (_climbing, True, "outside"),
    "with more than its list": (_added, False, "exactly"),
}


@pytest.mark.parametrize("bad", list(BAD))
@pytest.mark.usefixtures("fleet_clean")
def test_a_file_that_is_not_as_it_was_made_is_refused_and_leaves_nothing(
    tenants: Any, guest: Any, tmp_path: Path, bad: str
) -> None:
    here = guest()
    tenant_export(slug=here.slug, out=tmp_path / "good.zip")
    leave(here)
    change, resign, said = BAD[bad]
    rewritten(tmp_path / "good.zip", tmp_path / "bad.zip", change, resign=resign)
    before = standing()
    with pytest.raises((Invalid, Refused), match=said):
        tenant_import(path=tmp_path / "bad.zip")
    assert standing() == before
    assert not list(Path(media_of(here.uuid)).parent.glob(f"{here.uuid}*"))
    assert fleet_findings(release_now())[1] == []
    if bad == "a row was changed":
        assert tenant_import(path=tmp_path / "good.zip").tenant.uuid == here.uuid


def standing() -> list[Any]:
    return [
        admin("SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\\_%' ORDER BY 1"),
        admin("SELECT slug FROM registry_tenant ORDER BY 1"),
        admin("SELECT domain FROM registry_domain ORDER BY 1"),
    ]


@pytest.mark.usefixtures("fleet_clean")
def test_a_file_cut_off_and_a_file_that_is_none_are_refused(tenants: Any, tmp_path: Path) -> None:
    tenant_export(slug="alpha", out=tmp_path / "whole.zip")
    whole = (tmp_path / "whole.zip").read_bytes()
    (tmp_path / "half.zip").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "none.zip").write_bytes(b"hello")
    for name in ("half.zip", "none.zip", "missing.zip"):
        with pytest.raises(Invalid):
            tenant_import(path=tmp_path / name, slug="elsewhere")
    with pytest.raises(Refused, match="stands here already"):
        tenant_import(path=tmp_path / "whole.zip", slug="elsewhere")


@pytest.mark.usefixtures("fleet_clean")
def test_an_address_that_is_taken_or_cannot_be_one_is_refused(tenants: Any, guest: Any, tmp_path: Path) -> None:
    here = guest()
    tenant_export(slug=here.slug, out=tmp_path / "links.zip")
    leave(here)
    before = standing()
    for slug, error in (("beta", Refused), ("files", Invalid), ("Über", Invalid)):
        with pytest.raises(error):
            tenant_import(path=tmp_path / "links.zip", slug=slug)
    assert standing() == before


def test_an_export_that_cannot_be_written_leaves_no_file(tenants: Any, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="could not be written"):
        tenant_export(slug="alpha", out=tmp_path / "no such folder" / "alpha.zip")
    assert list(tmp_path.rglob("*")) == []


def test_sessions_and_nothing_else_stay_behind(tenants: Any, tmp_path: Path) -> None:
    tenant_export(slug="alpha", out=tmp_path / "alpha.zip")
    reader = Reader(tmp_path / "alpha.zip")
    told = {member.name for member in reader.members("tables")}
    reader.close()
    rows = admin("SELECT tablename FROM pg_tables WHERE schemaname = %s", [tenants.alpha.schema])
    assert {f"tables/{row[0]}.jsonl" for row in rows} - told == {f"tables/{name}.jsonl" for name in LEFT_OUT}
    with in_public():
        assert Tenant.objects.count() == 3
