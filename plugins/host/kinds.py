"""The seven kinds of module, their hooks, and what each method may answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from plugins.api import (
    Action,
    ActionAnswer,
    Address,
    Ballot,
    BallotFormat,
    BallotInvalid,
    Constraints,
    Contribution,
    DeliberationModule,
    DeliberationSummary,
    DeliveryUpdate,
    EligibilityProof,
    ErasureReport,
    EvaluationModule,
    Exporter,
    FormSpec,
    Indicator,
    IndicatorValue,
    Instance,
    Instrument,
    Limits,
    Line,
    ListInvalid,
    ListTaken,
    Manifest,
    ModerationItem,
    Module,
    NotificationChannel,
    Offer,
    Outcome,
    OutcomeRule,
    Page,
    PaperLayout,
    PermanentFailure,
    PersonalData,
    Problem,
    Proof,
    ProofRefused,
    Redirect,
    ReportSpec,
    SendReceipt,
    Sheet,
    Step,
    TemplateRef,
    TemporaryFailure,
)
from plugins.host.apart import Limits as Apart

Check = Callable[[Any, Module | None, tuple[Any, ...], dict[str, Any]], str]
"""Says what is wrong with an answer, or nothing. Sees the module and the arguments of the call."""


@dataclass(frozen=True, slots=True)
class Method:
    """One method of a kind: what it may answer, what it may raise on purpose, and its time in seconds.

    `apart`: it is called in a process of its own, and these are its limits. `late`: after this many seconds without
    an answer the plugin is given no more threads; a quarter of its time, unless said otherwise.
    """

    check: Check
    raises: tuple[type[Exception], ...] = ()
    seconds: float = 1.0
    apart: Apart | None = None
    late: float = 0.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of module: its name, the hook that registers it, its base class and its methods.

    `handlers` is what the methods that a module itself names in its actions may answer.
    """

    name: str
    hook: str
    base: type[Module]
    methods: Mapping[str, Method] = field(default_factory=dict)
    handlers: Method | None = None


def one_of(*types: type) -> Check:
    words = " or ".join(kind.__name__ for kind in types)

    def check(answer: Any, module: Module | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        return "" if isinstance(answer, types) else f"answered {type(answer).__name__} instead of {words}"

    return check


def many(of: type) -> Check:
    def check(answer: Any, module: Module | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        if isinstance(answer, (str, bytes)) or not isinstance(answer, Sequence):
            return f"answered {type(answer).__name__} instead of a sequence of {of.__name__}"
        return "" if all(isinstance(one, of) for one in answer) else f"answered something else than {of.__name__}"

    return check


def _given(position: int, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return args[position] if len(args) > position else kwargs.get(name)


def _scores(answer: Any, module: Module | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    if not isinstance(answer, Mapping):
        return f"answered {type(answer).__name__} instead of a mapping"
    offer = _given(1, "offer", args, kwargs)
    refs = {project.ref for project in offer.projects} if isinstance(offer, Offer) else set()
    if any(ref not in refs for ref in answer):
        return "gave points to a project that is not on offer"
    return "" if all(type(value) is int for value in answer.values()) else "gave points that are not whole numbers"


def _outcome(answer: Any, module: Module | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    if not isinstance(answer, Outcome):
        return f"answered {type(answer).__name__} instead of Outcome"
    instance = _given(0, "instance", args, kwargs)
    if not isinstance(instance, Instance):
        return ""
    costs = {candidate.ref: candidate.cost for candidate in instance.candidates}
    if len(set(answer.allocation)) != len(answer.allocation) or any(ref not in costs for ref in answer.allocation):
        return "funded a project twice or one that is not on offer"
    if type(answer.spent) is not int or type(answer.remaining) is not int:
        return "answered an amount that is not a whole number"
    if answer.spent > instance.budget or answer.spent + answer.remaining != instance.budget:
        return "spent more than the budget, or left another amount than it says"
    return _amounts(answer, instance, costs)


def _amounts(answer: Outcome, instance: Instance, costs: Mapping[str, int]) -> str:
    """What is wrong with the part of its cost that a funded project gets, and with the sum of all of them."""
    funded, least = set(answer.allocation), {one.ref: one.minimum or 0 for one in instance.candidates}
    for ref, amount in answer.amounts.items():
        if ref not in funded:
            return "named an amount for a project that it has not funded"
        if type(amount) is not int or not 0 < amount <= costs[ref] or amount < least[ref]:
            return "gave a project more than it costs, less than it could begin with, or no whole amount"
    if sum(answer.amounts.get(ref, costs[ref]) for ref in answer.allocation) != answer.spent:
        return "says another sum than the projects it funded get"
    return ""


def _proof(answer: Any, module: Module | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    wrong = one_of(Proof, ProofRefused, FormSpec)(answer, module, args, kwargs)
    if wrong or not isinstance(answer, Proof):
        return wrong
    known: frozenset[str] = getattr(module, "namespaces", frozenset())
    if answer.rung != getattr(module, "rung", None):
        return "proved another rung than its own"
    if not answer.roll_keys or any(key.namespace not in known or not key.value for key in answer.roll_keys):
        return "answered no roll key, or one of a namespace it has not declared"
    return ""


def nothing(answer: Any, module: Module | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    return "" if answer is None else f"answered {type(answer).__name__} where nothing is answered"


def _summaries(answer: Any, module: Module | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    asked = set(_given(1, "subjects", args, kwargs) or ())
    if not isinstance(answer, Mapping) or not all(isinstance(one, DeliberationSummary) for one in answer.values()):
        return "answered something else than a summary for each subject"
    return "" if set(answer) <= asked else "answered for a subject it was not asked about"


def _queue(answer: Any, module: Module | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    if not isinstance(answer, Page) or not all(isinstance(one, ModerationItem) for one in answer.items):
        return "answered something else than a page of moderation items"
    return "" if len(answer.items) <= PAGE_MOST else f"answered more than {PAGE_MOST} items at once"


def _values(answer: Any, module: Module | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    wrong = many(IndicatorValue)(answer, module, args, kwargs)
    if wrong:
        return wrong
    whole = all(
        type(one.numerator) is int and (one.denominator is None or type(one.denominator) is int) for one in answer
    )
    return "" if whole else "measured with something else than whole numbers"


PAGE_MOST = 200
VOTE_LATE = 10.0


def _for_voters(methods: Mapping[str, Method]) -> Mapping[str, Method]:
    """On a machine that is overrun every call is late; nobody is turned away from voting for that."""
    return {name: replace(method, late=max(VOTE_LATE, method.seconds)) for name, method in methods.items()}


WORK = Method(nothing, seconds=120)

KINDS: tuple[Kind, ...] = (
    Kind(
        "ballot_format",
        "register_ballot_formats",
        BallotFormat,
        _for_voters(
            {
                "check": Method(many(Problem)),
                "instructions": Method(one_of(TemplateRef)),
                "form": Method(one_of(TemplateRef)),
                "parse": Method(one_of(Ballot), raises=(BallotInvalid,)),
                "draft": Method(one_of(Mapping)),
                "canonical": Method(one_of(bytes)),
                "restore": Method(one_of(Ballot), raises=(BallotInvalid,)),
                "paper": Method(one_of(PaperLayout)),
                "constraints": Method(one_of(Constraints)),
                "scores": Method(_scores),
                "summary": Method(many(Line)),
                "sheets": Method(many(Sheet)),
            }
        ),
    ),
    Kind(
        "outcome_rule",
        "register_outcome_rules",
        OutcomeRule,
        {
            "check": Method(many(Problem)),
            "decide": Method(_outcome, seconds=600, apart=Apart(seconds=600, cpu_seconds=600)),
            "explain": Method(many(Step), seconds=10),
        },
    ),
    Kind(
        "deliberation",
        "register_deliberation_modules",
        DeliberationModule,
        {
            "panel": Method(one_of(TemplateRef)),
            "actions": Method(many(Action)),
            "summaries": Method(_summaries),
            "moderation_queue": Method(_queue),
            "moderate": Method(nothing),
            "freeze": Method(nothing, seconds=5),
            "contributions": Method(many(Contribution), seconds=30),
            "work": WORK,
            "personal_data": Method(one_of(PersonalData), seconds=10),
            "erase": Method(one_of(ErasureReport), seconds=10),
        },
        handlers=Method(one_of(ActionAnswer), seconds=2),
    ),
    Kind(
        "evaluation",
        "register_evaluation_modules",
        EvaluationModule,
        {
            "instruments": Method(many(Instrument)),
            "indicators": Method(many(Indicator)),
            "measure": Method(_values, seconds=30),
            "report": Method(one_of(ReportSpec), seconds=30),
        },
    ),
    Kind(
        "eligibility_proof",
        "register_eligibility_proofs",
        EligibilityProof,
        _for_voters(
            {
                "begin": Method(one_of(Redirect, FormSpec)),
                "complete": Method(_proof, seconds=5),
                "list_columns": Method(many(str)),
                "list_take": Method(one_of(ListTaken), raises=(ListInvalid,), seconds=60),
                "list_drop": Method(one_of(int), seconds=30),
                "lists": Method(one_of(Mapping)),
            }
        ),
    ),
    Kind(
        "notification_channel",
        "register_notification_channels",
        NotificationChannel,
        {
            "address": Method(one_of(Address, type(None))),
            "render_limits": Method(one_of(Limits)),
            "send": Method(one_of(SendReceipt), raises=(TemporaryFailure, PermanentFailure), seconds=30),
            "updates": Method(many(DeliveryUpdate), raises=(PermanentFailure,), seconds=5),
        },
    ),
    Kind(
        "exporter",
        "register_exporters",
        Exporter,
        {"write": Method(one_of(Manifest), raises=(PermanentFailure,), seconds=600)},
    ),
)
BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}
