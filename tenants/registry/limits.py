"""How much one tenant, and all together, may use: one table of defaults, what the national team has set instead, and
counters in Redis that carry the tenant.

What is counted by time (requests, mails, exports) is refused once it is used up, and the refusal says when to try
again. What is counted at once (storage, running reports) is refused or waits until something is freed. A tenant's
refused wishes use up nothing of what all have together. Where Redis is away nobody is refused: a service without
limits is better than none. Ballots are not counted: they are taken in front of all this.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

import redis
from django.db import InterfaceError, OperationalError, connection

from core.kernel import telemetry
from core.kernel.env import environment
from core.kernel.errors import Limited
from tenants.registry.context import TenantRef, in_public
from tenants.registry.models import Quota, Tenant

KEPT_SECONDS = 30.0
AWAY_SECONDS = 5.0
PREFIX = "commonty:{limits}"
ALL = "all"
STAFF = "-staff"
TURNS = "turns"
MEGABYTE = 1024 * 1024
GIGABYTE = 1024 * MEGABYTE
HOUR, DAY = 3600, 86_400


class What(StrEnum):
    """What is limited. Requests are counted for the public and the staff host apart."""

    REQUESTS = "requests"
    MAILS = "mails"
    EXPORTS = "exports"
    STORAGE = "storage"
    REPORTS = "reports"
    FEEDBACK = "feedback"


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit: in `seconds` (0: at once) a council, a group, and all tenants together may use this much."""

    seconds: int
    council: int
    community: int
    together: int

    def of(self, kind: str) -> int:
        return self.community if kind == Tenant.Kind.COMMUNITY else self.council


# Pages in ten seconds, mails in an hour, exports in a day, bytes, feedback forms in an hour, and heavy jobs with the
# workers at a time.
DEFAULTS: dict[What, Rule] = {
    What.REQUESTS: Rule(seconds=10, council=1_000, community=400, together=6_000),
    What.MAILS: Rule(seconds=HOUR, council=5_000, community=500, together=50_000),
    What.EXPORTS: Rule(seconds=DAY, council=200, community=50, together=5_000),
    What.STORAGE: Rule(seconds=0, council=20 * GIGABYTE, community=2 * GIGABYTE, together=2_000 * GIGABYTE),
    What.FEEDBACK: Rule(seconds=HOUR, council=2_000, community=300, together=40_000),
    What.REPORTS: Rule(seconds=0, council=2, community=1, together=40),
}

# Looks at both counters first, so that who is refused by one has used up nothing of the other.
TAKE = """
local mine, all = tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(redis.call('GET', KEYS[2]) or '0')
local wish = tonumber(ARGV[1])
if mine + wish > tonumber(ARGV[2]) or all + wish > tonumber(ARGV[3]) then
  redis.call('INCR', KEYS[3])
  redis.call('EXPIRE', KEYS[3], 7200)
  return 0
end
for at = 1, 2 do
  redis.call('INCRBY', KEYS[at], wish)
  redis.call('EXPIRE', KEYS[at], ARGV[4])
end
return 1
"""


@dataclass(frozen=True, slots=True)
class Use:
    """One limit as the tenant sees it. `refused`: how often in this hour and the last; None: nobody can say now.

    `turned_away`: in the same time, for pages, how often they were wanted all at once (`turns.py`).
    """

    what: What
    seconds: int
    most: int
    default: int
    used: int | None
    refused: int | None
    turned_away: int | None = None


# -- what may be used -------------------------------------------------------------------------------------------------

_set: list[tuple[float, dict[tuple[UUID | None, str], int]]] = []


def quotas_know() -> dict[tuple[UUID | None, str], int]:
    """What the national team has set, asked anew every half minute outside transactions."""
    now = time.monotonic()
    if _set and (_set[0][0] > now or connection.in_atomic_block):
        return _set[0][1]
    if connection.in_atomic_block:
        return {}
    try:
        with in_public():
            found = {(row.tenant_id, row.what): row.most for row in Quota.objects.all()}
    except (OperationalError, InterfaceError):
        found = _set[0][1] if _set else {}
    _set[:] = [(now + KEPT_SECONDS, found)]
    return found


def quotas_forget() -> None:
    """Ask anew at the next question of this process."""
    _set.clear()


def most(tenant: TenantRef, what: What) -> int:
    """How much a tenant may use."""
    return quotas_know().get((tenant.uuid, what.value), DEFAULTS[what].of(tenant.kind))


def most_together(what: What) -> int:
    return quotas_know().get((None, what.value), DEFAULTS[what].together)


# -- counters ---------------------------------------------------------------------------------------------------------

_away = [0.0]


@lru_cache(maxsize=1)
def _server(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.25, decode_responses=True)


def _asked(question: Any) -> Any:
    """What Redis answers, or None while it is away; then it is not asked again for some seconds."""
    if _away[0] > time.monotonic():
        return None
    try:
        return question(_server(environment().redis_url))
    except redis.RedisError:
        _away[0] = time.monotonic() + AWAY_SECONDS
        return None


def _key(owner: object, name: str, window: int) -> str:
    return f"{PREFIX}:{owner}:{name}:{window}"


def take(tenant: TenantRef, what: What, amount: int = 1, *, part: str = "") -> None:
    """Use some of what is counted by time; `part` counts apart from the rest. Raises Limited with when to try again."""
    seconds, now = DEFAULTS[what].seconds, time.time()
    window, name = int(now // seconds), what.value + part
    keys = [
        _key(tenant.uuid, name, window),
        _key(ALL, name, window),
        _key(tenant.uuid, f"refused-{what.value}", int(now // HOUR)),
    ]
    limits = [amount, most(tenant, what), most_together(what), seconds * 2]
    if _asked(lambda server: server.eval(TAKE, len(keys), *keys, *limits)) == 0:
        _log(tenant, name, window)
        raise Limited(what.value, retry_after=int((window + 1) * seconds - now) + 1)


_logged: dict[tuple[UUID, str], int] = {}


def _log(tenant: TenantRef, name: str, window: int) -> None:
    """One line for a window: a line for each refusal would be a rush of its own."""
    if _logged.get((tenant.uuid, name)) == window:
        return
    _logged[tenant.uuid, name] = window
    telemetry.bind_context(tenant=str(tenant.uuid))
    telemetry.logger(__name__).warning("the limit of %s is reached", name)


def need(tenant: TenantRef, what: What) -> None:
    """Raises Limited where nothing is left of what is counted by time, here or of what all have; uses nothing up."""
    seconds = DEFAULTS[what].seconds
    for owner, top in ((tenant.uuid, most(tenant, what)), (ALL, most_together(what))):
        used = _counted(owner, what)
        if used is not None and used >= top:
            raise Limited(what.value, retry_after=int(seconds - time.time() % seconds) + 1)


def _counted(owner: object, what: What) -> int | None:
    rule = DEFAULTS[what]
    window = int(time.time() // rule.seconds)
    names = [what.value, what.value + STAFF] if what is What.REQUESTS else [what.value]
    found = _asked(lambda server: server.mget([_key(owner, name, window) for name in names]))
    return None if found is None else max(int(one or 0) for one in found)


def turned_away(tenant: TenantRef) -> None:
    """Count a page that had no turn, as the tenant's line was full."""
    _refuse(tenant.uuid, TURNS)


def _refuse(tenant: UUID, name: str) -> None:
    hour = _key(tenant, f"refused-{name}", int(time.time() // HOUR))
    _asked(lambda server: (server.incr(hour), server.expire(hour, 2 * HOUR)))


def _refused(tenant: UUID, name: str) -> int | None:
    hour = int(time.time() // HOUR)
    keys = [_key(tenant, f"refused-{name}", one) for one in (hour, hour - 1)]
    found = _asked(lambda server: server.mget(keys))
    return None if found is None else sum(int(one or 0) for one in found)


# -- storage ----------------------------------------------------------------------------------------------------------

STORED = f"{PREFIX}:stored"


def storage_need(tenant: TenantRef, used: int, more: int) -> None:
    """Raises Limited where `more` bytes do not fit beside the `used` ones of the tenant, or beside everybody's."""
    stored_note(tenant.uuid, used)
    together = _asked(lambda server: sum(int(one) for one in server.hvals(STORED)))
    if used + more > most(tenant, What.STORAGE) or (together or 0) + more > most_together(What.STORAGE):
        _refuse(tenant.uuid, What.STORAGE.value)
        raise Limited(What.STORAGE.value)


def stored_note(tenant: UUID, used: int) -> None:
    """Note how many bytes a tenant's files take."""
    _asked(lambda server: server.hset(STORED, str(tenant), used))


def _stored(tenant: UUID) -> int | None:
    found = _asked(lambda server: server.hget(STORED, str(tenant)) or 0)
    return None if found is None else int(found)


# -- heavy jobs -------------------------------------------------------------------------------------------------------

RUNNING = f"{PREFIX}:running"


def reports_room(lease: float) -> int:
    """How many more heavy jobs all tenants together may have with the workers; forgets those out for over `lease` s."""
    gone = time.time() - lease
    found = _asked(lambda server: (server.zremrangebyscore(RUNNING, 0, gone), server.zcard(RUNNING)))
    return max(0, most_together(What.REPORTS) - (found[1] if found else 0))


def reports_out(messages: Sequence[UUID]) -> None:
    """Note heavy jobs that were handed to workers."""
    if messages:
        now = time.time()
        _asked(lambda server: server.zadd(RUNNING, {str(one): now for one in messages}))


def reports_back(message: UUID) -> None:
    """Note that a heavy job has ended, well or badly."""
    _asked(lambda server: server.zrem(RUNNING, str(message)))


# -- what is shown ----------------------------------------------------------------------------------------------------


def uses(tenant: TenantRef, *, running: int) -> list[Use]:
    """Every limit of a tenant with what is used of it; `running` is how many of its heavy jobs are with the workers."""
    found = []
    for what, rule in DEFAULTS.items():
        if what is What.REPORTS:
            used: int | None = running
        elif what is What.STORAGE:
            used = _stored(tenant.uuid)
        else:
            used = _counted(tenant.uuid, what)
        refused = None if what is What.REPORTS else _refused(tenant.uuid, what.value)
        away = _refused(tenant.uuid, TURNS) if what is What.REQUESTS else None
        found.append(Use(what, rule.seconds, most(tenant, what), rule.of(tenant.kind), used, refused, away))
    return found


def uses_together() -> list[Use]:
    """Every limit of all tenants together."""
    found = []
    for what, rule in DEFAULTS.items():
        if what is What.REPORTS:
            used = cast("int | None", _asked(lambda server: server.zcard(RUNNING)))
        elif what is What.STORAGE:
            used = cast("int | None", _asked(lambda server: sum(int(one) for one in server.hvals(STORED))))
        else:
            used = _counted(ALL, what)
        found.append(Use(what, rule.seconds, most_together(what), rule.together, used, None))
    return found
