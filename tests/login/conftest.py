"""A real Keycloak, one for the run. Where it cannot be had the tests here are named as not run, or fail in CI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.keycloak import Running, configured, running


@pytest.fixture(scope="session")
def keycloak_server() -> Iterator[Running]:
    with running() as run:
        yield run


@pytest.fixture
def keycloak(keycloak_server: Running, server: int, tenants: Any) -> Iterator[Running]:
    """The service with a Keycloak whose realms are as the files and the registry of this test say."""
    from core.people.sso.realm.service import realm_apply

    with configured(keycloak_server):
        _mended, left = realm_apply()
        assert left == []
        yield keycloak_server
