"""Reading the record."""

from __future__ import annotations

from django.db.models import F

from core.audit.models import AuditEvent


def record_read(*, before: int | None = None, round: str = "", most: int = 50) -> list[AuditEvent]:
    """Facts, newest first: first those that have no place in the chain yet. `before` is a place in the chain and
    gives what stands earlier; `round` (a UUID as text) gives what tells of that round."""
    rows = AuditEvent.objects.order_by(F("seq").desc(nulls_first=True), "-recorded_at", "-id")
    if before is not None:
        rows = rows.filter(seq__lt=before)
    if round:
        rows = rows.filter(body__round=round)
    return list(rows[:most])
