"""`commonty django …`: Django's own command line, for developers."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from core.project.cli import setup_django

NAME = "django"
HELP = "Pass a command to Django's own command line."


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs=argparse.REMAINDER)


def run(args: argparse.Namespace, out: Any) -> None:
    passthrough(args.words)


def passthrough(words: Sequence[str]) -> int:
    setup_django()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["commonty django", *words])
    return 0
