"""What goes wrong has a page in the look of the site it happened on, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from core.kernel.env import environment
from core.kernel.errors import Invalid, NotFound, Refused, Unavailable
from core.web.public import site as pages
from tenants.registry.hosts import forget
from tests.support.http import SiteClient

NAMES = {"en": "Alpha Council", "gd": "Comhairle alpha"}


@pytest.fixture
def database_away(tenants: Any) -> Iterator[None]:
    """No server behind the connection, as when PostgreSQL is restarted or lost."""
    kept = {key: connection.settings_dict[key] for key in ("HOST", "PORT")}
    connection.close()
    connection.settings_dict.update(HOST="127.0.0.1", PORT="1")
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(kept)


def browser(tenant: Any) -> SiteClient:
    made = SiteClient(tenant)
    made.raise_request_exception = False
    return made


def check(answer: Any, status: int, language: str) -> str:
    text: str = answer.content.decode()
    assert answer.status_code == status
    assert f'<html lang="{language}"' in text
    assert text.count("<h1") == 1
    assert 'href="#main-content"' in text
    assert "Traceback" not in text
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
    return text


def style(there: SiteClient) -> int:
    answer = Client(HTTP_HOST=there.host).get("/static/commonty.css")
    answer.close()
    return int(answer.status_code)


@pytest.mark.parametrize("language", ["en", "gd"])
def test_errors_are_in_the_tenants_look(tenants: Any, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    prefix = "/gd" if language == "gd" else ""
    there = browser(tenants.alpha)
    raised: dict[int, Exception] = {
        400: Invalid("This is not a round.", code="t", remedy="Choose another."),
        403: Refused("You may not.", code="t", remedy="Ask an officer."),
        404: NotFound("There is no such round.", code="t"),
        500: ZeroDivisionError("secret detail"),
        503: Unavailable("The counting service does not answer.", code="t", remedy="Try again."),
    }
    assert "place" in check(there.get(f"{prefix}/places/"), 200, language)
    for status, error in raised.items():
        with monkeypatch.context() as patch:

            def failing(error: Exception = error) -> Any:
                raise error

            patch.setattr(pages.selectors, "areas", failing)
            answer = there.get(f"{prefix}/places/")
        text = check(answer, status, language)
        assert NAMES[language] in text
        assert "secret detail" not in text
        assert answer["Cache-Control"] == "no-store"
        assert (answer.get("Retry-After") is not None) == (status == 503)
        if language == "gd" and status == 400:
            # What has no Gaelic is marked as English.
            assert '<span lang="en">This is not a round.</span>' in text
    not_found = check(there.get(f"{prefix}/rounds/none/"), 404, language)
    assert ("Chan eil an leithid de chuairt ann." in not_found) == (language == "gd")
    assert ("There is no such round." in not_found) == (language == "en")
    refused = Client(HTTP_HOST=there.host, enforce_csrf_checks=True).post("/sign-out/")
    assert NAMES["en"] in check(refused, 403, "en")


@pytest.mark.parametrize("language", ["en", "gd"])
def test_while_the_database_is_away_a_known_site_says_so_in_its_own_look(
    tenants: Any, language: str, request: Any
) -> None:
    prefix = "/gd" if language == "gd" else ""
    there = browser(tenants.alpha)
    assert there.get(f"{prefix}/").status_code == 200
    request.getfixturevalue("database_away")
    for path in ("/", "/privacy/", "/rounds/", "/rounds/leith/"):
        text = check(there.get(prefix + path), 503, language)
        assert NAMES[language] in text
    assert there.get("/theme.css").status_code == 200
    assert style(there) == 200


@pytest.mark.parametrize("language", ["en", "gd"])
def test_a_site_nobody_has_asked_for_yet_gets_the_neutral_page(tenants: Any, language: str, request: Any) -> None:
    prefix = "/gd" if language == "gd" else ""
    there = browser(tenants.alpha)
    forget()
    request.getfixturevalue("database_away")
    answer = there.get(f"{prefix}/privacy/")
    text = check(answer, 503, language)
    assert "Alpha" not in text
    assert "alpha" not in text.replace(f"alpha.localhost:{environment().port}", "")
    assert answer["Retry-After"]
    # Its look needs no tenant.
    assert style(there) == 200
    # An unknown host learns no more than that.
    assert Client(HTTP_HOST="nobody.localhost").get("/").status_code == 503


def test_when_the_database_is_back_so_is_the_site(tenants: Any, request: Any) -> None:
    there = browser(tenants.alpha)
    kept = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(HOST="127.0.0.1", PORT="1")
    assert there.get("/privacy/").status_code == 503
    connection.settings_dict.update(HOST=kept["HOST"], PORT=kept["PORT"])
    assert there.get("/privacy/").status_code == 200
