"""A nudge through Redis that something waits in a tenant's outbox. Best effort: the sweep finds what a nudge missed."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

import redis

from core.kernel.env import environment

POKES = "commonty:pokes"
REFUSED = "commonty:refused-messages"
REFUSED_KEPT = 1000
WAITING_KEPT = 5000


@lru_cache(maxsize=1)
def _server(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=1, decode_responses=True)


def poke(tenant: UUID) -> None:
    """Say that this tenant has something waiting; silence when Redis is away."""
    with suppress(redis.RedisError):
        server = _server(environment().redis_url)
        if server.rpush(POKES, str(tenant)) > WAITING_KEPT:
            server.ltrim(POKES, -WAITING_KEPT, -1)


def poked(*, seconds: float) -> set[UUID] | None:
    """The tenants that were poked, waiting up to `seconds` for the first; None when Redis is away."""
    try:
        server = _server(environment().redis_url)
        first = cast("list[str] | None", server.blpop([POKES], timeout=seconds))
        if first is None:
            return set()
        more = cast("list[str] | None", server.lpop(POKES, WAITING_KEPT)) or []
        return {UUID(text) for text in [first[1], *more]}
    except redis.RedisError:
        return None


def refused_keep(facts: dict[str, str]) -> None:
    """Park a message that no tenant can be blamed for, where `commonty audit parked` shows it."""
    with suppress(redis.RedisError):
        server = _server(environment().redis_url)
        server.lpush(REFUSED, json.dumps(facts))
        server.ltrim(REFUSED, 0, REFUSED_KEPT - 1)


def refused_list() -> list[dict[str, Any]]:
    """Refused messages, the latest first."""
    found = cast("list[str]", _server(environment().redis_url).lrange(REFUSED, 0, REFUSED_KEPT - 1))
    return [json.loads(text) for text in found]
