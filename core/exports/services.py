"""Writing a dataset to a file, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from core.exports.datasets import Election
from core.kernel.errors import Invalid, Refused
from core.kernel.files import written_whole
from core.rounds.models import Round
from plugins.api import Exporter, Manifest, PermanentFailure, PersonalDataClass
from plugins.host.selectors import module
from tenants.registry.context import current_tenant
from tenants.registry.limits import What, take

CLASSES = (PersonalDataClass.NONE, PersonalDataClass.PSEUDONYMOUS, PersonalDataClass.PERSONAL)


def export_write(
    *,
    key: str,
    round: Round,
    to: Path,
    filters: Mapping[str, Any] | None = None,
    may_have: PersonalDataClass = PersonalDataClass.NONE,
    progress: Callable[[int], None] = lambda rows: None,
) -> Manifest:
    """Have an exporter write a round's published election. For a worker, whose role alone reads opened ballots.

    Raises NotFound for an exporter that is not active, Refused for one that declares more about people than the
    caller may have or for a result that is not published, Invalid for filters that do not fit, Limited for one too many
    today.
    """
    exporter = cast(Exporter, module("exporter", key))
    if CLASSES.index(exporter.personal_data) > CLASSES.index(may_have):
        raise Refused("You may not have what this export holds about people.", code="export.personal")
    dataset = Election(round)
    try:
        chosen = exporter.Filters.model_validate(dict(filters or {}))
    except ValidationError as error:
        problems = tuple(str(item["msg"]) for item in error.errors())
        raise Invalid("The filters do not fit this export.", code="export.filters", problems=problems) from error
    take(current_tenant(), What.EXPORTS)
    try:
        with written_whole(to) as part, part.open("wb") as out:
            manifest = exporter.write(dataset, out, chosen, progress)
    except PermanentFailure as error:
        raise Invalid(str(error), code="export.refused") from error
    except FileNotFoundError as error:
        raise Invalid(f"There is no folder {to.parent}.", code="export.folder") from error
    return manifest
