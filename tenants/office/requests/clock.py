"""Two working days, as people in Scotland count them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HERE = ZoneInfo("Europe/London")
WORKING_DAYS = 2
CLOSES = time(17, 0)
# Days on which every council is shut. Spring and autumn holidays differ from place to place and are not counted.
SHUT = frozenset({(1, 1), (1, 2), (12, 25), (12, 26)})


def working(day: date) -> bool:
    return day.weekday() < 5 and (day.month, day.day) not in SHUT


def due_after(moment: datetime) -> datetime:
    """Five in the afternoon of the second working day after this moment's day."""
    day, left = moment.astimezone(HERE).date(), WORKING_DAYS
    while left:
        day += timedelta(days=1)
        left -= working(day)
    return datetime.combine(day, CLOSES, tzinfo=HERE)
