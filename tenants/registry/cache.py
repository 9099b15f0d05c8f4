"""Cache keys carry the tenant; outside a tenant there is no cache (security.md T32 to T36)."""

from __future__ import annotations

from tenants.registry.context import current_tenant


def make_key(key: str, key_prefix: str, version: int) -> str:
    """Raises NoTenant outside a tenant. The epoch is in the key: a restored tenant begins with an empty cache."""
    tenant = current_tenant()
    return f"{tenant.uuid}:{tenant.epoch}:{key_prefix}:{version}:{key}"


def reverse_key(key: str) -> str:
    return key.split(":", 4)[4]
