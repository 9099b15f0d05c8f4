"""`commonty tally FILE.pb`: the outcome of a Pabulib file. No database, no Django, no network."""

from __future__ import annotations

import argparse
import hashlib
import importlib
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from core.counting import decide, digest_of, outcome_digest, profile_tally, tie_break_from
from core.counting.deciding import inner_settings
from core.kernel.errors import Invalid, Refused
from core.project.cli.rule_settings import given_settings, minor_of, settings_of
from plugins.api.errors import PabulibInvalid
from plugins.api.kinds import OutcomeRule
from plugins.api.pabulib import PabulibFile, pabulib_read
from plugins.discovery import allowed

NAME = "tally"
HELP = "The outcome of a Pabulib file under a rule; needs no database."
OFFICIAL = "official"
EQUAL_SHARES = "equal-shares"
ADD1 = {"increment": "1", "completion": "add1", "stop": "last-feasible", "satisfaction": "cost"}
# What a file's META calls a rule, and which of our rules with which settings is the same.
STATED: dict[str, tuple[str, dict[str, str]]] = {
    "greedy": ("greedy-skip", {"minimum_points": "0"}),
    "greedy-no-skip": ("greedy-stop", {"minimum_points": "0"}),
    "greedy-threshold": ("greedy-skip", {}),
    "equalshares": (EQUAL_SHARES, {**ADD1, "completion": "none", "comparison": "none"}),
    "equalshares/add1": (EQUAL_SHARES, {**ADD1, "comparison": "none"}),
    "equalshares/add1-comparison": (EQUAL_SHARES, {**ADD1, "comparison": "voters"}),
}
NOT_FROM_FILE = {
    "greedy-custom": "its own rule, of which the file tells only in prose",
    "greedy-exclusive": "projects that exclude one another, which the file does not list in a form that can be counted",
}
# What importing a faulty module may end in.
BROKEN = (
    ImportError,
    SyntaxError,
    AttributeError,
    NameError,
    TypeError,
    ValueError,
    LookupError,
    RuntimeError,
    OSError,
)
CAPS = ("budget_per_category", "budget_per_neighborhood")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE.pb")
    parser.add_argument("--rule", required=True, help="a rule key, or `official` for the rule the file states")
    parser.add_argument(
        "--set", action="append", default=[], metavar="k=v", help="a setting of the rule; lists and objects as JSON"
    )
    parser.add_argument("--budget", metavar="N", help="another budget, in the file's unit")
    parser.add_argument("--seed", default="", help="seed of the order that decides ties (default: the file's digest)")


def rules(out: Any) -> dict[str, OutcomeRule]:
    """Every rule of the allowed plugins, through the same entry points that the service uses."""
    names = [name.strip() for name in os.environ.get("COMMONTY_PLUGINS_ALLOWED", "").split(",") if name.strip()]
    found: dict[str, OutcomeRule] = {}
    for plugin in allowed(names):
        try:
            module = importlib.import_module(plugin.module)
        except BROKEN as error:
            out.say(f"The plugin {plugin.name} cannot be loaded and is left out: {error}")
            continue
        register = getattr(module, "register_outcome_rules", None)
        for rule in register() if register else ():
            found[rule.key] = rule()
    return found


def official_rule(file: PabulibFile) -> tuple[str, dict[str, str]]:
    """The rule the file states, with its parameters. Raises Refused where the file alone does not give it."""
    stated = file.meta.get("rule", "")
    if stated in ("", "unknown"):
        raise Refused(
            "The file states no rule.", code="tally.no_rule", remedy="Name one with --rule, for example greedy-skip."
        )
    if stated not in STATED:
        why = NOT_FROM_FILE.get(stated, "which is not known here")
        raise Refused(
            f"The file states the rule {stated}: {why}.", code="tally.not_from_file", remedy="Name a rule with --rule."
        )
    for key in CAPS:
        if key in file.meta:
            raise Refused(
                f"The file states {key}, a limit within the budget that the rule {stated} does not know.",
                code="tally.caps",
                remedy="Name a rule with --rule, and limits with --set caps=[…] where it knows them.",
            )
    key, settings = STATED[stated]
    if stated == "greedy-threshold":
        threshold = file.meta.get("min_project_score_threshold", "")
        if not re.fullmatch(r"[0-9]{1,9}(\.0+)?", threshold):
            raise Refused("The file states a threshold but not min_project_score_threshold.", code="tally.no_threshold")
        settings = {"minimum_points": threshold.split(".")[0]}
    return key, settings


def _budget(text: str | None, file: PabulibFile) -> int:
    if text is None:
        return file.budget
    minor = minor_of(text, file.digits)
    if minor is None:
        raise Invalid(
            f"--budget is “{text}”, which is not an amount in the file's unit.",
            code="tally.budget",
            remedy="Write a whole number, such as 1000000.",
        )
    return minor


def pabulib_at(path: Path) -> tuple[PabulibFile, bytes]:
    """The election in this file, and its bytes. Raises Invalid naming line and column."""
    try:
        data = path.read_bytes()
        return pabulib_read(data), data
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.", code="tally.file") from error
    except PabulibInvalid as error:
        raise Invalid(f"{path.name}: {error}", code="tally.file", line=error.line, column=error.column) from error


def run(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    started = time.perf_counter()
    file, data = pabulib_at(args.file)
    given: dict[str, Any] = {}
    key = args.rule
    if key == OFFICIAL:
        key, given = official_rule(file)
    given = {**given, **given_settings(args.set)}
    known = rules(out)

    def find(wanted: str) -> OutcomeRule:
        if wanted not in known:
            names = ", ".join(sorted(known))
            raise Invalid(f"There is no rule {wanted}.", code="tally.rule", remedy=f"Known are {names}.")
        return known[wanted]

    rule = find(key)
    settings, shown = settings_of(find, rule, given, file.digits)
    for asked in _chain(find, rule, settings):
        if file.family not in asked.accepts:
            raise Refused(f"{asked.key} does not count ballots of the type {file.vote_type}.", code="tally.family")
    instance = file.instance(_budget(args.budget, file))
    if instance.budget <= 0:
        raise Refused("There is no money to decide on.", code="tally.no_budget", remedy="Give a budget above zero.")
    for note in file.notes:
        out.say(note)
    tally = profile_tally(file.profile())
    seed = args.seed.encode() if args.seed else hashlib.sha256(data).digest()
    order = tie_break_from(seed, tally.profile.refs)
    outcome = decide(find, rule, settings, instance, tally.profile, order)
    winners = list(outcome.allocation)
    return {
        "rule": key,
        "stated": file.meta.get("rule", "unknown"),
        "settings": shown,
        "budget": instance.budget,
        "digits": file.digits,
        "currency": instance.currency,
        "ballots": tally.valid,
        "blank": tally.blank,
        "winners": winners,
        "spent": outcome.spent,
        "remaining": outcome.remaining,
        "ties": [{"projects": list(tie.projects), "chosen": tie.chosen, "at": tie.at} for tie in outcome.ties],
        "amounts": {
            ref: outcome.amounts.get(ref, project.cost)
            for ref, project in ((project.ref, project) for project in file.projects)
            if ref in set(winners)
        },
        "reserve": list(outcome.reserve),
        "facts": dict(outcome.facts),
        "steps": [
            {"project": step.project, "funded": step.funded, "sentence": step.sentence.en} for step in outcome.steps
        ],
        "seconds": round(time.perf_counter() - started, 3),
        "digest": digest_of([key, shown, tally.digest, order.commitment, outcome_digest(outcome)]),
        **official_compare(file, winners),
    }


def _chain(find: Callable[[str], OutcomeRule], rule: OutcomeRule, settings: Any) -> Iterator[OutcomeRule]:
    """The rule, and whatever rules are inside it."""
    yield rule
    if getattr(settings, "inner", ""):
        inside = find(settings.inner)
        yield from _chain(find, inside, inner_settings(inside, settings))


def official_compare(file: PabulibFile, winners: list[str]) -> dict[str, Any]:
    """Whether these are the winners that the file marks, and which differ."""
    official = file.official
    if official is None:
        return {"official": "unknown", "difference": {"only_here": [], "only_official": []}}
    here = set(winners)
    return {
        "official": "same" if here == official else "differs",
        "difference": {"only_here": sorted(here - official), "only_official": sorted(official - here)},
    }


def render(document: dict[str, Any]) -> str:
    """For people: the result, then a line for every project."""
    unit = 10 ** document["digits"]

    def amount(minor: int) -> str:
        whole, rest = divmod(minor, unit)
        return f"{whole:,}" + (f".{rest:0{document['digits']}}" if rest else "") + f" {document['currency']}"

    chosen = ", ".join(f"{name} {value}" for name, value in document["settings"].items())
    lines = [
        f"Rule      {document['rule']} ({chosen})",
        f"Ballots   {document['ballots']:,}",
        f"Budget    {amount(document['budget'])}",
        f"Funded    {len(document['winners'])}: {', '.join(document['winners'])}",
        f"Spent     {amount(document['spent'])}, left {amount(document['remaining'])}",
        f"Official  {document['official']}",
    ]
    difference = document["difference"]
    if difference["only_here"]:
        lines.append(f"          only here: {', '.join(difference['only_here'])}")
    if difference["only_official"]:
        lines.append(f"          only in the official result: {', '.join(difference['only_official'])}")
    lines += [
        f"Tie       {', '.join(tie['projects'])}: "
        + (f"{tie['chosen']} came first by the published order" if tie["chosen"] else "the count stopped here")
        for tie in document["ties"]
    ]
    if document["reserve"]:
        lines.append(f"Reserve   {', '.join(document['reserve'])}")
    lines += [f"  {step['project'] or '-':12} {step['sentence']}" for step in document["steps"]]
    return "\n".join([*lines, f"Digest    {document['digest']}"])
