"""The contract that every ballot format keeps, and what is special about this one."""

from __future__ import annotations

import pytest
from commonty_favourite.format import Favourite
from commonty_favourite.settings import FavouriteSettings

from plugins.api import BallotInvalid, LocalisedText, Money, Offer, Project
from plugins.testkit import BallotFormatContract


class TestFavourite(BallotFormatContract):
    module = Favourite


def test_two_favourites_are_one_too_many() -> None:
    projects = tuple(Project(ref, LocalisedText(ref), Money(100)) for ref in ("a", "b"))
    with pytest.raises(BallotInvalid, match="Choose one"):
        Favourite().parse({"project": ["a", "b"]}, Offer("round", Money(500), projects), FavouriteSettings())
