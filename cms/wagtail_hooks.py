"""Where the editor calls us. Hooks are of the whole process: each looks at the tenant it runs in and nothing else."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from wagtail import hooks

from cms.pictures import pictures_make


@hooks.register("after_publish_page")  # type: ignore[untyped-decorator]  # Wagtail publishes no types
def make_pictures(request: HttpRequest, page: Any) -> None:
    """The copies that residents see, made where writing is allowed."""
    pictures_make(page.specific)
