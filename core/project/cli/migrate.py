"""`commonty migrate`: the registry and the template schema, as the owner."""

from __future__ import annotations

import argparse
import time
from typing import Any

NAME = "migrate"
HELP = "Bring the registry and the template schema up to date."
NEEDS_DJANGO = True


def arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    from tenants.office.template import migrate

    begun = time.perf_counter()
    release = migrate(say=out.say)
    return {
        "fingerprint": release.fingerprint,
        "migrations": len(release.migrations),
        "seconds": round(time.perf_counter() - begun, 2),
    }
