"""A client for one host of one tenant, whose every answer is searched for the other tenant's canary."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from core.kernel.env import environment
from tenants.registry.context import TenantRef
from tests.support.canary import assert_clean


class SiteClient(Client):
    """`SiteClient(alpha)` speaks to the public host, `SiteClient(alpha, purpose="staff")` to the officers'."""

    def __init__(self, tenant: TenantRef, *, purpose: str = "public", **defaults: Any) -> None:
        settings = environment()
        middle = "" if purpose == "public" else f"{purpose}."
        self.tenant = tenant
        self.host = f"{tenant.slug}.{middle}{settings.base_domain}"
        super().__init__(HTTP_HOST=f"{self.host}:{settings.port}", raise_request_exception=True, **defaults)

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        assert_clean(self.tenant.slug, response.content.decode("utf-8", "replace"), request.get("PATH_INFO", "?"))
        assert_clean(self.tenant.slug, str(dict(response.items())), "the headers")
        return response


def away(browser: SiteClient, next_path: str = "/privacy/", **ticked: str) -> str:
    """The provider's address that a browser is sent to from our sign-in; `ticked` are boxes of the page before it."""
    answer = browser.get("/sign-in/", {"next": next_path})
    if answer.status_code == 200:
        assert b'name="shared"' in answer.content
        (forms,) = re.findall(r"form-action ([^;]+)", answer["Content-Security-Policy"])
        answer = browser.post("/sign-in/", {"next": next_path, **ticked})
        # Browsers follow the page's policy through redirects.
        assert answer["Location"].startswith(forms.split()[1] + "/")
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])
