"""What was killed leaves nothing that is not named by the next check and removed by one command."""

from __future__ import annotations

import json
import os
import resource
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.utils import timezone

from core.kernel.errors import Invalid, Refused
from core.kernel.files import written_whole
from core.project.cli import main
from tenants.office import lifecycle, portability
from tenants.office.archive import Reader, Writer
from tenants.office.fleet import release_now
from tenants.office.inspection import fleet_findings
from tenants.office.lifecycle import tenant_erase
from tenants.office.models import Arrival, Erasure
from tenants.office.owner import SchemaLocks
from tenants.office.portability import media_of, tenant_export, tenant_import, tenant_restore
from tenants.office.strays import strays_remove
from tenants.registry.context import in_public
from tenants.registry.hosts import forget
from tests.support.fleet import admin
from tests.support.http import SiteClient
from tests.tenancy.test_portability import finished, guest, leave, marks, standing
from tests.tenancy.test_provisioning import child

__all__ = ["guest"]
PLACES = ("_proved", "_media_put", "_media_swap", "_registered", "arrive")


def killed_in(name: str, path: Path) -> Callable[[], None]:
    """The import in a process that dies when it has just done this."""

    def work() -> None:
        whole = getattr(portability, name)

        def last(*args: Any, **words: Any) -> None:
            whole(*args, **words)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(portability, name, last)
        tenant_import(path=path)

    return work


def swept(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["--json", "--yes", "fleet", "sweep"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_a_killed_import_is_swept_away_or_gone_on_with(
    tenants: Any, guest: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = guest()
    row = finished(here)
    file = tmp_path / "links.zip"
    tenant_export(slug=here.slug, out=file)
    leave(here)
    before = standing()
    folder = media_of(here.uuid).parent
    for name in PLACES:
        assert child(killed_in(name, file)) == -signal.SIGKILL
        found = [one.detail for one in fleet_findings(release_now())[1] if one.check == "schemas"]
        if name in ("_registered", "arrive"):
            break
        # Named by the check, with the command that removes it.
        (stray,) = found
        assert "`commonty fleet sweep`" in stray
        schema = stray.split(" ")[0]
        locks = SchemaLocks()
        with locks.held(schema):
            # Whoever is at work on it is not disturbed.
            assert strays_remove().busy == (schema,)
        locks.close()
        # Nothing is removed that nobody has agreed to.
        assert main(["--json", "fleet", "sweep"]) == 3
        document = swept(capsys)
        assert (document["schemas"], document["busy"]) == ([schema], [])
        assert standing() == before
        assert admin("SELECT count(*) FROM pg_roles WHERE rolname LIKE %s", [schema + "%"]) == [(0,)]
        assert not list(folder.glob(f"{here.uuid}.*"))
    # Once it is led to, the same command goes on; what stands is not swept.
    assert found == []
    assert swept(capsys)["schemas"] == []
    with in_public():
        assert Arrival.objects.get(tenant_id=here.uuid).finished_at is None
    done = tenant_import(path=file)
    assert done.files == 1
    assert SiteClient(done.tenant).get(f"/rounds/{row.slug}/result/").status_code == 200
    with in_public():
        assert Arrival.objects.get(tenant_id=here.uuid).finished_at is not None
    assert tenant_import(path=file).tenant == done.tenant
    assert fleet_findings(release_now())[1] == []


def test_a_killed_export_leaves_nothing_that_could_be_taken_for_one_and_its_half_is_swept(
    tenants: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, fresh = tmp_path / "alpha.zip", tmp_path / "new.zip"
    tenant_export(slug="alpha", out=out)
    whole = out.read_bytes()

    def killed_at(moment: str, target: Path) -> int:
        """Half-way through the tables, or with everything written and nothing in its place yet."""

        def work() -> None:
            put, place = Writer.put, Path.replace

            def putting(self: Writer, *args: Any, **facts: Any) -> int:
                if moment == "tables" and len(self.members) == 40:
                    os.kill(os.getpid(), signal.SIGKILL)
                return put(self, *args, **facts)

            def placing(self: Path, to: Path) -> Path:
                if moment == "written":
                    os.kill(os.getpid(), signal.SIGKILL)
                return place(self, to)

            Writer.put, Path.replace = putting, placing  # type: ignore[method-assign,assignment]
            tenant_export(slug="alpha", out=target)

        return child(work)

    for moment in ("tables", "written"):
        for target in (out, fresh):
            assert killed_at(moment, target) == -signal.SIGKILL
            half = target.with_name(target.name + ".part")
            assert half.stat().st_mode & 0o077 == 0
            if moment == "tables":
                with pytest.raises(Invalid):
                    Reader(half)
            found = [one.detail for one in fleet_findings(release_now())[1]]
            assert [f"{half} is half a file" in one and "`commonty fleet sweep`" in one for one in found] == [True]
            assert not fresh.exists()
            assert out.read_bytes() == whole
            if target == out:
                # The same command makes it whole.
                tenant_export(slug="alpha", out=out)
                Reader(out).close()
                whole = out.read_bytes()
            else:
                with written_whole(tmp_path / "other.zip") as other:
                    other.write_bytes(b"still being written")
                    with pytest.raises(Refused), written_whole(tmp_path / "other.zip"):
                        pass
                    assert swept(capsys)["files"] == [str(half)]
                assert (tmp_path / "other.zip").read_bytes() == b"still being written"
                (tmp_path / "other.zip").unlink()
            assert [path.name for path in tmp_path.iterdir()] == ["alpha.zip"]
            assert fleet_findings(release_now())[1] == []
            assert swept(capsys)["files"] == []


def dies_after(module: ModuleType, name: str, do: Callable[[], Any]) -> int:
    """Do it in a process that is killed when this part of it has just ended."""

    def work() -> None:
        whole = getattr(module, name)

        def last(*args: Any, **words: Any) -> None:
            whole(*args, **words)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(module, name, last)
        do()

    return child(work)


def test_a_restore_and_an_erasure_that_were_killed_are_finished_by_the_same_command(
    tenants: Any, guest: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = guest("links-last")
    row = finished(here)
    file, last = tmp_path / "before.zip", tmp_path / "last.zip"
    tenant_export(slug=here.slug, out=file)
    neighbours = [marks(tenants.alpha), marks(tenants.beta)]

    def restore() -> Any:
        return tenant_restore(path=file, into=here.slug, keep=tmp_path / "kept.zip")

    for part in ("_swapped", "_media_swap"):
        assert dies_after(portability, part, restore) == -signal.SIGKILL
        forget()
        assert SiteClient(here).get(f"/rounds/{row.slug}/result/").status_code == 200
        done = restore()
        swept(capsys)
        assert fleet_findings(release_now())[1] == []
        assert (media_of(here.uuid) / "notes" / "plan.txt").read_text() == "what was agreed in Leith"
    assert done.tenant.epoch == here.epoch + 4

    def erase(by: str = "Ann") -> Any:
        return tenant_erase(slug=here.slug, by=by, reason="it leaves", out=last, say=lambda text: None)

    assert [erase("Ann").stage, erase("Ben").stage] == ["asked", "agreed"]
    with in_public():
        Erasure.objects.filter(slug=here.slug).update(due_at=timezone.now() - timedelta(minutes=1))
    for part in ("_journal_add", "schema_drop"):
        assert dies_after(lifecycle, part, erase) == -signal.SIGKILL
    forget()
    assert SiteClient(here).get("/").status_code == 404
    reader = Reader(last)
    reader.close()
    erased = erase()
    assert (erased.stage, erased.carried.digest) == ("erased", reader.digest)
    assert admin("SELECT state FROM registry_tenant WHERE id = %s", [here.uuid]) == [("erased",)]
    assert not media_of(here.uuid).exists()
    assert fleet_findings(release_now())[1] == []
    assert [marks(tenants.alpha), marks(tenants.beta)] == neighbours
    with in_public():
        Erasure.objects.filter(tenant=here.uuid).delete()


@pytest.mark.usefixtures("fleet_clean")
def test_a_disk_that_is_full_leaves_no_half_file_and_the_old_one_whole(tenants: Any, tmp_path: Path) -> None:
    out = tmp_path / "alpha.zip"
    tenant_export(slug="alpha", out=out)
    whole = out.read_bytes()
    told = tmp_path / "told.txt"

    def full(target: Path, room: int) -> Callable[[], None]:
        def work() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
            try:
                tenant_export(slug="alpha", out=target)
            except Invalid as error:
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                told.write_text(f"{error.code} {error}")
                os._exit(7)

        return work

    for room in (0, 4096, len(whole) // 2, len(whole) - 50):
        assert child(full(out, room)) == 7, room
        assert told.read_text().startswith("export.unwritable")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["alpha.zip", "told.txt"], room
        assert out.read_bytes() == whole
        assert child(full(tmp_path / "new.zip", room)) == 7
        assert not (tmp_path / "new.zip").exists()
    assert fleet_findings(release_now())[1] == []
    # With room enough it is written, and reads.
    assert child(full(tmp_path / "new.zip", len(whole) + 10_000)) == 0
    Reader(tmp_path / "new.zip").close()
