"""`commonty export NAME --tenant S --round R --out F`: a published round as open data."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

NAME = "export"
HELP = "Open data of a published round: pabulib, csv, json, or any exporter that is active."
NEEDS_DJANGO = True
LICENCE = "OGL-UK-3.0"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="key of the exporter")
    parser.add_argument("--tenant", required=True, metavar="SLUG")
    parser.add_argument("--round", required=True, metavar="SLUG")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE")
    parser.add_argument("--filter", action="append", default=[], metavar="NAME=VALUE", help="such as table=ballots")


def run(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from core.exports.services import export_write
    from core.kernel.errors import Invalid
    from core.rounds.selectors import round_by_slug
    from tenants.registry.context import Role, in_tenant
    from tenants.registry.selectors import tenant_by_slug

    filters = dict(word.partition("=")[::2] for word in args.filter)
    if any("=" not in word for word in args.filter):
        raise Invalid("A filter is written NAME=VALUE.", code="export.filters")
    with in_tenant(tenant_by_slug(args.tenant), role=Role.WORKER):
        manifest = export_write(
            key=args.name,
            round=round_by_slug(args.round),
            to=args.out,
            filters=filters,
            progress=lambda rows: out.say(f"{rows:,} rows …"),
        )
    return {
        "export": args.name,
        "file": str(args.out),
        "rows": manifest.rows,
        "columns": list(manifest.columns),
        "digest": manifest.digest,
        "licence": LICENCE,
    }
