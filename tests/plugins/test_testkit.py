"""The suite for authors catches what it says it catches: for each of its rules a module that is wrong in that alone."""

from __future__ import annotations

import importlib
import inspect
import json
import random
import sys
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pydantic import BaseModel, ConfigDict, Field

from plugins.api import (
    Ballot,
    Capability,
    Constraints,
    ErasureReport,
    IndicatorValue,
    LocalisedText,
    Outcome,
    Problem,
    Proof,
    ProofRefused,
    Redirect,
    RollKey,
    SendReceipt,
    TemplateRef,
    Text,
)
from plugins.bundled.ballot_approval.format import Approval
from plugins.bundled.code_by_email.proof import CodeByEmail
from plugins.bundled.outcome_greedy.rule import GreedySkip
from plugins.testkit import (
    BallotFormatContract,
    ChannelContract,
    ContractBroken,
    DeliberationContract,
    EligibilityContract,
    EvaluationContract,
    ExporterContract,
    ModuleContract,
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


def not_the_same(base: Any) -> Any:
    def decide(self: Any, *given: Any, **more: Any) -> Any:
        Anything.count += 1
        outcome = base.decide(self, *given, **more)
        return replace(outcome, facts={"run": Anything.count})

    return decide


def by_place(base: Any) -> Any:
    def decide(self: Any, instance: Any, profile: Any, *more: Any, **named: Any) -> Any:
        outcome = base.decide(self, instance, profile, *more, **named)
        return replace(outcome, facts={"first": instance.candidates[0].ref if instance.candidates else ""})

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


WRONG: list[tuple[Any, str, dict[str, Any], str]] = [
    # Every kind.
    (Formats, "test_it_says_what_it_is", {"key": "Not A Key"}, "`key`"),
    (Formats, "test_it_says_what_it_is", {"description": ENGLISH}, "not translated"),
    (Formats, "test_settings_are_kept_and_come_back", {"Settings": Loose}, "frozen=True"),
    (Formats, "test_settings_read_as_a_form", {"Settings": Untitled}, "no title"),
    (Formats, "test_secrets_are_marked", {"Settings": Open}, "SecretStr"),
    (Formats, "test_older_settings_are_upgraded", {"settings_version": 2}, "`older`"),
    (Formats, "test_nothing_is_kept_between_calls", {"__init__": lambda self: setattr(self, "last", 1)}, "keep none"),
    # Ballot formats.
    (Formats, "test_a_ballot_comes_back", {"draft": answering({"project": []})}, "`draft`|refuses its own"),
    (Formats, "test_a_ballot_comes_back", {"restore": answering(Ballot("approval", ("x",)))}, "`restore`"),
    (
        Formats,
        "test_scores_are_whole_numbers_of_what_was_chosen",
        {"scores": answering({"zz": 1})},
        "`scores`|not chosen",
    ),
    (Formats, "test_the_check_page_reads_every_choice_back", {"summary": answering([])}, "`summary`"),
    (Formats, "test_the_order_of_fields_means_nothing", {"written": unsorted, "bytes_of": order_kept}, "other bytes"),
    (
        Formats,
        "test_sealed_bytes_are_the_same_in_every_process",
        {"canonical": lambda self, ballot: shuffled(ballot)},
        "another process|in a process",
    ),
    (
        Formats,
        "test_what_a_kiosk_checks_is_what_parse_checks",
        {"constraints": lambda self, offer, settings: Constraints(1, 99, tuple(one.ref for one in offer.projects))},
        "admit",
    ),
    (Formats, "test_strangers_and_doubles_are_refused", {"parse": lenient}, "lets a project"),
    (
        Formats,
        "test_junk_is_refused_and_nothing_else_happens",
        {
            "parse": lambda base: (
                lambda self, raw, offer, settings: base.parse(self, {"project": list(raw["project"])}, offer, settings)
            )
        },
        "raised",
    ),
    (
        Formats,
        "test_a_made_up_ballot_is_checked_like_any_other",
        {
            "parse": lambda base: (
                lambda self, raw, offer, settings: (
                    raw if isinstance(raw, Ballot) else base.parse(self, raw, offer, settings)
                )
            )
        },
        "takes a Ballot",
    ),
    (
        Formats,
        "test_bytes_that_were_never_sealed_are_refused",
        {"restore": lambda self, data: Ballot("approval", tuple(json.loads(data)["choices"]))},
        "`restore`",
    ),
    (
        Formats,
        "test_the_longest_ballot_has_a_bound",
        {"canonical": around("canonical", lambda data: data + b" " * 300_000)},
        "bytes long",
    ),
    (Formats, "test_officers_hear_of_an_offer_that_cannot_work", {"check": answering([])}, "without projects"),
    (
        Formats,
        "test_the_form_works_without_scripts",
        {
            "row": lambda base: (
                lambda self, project, raw, offer, settings: {
                    **base.row(self, project, raw, offer, settings),
                    "checked": False,
                }
            )
        },
        "loses",
    ),
    (
        Formats,
        "test_the_form_can_be_used_by_everybody",
        {"form": answering(TemplateRef("plugin_host/ballot_rules.html", {"rules": ()}))},
        "no field",
    ),
    (
        Formats,
        "test_each_problem_leads_to_its_field",
        {"judge": answering([Problem("x", Text("Wrong words", "Ceàrr"), "nowhere")])},
        "nowhere",
    ),
    (
        Formats,
        "test_the_form_stands_whatever_was_kept",
        {
            "form": lambda base: (
                lambda self, offer, settings, draft: (
                    TemplateRef("missing.html") if draft.get("area") else base.form(self, offer, settings, draft)
                )
            )
        },
        "cannot be drawn",
    ),
    (Formats, "test_every_word_is_there_in_both_languages", {"rules": answering((ENGLISH,))}, "not translated"),
    (
        Formats,
        "test_paper_holds_every_project_once",
        {"paper": around("paper", lambda paper: replace(paper, refs=paper.refs[:-1]))},
        "`paper`",
    ),
    (Formats, "test_the_parts_of_a_ballot_hold_every_project_once", {"sheets": answering([])}, "`sheets`"),
    (
        Formats,
        "test_a_count_reads_what_was_sealed",
        {"restore": answering(Ballot("approval", ("x",)))},
        "count",
    ),
    # Outcome rules.
    (Rules, "test_it_never_spends_more_than_there_is", {"decide": around("decide", spends_all)}, "spent"),
    (Rules, "test_more_money_breaks_nothing", {"explain": answering([])}, "says nothing"),
    (Rules, "test_the_same_ballots_give_the_same_answer", {"decide": not_the_same}, "differ"),
    (Rules, "test_the_order_of_projects_and_ballots_means_nothing", {"decide": by_place}, "another order"),
    (Rules, "test_names_mean_nothing", {"decide": by_name}, "other names"),
    (
        Rules,
        "test_ties_that_matter_are_told",
        {"decide": around("decide", lambda outcome: replace(outcome, ties=()))},
        "no tie is told",
    ),
    (Rules, "test_the_steps_are_the_allocation", {"explain": lambda self, outcome: outcome.steps[:-1]}, "says nothing"),
    (
        Rules,
        "test_what_everybody_wants_and_can_be_paid_is_funded",
        {
            "decide": around(
                "decide",
                lambda outcome: replace(outcome, allocation=(), spent=0, remaining=outcome.spent + outcome.remaining),
            )
        },
        "everybody wants",
    ),
    (
        Rules,
        "test_nobody_and_nothing",
        {
            "decide": lambda base: (
                lambda self, instance, *more, **named: base.decide(
                    self, replace(instance, budget=instance.budget // len(instance.candidates)), *more, **named
                )
            )
        },
        "raised ZeroDivisionError",
    ),
    (Rules, "test_check_answers_in_words", {"check": answering([Problem("x", ENGLISH)])}, "not translated"),
    (
        Rules,
        "test_settings_of_all_kinds_keep_the_budget",
        {"decide": around("decide", lambda outcome: replace(outcome, spent=10**16))},
        "spent",
    ),
    (
        Rules,
        "test_it_decides_a_large_vote_in_time",
        {"decide": around("decide", lambda outcome: __import__("time").sleep(0.2) or outcome)},
        "it may take",
    ),
    # Eligibility proofs.
    (Proofs, "test_it_stands_on_the_ladder", {"rung": "E9"}, "`rung`"),
    (Proofs, "test_it_begins_with_a_form_or_a_way", {"begin": answering(Redirect("https://x"))}, "an address"),
    (
        Proofs,
        "test_whoever_may_vote_is_proved",
        {
            "complete": around(
                "complete",
                lambda answer: replace(answer, claims={"name": "Ada"}) if isinstance(answer, Proof) else answer,
            )
        },
        "claims",
    ),
    (
        Proofs,
        "test_one_person_has_one_roll_key",
        {
            "complete": around(
                "complete",
                lambda answer: (
                    Proof((RollKey("email", str(random.random())),), "E1") if isinstance(answer, Proof) else answer
                ),
            )
        },
        "vote twice",
    ),
    (
        Proofs,
        "test_a_callback_that_is_sent_again_is_refused",
        {
            "complete": lambda base: (
                lambda self, context, callback, settings: (
                    Proof((RollKey("email", "a@example.org"),), "E1")
                    if callback.get("code")
                    else base.complete(self, context, callback, settings)
                )
            )
        },
        "proves again",
    ),
    (
        Proofs,
        "test_a_callback_of_another_tenant_is_refused",
        {
            "complete": lambda base: (
                lambda self, context, callback, settings: (
                    Proof((RollKey("email", "a@example.org"),), "E1")
                    if callback.get("code")
                    else base.complete(self, context, callback, settings)
                )
            )
        },
        "another|one council",
    ),
    (
        Proofs,
        "test_junk_proves_nothing",
        {
            "complete": lambda base: (
                lambda self, context, callback, settings: (
                    Proof((RollKey("email", "a"),), "E1")
                    if callback.get("code") == "1e3"
                    else base.complete(self, context, callback, settings)
                )
            )
        },
        "proves a right",
    ),
    (
        Proofs,
        "test_a_refusal_says_what_to_do",
        {"complete": answering(ProofRefused("no", Text("No such right", "Chan eil còir")))},
        "what to bring",
    ),
    # Channels.
    (
        Channels,
        "test_it_reaches_whom_it_can_and_nobody_else",
        {"address": answering(toys.Address("email", "x"))},
        "not None",
    ),
    (Channels, "test_its_limits_are_limits", {"render_limits": answering(5)}, "Limits"),
    (
        Channels,
        "test_the_same_message_is_sent_once",
        {"send": lambda self, context, message, settings: toys.CARRIED.append(message) or SendReceipt("r")},
        "carried 2 times",
    ),
    (
        Channels,
        "test_failures_are_told_apart",
        {
            "send": lambda base: (
                lambda self, context, message, settings: (
                    SendReceipt("r") if toys.REFUSING else base.send(self, context, message, settings)
                )
            )
        },
        "taken for success",
    ),
    (
        Channels,
        "test_a_callback_without_its_signature_is_refused",
        {"updates": answering([toys.DeliveryUpdate("r", toys.DeliveryState.DELIVERED)])},
        "believed",
    ),
    # Exporters.
    (Exporters, "test_it_says_what_leaves", {"suffix": "csv"}, "`suffix`"),
    (
        Exporters,
        "test_the_manifest_is_true",
        {"write": around("write", lambda told: replace(told, digest="0" * 64))},
        "SHA-256",
    ),
    (Exporters, "test_the_same_data_are_the_same_bytes", {"safe": lambda self, value: random.random()}, "differ"),
    (
        Exporters,
        "test_nothing_at_all_can_be_written",
        {"write": around("write", lambda told: replace(told, rows=told.rows + 1))},
        "`rows`",
    ),
    (
        Exporters,
        "test_it_writes_as_a_stream",
        {
            "write": lambda base: (
                lambda self, dataset, out, filters, progress: base.write(self, Listed(dataset), out, filters, progress)
            )
        },
        "before it wrote",
    ),
    (
        Exporters,
        "test_progress_is_told_and_can_stop_it",
        {
            "write": lambda base: (
                lambda self, dataset, out, filters, progress: base.write(self, dataset, out, filters, lambda done: None)
            )
        },
        "`progress`",
    ),
    (
        Exporters,
        "test_hostile_words_stay_words",
        {"write": around("write", lambda told: replace(told, rows=0))},
        "lost",
    ),
    (Exporters, "test_no_cell_runs_in_a_spreadsheet", {"safe": lambda self, value: value}, "apostrophe"),
    # Evaluation modules.
    (
        Evaluations,
        "test_it_asks_in_words",
        {"instruments": around("instruments", lambda sheets: [replace(one, keep_days=0) for one in sheets])},
        "no stated time",
    ),
    (
        Evaluations,
        "test_what_it_measures_is_defined",
        {"indicators": around("indicators", lambda found: [*found, *found])},
        "share a code",
    ),
    (
        Evaluations,
        "test_it_measures_whole_numbers_of_what_it_defines",
        {"measure": answering([IndicatorValue("T1", 0.5)])},
        "whole number",
    ),
    (
        Evaluations,
        "test_nothing_is_measured_of_nothing",
        {"measure": answering([IndicatorValue("T1", 0, 0)])},
        "divides by nothing",
    ),
    (
        Evaluations,
        "test_it_measures_the_same_again",
        {"measure": lambda self, *given: [IndicatorValue("T1", random.getrandbits(60), 5)]},
        "twice",
    ),
    (
        Evaluations,
        "test_hostile_answers_hurt_nothing",
        {"measure": lambda self, context, facts, answers: [int(one.value) for one in answers]},
        "raised ValueError",
    ),
    (Evaluations, "test_the_report_is_data", {"report": answering({})}, "ReportSpec"),
    (
        Evaluations,
        "test_figures_about_people_say_about_how_many",
        {"measure": answering([IndicatorValue("T1", 3, 5)])},
        "`people`",
    ),
    # Deliberation modules.
    (
        Deliberations,
        "test_its_actions_can_be_called",
        {"actions": answering([toys.Action("say", Capability.TAKE_PART, "gone")])},
        "not there",
    ),
    (
        Deliberations,
        "test_the_panel_is_drawn_and_strangers_are_offered_nothing_to_write",
        {
            "panel": answering(
                TemplateRef(
                    "plugin_host/ballot_ticks.html",
                    {"sheet": {"rows": [{"id": "a", "name": "words", "ref": "1", "title": LocalisedText("x")}]}},
                )
            )
        },
        "may only read",
    ),
    (
        Deliberations,
        "test_hostile_words_are_refused_or_stay_words",
        {"say": raising(ValueError("no"))},
        "raised ValueError",
    ),
    (
        Deliberations,
        "test_two_tenants_never_mix",
        {
            "contributions": lambda base: (
                lambda self, context, round: base.contributions(
                    self, replace(context, tenant_key=next(iter(toys.BOX))), round
                )
            )
        },
        "another council",
    ),
    (
        Deliberations,
        "test_summaries_take_the_same_queries_for_many",
        {
            "summaries": lambda base: (
                lambda self, context, subjects: [query() for _ in subjects] and base.summaries(self, context, subjects)
            )
        },
        "queries",
    ),
    (Deliberations, "test_what_is_frozen_takes_no_more", {"freeze": answering(None)}, "frozen"),
    (Deliberations, "test_a_moderator_hides_and_publishes", {"moderate": answering(None)}, "hidden"),
    (
        Deliberations,
        "test_erasing_leaves_nothing_of_a_person",
        {"erase": answering(ErasureReport(deleted={"comments": 1}))},
        "after `erase`",
    ),
]


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


def wrong(contract: Any, change: dict[str, Any]) -> Any:
    base = contract.module
    made = {
        name: value(base)
        if callable(value) and getattr(value, "__code__", None) and value.__code__.co_varnames[:1] == ("base",)
        else value
        for name, value in change.items()
    }
    module = type(base.__name__, (base,), {"__module__": base.__module__, **made})
    return type(contract.__name__, (contract,), {"module": module, "seconds": 0.1})


@pytest.mark.parametrize(
    ("contract", "rule", "change", "words"),
    [pytest.param(*one, id=f"{one[0].__name__}-{number}-{one[1]}") for number, one in enumerate(WRONG)],
)
def test_each_rule_catches_a_module_that_breaks_it(
    contract: Any, rule: str, change: dict[str, Any], words: str, request: pytest.FixtureRequest
) -> None:
    """The good module passes the very rule that its wrong variant fails, in words, with the way to the guide."""
    fixtures = {}
    if "tenants" in inspect.signature(getattr(contract, rule)).parameters:
        fixtures["tenants"] = request.getfixturevalue("tenants")
    run(contract, rule, **fixtures)
    for kept in (toys.CARRIED, toys.KEPT, toys.BOX, toys.FROZEN):
        kept.clear()
    with pytest.raises(ContractBroken, match=words) as caught:
        run(wrong(contract, change), rule, **fixtures)
    assert "plugins/README.md#" in str(caught.value)


def test_every_rule_has_a_module_that_breaks_it() -> None:
    shown = {(contract, rule) for contract, rule, *_ in WRONG}
    common = {name for name in dir(ModuleContract) if name.startswith("test_")}
    named = {rule for _, rule in shown} | FILES
    missing = [
        f"{contract.__name__}.{rule}"
        for contract in GOOD
        for rule in rules_of(contract)
        if rule != "test_axe_finds_nothing" and (contract, rule) not in shown and not (rule in common and rule in named)
    ]
    assert missing == []


# Rules about a plugin's folder: packages written for the purpose.

SOURCE = """
from plugins.bundled.ballot_approval.format import Approval
class Format(Approval):
    pass
"""


def planted(path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> Any:
    name = f"toy_{abs(hash(str(path))) % 10**8}"
    folder = path / name
    for inside, words in {"__init__.py": "", "README.md": "# Toy", "format.py": SOURCE, **files}.items():
        if words is not None:
            target = folder / inside.replace("LABEL", name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(words.replace("LABEL", name), "utf-8")
    monkeypatch.syspath_prepend(str(path))
    importlib.invalidate_caches()
    module = importlib.import_module(f"{name}.format")
    return type("Planted", (Formats,), {"module": module.Format})


PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Go on"\nmsgstr "%s"\n'
APPS = 'class Config:\n    label = "LABEL"\n'


@pytest.mark.parametrize(
    ("rule", "files", "words"),
    [
        ("test_files_lie_under_its_label", {"templates/other/fields.html": "<p>x</p>"}, "belongs into"),
        ("test_files_lie_under_its_label", {"templates/LABEL/fields.html": "<p style='x'>x</p>"}, "nothing inline"),
        ("test_translations_are_compiled", {"templates/LABEL/a.html": "{% translate 'Go on' %}"}, "locale/gd"),
        ("test_translations_are_compiled", {"locale/gd/LC_MESSAGES/django.po": PO % "Air adhart"}, "not compiled"),
        (
            "test_translations_are_compiled",
            {"locale/gd/LC_MESSAGES/django.po": PO % "", "locale/gd/LC_MESSAGES/django.mo": "x"},
            "untranslated",
        ),
        ("test_a_readme_tells_officers", {"README.md": None}, "README"),
        ("test_tables_are_its_own", {"models.py": "", "migrations/0001_initial.py": ""}, "no label"),
        ("test_tables_are_its_own", {"models.py": "", "apps.py": APPS}, "no migrations"),
        (
            "test_tables_are_its_own",
            {
                "models.py": "# models.ForeignKey('rounds.Round')\n",
                "apps.py": APPS,
                "migrations/0001_initial.py": "",
            },
            "points at",
        ),
        ("test_import_has_no_effect", {"format.py": "import os\nos.environ['TOY'] = '1'\n" + SOURCE}, "environment"),
        ("test_import_has_no_effect", {"format.py": "import django.db\n" + SOURCE}, "needs Django"),
        (
            "test_import_has_no_effect",
            {"format.py": "import threading, time\nthreading.Thread(target=time.sleep, args=(1,)).start()\n" + SOURCE},
            "thread",
        ),
        (
            "test_import_has_no_effect",
            {"format.py": "import pathlib\npathlib.Path(__file__).with_name('kept').write_text('x')\n" + SOURCE},
            "writes to",
        ),
    ],
)
def test_rules_about_files(rule: str, files: Any, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOY", raising=False)
    (tmp_path / "good").mkdir()
    (tmp_path / "wrong").mkdir()
    run(planted(tmp_path / "good", monkeypatch, {}), rule)
    broken = planted(tmp_path / "wrong", monkeypatch, files)
    with pytest.raises(ContractBroken, match=words):
        run(broken, rule)


def test_pytest_finds_the_rules_of_a_contract_and_shows_the_words(tmp_path: Path) -> None:
    import subprocess

    (tmp_path / "test_mine.py").write_text(
        "from plugins.testkit import BallotFormatContract\n"
        "from plugins.bundled.ballot_approval.format import Approval\n"
        "class Mine(Approval):\n    settings_version = 2\n"
        "class TestMine(BallotFormatContract):\n    module = Mine\n"
    )
    root = Path(__file__).resolve().parents[2]
    # Installed, the suite is found by its entry point, and naming it once more is an error.
    known = any(point.name == "commonty-plugins" for point in entry_points(group="pytest11"))
    loaded = [] if known else ["-p", "plugins.testkit.pytest_plugin"]
    told = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            *loaded,
            "-p",
            "no:django",
            "-k",
            "upgraded or says",
            "test_mine.py",
        ],
        cwd=tmp_path,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 failed, 1 passed" in told.stdout, told.stdout + told.stderr
    assert "name one in `older`" in told.stdout
    assert "plugins/README.md#versions" in told.stdout
