"""A process that makes tenants for a bench, until none is left or whoever started it is gone."""

from __future__ import annotations

import os

from core.project.cli import setup_django

if __name__ == "__main__":
    parent = os.getppid()
    setup_django()

    from core.project.bench.tenants import work

    work(parent)
