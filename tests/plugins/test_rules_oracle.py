"""The same winners as pabutools, on every real election, for each rule and setting that it has too.

pabutools is under the GPL and needs gurobipy, so it is no part of Commonty: `pip install commonty[oracles]`. Where a
tie can matter both are given the same order. Its equal shares raises shares in another way than ours when asked for
add-1, and is slow; the plain count in `core.counting.equal_shares_check` and the official results stand for that.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.counting import tie_break_from
from plugins.api import BallotFamily, TieBreak
from plugins.api.pabulib import PabulibFile, pabulib_read
from plugins.bundled.outcome_equal_shares.rule import EqualShares
from plugins.bundled.outcome_equal_shares.settings import EqualSharesSettings
from plugins.bundled.outcome_greedy.rule import GreedySkip
from plugins.bundled.outcome_greedy.settings import GreedySettings
from plugins.bundled.outcome_phragmen.rule import Phragmen
from plugins.bundled.outcome_phragmen.settings import PhragmenSettings

pytest.importorskip("pabutools", reason="NOT COMPARED: pabutools is not installed (pip install commonty[oracles])")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pabutools.election import Cardinality_Sat, Cost_Sat, parse_pabulib
    from pabutools.election.satisfaction import AdditiveSatisfaction
    from pabutools.rules import greedy_utilitarian_welfare, method_of_equal_shares, sequential_phragmen
    from pabutools.tiebreaking import TieBreakingRule

DATA = Path(__file__).parents[3] / "shared" / "data" / "pabulib"
# A minute and more each under pabutools (voting.md): for `COMMONTY_ORACLES=all`.
SLOW = 600_000
FILES = sorted(
    path for path in DATA.glob("*.pb") if os.environ.get("COMMONTY_ORACLES") == "all" or path.stat().st_size < SLOW
)
real = pytest.mark.skipif(not FILES, reason="NOT COMPARED: the real elections are not on this machine")


def theirs(path: Path, file: PabulibFile, order: TieBreak, rule: Callable[..., Any], **more: Any) -> set[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        instance, profile = parse_pabulib(str(path))
        ties = TieBreakingRule(lambda instance, profile, project: order.rank(project.name))
        return {project.name for project in rule(instance, profile.as_multiprofile(), tie_breaking=ties, **more)}


def supported(file: PabulibFile) -> set[str]:
    """pabutools also funds what nobody chose, if money is left."""
    return {ref for ref, voters in zip(file.profile().refs, file.profile().support, strict=True) if voters}


def points_by_cost(file: PabulibFile) -> type[AdditiveSatisfaction]:
    """Greedy in pabutools takes satisfaction per cost; times the cost it is by points, as cities count."""
    points = dict(file.profile().points_of())
    voters = max(file.profile().voters, 1)

    class PointsByCost(AdditiveSatisfaction):  # type: ignore[misc]
        def __init__(self, instance: Any, profile: Any, ballot: Any) -> None:
            def each(instance: Any, profile: Any, ballot: Any, project: Any, precomputed: Any) -> Any:
                # The same for every voter, so that the sum over voters is in the ratio of the points.
                return points[project.name] * project.cost / voters

            super().__init__(instance, profile, ballot, each)

    return PointsByCost


@real
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_by_votes(path: Path) -> None:
    file = pabulib_read(path)
    profile = file.profile()
    order = tie_break_from(b"oracle", profile.refs)
    outcome = GreedySkip().decide(file.instance(), profile, GreedySettings(), order)
    ours = set(outcome.allocation)
    kind = Cost_Sat if file.family is BallotFamily.APPROVAL else points_by_cost(file)
    found = theirs(path, file, order, greedy_utilitarian_welfare, sat_class=kind) & supported(file)
    assert ours == found


@real
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("satisfaction", ["cost", "cardinality"])
def test_equal_shares(path: Path, satisfaction: str) -> None:
    file = pabulib_read(path)
    if file.family is not BallotFamily.APPROVAL:
        pytest.skip("pabutools pays for points in another measure")
    profile = file.profile()
    order = tie_break_from(b"oracle", profile.refs)
    chosen = EqualSharesSettings(completion="none", satisfaction=satisfaction)
    ours = set(EqualShares().decide(file.instance(), profile, chosen, order).allocation)
    kind = Cost_Sat if satisfaction == "cost" else Cardinality_Sat
    assert ours == theirs(path, file, order, method_of_equal_shares, sat_class=kind) & supported(file)


@real
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_phragmen(path: Path) -> None:
    file = pabulib_read(path)
    if file.family is not BallotFamily.APPROVAL:
        pytest.skip("Phragmén is for ballots with ticks")
    profile = file.profile()
    order = tie_break_from(b"oracle", profile.refs)
    ours = set(Phragmen().decide(file.instance(), profile, PhragmenSettings(), order).allocation)
    assert ours == theirs(path, file, order, sequential_phragmen)
