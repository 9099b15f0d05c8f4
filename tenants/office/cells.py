"""Other cells: installations with a database of their own, between which a tenant moves.

A cell is described by a file `cells/NAME.env` in this service's directory: the `COMMONTY_…` variables by which a
command reaches that installation, one on a line. Whoever reads it may do everything there, so it is its owner's alone.
"""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.kernel.env import PREFIX, environment
from core.kernel.errors import CommontyError, Invalid, NotFound, Refused, Unavailable

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
LINE = re.compile(r"(COMMONTY_[A-Z0-9_]+)=(.*)")
# What tells one installation from another; without it a command would work on this one.
NEEDED = "COMMONTY_DATABASE_URL"
KINDS: dict[int, type[CommontyError]] = {1: NotFound, 2: Invalid, 3: Refused, 4: Unavailable}


@dataclass(frozen=True, slots=True)
class Cell:
    """Another installation, and the words that begin a command here."""

    name: str
    variables: Mapping[str, str]
    command: tuple[str, ...]

    def run(self, words: Sequence[str]) -> dict[str, Any]:
        """Run a command there and return its document. Raises what it was refused with, in its own words."""
        # Nothing of this installation's own settings may reach the other.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        kept.pop("DJANGO_SETTINGS_MODULE", None)
        ran = subprocess.run(  # noqa: S603  # words of ours, no shell
            [*self.command, "--json", "--yes", *words],
            env={**kept, **self.variables},
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            document: dict[str, Any] = json.loads(ran.stdout)
        except ValueError as error:
            raise Unavailable(
                f"The cell {self.name} gave no answer.",
                code="cell.silent",
                remedy="Run `commonty doctor` there; its last words were: " + ran.stderr.strip()[-300:],
            ) from error
        if ran.returncode == 0:
            return document
        said = document.get("error", {})
        raise KINDS.get(ran.returncode, Refused)(
            f"The cell {self.name} says: {said.get('message', 'it did not succeed')}",
            code=said.get("code", "cell.failed"),
            remedy=said.get("remedy", ""),
        )


def cell(name: str, command: Sequence[str]) -> Cell:
    """The cell of this name. Raises Invalid where its file is missing, no file of ours, or readable by others."""
    if not NAME.fullmatch(name):
        raise Invalid(f"{name!r} is no name of a cell.", code="cell.name", remedy="Use small letters, digits, hyphens.")
    path = environment().var_dir / "cells" / f"{name}.env"
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Invalid(
            f"There is no cell {name!r}.", code="cell.unknown", remedy=f"Describe it in {path}, readable by you alone."
        ) from error
    if stat.S_IMODE(mode) & 0o077:
        raise Invalid(f"Others can read {path}.", code="cell.open", remedy=f"Run `chmod 600 {path}`.")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = [LINE.fullmatch(line) for line in lines]
    variables = {match[1]: match[2] for match in found if match}
    if not all(found) or NEEDED not in variables:
        raise Invalid(
            f"{path} does not describe a cell.",
            code="cell.malformed",
            remedy=f"Write one COMMONTY_… variable on each line, {NEEDED} among them.",
        )
    if variables[NEEDED] == environment().database_url:
        raise Invalid("This is the cell where the tenant is now.", code="cell.own", remedy="Name another.")
    return Cell(name, variables, tuple(command))


__all__ = ["Cell", "cell"]
