"""`commonty fleet migrate|status|check|sweep`: the schemas of all tenants."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict
from typing import Any

from core.project.cli import CheckFailed

NAME = "fleet"
HELP = "The schemas of all tenants: bring them up to date, see where they stand, prove that they are whole."
NEEDS_DJANGO = True
WORKER = (sys.executable, "-m", "core.project.cli", "fleet", "work")


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    migrate = verbs.add_parser("migrate", help="bring every schema to the template's release; goes on where it stopped")
    migrate.add_argument("--workers", type=_count, default=2, help="processes at a time")
    migrate.add_argument("--max-failures", type=_count, default=5, help="stop after so many")
    migrate.add_argument("--resume", action="store_true", help="also try again what has failed")
    verbs.add_parser("status", help="where each schema stands")
    verbs.add_parser("check", help="seal, rights, structure, and that nothing crosses or was left over")
    verbs.add_parser("sweep", help="remove what was left by imports and exports that were killed")
    work = verbs.add_parser("work", help="one worker of a migration; started by `fleet migrate`")
    work.add_argument("--release", type=int, required=True)
    work.add_argument("--max-failures", type=_count, required=True)
    work.add_argument("--parent", type=int, default=0)


def _count(words: str) -> int:
    number = int(words)
    if not 1 <= number <= 64:
        raise argparse.ArgumentTypeError("a number from 1 to 64")
    return number


def before_django(args: argparse.Namespace) -> dict[str, Any] | None:
    """The whole answer where there is nothing to do, without the seconds that Django takes to start."""
    if args.verb != "migrate":
        return None
    from tenants.office.idle import nothing_to_do

    return nothing_to_do()


def run(args: argparse.Namespace, out: Any) -> dict[str, Any] | None:
    from tenants.office import fleet

    if args.verb == "work":
        fleet.worker_run(args.release, max_failures=args.max_failures, parent=args.parent)
        return None
    if args.verb == "check":
        return _check(out)
    if args.verb == "sweep":
        return _sweep(out)
    if args.verb == "status":
        begun = time.perf_counter()
        release = fleet.release_now()
        return _document(fleet.fleet_status(release, begun=begun))
    count = fleet.fleet_migrate(
        command=WORKER, workers=args.workers, max_failures=args.max_failures, resume=args.resume, say=out.say
    )
    document = _document(count)
    if count.failed or count.waiting:
        raise CheckFailed(
            document,
            f"{count.failed} schemas failed and {count.waiting} wait. Mend what the errors say, then"
            " `commonty fleet migrate --resume`.",
        )
    return document


def _document(count: Any) -> dict[str, Any]:
    document = asdict(count)
    document["failures"] = list(document["failures"])
    return document


def _sweep(out: Any) -> dict[str, Any]:
    from core.kernel.errors import Refused
    from tenants.office.strays import strays_remove

    if not out.confirm("Remove every schema and folder that belongs to no tenant, and every half file?"):
        raise Refused("Nothing was removed.", code="sweep.not_confirmed", remedy="Say yes, or use --yes.")
    begun = time.perf_counter()
    swept = strays_remove(say=out.say)
    seconds = round(time.perf_counter() - begun, 2)
    return {**{name: list(found) for name, found in asdict(swept).items()}, "seconds": seconds}


def _check(out: Any) -> dict[str, Any]:
    from tenants.office.fleet import release_now
    from tenants.office.inspection import fleet_findings

    begun = time.perf_counter()
    release = release_now()
    schemas, findings = fleet_findings(release, say=out.say)
    bad = {finding.slug for finding in findings if finding.slug}
    document = {
        "schemas": schemas,
        "done": schemas - len(bad),
        "skipped": 0,
        "failed": len(bad),
        "release": release.mark[:12],
        "findings": [asdict(finding) for finding in findings],
        "seconds": round(time.perf_counter() - begun, 2),
    }
    if findings:
        raise CheckFailed(document, f"{len(findings)} findings.")
    return document
