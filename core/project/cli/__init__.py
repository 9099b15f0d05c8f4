"""The command line `commonty`: one file per command group, imported only when it is asked for.

A command file has `NAME`, `HELP`, `arguments(parser)` and `run(args, out)`, which returns the JSON document (or
None); optionally `render(document)` for people and `NEEDS_DJANGO = True` where it uses models, with
`before_django(args)` where the answer can be had without (None where it cannot). Exit codes are those
promised in the interfaces: 0 done, 1 a check failed, 2 wrong usage, 3 refused by a rule, 4 a service is unreachable.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from core.kernel.errors import CommontyError, Unavailable

# Command word -> module below this package. Words alone here keep `commonty --help` free of every import.
COMMANDS: dict[str, tuple[str, str]] = {
    "services": ("services", "embedded PostgreSQL and Redis: up, down, status"),
    "doctor": ("doctor", "check configuration, services, schemas, assets, plugins; say how to repair"),
    "demo": ("demo", "the whole service on this machine"),
    "serve": ("serve", "the web server"),
    "worker": ("worker", "the background worker"),
    "sequencer": ("sequencer", "chain events and ballots after commit, hand out the outbox"),
    "migrate": ("migrate", "bring the registry and the template schema up to date"),
    "tenant": ("tenant", "onboard and list councils, groups and public bodies"),
    "fleet": ("fleet", "the schemas of all tenants: migrate, status, check"),
    "realm": ("realm", "Keycloak against the realm files and the registry: plan, apply, verify"),
    "round": ("round", "rounds: import a real election"),
    "tally": ("tally", "the outcome of a Pabulib file; no database"),
    "export": ("export", "open data of a published round"),
    "plugins": ("plugins", "voting, deliberation and evaluation modules: list, check, activate"),
    "support": ("support", "support access: what was asked, grant it, end it"),
    "audit": ("audit", "verify the hash chain"),
    "locale": ("locale", "compile and check translations"),
    "bench": ("bench", "measured work against its baseline, in one run"),
    "django": ("django", "pass a command to Django's own command line"),
}


class Out:
    """Progress and questions for people, on stderr, so that stdout holds the result alone."""

    def __init__(self, *, as_json: bool, yes: bool) -> None:
        self.as_json = as_json
        self.yes = yes

    def say(self, text: str = "") -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def confirm(self, question: str) -> bool:
        """True when the person agrees; `--yes` agrees to everything, no terminal agrees to nothing."""
        if self.yes:
            return True
        if not sys.stdin.isatty():
            return False
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")


class CheckFailed(CommontyError):
    """A check ran and said no; the document that says so is still printed."""

    exit_code = 1

    def __init__(self, document: dict[str, Any], message: str) -> None:
        super().__init__(message, code="check.failed")
        self.document = document


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        sys.stderr.write(f"{self.prog}: {message}\n")
        raise SystemExit(2)


def _parser() -> tuple[_Parser, dict[str, Any]]:
    parser = _Parser(prog="commonty", description="Scotland's shared platform for Community Choices.")
    parser.add_argument("--json", action="store_true", help="print exactly one JSON document on stdout")
    parser.add_argument("--yes", action="store_true", help="answer every question with yes")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for word, (_, text) in COMMANDS.items():
        commands.add_parser(word, help=text, add_help=False)
    return parser, {}


def _render(document: Any, indent: str = "") -> str:
    """A plain listing of a result for people; `--json` is the promised form."""
    lines: list[str] = []
    for key, value in document.items():
        if isinstance(value, dict):
            lines += [f"{indent}{key}:", _render(value, indent + "  ")]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines.append(f"{indent}{key}:")
            lines += [f"{indent}  " + "  ".join(f"{k}={v}" for k, v in item.items()) for item in value]
        else:
            lines.append(f"{indent}{key}: {value}")
    return "\n".join(lines)


def setup_django() -> None:
    """Load Django with the settings of COMMONTY_ENV; commands that use models call it first."""
    from core.kernel.env import environment

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"core.project.settings.{environment().env}")
    import django

    django.setup()


def _with_database(module: Any, args: argparse.Namespace, out: Out) -> Any:
    """Run a command that uses models; a database that is not there or not migrated is said in words."""
    answer: Any = module.before_django(args) if hasattr(module, "before_django") else None
    if answer is not None:
        return answer
    setup_django()
    from django.db import OperationalError, ProgrammingError

    try:
        return module.run(args, out)
    except OperationalError as error:
        raise Unavailable(
            "The database does not answer.",
            code="database.unreachable",
            remedy="`commonty services up` starts the embedded one; otherwise check COMMONTY_DATABASE_URL.",
        ) from error
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", "") not in ("42P01", "3F000"):
            raise
        raise Unavailable(
            "The database has no tables yet, or older ones.",
            code="database.empty",
            remedy="Run `commonty migrate`.",
        ) from error


def _print(document: Any, *, as_json: bool, module: Any) -> None:
    if document is None:
        return
    if as_json:
        sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")
        return
    render = getattr(module, "render", _render)
    sys.stdout.write(render(document) + "\n")


def _split(argv: Sequence[str]) -> tuple[list[str], str, list[str]]:
    """Global flags may stand before or after the command word, as people type them."""
    flags: list[str] = []
    rest: list[str] = []
    word = ""
    for index, argument in enumerate(argv):
        if word == "django":
            return flags, word, list(argv[index:])
        if argument in ("--json", "--yes"):
            flags.append(argument)
        elif not word and not argument.startswith("-"):
            word = argument
        else:
            rest.append(argument)
    return flags, word, rest


def main(argv: Sequence[str] | None = None) -> int:
    flags, word, rest = _split(sys.argv[1:] if argv is None else argv)
    parser, _ = _parser()
    if not word or word not in COMMANDS:
        if rest in (["-h"], ["--help"]) and not word:
            parser.print_help()
            return 0
        if word:
            sys.stderr.write(f"commonty: there is no command {word!r}. `commonty --help` lists them.\n")
        else:
            parser.print_usage(sys.stderr)
        return 2
    out = Out(as_json="--json" in flags, yes="--yes" in flags)
    module = importlib.import_module(f"core.project.cli.{COMMANDS[word][0]}")
    if word == "django":
        return int(module.passthrough(rest) or 0)
    command = _Parser(prog=f"commonty {word}", description=module.HELP)
    module.arguments(command)
    try:
        args = command.parse_args(rest)
        document = (
            _with_database(module, args, out) if getattr(module, "NEEDS_DJANGO", False) else module.run(args, out)
        )
    except CheckFailed as failed:
        _print(failed.document, as_json=out.as_json, module=module)
        out.say(f"commonty: {failed}")
        return failed.exit_code
    except CommontyError as error:
        if out.as_json:
            problem = {"error": {"code": error.code, "message": str(error), "remedy": str(error.remedy)}}
            sys.stdout.write(json.dumps(problem, ensure_ascii=False) + "\n")
        out.say(f"commonty: {error}" + (f" {error.remedy}" if error.remedy else ""))
        return error.exit_code
    except SystemExit as leaving:
        return int(leaving.code or 0)
    except KeyboardInterrupt:
        out.say("\nStopped.")
        return 1
    _print(document, as_json=out.as_json, module=module)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
