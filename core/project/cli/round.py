"""`commonty round import-pb FILE.pb`: a real election becomes a round, cast, closed, counted and published."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from core.project.cli import CheckFailed

NAME = "round"
HELP = "Rounds: import a real election."
NEEDS_DJANGO = True


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    imported = verbs.add_parser("import-pb", help="a Pabulib file through the real ballot box")
    imported.add_argument("file", type=Path, metavar="FILE.pb")
    imported.add_argument("--tenant", required=True, metavar="SLUG")
    imported.add_argument("--rule", default="official", help="a rule key; the rule the file states when left out")
    imported.add_argument("--publish", action="store_true", help="publish the result too")


def run(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from core.kernel.env import environment
    from core.kernel.errors import Refused
    from core.project.cli.tally import OFFICIAL, official_compare, official_rule, pabulib_at
    from core.rounds.services import round_advance
    from core.voting.importing import election_import
    from core.voting.tally import tally_run
    from tenants.registry.context import Role, in_tenant
    from tenants.registry.selectors import tenant_by_slug

    begun = time.perf_counter()
    file, _ = pabulib_at(args.file)
    rule, given = official_rule(file) if args.rule == OFFICIAL else (args.rule, {})
    settings: dict[str, Any] = dict(given)
    if "increment" in settings:
        settings["increment"] = int(settings["increment"]) * 100  # one unit of the file is a pound, so 100 pence
    tenant = tenant_by_slug(args.tenant)
    if environment().env == "production" and not out.confirm(f"Make a public round of this file for {tenant.slug}?"):
        raise Refused("Nothing was imported.", code="import.not_confirmed", remedy="Agree, or give --yes.")
    with in_tenant(tenant, role=Role.WORKER):
        made = election_import(file, rule=rule, rule_settings=settings, say=out.say)
        cast_seconds = time.perf_counter() - begun
        for note in made.notes:
            out.say(note)
        out.say("Counting …")
        run = tally_run(round_id=made.round.id)
        row = made.round
        document: dict[str, Any] = {
            "round": row.slug,
            "url": f"{environment().origin(tenant.slug)}/rounds/{row.slug}/",
            "rule": rule,
            "ballots": made.ballots,
            "rejected": sum(made.rejected.values()),
            "rejected_by_reason": dict(made.rejected),
            "cast_seconds": round(cast_seconds, 3),
        }
        if run.document is None:
            failed = {**document, "winners": [], "error": run.error, "seconds": round(time.perf_counter() - begun, 3)}
            raise CheckFailed(
                failed,
                f"The ballots are in the sealed box, but the count failed ({run.error}). It can be asked for again "
                "on the officers' page of the round.",
            )
        if args.publish:
            round_advance(round=row, verb="publish_result", actor=None)
            document["url"] += "result/"
    winners = [made.refs[ref] for ref in run.document["allocation"]]
    return {
        **document,
        "winners": winners,
        "spent": run.document["spent"],
        "ties": [[made.refs[ref] for ref in tie["projects"]] for tie in run.document["ties"]],
        "published": bool(args.publish),
        "digest": run.digest,
        "seconds": round(time.perf_counter() - begun, 3),
        **official_compare(file, winners),
    }
