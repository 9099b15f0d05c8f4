"""Files that appear whole or not at all, and what is left where their writing was killed.

Beside each file that is being written lies a note of it in this service's directory, locked by its writer; a lock ends
with its process. So a half file is found wherever somebody wanted it, and never mistaken for one still being written.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from core.kernel.env import environment
from core.kernel.errors import Refused

DOOR = "door"


@contextmanager
def written_whole(to: Path) -> Iterator[Path]:
    """Where to write: it takes the place of `to` when the block ends well, and is gone when it does not.

    Raises Refused while another process writes the same file, and what the disk raises.
    """
    part = to.absolute().with_name(to.name + ".part")
    with _noted(part):
        try:
            part.unlink(missing_ok=True)
            yield part
            with part.open("rb") as written:
                os.fsync(written.fileno())
            part.replace(to)
        finally:
            part.unlink(missing_ok=True)


def halves() -> list[Path]:
    """Half files whose writers were killed."""
    with _door() as folder:
        return sorted(Path(left) for note in _notes(folder) if (left := _left(note)) and Path(left).exists())


def halves_remove() -> list[Path]:
    """Remove them; returns those that are gone. One that the disk holds on to is tried again the next time."""
    removed = []
    with _door() as folder:
        for note in _notes(folder):
            left = _left(note)
            if left is None:
                continue
            try:
                if left and Path(left).exists():
                    Path(left).unlink()
                    removed.append(Path(left))
                note.unlink()
            except OSError:
                continue
    return sorted(removed)


@contextmanager
def _door() -> Iterator[Path]:
    """The folder of notes, for one process at a time: nobody sees a note that is made and not yet locked."""
    folder = environment().var_dir / "writing"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / DOOR).open("wb") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield folder


def _notes(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name != DOOR]


def _locked(note: FileIO) -> bool:
    try:
        fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _left(note: Path) -> str | None:
    """The half file of a note, empty where its writer was killed before it began; None while somebody writes."""
    with FileIO(note) as held:
        return os.fsdecode(held.readall()) if _locked(held) else None


@contextmanager
def _noted(part: Path) -> Iterator[None]:
    with _door() as folder:
        note = folder / hashlib.sha256(os.fsencode(part)).hexdigest()
        held = FileIO(note, "r+" if note.exists() else "w+")
        if not _locked(held):
            held.close()
            raise Refused(
                f"Somebody is writing {part.name.removesuffix('.part')} already.",
                code="file.busy",
                remedy="Wait until that has ended, or name another file.",
            )
    try:
        held.truncate(0)
        held.write(os.fsencode(part))
        yield
    finally:
        with _door():
            note.unlink(missing_ok=True)
            held.close()
