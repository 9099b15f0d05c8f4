"""A plugin that does not load cannot be asked to erase somebody: its part is owed, seen, and done when it can be."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from core.audit.models import AuditEvent, OutboxMessage
from core.audit.outbox import message_failed
from core.kernel.errors import Refused
from core.people.models import Person
from core.project.cli import doctor
from plugins.api import Person as Who
from plugins.bundled.threads.models import Post
from plugins.discovery import allowed
from plugins.host.models import PluginActivation
from plugins.host.owed import OWED_JOB, StillOwed, erasures_again, erasures_owe, erasures_owed, plugins_silent
from plugins.host.privacy import ModulesPart
from plugins.host.registry import registry_build, registry_set
from tenants.office import purging
from tenants.office.purging import plugin_purge
from tenants.registry.context import Role, in_tenant
from tests.house.test_urls_access import client
from tests.plugins.test_threads import say, talked
from tests.support.jobs import work
from tests.support.residents import resident
from tests.support.votes import by_force

SOMEBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def broken() -> Iterator[Any]:
    """`threads` raises when it is imported; the value puts a sound one in its place."""

    def load(path: str) -> Any:
        if path == "plugins.bundled.threads.plugin":
            raise ImportError("no module named gone")
        return importlib.import_module(path)

    before = registry_set(registry_build(allowed(()), load=load))
    yield lambda: registry_set(before)
    registry_set(before)


def worked(tenant: Any) -> None:
    """What a worker does, and Celery's word when it fails."""
    try:
        work(tenant)
    except StillOwed as error:
        with in_tenant(tenant, role=Role.WORKER):
            row = OutboxMessage.objects.get(task=OWED_JOB.name)
        message_failed(tenant=tenant, message=row.pk, error=error)


def looked(tenant: Any) -> int:
    with in_tenant(tenant, role=Role.WORKER):
        return erasures_again(limit=10)


def erasures_check() -> dict[str, Any]:
    return next(one for one in doctor.checks() if one["name"] == "erasures")


def test_an_erasure_is_owed_by_a_plugin_that_does_not_load_and_done_when_it_does(tenants: Any, request: Any) -> None:
    clients = {}
    for tenant in tenants:
        talked(tenant)
        clients[tenant.slug] = resident(tenant, "morag")
        say(clients[tenant.slug], text="A bench would help")
    assert b"does not work now" not in clients["beta"].get("/account/erase/").content
    mend = request.getfixturevalue("broken")
    mine = clients["alpha"]
    assert mine.post("/account/file/").status_code == 302
    assert b"does not work now" in mine.get("/account/erase/").content
    assert mine.post("/account/erase/", {"sure": "on"}).status_code == 200
    worked(tenants.alpha)
    with in_tenant(tenants.alpha, role=Role.WORKER):
        # The person is gone, what the plugin keeps is not, and nobody says that it was.
        assert not Person.objects.filter(pk=mine.person.pk).exists()
        assert Post.objects.get().author is not None
        assert "threads: erased later" in AuditEvent.objects.get(kind="person_erased").body["kept"]
        assert erasures_owed() == {"threads": 1}
        assert OutboxMessage.objects.get(task=OWED_JOB.name).state == "parked"
    with in_tenant(tenants.beta, role=Role.WORKER):
        assert erasures_owed() == {}
    found = erasures_check()
    assert not found["ok"]
    assert "threads: alpha 1" in found["detail"]
    assert "beta" not in found["detail"]
    assert "1 person has asked to be erased" in client("alpha", "staff", "officer").get("/modules/").content.decode()
    assert "asked to be erased" not in client("beta", "staff", "officer").get("/modules/").content.decode()
    # Looked at again while it is still broken nothing is tried; once it stands, it is done.
    assert looked(tenants.alpha) == 0
    mend()
    assert looked(tenants.beta) == 0
    assert looked(tenants.alpha) == 1
    worked(tenants.alpha)
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert Post.objects.get().author is None
        assert erasures_owed() == {}
    with in_tenant(tenants.beta, role=Role.WORKER):
        assert Post.objects.get().author is not None
    assert erasures_check()["ok"]


def test_the_file_of_a_person_says_what_could_not_be_asked(tenants: Any, broken: Any) -> None:
    owner = resident(tenants.alpha, "ailsa")
    with in_tenant(tenants.alpha, role=Role.WORKER):
        held = ModulesPart().held(owner.person)
        assert "threads" in json.dumps(held["could not be asked"])
        broken()
        assert "could not be asked" not in ModulesPart().held(owner.person)


def test_what_is_owed_by_a_plugin_that_is_gone_is_done_when_its_tables_are(tenants: Any) -> None:
    with in_tenant(tenants.alpha):
        for name in ("gone", "open-data"):
            with transaction.atomic():
                PluginActivation.objects.get_or_create(plugin=name, defaults={"version": "1"})
        assert plugins_silent() == []  # it has left nothing behind
    by_force(tenants.alpha, "CREATE TABLE gone_word (said text)")
    try:
        with in_tenant(tenants.alpha, role=Role.WORKER):
            assert plugins_silent() == ["gone"]
            with transaction.atomic():
                assert erasures_owe(Who(pseudonym=SOMEBODY)) == ["gone"]
        worked(tenants.alpha)
        assert looked(tenants.alpha) == 0
    finally:
        by_force(tenants.alpha, "DROP TABLE gone_word")
    assert looked(tenants.alpha) == 1
    worked(tenants.alpha)
    with in_tenant(tenants.alpha, role=Role.WORKER):
        assert erasures_owed() == {}
    with in_tenant(tenants.beta, role=Role.WORKER):
        assert not OutboxMessage.objects.filter(task=OWED_JOB.name).exists()


def test_a_purge_that_cannot_know_the_tables_is_refused(tenants: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoApps:
        @staticmethod
        def get_app_configs() -> list[Any]:
            return []

    with pytest.raises(Refused) as caught:
        plugin_purge(plugin="threads", out=None)
    assert caught.value.code == "plugin.active"
    monkeypatch.setattr(purging, "apps", NoApps)
    with pytest.raises(Refused) as caught:
        plugin_purge(plugin="threads", out=None)
    assert caught.value.code == "plugin.not_allowed"
