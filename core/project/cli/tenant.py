"""`commonty tenant …`: onboarding, and what becomes of a tenant afterwards."""

from __future__ import annotations

import argparse
import getpass
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAME = "tenant"
HELP = "Onboard councils, groups and public bodies; suspend, export, import, restore, move and erase them."
# What begins a command at another cell: this same program, with that cell's settings.
COMMAND = (sys.executable, "-m", "core.project.cli")
NEEDS_DJANGO = True


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    create = verbs.add_parser("create", help="make a tenant; run again, it goes on where it stopped")
    create.add_argument("--kind", required=True, choices=["hub", "council", "community", "public_body"])
    create.add_argument("--slug", required=True)
    create.add_argument("--name", default="")
    create.add_argument("--gaelic-name", default="")
    create.add_argument("--parent", default="")
    verbs.add_parser("list", help="every tenant that is served here")
    verbs.add_parser("show", help="one tenant with its steps").add_argument("slug")
    verbs.add_parser("abandon", help="take back a creation that was never finished").add_argument("slug")
    for verb, words in (("suspend", "let it be read and nothing more"), ("resume", "end that")):
        state = verbs.add_parser(verb, help=words)
        state.add_argument("slug")
        state.add_argument("--reason", required=True, help="for everybody to read")
        state.add_argument("--by", default="", help="who decides; the operator when left out")
    export = verbs.add_parser("export", help="everything of one tenant into one signed file")
    export.add_argument("slug")
    export.add_argument("--out", type=Path, required=True)
    importing = verbs.add_parser("import", help="such a file as a tenant here")
    importing.add_argument("file", type=Path)
    importing.add_argument("--slug", default="", help="another address than the one it had")
    importing.add_argument("--keys", type=Path, help="the rounds' keys, where a move has sent them along")
    move = verbs.add_parser("move", help="to another cell; run again, it goes on where it stopped")
    move.add_argument("slug")
    move.add_argument("--to", required=True, help="the cell, described by cells/NAME.env in the service's directory")
    move.add_argument("--by", default="", help="who decides; the operator when left out")
    move.add_argument("--cancel", action="store_true", help="take back a move that has put nothing in there yet")
    restore = verbs.add_parser("restore", help="such a file in place of the tenant it came from")
    restore.add_argument("file", type=Path)
    restore.add_argument("--into", required=True)
    restore.add_argument("--keep", type=Path, help="where the present state is written first")
    erase = verbs.add_parser("erase", help="one person asks, another agrees, and after the delay it is done")
    erase.add_argument("slug", nargs="?", default="")
    erase.add_argument("--by", default="", help="who says so; the operator when left out")
    erase.add_argument("--reason", default="")
    erase.add_argument("--out", type=Path, help="where the last file goes")
    erase.add_argument("--cancel", action="store_true", help="take an erasure back")
    erase.add_argument("--replay", action="store_true", help="after restoring a backup: erase again what was erased")


def run(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    return VERBS[args.verb](args, out)


def _list(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from tenants.registry.selectors import tenant_refs

    return {"tenants": [_brief(ref) for ref in tenant_refs()]}


def _show(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from tenants.registry.selectors import tenant_by_slug

    return _document(tenant_by_slug(args.slug))


def _abandon(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from tenants.office.lifecycle import tenant_abandon

    tenant_abandon(slug=args.slug)
    return {"tenant": args.slug, "state": "abandoned"}


def _suspend(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from tenants.office.lifecycle import tenant_suspend

    begun = time.perf_counter()
    return _state(tenant_suspend(slug=args.slug, reason=args.reason, by=args.by or getpass.getuser()), begun)


def _resume(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from tenants.office.lifecycle import tenant_resume

    begun = time.perf_counter()
    return _state(tenant_resume(slug=args.slug, reason=args.reason, by=args.by or getpass.getuser()), begun)


def _state(ref: Any, begun: float) -> dict[str, Any]:
    spent = round(time.perf_counter() - begun, 3)
    return {"tenant": ref.slug, "uuid": str(ref.uuid), "state": ref.state, "reason": ref.reason, "seconds": spent}


def _carried(done: Any, **more: Any) -> dict[str, Any]:
    return {
        "tenant": done.tenant.slug,
        "uuid": str(done.tenant.uuid),
        "digest": done.digest,
        "rows": done.rows,
        "files": done.files,
        **more,
        "seconds": round(done.seconds, 3),
    }


def _export(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from tenants.office.portability import tenant_export

    done = tenant_export(slug=args.slug, out=args.out, say=out.say)
    return _carried(done, file=str(args.out), size=args.out.stat().st_size)


def _import(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from tenants.office.moving import origins_of, tenant_receive
    from tenants.office.portability import tenant_import

    if args.keys:
        done = tenant_receive(path=args.file, keys=args.keys, slug=args.slug, say=out.say)
    else:
        done = tenant_import(path=args.file, slug=args.slug, say=out.say)
    return _carried(done, origins=origins_of(done.tenant.uuid))


def _move(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from tenants.office.cells import cell
    from tenants.office.moving import move_cancel, tenant_move

    to, who = cell(args.to, COMMAND), args.by or getpass.getuser()
    if args.cancel:
        ref = move_cancel(slug=args.slug, by=who, to=to)
        return {"tenant": ref.slug, "uuid": str(ref.uuid), "step": "cancelled", "state": ref.state}
    done = tenant_move(slug=args.slug, to=to, by=who, say=out.say)
    return _carried(done.carried, cell=to.name, step=done.step, origins=done.origins)


def _restore(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from tenants.office.portability import exports_folder, tenant_restore

    keep = args.keep or exports_folder() / f"{args.into}-before-restore-{int(time.time())}.zip"
    done = tenant_restore(path=args.file, into=args.into, keep=keep, say=out.say)
    return _carried(done, kept=str(keep), epoch=done.tenant.epoch)


def _erase(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from core.kernel.errors import Invalid
    from tenants.office.lifecycle import erase_cancel, erasures_replay, tenant_erase

    if args.replay:
        return {"erased": erasures_replay(say=out.say)}
    if not args.slug:
        raise Invalid("Say which tenant.", code="erase.no_slug", remedy="`commonty tenant list` shows all of them.")
    if args.cancel:
        erase_cancel(slug=args.slug)
        return {"tenant": args.slug, "stage": "cancelled"}
    who = args.by or getpass.getuser()
    step = tenant_erase(slug=args.slug, by=who, reason=args.reason, out=args.out, say=out.say)
    due = step.due.isoformat() if step.due else None
    if step.carried is None:
        return {"tenant": args.slug, "stage": step.stage, "due": due, "digest": "", "rows": 0, "files": 0, "seconds": 0}
    return {**_carried(step.carried, stage=step.stage, due=due), "tenant": args.slug}


def _create(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from core.places.selectors import council_facts
    from plugins.api.text import LocalisedText
    from tenants.office.services import tenant_create

    begun = time.perf_counter()
    known = council_facts(args.slug) if args.kind == "council" else None
    name = LocalisedText(
        args.name or (known.name.en if known else args.slug.replace("-", " ").title()),
        args.gaelic_name or (known.name.gd if known else ""),
    )
    ref, _ = tenant_create(
        slug=args.slug,
        kind=args.kind,
        name=name,
        code=known.code if known else "",
        parent=args.parent,
        say=out.say,
    )
    return {**_document(ref), "seconds": round(time.perf_counter() - begun, 3)}


def _brief(ref: Any) -> dict[str, Any]:
    return {"slug": ref.slug, "kind": ref.kind, "state": ref.state, "name": ref.name.en}


def _document(ref: Any) -> dict[str, Any]:
    from tenants.office.models import Move, ProvisioningStep
    from tenants.registry.context import in_public
    from tenants.registry.selectors import hosts_of, tenant_by_slug

    fresh = tenant_by_slug(ref.slug)
    with in_public():
        steps = list(ProvisioningStep.objects.filter(tenant_id=ref.uuid))
        move = Move.objects.filter(tenant_id=ref.uuid).first()
    return {
        "uuid": str(fresh.uuid),
        "slug": fresh.slug,
        "kind": fresh.kind,
        "name": fresh.name.en,
        "schema": fresh.schema,
        "hosts": hosts_of(fresh.uuid),
        "state": fresh.state,
        "move": {"cell": move.cell, "step": move.step, "origins": move.origins} if move else None,
        "steps": [{"name": s.name, "seconds": round(s.seconds, 3), "state": s.state} for s in steps],
        "seconds": round(sum(s.seconds for s in steps), 3),
    }


VERBS: dict[str, Callable[[argparse.Namespace, Any], dict[str, Any]]] = {
    "create": _create,
    "list": _list,
    "show": _show,
    "abandon": _abandon,
    "suspend": _suspend,
    "resume": _resume,
    "export": _export,
    "import": _import,
    "restore": _restore,
    "move": _move,
    "erase": _erase,
}
