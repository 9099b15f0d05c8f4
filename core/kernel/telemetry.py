"""The one door to OpenTelemetry: spans and log context, off by default and then at no cost.

`COMMONTY_TRACE=console` prints spans; `COMMONTY_OTLP_ENDPOINT` sends them. Attributes name a tenant, a round and a
request, never a person, a choice, a token or an address.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.trace import NonRecordingSpan, Tracer
from opentelemetry.trace.span import INVALID_SPAN_CONTEXT

from core.kernel.env import environment

ALLOWED = frozenset({"tenant", "round", "request", "plugin", "method", "queue", "job", "kind", "count", "status"})
_context: ContextVar[dict[str, str] | None] = ContextVar("commonty_telemetry", default=None)
_off = NonRecordingSpan(INVALID_SPAN_CONTEXT)


@lru_cache(maxsize=1)
def _tracer() -> Tracer | None:
    settings = environment()
    if not settings.trace and not settings.otlp_endpoint:
        return None
    provider = TracerProvider(resource=Resource.create({"service.name": "commonty"}))
    if settings.trace:
        provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
    if settings.otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otlp_endpoint)))
    return provider.get_tracer("commonty")


def bind_context(**values: str) -> None:
    """Name the tenant, round or request that what follows in this thread belongs to."""
    _context.set({**(_context.get() or {}), **{key: value for key, value in values.items() if key in ALLOWED}})


def clear_context() -> None:
    """Forget what this thread was doing, so that the next request's log lines do not carry it."""
    _context.set(None)


@contextmanager
def span(name: str, **attributes: Any) -> Iterator[Any]:
    """A span around a piece of work. Attributes outside the allowed names are dropped."""
    tracer = _tracer()
    if tracer is None:
        yield _off
        return
    known = {key: str(value) for key, value in attributes.items() if key in ALLOWED}
    with tracer.start_as_current_span(name, attributes={**(_context.get() or {}), **known}) as opened:
        yield opened


class ContextFilter(logging.Filter):
    """Puts tenant, round and request on every log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        known = _context.get() or {}
        for key in ("tenant", "round", "request"):
            setattr(record, key, known.get(key, "-"))
        return True


def logger(name: str) -> logging.Logger:
    return logging.getLogger(name)
