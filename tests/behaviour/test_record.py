"""Officers read what happened in their council, in words, and nobody else's."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.utils.module_loading import import_string

from core.audit.events import Event
from core.audit.services import events_chain
from core.web.manage.record import WORDS
from tenants.registry.context import Role, in_tenant
from tests.behaviour.test_manage_rounds import WORDS as ROUND
from tests.behaviour.test_manage_rounds import browser, fill, text


def test_the_record_tells_who_did_what_and_where_it_stands_in_the_chain(tenants: Any) -> None:
    client, other = browser(tenants.alpha, name="anna"), browser(tenants.beta, name="bob")
    assert fill(client, "/rounds/new/", **ROUND, slug="leith").status_code == 302
    fresh = text(client.get("/audit/"))
    assert "Round created" in fresh
    assert "in a moment" in fresh
    assert "Anna" in fresh
    with in_tenant(tenants.alpha, role=Role.WORKER):
        events_chain()
    chained = text(client.get("/audit/"))
    assert "in a moment" not in chained
    assert "Round created" in text(client.get("/audit/?round=leith"))
    assert "Round created" not in text(other.get("/audit/"))
    assert "Nothing has been recorded yet." in text(client.get("/audit/?before=1"))
    for wrong in ("/audit/?before=x", "/audit/?before=" + "9" * 40, "/audit/?round=nowhere"):
        assert client.get(wrong).status_code == 404
    assert other.get("/audit/?round=leith").status_code == 404


def test_every_kind_of_fact_has_words() -> None:
    for config in apps.get_app_configs():
        if config.name.split(".")[0] in ("core", "tenants", "plugins"):
            try:
                import_string(f"{config.name}.events.__name__")
            except ImportError:
                continue
    kinds = {one.kind for one in _below(Event) if one.__module__.split(".")[0] in ("core", "tenants", "plugins")}
    assert kinds
    assert kinds - set(WORDS) == set()


def _below(kind: type[Event]) -> set[type[Event]]:
    return {kind for child in kind.__subclasses__() for kind in (child, *_below(child))}
