"""What modules of discussion hold about a person, as one part of what the tenant holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from plugins.api import ErasureReport, Person
from plugins.host.deliberation import person_erase, personal_data_kept


class ModulesPart:
    """Asks every module, switched off or not; one that fails keeps the whole from being done by halves."""

    key: ClassVar[str] = "modules"
    tables: ClassVar[frozenset[str]] = frozenset()

    def held(self, person: Any) -> Mapping[str, tuple[Mapping[str, Any], ...]]:
        kept = personal_data_kept(Person(pseudonym=str(person.public_id)))
        return {f"{key}: {name}": rows for key, data in kept.items() for name, rows in data.tables.items()}

    def erase(self, person: Any) -> ErasureReport:
        deleted: dict[str, int] = {}
        anonymised: dict[str, int] = {}
        kept: dict[str, str] = {}
        for key, report in person_erase(Person(pseudonym=str(person.public_id))).items():
            for total, part in ((deleted, report.deleted), (anonymised, report.anonymised)):
                total.update({f"{key}: {name}": number for name, number in part.items()})
            kept.update({f"{key}: {name}": why for name, why in report.kept_because.items()})
        return ErasureReport(deleted=deleted, anonymised=anonymised, kept_because=kept)
