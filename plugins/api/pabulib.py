"""Reading Pabulib files (`.pb`): real elections as text, with META, PROJECTS and VOTES.

Amounts stay exact. A file whose costs have decimals is read in a smaller unit that makes all of them whole: `digits`
says how many places that unit lies behind the point (0 for nearly every file, otherwise 2 or more). Two columns of our
own are read where PROJECTS has them: `minimum`, with how much a project could begin, and `groups`, of each of which
one project can be funded. Ballots are kept
as distinct choices and, for each voter in the order of the file, the number of that choice; 128,000 voters are one
list of numbers.

What real files do and this accepts: extra values at the end of a row, a project twice in one ballot (counted once,
with its points added where there are points), quoted semicolons, a byte order mark, Windows line ends, costs that
mean "inadmissible". What is refused, with line and column: other encodings, unknown or repeated identifiers, amounts
below nothing, and files that hold fewer rows than they say.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from plugins.api.errors import PabulibInvalid
from plugins.api.profile import Profile
from plugins.api.values import BallotFamily, Candidate, Instance, ProjectRef

FAMILIES: Mapping[str, BallotFamily] = {
    "approval": BallotFamily.APPROVAL,
    "choose-1": BallotFamily.APPROVAL,
    "cumulative": BallotFamily.CUMULATIVE,
    "scoring": BallotFamily.CARDINAL,
    "ordinal": BallotFamily.ORDINAL,
}
SECTIONS = ("META", "PROJECTS", "VOTES")
AMOUNT = re.compile(r"\A([0-9]{1,15})(?:\.([0-9]{1,9}))?\Z")
WHOLE = re.compile(r"\A(-?[0-9]{1,12})(?:\.0+)?\Z")

Row = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PabulibProject:
    """One row of PROJECTS. `selected` is None where the file does not say; 1 is funded, 2 and 3 from other money."""

    ref: ProjectRef
    cost: int
    title: str
    selected: int | None
    votes: int | None
    score: int | None
    area: str
    categories: tuple[str, ...]
    extra: Mapping[str, str] = field(default_factory=dict)
    minimum: int | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class PabulibFile:
    """A whole file. Amounts in minor units (`digits` places behind the point of the file's own unit)."""

    meta: Mapping[str, str]
    digits: int
    budget: int
    vote_type: str
    projects: tuple[PabulibProject, ...]
    choices: tuple[Row, ...]
    """Distinct ballots: (number of the project, points), ascending."""
    ballots: Sequence[int]
    """For each voter in the file's order, the number of the choice."""
    voters: Sequence[str]
    notes: tuple[str, ...] = ()

    @property
    def family(self) -> BallotFamily:
        return FAMILIES[self.vote_type]

    @property
    def unit(self) -> int:
        """One unit of the file's currency in minor units."""
        return int(10**self.digits)

    @property
    def official(self) -> frozenset[ProjectRef] | None:
        """The projects the file marks as funded from this budget, or None where it does not say."""
        if all(project.selected is None for project in self.projects):
            return None
        return frozenset(project.ref for project in self.projects if project.selected == 1)

    def profile(self) -> Profile:
        times: Counter[Row] = Counter()
        for number, count in Counter(self.ballots).items():
            times[self.choices[number]] += count
        return Profile.build(self.family, (project.ref for project in self.projects), times)

    def instance(self, budget: int | None = None) -> Instance:
        return Instance(
            budget=self.budget if budget is None else budget,
            candidates=tuple(
                Candidate(
                    ref=project.ref,
                    cost=project.cost,
                    area=project.area,
                    categories=project.categories,
                    minimum=project.minimum,
                    groups=project.groups,
                )
                for project in self.projects
            ),
            currency=self.meta.get("currency", "") or "units",
            digits=self.digits,
        )

    def refs_of(self, number: int) -> tuple[ProjectRef, ...]:
        """The projects of a distinct choice, in the file's order of projects."""
        return tuple(self.projects[column].ref for column, _ in self.choices[number])


class _Reader:
    """Rows of the file with the line each began on."""

    def __init__(self, text: str) -> None:
        self.rows = csv.reader(io.StringIO(text, newline=""), delimiter=";")
        self.line = 0

    def __iter__(self) -> Iterator[list[str]]:
        while True:
            self.line = self.rows.line_num + 1
            try:
                row = next(self.rows)
            except StopIteration:
                return
            except csv.Error as error:
                raise PabulibInvalid(f"The row cannot be read: {error}.", line=self.line, column=1) from error
            if any(row):
                yield row


def pabulib_read(source: Path | bytes) -> PabulibFile:
    """Read a file. Raises PabulibInvalid naming line and column, or OSError when the file cannot be opened."""
    data = source.read_bytes() if isinstance(source, Path) else source
    return _File(_decoded(data)).read()


def _decoded(data: bytes) -> str:
    if not data.strip():
        raise PabulibInvalid("The file is empty.", line=1, column=1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise PabulibInvalid(
            "The text is not UTF-8. Save the file in that encoding and try again.", line=line, column=column
        ) from error


class _File:
    """One reading, section by section."""

    def __init__(self, text: str) -> None:
        self.reader = _Reader(text)
        self.meta: dict[str, str] = {}
        self.meta_lines: dict[str, int] = {}
        self.projects: list[tuple[int, dict[str, str], list[str]]] = []
        self.columns: dict[ProjectRef, int] = {}
        self.choices: dict[Row, int] = {}
        self.ballots: list[int] = []
        self.voters: list[str] = []
        self.notes: list[str] = []
        self.repeated = self.mixed = self.beyond = 0

    def fail(self, reason: str, column: int = 1, *, line: int | None = None) -> PabulibInvalid:
        return PabulibInvalid(reason, line=self.reader.line if line is None else line, column=column)

    def read(self) -> PabulibFile:
        rows = iter(self.reader)
        first = next(rows)
        if [cell.strip() for cell in first] != ["META"]:
            raise self.fail("The file does not begin with META.")
        self._meta(rows)
        kind = self.meta.get("vote_type", "")
        if kind not in FAMILIES:
            words = ", ".join(FAMILIES)
            raise self.fail(f"vote_type is “{kind}”; known are {words}.", 2, line=self.meta_lines.get("vote_type", 1))
        self._projects(rows)
        self._votes(rows, kind)
        self._complete("num_projects", len(self.projects), "projects")
        self._complete("num_votes", len(self.ballots), "ballots")
        return self._whole(kind)

    def _until(self, rows: Iterator[list[str]], following: str | None) -> Iterator[list[str]]:
        """Rows up to the heading of the next section. Raises PabulibInvalid when the file ends before it."""
        for row in rows:
            if len(row) == 1 and row[0].strip() in SECTIONS:
                if row[0].strip() == following:
                    return
                raise self.fail(f"{row[0].strip()} stands where {following or 'the end'} should be.")
            yield row
        if following is not None:
            raise self.fail(f"The file ends before {following}; it is cut short.")

    def _header(self, rows: Iterator[list[str]], first: str) -> list[str]:
        header = [cell.strip() for cell in next(rows, [])]
        if not header or header[0] != first:
            raise self.fail(f"The row of column names should begin with {first}.")
        for number, name in enumerate(header, start=1):
            if name and header.index(name) < number - 1:
                raise self.fail(f"The column {name} stands twice.", number)
        return header

    def _meta(self, rows: Iterator[list[str]]) -> None:
        section = self._until(rows, "PROJECTS")
        self._header(section, "key")
        for row in section:
            key = row[0].strip()
            if key in self.meta:
                raise self.fail(f"{key} stands twice in META.")
            if len(row) < 2:
                raise self.fail(f"{key} has no value.", 2)
            self.meta[key] = row[1].strip()
            self.meta_lines[key] = self.reader.line

    def _projects(self, rows: Iterator[list[str]]) -> None:
        section = self._until(rows, "VOTES")
        header = self._header(section, "project_id")
        if "cost" not in header:
            raise self.fail("The projects have no column cost.")
        for row in section:
            named = dict(zip(header, (cell.strip() for cell in row), strict=False))
            ref = named["project_id"]
            if not ref or "," in ref:
                raise self.fail("A project needs an identifier without a comma.")
            if ref in self.columns:
                raise self.fail(f"The project {ref} stands twice.")
            if "cost" not in named:
                raise self.fail(f"The project {ref} has no cost; the row is cut short.", len(row))
            self.columns[ref] = len(self.projects)
            self.projects.append((self.reader.line, named, header))

    def _votes(self, rows: Iterator[list[str]], kind: str) -> None:
        section = self._until(rows, None)
        header = self._header(section, "voter_id")
        if "vote" not in header:
            raise self.fail("The votes have no column vote.")
        vote_at = header.index("vote")
        points_at = header.index("points") if "points" in header else None
        if points_at is None and kind in ("cumulative", "scoring"):
            raise self.fail(f"Votes of the type {kind} need a column points.")
        known: dict[tuple[str, str], int] = {}
        seen: set[str] = set()
        needed = max(vote_at, points_at or 0)
        for row in section:
            if len(row) <= needed:
                raise self.fail("The row is cut short: it has fewer values than vote and points need.", len(row))
            voter = row[0]
            if voter in seen:
                raise self.fail(f"The voter {voter} stands twice.")
            seen.add(voter)
            cells = (row[vote_at], "" if points_at is None else row[points_at])
            number = known.get(cells)
            if number is None:
                choice = self._choice(*cells, kind, vote_at + 1, None if points_at is None else points_at + 1)
                number = known[cells] = self.choices.setdefault(choice, len(self.choices))
            self.ballots.append(number)
            self.voters.append(voter)

    def _choice(self, vote: str, points: str, kind: str, vote_at: int, points_at: int | None) -> Row:
        refs = [ref.strip() for ref in vote.split(",")] if vote.strip() else []
        for ref in refs:
            if ref not in self.columns:
                raise self.fail(f"The vote names the project “{ref}”, which is not in PROJECTS.", vote_at)
        if kind == "choose-1" and len(refs) > 1:
            raise self.fail("The vote names more than one project in an election of the type choose-1.", vote_at)
        if len(set(refs)) < len(refs):
            self.repeated += 1
        if kind in ("approval", "choose-1"):
            self.mixed += bool(points.strip())
            return tuple(sorted((self.columns[ref], 1) for ref in set(refs)))
        if kind == "ordinal":
            first = dict.fromkeys(refs)
            said = self.meta.get("max_length", "")
            # Where the file does not say how long a ranking may be, the last project ranked gets one point.
            longest = int(said) if said.isascii() and said.isdigit() else len(first)
            given_to = ((self.columns[ref], longest - place) for place, ref in enumerate(first))
            return tuple(sorted((column, value) for column, value in given_to if value > 0))
        given = [value.strip() for value in points.split(",")] if points.strip() else []
        if len(given) != len(refs):
            raise self.fail(f"{len(refs)} projects and {len(given)} numbers of points.", points_at or vote_at)
        total: Counter[int] = Counter()
        for ref, value in zip(refs, given, strict=True):
            match = WHOLE.match(value)
            if match is None or int(match[1]) < 0:
                raise self.fail(f"“{value}” is not a whole number of points.", points_at or vote_at)
            total[self.columns[ref]] += int(match[1])
        most = self.meta.get("max_sum_points", "")
        if kind == "cumulative" and most.isascii() and most.isdigit() and sum(total.values()) > int(most):
            self.beyond += 1
        return tuple(sorted((column, value) for column, value in total.items() if value))

    def _complete(self, key: str, found: int, what: str) -> None:
        said = self.meta.get(key)
        if said is None:
            return
        match = WHOLE.match(said)
        if match is None:
            raise self.fail(f"{key} is “{said}”, not a whole number.", 2, line=self.meta_lines[key])
        if int(match[1]) != found:
            raise self.fail(f"META says {said} {what}, the file holds {found}; it may be cut short.")

    def _amount(self, text: str, *, line: int, column: int, what: str) -> tuple[str, str]:
        match = AMOUNT.match(text)
        if match is None:
            below = " below nothing" if text.startswith("-") else ""
            raise self.fail(f"{what} is “{text}”, an amount{below} that cannot be used.", column, line=line)
        return match[1], (match[2] or "").rstrip("0")

    def _whole(self, kind: str) -> PabulibFile:
        if "budget" not in self.meta:
            raise self.fail("META has no budget.", line=1)
        line = self.meta_lines["budget"]
        budget = self._amount(self.meta["budget"], line=line, column=2, what="The budget")
        costs = [
            self._amount(
                named["cost"], line=line, column=header.index("cost") + 1, what=f"The cost of {named['project_id']}"
            )
            for line, named, header in self.projects
        ]
        minima = [
            self._amount(
                named["minimum"],
                line=line,
                column=header.index("minimum") + 1,
                what=f"The minimum of {named['project_id']}",
            )
            if named.get("minimum")
            else None
            for line, named, header in self.projects
        ]
        digits = max(len(behind) for _, behind in (budget, *costs, *(one for one in minima if one)))
        digits = max(digits, 2) if digits else 0

        def minor(amount: tuple[str, str]) -> int:
            return int(amount[0] + amount[1].ljust(digits, "0"))

        if self.repeated:
            self.notes.append(f"{self.repeated} different ballots name a project twice; it counts once.")
        if self.mixed:
            self.notes.append(f"{self.mixed} different ballots give points, which votes of the type {kind} have not.")
        if self.beyond:
            most = self.meta["max_sum_points"]
            self.notes.append(f"{self.beyond} different ballots give more than {most} points; they count as they are.")
        return PabulibFile(
            meta=self.meta,
            digits=digits,
            budget=minor(budget),
            vote_type=kind,
            projects=tuple(
                self._project(named, minor(cost), minor(least) if least else None, line, header)
                for (line, named, header), cost, least in zip(self.projects, costs, minima, strict=True)
            ),
            choices=tuple(self.choices),
            ballots=self.ballots,
            voters=self.voters,
            notes=tuple(self.notes),
        )

    def _project(
        self, named: dict[str, str], cost: int, minimum: int | None, line: int, header: list[str]
    ) -> PabulibProject:
        def number(key: str) -> int | None:
            value = named.get(key, "")
            if not value:
                return None
            match = WHOLE.match(value)
            if match is None:
                raise self.fail(f"{key} is “{value}”, not a whole number.", header.index(key) + 1, line=line)
            return int(match[1])

        own = {"project_id", "cost", "name", "selected", "votes", "score", "category", "neighborhood", "district"}
        own |= {"minimum", "groups"}

        def words(key: str) -> tuple[str, ...]:
            return tuple(word.strip() for word in named.get(key, "").split(",") if word.strip())

        return PabulibProject(
            ref=named["project_id"],
            cost=cost,
            title=named.get("name", "") or named["project_id"],
            selected=number("selected"),
            votes=number("votes"),
            score=number("score"),
            area=named.get("neighborhood") or named.get("district", ""),
            categories=words("category"),
            extra={key: value for key, value in named.items() if key not in own},
            minimum=minimum,
            groups=words("groups"),
        )
