"""A tenant moves to another cell: a second installation with a database, keys and files of its own."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from core.kernel.clock import database_now
from core.kernel.env import environment
from core.kernel.errors import CommontyError, Invalid, NotFound, Refused
from core.kernel.keys import FileKeys
from core.project.cli import main
from core.project.cli.tenant import COMMAND
from core.voting.keys import key_names
from tenants.office import moving
from tenants.office.archive import table_mark, tables_of
from tenants.office.cells import Cell, cell
from tenants.office.fleet import release_now
from tenants.office.hosts.models import OwnHost, OwnSender
from tenants.office.inspection import fleet_findings
from tenants.office.lifecycle import tenant_erase, tenant_resume, tenant_suspend
from tenants.office.models import Move
from tenants.office.moving import move_cancel, tenant_move
from tenants.office.portability import exports_folder, media_of, tenant_import
from tenants.registry.context import TenantRef, in_public, in_tenant
from tenants.registry.models import Domain, Quota, Tenant
from tenants.registry.selectors import tenant_by_slug
from tests.support.database import PREFIX, _admin, _owner
from tests.support.fleet import admin
from tests.support.http import SiteClient
from tests.support.votes import by_force, voting_open
from tests.tenancy.test_own_hosts import OwnClient
from tests.tenancy.test_portability import finished, guest, marks
from tests.tenancy.test_provisioning import child

__all__ = ["guest"]
# What the arrival itself writes: its host, and the line in the record that tells of it.
ARRIVAL = {"wagtailcore_site", "audit_auditevent", "audit_outboxmessage"}
BASE = "west.localhost"
DOMAIN = "leith-links.scot"
OWN = f"choices.{DOMAIN}"
Steps = Move.Step


@pytest.fixture(scope="module")
def west(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    """The other cell, described by its file as an operator would."""
    name, var = f"{PREFIX}west_{os.getpid()}", tmp_path_factory.mktemp("west")
    here = environment()

    def there(url: str) -> str:
        return psycopg.conninfo.make_conninfo(url, dbname=name) if "=" in url else url.rpartition("/")[0] + f"/{name}"

    with _admin() as opened:
        # What this run's own database was cloned from.
        prepared = opened.execute(
            "SELECT datname FROM pg_database WHERE datname ~ %s", [f"^{PREFIX}[0-9a-f]{{12}}$"]
        ).fetchone()
        assert prepared is not None
        opened.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(prepared[0]), sql.Identifier(_owner())
            )
        )
        lines = {
            "COMMONTY_ENV": "test",
            "COMMONTY_VAR": str(var),
            "COMMONTY_DATABASE_URL": there(here.database_url),
            "COMMONTY_MIGRATE_DATABASE_URL": there(here.migrate_database_url),
            "COMMONTY_ADMIN_DATABASE_URL": there(here.admin_database_url),
            "COMMONTY_REDIS_URL": here.redis_url,
            "COMMONTY_BASE_DOMAIN": BASE,
            "COMMONTY_PORT": str(here.port),
        }
        place = here.var_dir / "cells"
        place.mkdir(parents=True, exist_ok=True)
        file = place / "west.env"
        file.write_text("# the west\n" + "".join(f"{key}={value}\n" for key, value in lines.items()))
        file.chmod(0o600)
        try:
            yield cell("west", COMMAND)
        finally:
            file.unlink()
            opened.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def standing_in(there: Cell, slug: str) -> list[tuple[str, str]]:
    """Schema and state of the tenants of this address."""
    with psycopg.connect(there.variables["COMMONTY_MIGRATE_DATABASE_URL"]) as opened:
        rows = opened.execute("SELECT schema_name, state FROM registry_tenant WHERE slug = %s", [slug]).fetchall()
    return [(str(row[0]), str(row[1])) for row in rows]


def marks_in(there: Cell, schema: str) -> dict[str, Any]:
    with psycopg.connect(there.variables["COMMONTY_MIGRATE_DATABASE_URL"]) as opened:
        opened.execute("SET search_path TO ''; SET timezone TO 'UTC'; SET intervalstyle TO 'iso_8601'")
        return {table.name: table_mark(opened, schema, table) for table in tables_of(opened, schema)}


def killed_before_recording(slug: str, to: Cell, step: str) -> Callable[[], None]:
    """The move in a process that dies when the step's work is done and nothing says so yet."""

    def die(*_: Any, **__: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def work() -> None:
        at = moving._at

        def recording(row: Move, name: str, **values: Any) -> None:
            if name == step:
                die()
            at(row, name, **values)

        moving._at = recording
        if step == Move.Step.REDIRECTED:
            moving._cleared = die
        tenant_move(slug=slug, to=to, by="Ann", wait=lambda seconds: None)

    return work


def step_of(slug: str) -> str:
    with in_public():
        return str(Move.objects.get(tenant__slug=slug).step)


def belongs(tenant: TenantRef) -> None:
    """An address of its own as the nightly look leaves it, mail in its name, and a limit set by the national team."""
    with in_public():
        now = database_now()
        seen = {"token": "t" * 43, "asked_at": now, "looked_at": now, "answered_at": now}
        OwnHost.objects.create(
            tenant_id=tenant.uuid, host=OWN, state="proved", leads_here=True, proved_at=now, registered_at=now, **seen
        )
        Domain.objects.filter(tenant_id=tenant.uuid, purpose="public").update(is_primary=False)
        Domain.objects.create(domain=OWN, tenant_id=tenant.uuid, purpose="public", is_primary=True)
        OwnSender.objects.create(tenant_id=tenant.uuid, address=f"choices@{DOMAIN}", good=True, **seen)
        Tenant.objects.filter(id=tenant.uuid).update(mail_from=f"choices@{DOMAIN}", mail_reply=f"choices@{DOMAIN}")
        Quota.objects.create(tenant_id=tenant.uuid, what="exports", most=7)


def tenant_of(there: Cell | None, tenant: TenantRef) -> list[tuple[Any, ...]]:
    """Own address with its state, canonical host, sender, replies, whether the sender is good, and the limit."""
    words = (
        "SELECT h.host, h.state, d.domain, t.mail_from, t.mail_reply, s.good, q.most FROM registry_tenant t"
        " JOIN own_hosts_ownhost h ON h.tenant_id = t.id JOIN own_hosts_ownsender s ON s.tenant_id = t.id"
        " JOIN registry_domain o ON o.domain = h.host AND o.tenant_id = t.id"
        " JOIN registry_domain d ON d.tenant_id = t.id AND d.is_primary AND d.purpose = 'public'"
        f" JOIN registry_quota q ON q.tenant_id = t.id WHERE t.id = '{tenant.uuid}' AND h.next_look_at <= now()"
    )
    if there is None:
        return admin(words)
    with psycopg.connect(there.variables["COMMONTY_MIGRATE_DATABASE_URL"]) as opened:
        return opened.execute(words.encode()).fetchall()


@pytest.mark.usefixtures("fleet_clean")
def test_killed_after_each_step_the_same_command_goes_on_and_nobody_else_notices(
    tenants: Any, guest: Any, west: Cell, capsys: pytest.CaptureFixture[str]
) -> None:
    here = guest()
    row = finished(here)
    path = f"/rounds/{row.slug}/result/"
    before, neighbours = marks(here), [marks(tenants.alpha), marks(tenants.beta)]
    known = {name: name in before for name in ARRIVAL}
    assert all(known.values())
    belongs(here)
    for step, stands in (
        (Steps.FROZEN, Steps.BEGUN),
        (Steps.EXPORTED, Steps.FROZEN),
        (Steps.IMPORTED, Steps.EXPORTED),
        (Steps.REDIRECTED, Steps.REDIRECTED),
        (Steps.CLEARED, Steps.REDIRECTED),
    ):
        assert child(killed_before_recording(here.slug, west, step)) == -signal.SIGKILL, step
        assert step_of(here.slug) == stands
        moving.forget()
        page = SiteClient(here).get(path)
        if step in (Steps.FROZEN, Steps.EXPORTED, Steps.IMPORTED):
            # Read on; who would write is told why not.
            assert page.status_code == 200, step
            refused = SiteClient(here).post("/account/name/", {"name": "x"})
            assert refused.status_code == 403
            assert moving.REASON[:30].encode() in refused.content
            gaelic = SiteClient(here).post("/gd/account/name/", {"name": "x"})
            assert b"Gabhaidh i leughadh" in gaelic.content
        else:
            assert page.status_code == 302
        assert len(standing_in(west, here.slug)) == (step not in (Steps.FROZEN, Steps.EXPORTED)), step
    done = tenant_move(slug=here.slug, to=west, by="Ann", wait=lambda seconds: None)
    assert (done.step, done.carried.files) == (Steps.CLEARED, 1)
    # Said again by the command line, it is the same.
    assert main(["--json", "tenant", "move", here.slug, "--to", "west"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["step"], told["digest"]) == ("cleared", done.carried.digest)
    # There: the same to the byte, with the keys of its round and its files.
    ((schema, state),) = standing_in(west, here.slug)
    assert state == "active"
    after = marks_in(west, schema)
    assert {name for name in before if before[name] != after[name]} <= ARRIVAL
    var = Path(west.variables["COMMONTY_VAR"])
    assert all(FileKeys(var / "keys").exists(name) for name in key_names(here.uuid, row.id))
    assert (var / "media" / str(here.uuid) / "notes" / "plan.txt").read_text() == "what was agreed in Leith"
    # Here: nothing but the way there.
    assert admin("SELECT count(*) FROM pg_namespace WHERE nspname = %s", [here.schema]) == [(0,)]
    assert not media_of(here.uuid).exists()
    assert not list(exports_folder().glob(f"move-{here.uuid}*"))
    # Its own address is proved there too, its limit holds, and the sender waits for records that name that cell.
    assert tenant_of(west, here) == [(OWN, "proved", f"{here.slug}.{BASE}", "", f"choices@{DOMAIN}", False, 7)]
    assert tenant_of(None, here) == []
    assert OwnClient(here, OWN).get(path)["Location"] == f"http://{here.slug}.{BASE}:{environment().port}{path}"
    origin = f"http://{here.slug}.{BASE}:{environment().port}"
    assert SiteClient(here).get(path + "?a=1")["Location"] == f"{origin}{path}?a=1"
    posted = SiteClient(here).post("/rounds/leith/vote/cast/", {"x": "1"})
    assert (posted.status_code, posted["Location"]) == (303, f"{origin}/rounds/leith/vote/cast/")
    assert SiteClient(here, purpose="staff").get("/people/")["Location"].startswith(f"http://{here.slug}.staff.{BASE}")
    assert SiteClient(tenants.alpha).get("/").status_code == 200
    assert [marks(tenants.alpha), marks(tenants.beta)] == neighbours
    assert fleet_findings(release_now())[1] == []
    # And back again, by a file from there; not while its address, or the service's own for it, is another's.
    back = exports_folder() / "back.zip"
    west.run(["tenant", "export", here.slug, "--out", str(back)])
    with pytest.raises(Refused, match="taken"):
        tenant_import(path=back, slug="beta")
    with in_public():
        Domain.objects.filter(domain=OWN).update(tenant_id=tenants.beta.uuid, is_primary=False)
    with pytest.raises(Refused, match="address of another website") as collides:
        tenant_import(path=back)
    assert collides.value.code == "host.taken"
    assert admin("SELECT state FROM registry_tenant WHERE id = %s", [here.uuid]) == [("moved",)]
    with in_public():
        Domain.objects.filter(domain=OWN).delete()
    again = tenant_import(path=back).tenant
    assert tenant_of(None, here) == [
        (OWN, "proved", f"{here.slug}.localhost", "", f"choices@{DOMAIN}", False, 7),
    ]
    assert OwnClient(again, OWN).get(path).status_code == 200
    assert (again.uuid, again.state, again.epoch) == (here.uuid, "active", here.epoch + 2)
    assert SiteClient(again).get(path).status_code == 200
    assert fleet_findings(release_now())[1] == []
    back.unlink()


def obstacles(slug: str, to: Cell) -> str:
    with pytest.raises(Refused) as refused:
        tenant_move(slug=slug, to=to, by="Ann")
    assert refused.value.code == "move.obstacles"
    return str(refused.value)


def test_what_stands_in_the_way_is_said_at_once_and_nothing_is_changed(tenants: Any, guest: Any, west: Cell) -> None:
    here = guest("links-group", kind="community")
    with in_tenant(here):
        row = voting_open()
    assert "is open for voting" in obstacles(here.slug, west)
    by_force(here, "UPDATE rounds_round SET state = 'cancelled' WHERE id = %s", row.id)
    tenant_suspend(slug=here.slug, reason="A fault.", by="Ann")
    assert "A fault." in obstacles(here.slug, west)
    tenant_resume(slug=here.slug, reason="mended", by="Ann")
    link = uuid4()
    admin(
        "INSERT INTO requests_grouplink (id, group_id, council_id, shares, asked_by, ended_by)"
        " VALUES (%s, %s, %s, '[\"face\"]', 'group', '')".replace("requests_", table_prefix()),
        [link, here.uuid, tenants.alpha.uuid],
    )
    assert "linked" in obstacles(here.slug, west)
    admin(f"DELETE FROM {table_prefix()}grouplink WHERE id = %s", [link])
    assert "national site" in obstacles("hub", west)
    with pytest.raises(NotFound):
        tenant_move(slug="nobody", to=west, by="Ann")
    assert tenant_by_slug(here.slug).state == "active"
    with in_public():
        assert not Move.objects.exists()
    # What is put in after that is in its way no more.
    assert child(killed_before_recording(here.slug, west, Move.Step.FROZEN)) == -signal.SIGKILL
    assert tenant_by_slug(here.slug).is_suspended
    # Killed before anything says so, it is resumed like any other; once it is frozen nobody writes or erases.
    with in_public():
        Move.objects.update(step=Steps.FROZEN)
    with pytest.raises(Refused, match="on its way to west"):
        tenant_resume(slug=here.slug, reason="mended", by="Ben")
    with pytest.raises(Refused, match="on its way to west"):
        tenant_erase(slug=here.slug, reason="it ends", by="Ben", say=lambda text: None)
    with pytest.raises(Refused, match="on its way to west"):
        tenant_move(slug=here.slug, to=Cell("east", west.variables, west.command), by="Ann")
    left = exports_folder() / f"move-{here.uuid}.zip"
    left.write_bytes(b"what an export that was cut off has left")
    assert move_cancel(slug=here.slug, by="Ben", to=west).state == "active"
    assert not list(left.parent.glob(f"move-{here.uuid}*"))
    with pytest.raises(NotFound, match="not moving"):
        move_cancel(slug=here.slug, by="Ben", to=west)
    with in_public():
        assert not Move.objects.exists()


def table_prefix() -> str:
    from tenants.office.requests.models import GroupLink

    return str(GroupLink._meta.db_table).removesuffix("grouplink")


def test_a_file_of_a_cell_is_its_owners_alone_and_the_other_cells_words_are_passed_on(tenants: Any, guest: Any) -> None:
    place = environment().var_dir / "cells"
    place.mkdir(parents=True, exist_ok=True)
    file = place / "odd.env"

    def refused(text: str, mode: int = 0o600) -> str:
        file.write_text(text)
        file.chmod(mode)
        with pytest.raises(CommontyError) as caught:
            cell("odd", COMMAND)
        assert isinstance(caught.value, Invalid)
        assert caught.value.remedy
        return caught.value.code

    good = "COMMONTY_DATABASE_URL=postgresql://x@127.0.0.1:1/none\n"
    try:
        assert refused(good, 0o644) == "cell.open"
        assert refused("PATH=/tmp\n") == "cell.malformed"
        assert refused("COMMONTY_ENV=test\n") == "cell.malformed"
        assert refused(f"COMMONTY_DATABASE_URL={environment().database_url}\n") == "cell.own"
        for name in ("../west", "West", "no-such-cell"):
            with pytest.raises(Invalid):
                cell(name, COMMAND)
        file.write_text(good + f"COMMONTY_ENV=test\nCOMMONTY_VAR={place / 'odd'}\n")
        file.chmod(0o600)
        here = guest("links-odd")
        with pytest.raises(CommontyError, match="The cell odd says|gave no answer") as caught:
            tenant_move(slug=here.slug, to=cell("odd", COMMAND), by="Ann")
        assert caught.value.exit_code == 4
    finally:
        file.unlink()
    # Cut off there, it stays readable here.
    assert tenant_by_slug(here.slug).reason == moving.REASON
    assert step_of(here.slug) == Move.Step.EXPORTED
    # Cancelling is shown above; here the cell is none that could be asked.
    with in_public():
        assert not Tenant.objects.filter(state=Tenant.State.MOVED).exists()
        Move.objects.all().delete()
    assert tenant_resume(slug=here.slug, reason="mended", by="Ann").state == "active"
    for left in exports_folder().glob(f"move-{here.uuid}*"):
        left.unlink()
