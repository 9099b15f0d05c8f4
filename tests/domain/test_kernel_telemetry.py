"""Logs name a tenant, a round and a request, never a person; spans cost nothing until they are asked for."""

from __future__ import annotations

import contextvars
import io
import logging
import os
import subprocess
import sys

from core.kernel.telemetry import ContextFilter, bind_context, span
from tests.support.bootstrap import ROOT

SPAN = """
from core.kernel.telemetry import bind_context, span
bind_context(tenant="t-1", person="Morag")
with span("round.close", round="r-1", voter="Morag"):
    pass
"""


def _logged(**context: str) -> str:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(ContextFilter())
    handler.setFormatter(logging.Formatter("%(tenant)s %(round)s %(request)s %(message)s"))
    record = logging.LogRecord("commonty", logging.INFO, "", 0, "said", None, None)

    def within() -> None:
        bind_context(**context)
        handler.handle(record)

    contextvars.Context().run(within)
    return written.getvalue().strip()


def test_a_log_line_names_what_it_belongs_to_and_nobody() -> None:
    assert _logged() == "- - - said"
    assert _logged(tenant="t-1", round="r-1", request="q-1", person="Morag") == "t-1 r-1 q-1 said"


def test_a_span_is_off_until_asked_for() -> None:
    with span("round.close", round="r-1") as opened:
        assert not opened.is_recording()


def test_a_span_on_the_console_names_the_tenant_and_nobody() -> None:
    settings = {**os.environ, "COMMONTY_TRACE": "console"}
    ran = subprocess.run(
        [sys.executable, "-c", SPAN], cwd=ROOT, env=settings, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert '"tenant": "t-1"' in ran.stdout
    assert '"round": "r-1"' in ran.stdout
    assert "Morag" not in ran.stdout
