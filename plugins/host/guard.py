"""The only way a module is called: one at a time, measured, checked before and after.

Around each call: a span, a savepoint when a transaction is open, a time budget that is reported, the tenant and the
place of the connection as before, what it was given out of its reach, and an answer of the promised type. Anything
else is a PluginFailure. A plugin that fails or hangs again and again is not called for a while, and while it hangs it
gets no more threads (`busy`). Rules decide in a process of their own. There is no sandbox: a plugin has this process's
rights, so the gate is the operator's allow-list.
"""

from __future__ import annotations

import contextvars
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from types import MappingProxyType
from typing import Any, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from core.kernel.env import environment
from core.kernel.errors import Limited
from core.kernel.telemetry import logger, span
from plugins.api import Action, ActionAnswer, Module
from plugins.host.apart import Exceeded, Raised, run_apart
from plugins.host.breaker import breaker_open, failure_count
from plugins.host.busy import hangs, running
from plugins.host.failures import PluginFailure
from plugins.host.fence import fence_close, fence_holds
from plugins.host.kinds import Method
from plugins.host.registry import Registered
from tenants.registry.context import tenant_or_none

log = logger("commonty.plugins")
Answer = TypeVar("Answer")
TOGETHER_SECONDS = 60.0
# Times the seconds of a method: a call that takes longer counts as a failure.
FAR_TOO_LONG = 10


class _Broken(Exception):
    """The plugin broke the contract in a way that can be named; raised inside the savepoint, to undo its writes."""


def _where(error: BaseException) -> str:
    """Type and place of an error without its words, which may hold what the plugin was given."""
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1] if frames else None
    return f"{type(error).__name__} at {last.filename}:{last.lineno}" if last else type(error).__name__


class Guarded:
    """A module as the core sees it: its constants as they are, its methods guarded, nothing else."""

    def __init__(self, registered: Registered) -> None:
        self._registered = registered

    def __getattr__(self, name: str) -> Any:
        found = self._registered
        method = found.kind.methods.get(name)
        if method is not None:
            return self._bound(name, method)
        value = getattr(type(found.module), name)
        # Settings and filters are classes; whatever else can be called is called through the guard or not at all.
        if callable(value) and not isinstance(value, type):
            raise AttributeError(f"{found.kind.name} has no method {name}")
        return value

    def handle(self, action: Action, *args: Any) -> ActionAnswer:
        """Have one of the module's own actions done; what it needs was checked before."""
        found = self._registered
        answers = found.kind.handlers
        name = action.handler
        if answers is None or name.startswith("_") or name in found.kind.methods:
            raise AttributeError(f"{found.kind.name} has no action that {name} does")
        answer: ActionAnswer = guarded_call(found, name, answers, args, {})
        return answer

    def together(self, work: Callable[[Any], Answer]) -> Answer:
        """Many small calls as one: `work` is given the module, whose every answer is checked as ever.

        For counting, where a guard around each of a hundred thousand calls would cost more than all of them.
        """
        found = self._registered
        label = f"{found.kind.name} {found.module.key}, asked many times"
        whole = Method(lambda answer, module, args, kwargs: "", seconds=TOGETHER_SECONDS)
        answer: Answer = guarded(found.plugin.name, label, lambda: work(_Near(found)), whole)
        return answer

    def _bound(self, name: str, method: Method) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            return guarded_call(self._registered, name, method, args, kwargs)

        return call


class _Near:
    """A module inside a guarded call: its methods are called straight, and each answer is checked."""

    def __init__(self, registered: Registered) -> None:
        self._registered = registered

    def __getattr__(self, name: str) -> Any:
        found = self._registered
        value, method = getattr(found.module, name), found.kind.methods.get(name)
        if method is None:
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            answer = value(*args, **kwargs)
            wrong = method.check(answer, found.module, args, kwargs)
            if wrong:
                raise _Broken(f"it {wrong}")
            return answer

        return call


def _out_of_reach(value: Any) -> Any:
    """What a plugin is given cannot be changed by it: mappings are read-only views of copies, lists are tuples."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: _out_of_reach(one) for key, one in value.items()})
    return tuple(_out_of_reach(one) for one in value) if isinstance(value, list) else value


def _run(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call in a copy of the context, so that no variable a plugin sets outlives the call."""
    wrapper = cast(Any, connections[DEFAULT_DB_ALIAS])
    tenant, place, atomic = tenant_or_none(), wrapper.place, wrapper.in_atomic_block
    depth = len(wrapper.savepoint_ids)
    context = contextvars.copy_context()

    def moved() -> bool:
        return bool(
            context.run(tenant_or_none) != tenant
            or wrapper.place != place
            or wrapper.in_atomic_block != atomic
            or len(wrapper.savepoint_ids) != depth
        )

    context.run(fence_close)
    try:
        answer = context.run(function, *args, **kwargs)
        if moved():
            raise _Broken("it left another tenant, connection or transaction behind")
        return answer
    finally:
        if moved():
            left_open = wrapper.in_atomic_block and not atomic
            wrapper.in_atomic_block = atomic
            del wrapper.savepoint_ids[depth:]
            if left_open:
                # What the open transaction holds must not be committed.
                wrapper.close()
            wrapper.enter(place)


def guarded_call(found: Registered, name: str, method: Method, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call one method of one module. Raises PluginFailure, or what the contract lets that method raise."""
    label = f"{found.kind.name} {found.module.key}.{name}"
    args = tuple(_out_of_reach(one) for one in args)
    kwargs = {key: _out_of_reach(one) for key, one in kwargs.items()}
    return guarded(found.plugin.name, label, getattr(found.module, name), method, args, kwargs, module=found.module)


def guarded(
    plugin: str,
    label: str,
    function: Callable[..., Any],
    method: Method,
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] = MappingProxyType({}),
    module: Module | None = None,
) -> Any:
    """Call a plugin's function as `method` says. Raises PluginFailure, or what the contract lets it raise."""
    reason, answer = "", None
    if fence_holds():
        # A rule asks the rule it wraps. The outer call has a process, limits and a span; the database is the parent's.
        answer = function(*args, **kwargs)
        if wrong := method.check(answer, module, args, dict(kwargs)):
            raise PluginFailure(plugin=plugin, method=label, reason=f"it {wrong}")
        return answer
    if breaker_open(plugin):
        raise PluginFailure(plugin=plugin, method=label, reason="it failed too often and is not called for now")
    if hangs(plugin):
        raise PluginFailure(
            plugin=plugin, method=label, reason="it has not answered others yet and gets no more threads"
        )
    started = time.perf_counter()
    with span("plugin.call", plugin=plugin, method=label), running(plugin, method.late or method.seconds / 4):
        try:
            with transaction.atomic() if connections[DEFAULT_DB_ALIAS].in_atomic_block else nullcontext():
                if method.apart is None:
                    answer = _run(function, args, dict(kwargs))
                else:
                    answer = run_apart(lambda: _run(function, args, dict(kwargs)), method.apart, where=_where)
                wrong = method.check(answer, module, args, dict(kwargs))
                if wrong:
                    raise _Broken(f"it {wrong}")
        except method.raises:
            raise
        except Limited:
            # What the service itself refuses for a while, met through a port, is no failure of the plugin's.
            raise
        except PluginFailure as inner:
            # Calls that were made together: the inner failure has its own name.
            raise inner from None
        except (_Broken, Exceeded) as broken:
            reason = str(broken)
        except Raised as error:
            reason = "it raised an error"
            log.error("The plugin %s failed in %s: %s", plugin, label, error.where)
        except Exception as error:  # noqa: BLE001  # the host is where a plugin's errors end
            reason = "it raised an error"
            log.error("The plugin %s failed in %s: %s", plugin, label, _where(error))
    seconds = time.perf_counter() - started
    if seconds > method.seconds:
        log.warning("The plugin %s took %.2f s in %s; it may take %.2f s", plugin, seconds, label, method.seconds)
    if seconds > FAR_TOO_LONG * method.seconds and not reason:
        # The answer stands. A machine that is short of time is late too, so that only what hangs is counted.
        failure_count(plugin)
    if environment().trace_plugins:
        log.warning("plugin call %s %s %.1f ms %s", plugin, label, seconds * 1000, "failed" if reason else "ok")
    if reason:
        failure_count(plugin)
        raise PluginFailure(plugin=plugin, method=label, reason=reason)
    return answer
