"""The editors' pages: each tenant its own, in two languages, written on the staff host and read on the public one."""

from __future__ import annotations

from typing import Any


def test_smoke(tenants: Any, site: Any) -> None:
    for path in ("/", "/gd/", "/how-it-works/", "/gd/how-it-works/", "/news/", "/gd/news/", "/past-rounds/"):
        answer = site(tenants.alpha).get(path)
        assert answer.status_code == 200, path
        print(path, answer.content.decode()[:6000] if "how" in path else "")
