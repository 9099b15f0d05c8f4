"""Files of a tenant lie under the tenant's own prefix and are served from its files host."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage

from tenants.registry.context import current_tenant
from tenants.registry.hosts import origin


class TenantStorage(FileSystemStorage):
    """The place is asked anew at each call: a kept one would belong to whoever came first (security.md T37)."""

    @property
    def base_location(self) -> str:
        return str(Path(settings.MEDIA_ROOT) / str(current_tenant().uuid))

    @property
    def location(self) -> str:
        return str(Path(self.base_location).resolve())

    @property
    def base_url(self) -> str:
        return origin(f"{current_tenant().slug}.files.{settings.ENV.base_domain}") + "/"
