"""What the wrong modules are made of: contracts with good modules, and pieces that are wrong in one way."""

from __future__ import annotations

import inspect
import json
import random
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from pydantic import BaseModel, ConfigDict, Field

from plugins.api import (
    Outcome,
    Step,
    Text,
)
from plugins.bundled.ballot_approval.format import Approval
from plugins.bundled.code_by_email.proof import CodeByEmail
from plugins.bundled.outcome_greedy.rule import GreedySkip
from plugins.testkit import (
    BallotFormatContract,
    ChannelContract,
    DeliberationContract,
    EligibilityContract,
    EvaluationContract,
    ExporterContract,
    OutcomeRuleContract,
    TestContext,
)
from tests.plugins import toys
from tests.plugins.toys import ToyChannel, ToyCsv, ToyDeliberation, ToyEvaluation

ENGLISH = Text("Only in English words", "Only in English words")


class Formats(BallotFormatContract):
    module = Approval
    chosen = {"maximum": 3}
    examples = 25


class Rules(OutcomeRuleContract):
    module = GreedySkip
    size = (300, 10)
    examples = 60


class Proofs(EligibilityContract):
    module = CodeByEmail

    def proven(self, context: TestContext) -> dict[str, str]:
        form = self.one.complete(context, {"step": "address", "email": "ada@example.org"}, self.settings)
        return {"step": form.step, "code": context.codes.sent[-1][1]}


class Channels(ChannelContract):
    module = ToyChannel
    callback = b"{}"

    def carried(self) -> list[Any]:
        return toys.CARRIED

    def failing(self, how: str) -> Any:
        return toys.carrier_failing(how)

    def signed(self, body: bytes) -> dict[str, str]:
        return {"signature": toys.hmac.new(toys.KEY, body, "sha256").hexdigest()}


class Exporters(ExporterContract):
    module = ToyCsv


class Evaluations(EvaluationContract):
    module = ToyEvaluation


class Deliberations(DeliberationContract):
    module = ToyDeliberation
    verb = "say"

    def fields(self, words: str) -> dict[str, list[str]]:
        return {"words": [words]}


GOOD = (Formats, Rules, Proofs, Channels, Exporters, Evaluations, Deliberations)
FILES = {
    "test_files_lie_under_its_label",
    "test_translations_are_compiled",
    "test_a_readme_tells_officers",
    "test_tables_are_its_own",
    "test_import_has_no_effect",
}


@pytest.fixture(autouse=True)
def emptied() -> None:
    for kept in (toys.CARRIED, toys.KEPT, toys.BOX, toys.FROZEN):
        kept.clear()
    return


def run(contract: Any, rule: str, **fixtures: Any) -> None:
    test = getattr(contract(), rule)
    wanted = inspect.signature(test).parameters
    test(**{name: fixtures[name] for name in wanted})


def rules_of(contract: Any) -> list[str]:
    return [name for name in dir(contract) if name.startswith("test_")]


# The wrong ones. Each is a change to a module that keeps the contract.


def answering(value: Any) -> Any:
    return lambda self, *given, **more: value


def around(method: str, change: Any) -> Any:
    """The method as it was, with its answer changed."""

    def make(base: Any) -> Any:
        kept = getattr(base, method)
        return lambda self, *given, **more: change(kept(self, *given, **more))

    return make


def raising(error: BaseException) -> Any:
    def raises(self: Any, *given: Any, **more: Any) -> Any:
        raise error

    return raises


def shuffled(ballot: Any) -> bytes:
    return repr((random.random(), ballot.choices)).encode()


class Loose(BaseModel):
    number: int = 3


class Untitled(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = 3


class Open(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    api_key: str = Field(default="", title="Key")


def lenient(base: Any) -> Any:
    """Takes whatever it can read and drops the rest."""

    def parse(self: Any, raw: Any, offer: Any, settings: Any) -> Any:
        if isinstance(raw, dict) and isinstance(raw.get("project"), list):
            known = [one.ref for one in offer.projects]
            found = [ref for ref in dict.fromkeys(raw["project"]) if ref in known]
            return base.parse(self, {"project": found}, offer, settings)
        return base.parse(self, raw, offer, settings)

    return parse


def order_kept(self: Any, pairs: Any, key: str) -> bytes:
    return json.dumps({"choices": [ref for ref, _ in pairs], "format": key}, separators=(",", ":")).encode()


def unsorted(self: Any, marks: Any, settings: Any) -> Any:
    return list(marks.items())


def spends_all(outcome: Any) -> Any:
    return replace(outcome, spent=outcome.spent + 1, remaining=outcome.remaining - 1)


class Anything:
    """Equal to whatever it is compared with in no way, twice."""

    count = 0


def remarked(outcome: Any, words: str) -> Any:
    return replace(outcome, steps=(*outcome.steps, Step("", False, Text(words, words))))


def not_the_same(base: Any) -> Any:
    def decide(self: Any, *given: Any, **more: Any) -> Any:
        Anything.count += 1
        outcome = base.decide(self, *given, **more)
        return remarked(outcome, str(Anything.count))

    return decide


def by_place(base: Any) -> Any:
    def decide(self: Any, instance: Any, profile: Any, *more: Any, **named: Any) -> Any:
        outcome = base.decide(self, instance, profile, *more, **named)
        return remarked(outcome, instance.candidates[0].ref if instance.candidates else "")

    return decide


def by_name(base: Any) -> Any:
    def decide(self: Any, instance: Any, profile: Any, settings: Any, tie_break: Any, inner: Any = None) -> Any:
        kept = tuple(sorted(instance.candidates, key=lambda one: one.ref))
        left, funded = instance.budget, []
        for one in kept:
            if one.cost <= left:
                left -= one.cost
                funded.append(one.ref)
        return Outcome(tuple(funded), instance.budget - left, left, ())

    return decide


def query() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


class Listed:
    """A dataset whose rows are all read before the first is written."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def columns(self, table: str) -> Any:
        return self._dataset.columns(table)

    def rows(self, table: str) -> Any:
        return list(self._dataset.rows(table))
