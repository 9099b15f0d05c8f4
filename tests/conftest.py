"""Fixtures for everybody. `tenants` gives alpha and beta on a real database; what a test commits is undone after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.support.bootstrap import ROOT

__all__ = ["ROOT"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that at the end no process waits for another."""
    items.sort(key=lambda item: not any(item.iter_markers("keycloak")) and not any(item.iter_markers("browser")))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Of a run in several processes, one takes a file whole, and one all that needs the Keycloak of the run."""
    return _WholeFiles(config, log)


class _WholeFiles(LoadScopeScheduling):  # type: ignore[misc]  # it publishes no types
    def _split_scope(self, nodeid: str) -> str:
        return "login" if nodeid.startswith("tests/login/") else nodeid.partition("::")[0]


class Tenants(NamedTuple):
    alpha: Any
    beta: Any


@pytest.fixture(scope="session")
def database(django_db_blocker: Any) -> Iterator[str]:
    """The run's database, prepared once."""
    from tests.support.database import test_database

    with django_db_blocker.unblock(), test_database() as name:
        yield name


@pytest.fixture(scope="session")
def server(database: str) -> Iterator[int]:
    """The whole site on a loopback port, for a browser or for Keycloak."""
    from tests.support.server import serving

    with serving() as port:
        yield port


@pytest.fixture
def tenants(database: str) -> Iterator[Tenants]:
    """Two councils with identical keys. Commits are real, from this thread and others; cleaned up afterwards."""
    from django.core.cache import caches

    from core.kernel.env import environment
    from tenants.registry.hosts import forget
    from tests.support.database import refs, reset

    forget()
    yield Tenants(*refs())
    reset()
    forget()
    caches.close_all()
    import redis

    with redis.Redis.from_url(environment().redis_url) as server:
        server.flushdb()


@pytest.fixture
def fleet_clean(tenants: Tenants) -> Iterator[None]:
    """Whatever is tried, and refused: afterwards every schema is as its release says, and nothing lies about."""
    from tenants.office.fleet import release_now
    from tenants.office.inspection import fleet_findings

    yield
    assert fleet_findings(release_now())[1] == []


@pytest.fixture
def site(tenants: Tenants) -> Callable[..., Any]:
    """`site(tenants.alpha)` is a browser on alpha's public host; `purpose="staff"` for the staff host."""
    from tests.support.http import SiteClient

    return SiteClient
