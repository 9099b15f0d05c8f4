"""`commonty locale compile|check`: Gaelic for every string a resident reads.

Each area keeps its own fragment in core/locale/gd/fragments; together they are compiled to one catalogue.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.project.cli import CheckFailed

NAME = "locale"
HELP = "Compile the Gaelic catalogue, or check that nothing a resident reads is missing from it."
ROOT = Path(__file__).resolve().parents[3]
GAELIC = ROOT / "core" / "locale" / "gd"
RESIDENT = ("core/ui/templates", "core/web/templates", "cms/templates")
RESIDENT_CODE = ("core/web", "core/voting", "core/people")
STAFF_ONLY = ("manage", "console")
GETTEXT = frozenset({"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"})
# The four forms Gaelic counts in: 1 and 11, 2 and 12, 3 to 19, the rest (CLDR).
PLURALS = "nplurals=4; plural=(n==1 || n==11) ? 0 : (n==2 || n==12) ? 1 : (n > 2 && n < 20) ? 2 : 3;"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("verb", choices=["compile", "check"])


def _merged() -> Any:
    import polib

    catalogue = polib.POFile()
    catalogue.metadata = {
        "Content-Type": "text/plain; charset=utf-8",
        "Language": "gd",
        "Plural-Forms": PLURALS,
    }
    known: set[str] = set()
    for fragment in sorted((GAELIC / "fragments").glob("*.po")):
        for entry in polib.pofile(str(fragment)):
            if entry.msgid not in known:
                known.add(entry.msgid)
                catalogue.append(entry)
    return catalogue


def _templates() -> Iterator[Path]:
    for folder in RESIDENT:
        for path in sorted((ROOT / folder).rglob("*.html")):
            if not set(STAFF_ONLY) & set(path.parts):
                yield path


def _code() -> Iterator[Path]:
    for folder in RESIDENT_CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not {*STAFF_ONLY, "migrations"} & set(path.parts):
                yield path


def spoken(path: Path) -> set[str]:
    """The messages of a Python module: the first words of each call of a gettext function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
            continue
        first = node.args[0]
        if node.func.id in GETTEXT and isinstance(first, ast.Constant) and isinstance(first.value, str):
            found.add(first.value)
    return found


def strings(path: Path) -> set[str]:
    """The messages of a template, found as Django itself finds them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.project.settings.test")
    from django.utils.translation.template import templatize

    source = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    found = set()
    for match in re.finditer(r"""\b(?:_|gettext|ngettext)\(\s*u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", source):
        found.add(_unquote(match.group(1)))
    return found


def _unquote(text: str) -> str:
    return str(ast.literal_eval(text))


def run(args: argparse.Namespace, out: Any) -> dict[str, Any]:
    catalogue = _merged()
    if args.verb == "compile":
        target = GAELIC / "LC_MESSAGES"
        target.mkdir(parents=True, exist_ok=True)
        catalogue.save_as_mofile(str(target / "django.mo"))
        return {"messages": len(catalogue)}
    translated = {entry.msgid for entry in catalogue if entry.msgstr or all(entry.msgstr_plural.values() or [""])}
    missing = [
        {"file": str(path.relative_to(ROOT)), "text": text}
        for paths, read in ((_templates(), strings), (_code(), spoken))
        for path in paths
        for text in sorted(read(path) - translated)
    ]
    document = {"messages": len(catalogue), "missing": missing}
    if missing:
        raise CheckFailed(document, f"{len(missing)} strings have no Gaelic.")
    return document
