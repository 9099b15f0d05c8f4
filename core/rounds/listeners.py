"""What happens when a round has moved or changed: all of Scotland is told how it stands now, and the national team
which modules are in use."""

from __future__ import annotations

from uuid import UUID

from core.audit.models import AuditEvent
from core.audit.statements import statement_make
from core.rounds.choices import modules_in_use
from core.rounds.selectors import public_facts

STATEMENT = "round"
MODULES, MODULES_KEY = "modules", "in-use"


def round_state(event: AuditEvent) -> None:
    """Sign the round's public facts as they are now, whatever the event said: the last statement is the true one."""
    key = str(event.body["round"])
    statement_make(kind=STATEMENT, key=key, facts=lambda: public_facts(UUID(key)))


def modules_state(event: AuditEvent) -> None:
    """Sign which modules are switched on and used now, whatever the event said."""
    statement_make(kind=MODULES, key=MODULES_KEY, facts=modules_in_use)
