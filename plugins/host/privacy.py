"""What modules of discussion hold about a person, as one part of what the tenant holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from plugins.api import ErasureReport, Person
from plugins.host.deliberation import person_erase, personal_data_kept
from plugins.host.owed import erasures_owe, plugins_silent

SILENT = "It does not work now. It is asked as soon as it does, or what it keeps is deleted as a whole."


class ModulesPart:
    """Asks every module, switched off or not; one that fails keeps the whole from being done by halves.

    A plugin that does not load cannot be asked: the file says so, and its part of an erasure is owed (`owed`).
    """

    key: ClassVar[str] = "modules"
    tables: ClassVar[frozenset[str]] = frozenset()

    def held(self, person: Any) -> Mapping[str, tuple[Mapping[str, Any], ...]]:
        kept = personal_data_kept(Person(pseudonym=str(person.public_id)))
        held = {f"{key}: {name}": rows for key, data in kept.items() for name, rows in data.tables.items()}
        silent = tuple({"module": name, "because": SILENT} for name in plugins_silent())
        return {**held, "could not be asked": silent} if silent else held

    def erase(self, person: Any) -> ErasureReport:
        deleted: dict[str, int] = {}
        anonymised: dict[str, int] = {}
        kept: dict[str, str] = {}
        who = Person(pseudonym=str(person.public_id))
        for key, report in person_erase(who).items():
            for total, part in ((deleted, report.deleted), (anonymised, report.anonymised)):
                total.update({f"{key}: {name}": number for name, number in part.items()})
            kept.update({f"{key}: {name}": why for name, why in report.kept_because.items()})
        kept.update({f"{name}: erased later": SILENT for name in erasures_owe(who)})
        return ErasureReport(deleted=deleted, anonymised=anonymised, kept_because=kept)
