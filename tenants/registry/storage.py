"""Files of a tenant lie under the tenant's own prefix and are served from its files host."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage

from tenants.registry.context import current_tenant
from tenants.registry.hosts import origin
from tenants.registry.limits import storage_need, stored_note


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

    def _save(self, name: str, content: Any) -> str:
        """Raises Limited where the tenant's files would take more than they may."""
        tenant, used = current_tenant(), bytes_under(self.location)
        storage_need(tenant, used, content.size)
        kept: str = super()._save(name, content)  # type: ignore[misc]  # the stubs leave out what storages override
        stored_note(tenant.uuid, used + content.size)
        return kept

    def delete(self, name: str) -> None:
        super().delete(name)
        stored_note(current_tenant().uuid, bytes_under(self.location))


def bytes_under(folder: str) -> int:
    """How many bytes the files below a folder take; 0 where there is none."""
    total, waiting = 0, [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            # Somebody took it away meanwhile; then it takes nothing.
            continue
    return total
