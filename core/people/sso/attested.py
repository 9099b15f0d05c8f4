"""What a national provider tells of somebody, reduced at once to what the rounds of one tenant need.

A date of birth becomes "has reached these ages", a place "is one of this tenant's areas", a level a rung of the ladder.
When it was shown and the provider's number of the transaction stay, so that it can be asked about; all else is dropped
here and was never written anywhere. Names of claims are data: `realm/providers/*.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent / "realm" / "providers"
RUNGS = ("", "E0", "E1", "E2", "E3", "E4")


@dataclass(frozen=True, slots=True)
class Attested:
    """`over` and `under` are those of the ages asked about that somebody has and has not reached; `areas` those of the
    tenant's areas where they live. `rung` is empty where the provider did not say how well it had looked.

    `at` is in seconds since 1970 UTC, 0 where nobody said. `transaction` is the provider's own and opens nothing.
    """

    provider: str
    rung: str = ""
    over: tuple[int, ...] = ()
    under: tuple[int, ...] = ()
    areas: tuple[str, ...] = ()
    at: int = 0
    transaction: str = ""

    def reaches(self, rung: str) -> bool:
        """Whether it was shown at least as well as at this rung."""
        return RUNGS.index(self.rung) >= RUNGS.index(rung)


@lru_cache(maxsize=8)
def _rungs(kind: str) -> Mapping[str, str]:
    path = FOLDER / f"{kind}.toml"
    if not kind.isalnum() or not path.is_file():
        return {}
    found: dict[str, str] = tomllib.loads(path.read_text(encoding="utf-8")).get("rungs", {})
    return found


def reduced(
    told: Mapping[str, str], *, ages: Iterable[int], areas: Iterable[str], at: int = 0, now: datetime | None = None
) -> Attested | None:
    """Of what was told what this tenant may know; None where no national provider told anything.

    `ages` are those its rounds ask for, `areas` the codes of its own areas, `at` when the person was seen to sign in.
    What cannot be read is as if not said.
    """
    kind = told.get("kind", "")
    if not kind:
        return None
    moment = now or datetime.now(UTC)
    age = _age(told.get("born", ""), moment.date())
    asked = sorted(set(ages))
    return Attested(
        provider=kind,
        rung=_rungs(kind).get(told.get("level", ""), ""),
        over=tuple(one for one in asked if age is not None and age >= one),
        under=tuple(one for one in asked if age is not None and age < one),
        areas=tuple(sorted(set(areas) & {told.get("area", "")} - {""})),
        at=at,
        transaction=told.get("transaction", "")[:100],
    )


def _age(born: str, today: date) -> int | None:
    """Full years; None for what is no date of birth."""
    try:
        day = date.fromisoformat(born)
    except ValueError:
        return None
    years = today.year - day.year - ((today.month, today.day) < (day.month, day.day))
    return years if 0 <= years <= 130 else None
