"""What differs between what is wanted and what a server has. Pure values, so that it can be shown and tested."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

# Never shown, whoever asks: a difference in them is told by a word.
SECRET = ("salt", "secret", "password", "jwks")
ABSENT = "nothing"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it should be. `verb`: create, change, remove, or look (only a person can mend it)."""

    realm: str
    verb: str
    part: str
    name: str
    field: str = ""
    found: str = ""
    wanted: str = ""
    # Where everybody at a tenant would become a stranger.
    grave: bool = False

    def sentence(self) -> str:
        """As a person reads it."""
        begin = f"{self.realm}: {self.verb} {self.part} {self.name}".rstrip()
        if self.field:
            begin += f": {self.field} is {self.found}, will be {self.wanted}"
        elif self.found or self.wanted:
            begin += f": {self.found or self.wanted}"
        return ("GRAVE: " if self.grave else "") + begin

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "sentence": self.sentence()}


def differences(wanted: Any, found: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Where `found` does not have what `wanted` names: path, what it has, what it should have.

    Only what is wanted is compared. Lists of words are sets; other lists are compared place by place.
    """
    if isinstance(wanted, Mapping):
        if not isinstance(found, Mapping):
            yield path, _shown(path, found), _shown(path, wanted)
            return
        for name, value in wanted.items():
            yield from differences(value, found.get(name), f"{path}.{name}" if path else str(name))
        return
    if isinstance(wanted, list) and isinstance(found, list):
        plain = all(not isinstance(item, dict | list) for item in [*wanted, *found])
        if plain and sorted(map(str, wanted)) == sorted(map(str, found)):
            return
        if not plain and len(wanted) == len(found):
            for number, (one, other) in enumerate(zip(wanted, found, strict=True), start=1):
                yield from differences(one, other, f"{path}[{number}]")
            return
    # An empty value that the server leaves out is the same thing.
    elif wanted == found or (found is None and wanted in ("", [], {}, False)):
        return
    yield path, _shown(path, found), _shown(path, wanted)


def _shown(path: str, value: Any) -> str:
    if value is None:
        return ABSENT
    if any(word in path.lower() for word in SECRET):
        return "another" if value else ABSENT
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 160 else text[:157] + "…"
