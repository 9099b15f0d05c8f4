"""Officers who have left hold no role any more, and a realm that has lost its accounts takes nobody's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import transaction

from core.people.models import Person, RoleGrant, Session
from core.people.selectors import roles_of
from core.people.services import person_know, role_grant
from core.people.sso.realm import leavers
from core.people.sso.realm.server import segment
from core.people.sso.salts import salt_of, subject_of
from core.people.sso.sites import RealmKind, realm_names
from core.project.cli import main
from tenants.registry.context import in_tenant
from tests.support.http import SiteClient
from tests.support.keycloak import Account, Running, account_make

pytestmark = pytest.mark.keycloak


def officer(run: Running, tenant: Any, account: Account, *, realm: str = "") -> Person:
    """Whoever has this account is an officer there, with a session that stands."""
    issuer = f"{run.url}/realms/{realm or realm_names().staff}"
    subject = subject_of(account.id, salt_of(tenant))
    with in_tenant(tenant), transaction.atomic():
        person = person_know(issuer=issuer, subject=subject, display_name=account.address.partition("-")[0])
        role_grant(person=person, role="officer", giver=None)
        SiteClient(tenant, purpose="staff").force_login(person, backend="core.people.backends.GrantBackend")
    return person


def standing(tenant: Any) -> dict[str, bool]:
    """Who holds a role, and whether they have a session."""
    with in_tenant(tenant):
        return {
            one.display_name: Session.objects.filter(person=one).exists()
            for one in Person.objects.all()
            if roles_of(one)
        }


def test_whoever_may_not_sign_in_any_more_holds_no_role(
    keycloak: Running, tenants: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stays, shut, gone = (account_make(keycloak, name, kind=RealmKind.STAFF) for name in ("stays", "shut", "gone"))
    volunteer = account_make(keycloak, "volunteer")
    for account in (stays, shut, gone):
        officer(keycloak, tenants.alpha, account)
    officer(keycloak, tenants.beta, gone)
    # A resident of no account here: the staff's realm says nothing about them.
    officer(keycloak, tenants.beta, volunteer, realm=realm_names().residents)
    base = f"realms/{segment(realm_names().staff)}/users"
    assert main(["--json", "realm", "leavers"]) == 0
    assert json.loads(capsys.readouterr().out)["ended"] == 0
    keycloak.admin().call("PUT", f"{base}/{shut.id}", {"enabled": False})
    keycloak.admin().call("DELETE", f"{base}/{gone.id}")
    # More than can be true: nothing is ended anywhere there, and the operator is told.
    with monkeypatch.context() as patch:
        patch.setattr(leavers, "MOST_LOST", 0)
        patch.setattr(leavers, "LOST_SHARE", 0.0)
        assert main(["--json", "realm", "leavers"]) == 1
        assert json.loads(capsys.readouterr().out)["held_back"] == ["alpha", "beta"]
    assert standing(tenants.alpha) == {"stays": True, "shut": True, "gone": True}
    assert main(["--json", "realm", "leavers"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["ended"], found["held_back"]) == (3, [])
    assert standing(tenants.alpha) == {"stays": True}
    assert standing(tenants.beta) == {"volunteer": True}
    with in_tenant(tenants.alpha):
        assert RoleGrant.objects.count() == 3, "what was is kept, with its end"
        assert Session.objects.count() == 1
    # A realm that says nothing at all is not believed.
    monkeypatch.setattr(leavers.RealmDirectory, "accounts_open", lambda self: frozenset())
    assert main(["realm", "leavers"]) == 1
    assert standing(tenants.alpha) == {"stays": True}
