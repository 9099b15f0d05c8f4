"""The look of a community's site: its colour is its officers' choice, as long as words on it can be read."""

from __future__ import annotations

from typing import Any

import pytest

from core.audit.models import AuditEvent
from tenants.registry.context import in_tenant
from tenants.registry.selectors import tenant_by_slug
from tests.house.test_urls_access import client
from tests.support.http import SiteClient


def theme(tenant: Any, purpose: str = "public") -> str:
    return str(SiteClient(tenant, purpose=purpose).get("/theme.css").content.decode())


def test_an_officer_chooses_a_colour_for_this_site_alone(tenants: Any) -> None:
    officer = client("alpha", "staff", "officer")
    page = officer.get("/look/").content.decode()
    assert "Alpha Council" in page
    assert '<span class="cc-crest">AC</span>' in page
    assert officer.post("/look/", {"accent": " #7A1F5C "}).status_code == 302
    assert theme(tenants.alpha) == ":root{--tenant-accent:#7a1f5c}\n"
    assert theme(tenants.alpha, "staff") == theme(tenants.alpha)
    assert theme(tenants.beta) == ":root{--tenant-accent:#0065bd}\n"
    home = SiteClient(tenants.alpha).get("/").content.decode()
    assert 'href="/theme.css?7a1f5c"' in home
    assert "style=" not in home
    with in_tenant(tenants.alpha):
        fact = AuditEvent.objects.get(kind="look_changed")
        assert fact.body == {"accent": "#7a1f5c"}
        assert fact.actor is not None
    # Back to the service's own.
    assert officer.post("/look/", {"accent": ""}).status_code == 302
    assert theme(tenants.alpha) == ":root{--tenant-accent:#0065bd}\n"


@pytest.mark.parametrize(
    ("accent", "says"),
    [
        ("#ffd500", "their contrast is 1.42 to 1"),
        ("#777777", "their contrast is 4.47 to 1"),
        ("red", "not a colour we can read"),
        ("#12345", "not a colour we can read"),
        ("#0065bd;}", "not a colour we can read"),
        ("url(https://e.example)", "at most 20 characters"),
    ],
)
def test_a_colour_nobody_could_read_on_is_refused_and_stays_typed(tenants: Any, accent: str, says: str) -> None:
    officer = client("alpha", "staff", "officer")
    answer = officer.post("/look/", {"accent": accent})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert says in text
    assert f'value="{accent}"' in text
    assert tenant_by_slug("alpha").accent == ""
    # One shade darker than the grey that fails.
    assert officer.post("/look/", {"accent": "#757575"}).status_code == 302
    assert tenant_by_slug("alpha").accent == "#757575"
    assert tenant_by_slug("beta").accent == ""


@pytest.mark.parametrize("who", ["stranger", "resident", "foreign officer"])
def test_nobody_else_changes_it(tenants: Any, who: str) -> None:
    answer = client("alpha", "staff", who).post("/look/", {"accent": "#000000"})
    assert answer.status_code in (302, 403)
    assert tenant_by_slug("alpha").accent == ""
