"""The rules a round may choose: which kinds of ballot and rules fit each other; settings checked by their module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from core.counting import rules_in
from core.kernel.errors import Invalid, NotFound
from plugins.api.text import Text
from plugins.api.values import BallotFamily, Problem
from plugins.host.selectors import ballot_format, outcome_rule

NOT_HERE = Text(
    "{key} is not switched on here. Choose another.", "Chan eil {key} air a chur an comas an seo. Tagh eile."
)
NO_FIT = Text(
    "This rule cannot count ballots of this kind. Choose another rule or another kind of ballot.",
    "Chan urrainn dhan riaghailt seo bhòtaichean den t-seòrsa seo a chunntadh. Tagh riaghailt no seòrsa baileit eile.",
)
NOT_READ = Text("This setting does not fit: {reason}.", "Chan eil an roghainn seo freagarrach: {reason}.")


def rules_checked(
    *, ballot: str, ballot_settings: Mapping[str, Any], rule: str, rule_settings: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of both modules, complete with what was left to its default, as JSON.

    Raises Invalid; the path of each problem is `ballot_format`, `outcome_rule`, or `<either>.<setting>`.
    """
    problems: list[Problem] = []
    found: dict[str, Any] = {}
    settings: dict[str, dict[str, Any]] = {}
    for field, module, key, given in (
        ("ballot_format", ballot_format, ballot, ballot_settings),
        ("outcome_rule", outcome_rule, rule, rule_settings),
    ):
        try:
            found[field] = module(key)
            settings[field] = found[field].Settings.model_validate(dict(given)).model_dump(mode="json")
        except NotFound:
            problems.append(Problem("rules.not_here", NOT_HERE.format(key=key), field))
        except ValidationError as error:
            for item in error.errors():
                path = ".".join((field, *(str(step) for step in item["loc"])))
                reason = str(item["msg"]).removeprefix("Value error, ").rstrip(".")
                problems.append(Problem("rules.setting", NOT_READ.format(reason=reason), path))
    if len(found) == 2 and found["ballot_format"].family not in found["outcome_rule"].accepts:
        problems.append(Problem("rules.no_fit", NO_FIT, "outcome_rule"))
    elif len(settings) == 2:
        problems += _inside(found["ballot_format"].family, found["outcome_rule"], settings["outcome_rule"])
    if problems:
        raise Invalid("The rules cannot be used as they are.", code="rules.invalid", problems=problems)
    return settings["ballot_format"], settings["outcome_rule"]


def _inside(family: BallotFamily, rule: Any, settings: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the rule that a rule wraps, where it wraps one."""
    field = "outcome_rule.inner"
    try:
        chain = [one for one, _ in rules_in(outcome_rule, rule, rule.Settings.model_validate(dict(settings)))]
    except NotFound:
        return [Problem("rules.not_here", NOT_HERE.format(key=settings["inner"]), field)]
    except Invalid as error:
        return [
            Problem(
                "rules.setting", NOT_READ.format(reason=f"{error} {error.remedy}".rstrip(". ")), f"{field}_settings"
            )
        ]
    if any(family not in one.accepts for one in chain[1:]):
        return [Problem("rules.no_fit", NO_FIT, field)]
    return []
