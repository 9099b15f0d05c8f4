"""When a plugin fails again and again for one tenant, it is no longer called there until somebody closes the breaker.

The count and the state live in the tenant's part of the cache, since whoever meets a failure may be a resident whose
database role writes nothing, inside a transaction that is about to be undone. Without a cache every call is tried.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

from django.core.cache import cache
from redis import RedisError

from core.kernel.telemetry import logger
from tenants.registry.context import tenant_or_none

FAILURES = 5
WINDOW_SECONDS = 300
LOOK_SECONDS = 2.0

log = logger("commonty.plugins")
_looked: dict[tuple[str, str], tuple[float, bool]] = {}


@dataclass(frozen=True, slots=True)
class Health:
    """How a plugin fares in this tenant: failures in the last minutes, and whether it is still called."""

    failures: int = 0
    open: bool = False


def _key(plugin: str, what: str) -> str:
    return f"plugin-breaker/{plugin}/{what}"


def breaker_open(plugin: str) -> bool:
    """Whether the plugin may not be called in this tenant now. Looked up at most every two seconds."""
    tenant = tenant_or_none()
    if tenant is None:
        return False
    place = (str(tenant.uuid), plugin)
    now = time.monotonic()
    kept = _looked.get(place)
    if kept is not None and kept[0] > now:
        return kept[1]
    state = False
    with suppress(RedisError):
        state = bool(cache.get(_key(plugin, "open")))
    if len(_looked) > 5000:
        _looked.clear()
    _looked[place] = (now + LOOK_SECONDS, state)
    return state


def failure_count(plugin: str) -> None:
    """A failure happened in this tenant; at the fifth within five minutes the breaker opens."""
    tenant = tenant_or_none()
    if tenant is None:
        return
    with suppress(RedisError):
        key = _key(plugin, "failures")
        cache.add(key, 0, timeout=WINDOW_SECONDS)
        try:
            count = cache.incr(key)
        except ValueError:  # it ran out between the two calls
            return
        if count >= FAILURES and cache.add(_key(plugin, "open"), True, timeout=None):
            _looked.pop((str(tenant.uuid), plugin), None)
            log.error("The plugin %s failed %s times and is no longer called here", plugin, count)


def breaker_close(plugin: str) -> None:
    """Let the plugin be called again in this tenant."""
    tenant = tenant_or_none()
    cache.delete_many([_key(plugin, "open"), _key(plugin, "failures")])
    if tenant is not None:
        _looked.pop((str(tenant.uuid), plugin), None)


def health(plugin: str) -> Health:
    """For the modules page; a plugin that nobody can ask about counts as well."""
    with suppress(RedisError):
        return Health(int(cache.get(_key(plugin, "failures")) or 0), bool(cache.get(_key(plugin, "open"))))
    return Health()
