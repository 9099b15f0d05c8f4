"""Reading a list: what its columns are, what is wrong with it by line and column, and what makes two people one.

What is compared is written the same way first: without accents, capitals, blanks and hyphens, the first of several
first names, dates as YYYY-MM-DD. Only keyed digests of that are kept.
"""

from __future__ import annotations

import csv
import hmac
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from plugins.api import ListInvalid, Text

MOST_PEOPLE = 100_000
POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}")
DATES = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y")
AREA = "area"
EMPTY = Text("This cell is empty.", "Tha a’ chealla seo falamh.")


def _name(text: str) -> str:
    plain = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return "".join(one for one in plain.casefold() if one.isalnum())


def _first(text: str) -> str:
    words = text.split()
    return _name(words[0]) if words else ""


def _postcode(text: str) -> str:
    plain = "".join(text.split()).upper()
    return plain if POSTCODE.fullmatch(plain) else ""


def _day(text: str) -> str:
    for form in DATES:
        try:
            # A day, not a moment: it has no time zone.
            day = datetime.strptime(text.strip(), form).date()  # noqa: DTZ007
        except ValueError:
            continue
        return day.isoformat() if date(1890, 1, 1) < day else ""
    return ""


READING: Mapping[str, Callable[[str], str]] = {
    "first_name": _first,
    "last_name": _name,
    "postcode": _postcode,
    "birth_date": _day,
    "number": _name,
}
NOT_READ: Mapping[str, Text] = {
    "postcode": Text("This is not a postcode, such as EH6 6AA.", "Chan e còd-puist a tha seo, mar EH6 6AA."),
    "birth_date": Text(
        "This is not a date of birth, such as 24/11/1990.", "Chan e ceann-là breith a tha seo, mar 24/11/1990."
    ),
}


def digest(secret: str, round: str, columns: Sequence[str], values: Mapping[str, str]) -> bytes | None:
    """What stands on the list for somebody with these values; None where one of them cannot be read."""
    read = [READING[name](values.get(name, "")[:200]) for name in columns]
    if not all(read):
        return None
    said = "\x1f".join((round, *(f"{name}={value}" for name, value in zip(columns, read, strict=True))))
    return hmac.digest(secret.encode(), said.encode(), "sha256")


@dataclass(frozen=True, slots=True)
class Listed:
    """One person of a list as it is kept."""

    digest: bytes
    area: str


def _rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Each line of a CSV file with its number. Raises ListInvalid where it is no such file."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise ListInvalid(
            Text(
                "The file is not UTF-8. Save it as CSV UTF-8.",
                "Chan e UTF-8 a tha san fhaidhle. Sàbhail mar CSV UTF-8 e.",
            ),
            line=line,
            column=column,
        ) from error
    first = text.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",", strict=True
    )
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ListInvalid(
                Text("This line cannot be read as CSV.", "Cha ghabh an loidhne seo leughadh mar CSV."),
                line=line,
                column=1,
            ) from error
        if any(cell.strip() for cell in cells):
            yield line, cells


def _heads(cells: Sequence[str], line: int, columns: Sequence[str]) -> list[str]:
    """The columns of a list in its own order. Raises ListInvalid for one too many or too few."""
    heads = [cell.strip().casefold().replace(" ", "_") for cell in cells]
    for column, name in enumerate(heads, start=1):
        if name not in (*columns, AREA):
            words = Text(
                "The column “{name}” is not needed. Take it out: no more is kept than is asked.",
                "Chan eil feum air a’ cholbh “{name}”. Thoir air falbh e: cha chumar barrachd na dh’fhaighnichear.",
            ).format(name=name[:40])
            raise ListInvalid(words, line=line, column=column)
        if heads.index(name) != column - 1:
            twice = Text("The column “{name}” is there twice.", "Tha an colbh “{name}” ann dà thuras.")
            raise ListInvalid(twice.format(name=name), line=line, column=column)
    for name in columns:
        if name not in heads:
            missing = Text("The column “{name}” is missing.", "Tha an colbh “{name}” a dhìth.").format(name=name)
            raise ListInvalid(missing, line=line, column=len(heads) + 1)
    return heads


def people(data: bytes, *, secret: str, round: str, columns: Sequence[str]) -> list[Listed]:
    """Everybody on a list. Raises ListInvalid with the line and column of what is wrong first; nothing is kept then."""
    rows = _rows(data)
    line, cells = next(rows, (1, []))
    if not cells:
        raise ListInvalid(Text("The file is empty.", "Tha am faidhle falamh."), line=1, column=1)
    heads = _heads(cells, line, columns)
    found: dict[bytes, int] = {}
    kept: list[Listed] = []
    for line, cells in rows:
        if len(cells) != len(heads):
            count = Text(
                "This line has {count} cells, and the first has {heads}.",
                "Tha {count} cealla san loidhne seo, agus {heads} sa chiad tè.",
            ).format(count=len(cells), heads=len(heads))
            raise ListInvalid(count, line=line, column=min(len(cells), len(heads)) + 1)
        values = dict(zip(heads, cells, strict=True))
        mark = digest(secret, round, columns, values)
        if mark is None:
            name = next(name for name in heads if name in columns and not READING[name](values[name][:200]))
            empty = not values[name].strip()
            raise ListInvalid(EMPTY if empty else NOT_READ.get(name, EMPTY), line=line, column=heads.index(name) + 1)
        if mark in found:
            twice = Text("The same person stands on line {line}.", "Tha an aon neach air loidhne {line}.")
            raise ListInvalid(twice.format(line=found[mark]), line=line, column=1)
        if len(kept) >= MOST_PEOPLE:
            much = Text("A list has {most} people at most.", "Tha {most} duine air liosta aig a’ char as motha.")
            raise ListInvalid(much.format(most=f"{MOST_PEOPLE:,}"), line=line, column=1)
        found[mark] = line
        kept.append(Listed(mark, values.get(AREA, "").strip()[:40]))
    if not kept:
        raise ListInvalid(Text("Nobody stands on this list.", "Chan eil duine air an liosta seo."), line=line, column=1)
    return kept
