"""What every module promises, whatever its kind: words in two languages, settings that last, a quiet import."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy
from pydantic import BaseModel, SecretStr, ValidationError

from plugins.api import LocalisedText, Module, Text
from plugins.testkit.saying import broken, named, need
from plugins.testkit.strategies import json_of, settings_of

KEY = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
PLAIN_WORD = re.compile(r"[a-z]{3,}")
INLINE = re.compile(r"<style\b|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|<script(?![^>]*\bsrc\b)", re.IGNORECASE)
TIMES: dict[tuple[str, str], tuple[float, float]] = {}
"""For the report at the end: by module and method, the seconds it took and those it may take."""

KEPT_ENVIRONMENT = frozenset(
    {"PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONHASHSEED", "TMPDIR", "VIRTUAL_ENV"}
)
IMPORTED: dict[str, list[str]] = {}
"""What importing a module did, so that a process is begun once for each."""


def texts_in(value: Any) -> Iterator[Text]:
    """Every Text in a value, however deep."""
    if isinstance(value, Text):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from texts_in(one)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for one in value:
            yield from texts_in(one)
    elif is_dataclass(value) and not isinstance(value, (type, LocalisedText)):
        for one in fields(value):
            yield from texts_in(getattr(value, one.name))


def both_languages(value: Any, where: str, section: str) -> None:
    """Every Text that says something says it in English and in Gaelic."""
    for text in texts_in(value):
        if text.en or text.gd:
            need(text.en and text.gd, f"{where} says {text.en or text.gd!r} in one language alone.", section)
            same = text.en == text.gd and PLAIN_WORD.search(text.en)
            need(not same, f"{where} says {text.en!r} in both languages: one of them is not translated.", section)


class ModuleContract:
    """The part of the contract that is the same for all kinds. Subclass the class of your kind, not this one.

    `module` is your class, `chosen` the settings it is tested with. `older` holds, for every earlier settings version,
    one example of settings as that version kept them.
    """

    section: ClassVar[str] = "modules"
    pure: ClassVar[bool] = True
    module: ClassVar[type[Module]]
    chosen: ClassVar[Mapping[str, Any]] = {}
    older: ClassVar[Mapping[int, Mapping[str, Any]]] = {}
    examples: ClassVar[int] = 40

    # What the contract classes stand on.

    @property
    def one(self) -> Any:
        """The module under test. The core too makes one object and keeps it."""
        return self.module()

    @cached_property
    def settings(self) -> Any:
        try:
            return self.module.Settings.model_validate(dict(self.chosen))
        except ValidationError as error:
            broken(f"`chosen` does not fit the Settings of {self.module.__name__}: {error}", "settings")

    @property
    def package(self) -> str:
        return self.module.__module__.rpartition(".")[0] or self.module.__module__

    @property
    def folder(self) -> Path | None:
        """The plugin's own folder; None for a module that stands in no package of its own."""
        places = getattr(import_module(self.package), "__path__", None)
        return Path(places[0]) if places else None

    def tried(self, *strategies: SearchStrategy[Any], examples: int | None = None) -> Callable[[Any], None]:
        """Call a function with values of the strategies, and stop at the first that breaks it."""

        def run(function: Any) -> None:
            quick = settings(
                deadline=None,
                database=None,
                max_examples=examples or self.examples,
                suppress_health_check=list(HealthCheck),
                print_blob=False,
            )
            quick(given(*strategies)(function))()

        return run

    def need(self, held: object, what: str, section: str = "") -> None:
        need(held, f"{self.module.__name__}: {what}", section or self.section)

    def quick(self, method: str, seconds: float, call: Callable[[], Any], what: str) -> None:
        """A call takes no longer than the host lets it; the best of three, since the machine is shared."""
        taken = []
        for _ in range(3):
            begun = time.perf_counter()
            call()
            taken.append(time.perf_counter() - begun)
            if taken[-1] <= seconds / 10:
                break
        TIMES[f"{self.module.key} {type(self).__name__}", method] = (min(taken), seconds)
        self.need(
            min(taken) <= seconds, f"`{method}` took {min(taken):.2f} s {what}; it may take {seconds:g} s.", "time"
        )

    # What every module promises.

    def test_it_says_what_it_is(self) -> None:
        module = self.module
        key = getattr(module, "key", "")
        self.need(KEY.match(str(key)), f"`key` is {key!r}; write it in small letters, digits and hyphens.", "modules")
        for name in ("label", "description"):
            text = getattr(module, name, None)
            self.need(isinstance(text, Text), f"`{name}` is not a Text in English and Gaelic.", "modules")
            both_languages(text, f"`{name}`", "modules")
        self.need(len(module.description.en.split()) >= 5, "`description` does not say what it does.", "modules")
        left = sorted(getattr(module, "__abstractmethods__", ()))
        self.need(not left, f"it leaves out {', '.join(left)}.", "modules")
        version: Any = module.settings_version
        self.need(type(version) is int and version >= 1, "`settings_version` is no number from 1 up.", "versions")

    def test_settings_are_kept_and_come_back(self) -> None:
        model = self.module.Settings
        self.need(
            inspect.isclass(model) and issubclass(model, BaseModel), "`Settings` is no pydantic model.", "settings"
        )
        self.need(model.model_config.get("frozen"), "`Settings` can be changed; write `frozen=True`.", "settings")
        extra = model.model_config.get("extra")
        self.need(extra == "forbid", 'unknown settings are let through; write `extra="forbid"`.', "settings")
        secret = {name for name, known in model.model_fields.items() if known.annotation is SecretStr}

        @self.tried(settings_of(self.module))
        def come_back(chosen: BaseModel) -> None:
            if secret:
                return
            try:
                again = model.model_validate(json.loads(json.dumps(json_of(chosen))))
            except (ValidationError, TypeError, ValueError) as error:
                self.need(False, f"settings {chosen!r} do not come back from JSON: {named(error)}", "settings")
            self.need(again == chosen, f"settings {chosen!r} come back from JSON as {again!r}.", "settings")

    def test_settings_read_as_a_form(self) -> None:
        """An officer sees a field for each setting, so each says in words what it is."""
        schema = self.module.Settings.model_json_schema()
        for name, known in self.module.Settings.model_fields.items():
            self.need(known.title, f"the setting `{name}` has no title: write Field(title=…).", "settings")
        self.need(isinstance(schema, dict), "`Settings` has no JSON Schema.", "settings")

    def test_secrets_are_marked(self) -> None:
        for name, known in self.module.Settings.model_fields.items():
            secret = re.search(r"secret|token|password|api_key|private", name)
            self.need(
                not secret or known.annotation is not str,
                f"the setting `{name}` looks like a secret; make it a SecretStr, which is kept encrypted.",
                "settings",
            )

    def test_older_settings_are_upgraded(self) -> None:
        module = self.module
        for version in range(1, module.settings_version):
            kept = self.older.get(version)
            if kept is None:
                self.need(False, f"no example of settings of version {version}: name one in `older`.", "versions")
            try:
                answer = module.upgrade(dict(kept or {}), version)
                module.Settings.model_validate(answer)
            except Exception as error:  # noqa: BLE001  # whatever it raises, an author reads it here
                self.need(
                    False,
                    f"settings of version {version} do not fit: {named(error)}. Write `upgrade`.",
                    "versions",
                )

    def test_import_has_no_effect(self) -> None:
        """Importing begins nothing, opens nothing, changes nothing and, for pure kinds, does not need Django."""
        name = self.module.__module__
        if name not in IMPORTED:
            IMPORTED[name] = self._import_apart(name)
        self.need(not IMPORTED[name], f"importing {name} {'; '.join(IMPORTED[name])}.", "modules")

    def _import_apart(self, name: str) -> list[str]:
        said = subprocess.run(  # noqa: S603  # this very Python, with our own program
            [sys.executable, "-m", "plugins.testkit.importing", name, "pure" if self.pure else "any"],
            input=json.dumps(sys.path),
            # As the process began: what the module has set here already would look as if it had always been so.
            env={name: value for name, value in os.environ.items() if name in KEPT_ENVIRONMENT},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=Path(__file__).resolve().parents[2],
        )
        lines = said.stdout.strip().splitlines()
        try:
            found: list[str] = json.loads(lines[-1])
        except (IndexError, ValueError):
            return [f"ended the process: {said.stderr.strip().splitlines()[-1:]}"]
        return found

    def test_nothing_is_kept_between_calls(self) -> None:
        one = self.one
        self.need(not getattr(one, "__dict__", {}), "its object carries values of its own; keep none.", "modules")

    def test_files_lie_under_its_label(self) -> None:
        folder = self.folder
        if folder is None:
            return
        label = folder.name
        for kind in ("templates", "static"):
            for path in sorted((folder / kind).rglob("*")):
                if path.is_file():
                    inside = path.relative_to(folder / kind)
                    fits = inside.parts[0] in (label, self.label())
                    self.need(fits, f"{kind}/{inside} belongs into {kind}/{label}/.", "files")
        for path in sorted((folder / "templates").rglob("*.html")):
            inline = INLINE.search(path.read_text("utf-8"))
            self.need(
                not inline,
                f"{path.name} holds {inline[0].strip() if inline else ''}: nothing inline runs on a page.",
                "accessibility",
            )

    def label(self) -> str:
        """The label of the plugin's app, where it is one."""
        apps = (self.folder or Path()) / "apps.py"
        found = re.search(r"^\s*label\s*=\s*[\"'](\w+)[\"']", apps.read_text("utf-8"), re.M) if apps.exists() else None
        return found[1] if found else ""

    def test_translations_are_compiled(self) -> None:
        folder = self.folder
        if folder is None:
            return
        uses = any(
            re.search(r"{%\s*(translate|blocktranslate|trans)\b", path.read_text("utf-8"))
            for path in (folder / "templates").rglob("*.html")
        )
        sources = sorted((folder / "locale").rglob("*.po"))
        gaelic = folder / "locale" / "gd" / "LC_MESSAGES" / "django.mo"
        self.need(not uses or gaelic.exists(), "its templates are translated, but locale/gd is not there.", "languages")
        for source in sources:
            compiled = source.with_suffix(".mo")
            self.need(compiled.exists(), f"{source.name} of {source.parts[-3]} is not compiled to .mo.", "languages")
            open_ones = [line for line in untranslated(source) if line]
            self.need(not open_ones, f"{source.parts[-3]} leaves {open_ones[:3]} untranslated.", "languages")

    def test_a_readme_tells_officers(self) -> None:
        folder = self.folder
        if folder is None:
            return
        readme = folder / "README.md"
        self.need(
            readme.exists(), f"there is no README.md in {folder.name}/ that tells officers what it does.", "files"
        )

    def test_tables_are_its_own(self) -> None:
        folder = self.folder
        if folder is None or not (folder / "models.py").exists():
            return
        self.need(self.label(), "it has models, but apps.py states no label.", "data")
        source = (folder / "models.py").read_text("utf-8")
        foreign = re.findall(r"(?:ForeignKey|OneToOneField|ManyToManyField)\(\s*[\"']?([\w.]+)", source)
        outside = [target for target in foreign if "." in target and not target.startswith(f"{self.label()}.")]
        self.need(not outside, f"a table points at {outside}; keep the UUID in a column instead.", "data")
        tables = re.findall(r"db_table\s*=\s*[\"'](\w+)[\"']", source)
        loose = [table for table in tables if not table.startswith(f"{self.label()}_")]
        self.need(not loose, f"the tables {loose} are not named after the label {self.label()}.", "data")
        migrations = folder / "migrations" / "0001_initial.py"
        made = migrations.read_text("utf-8") if migrations.exists() else ""
        tables = re.findall(r"CreateModel\(\s*name='(\w+)',\s*fields=\[(.*?)\n            \]", made, re.S)
        bare = [name for name, columns in tables if "('tenant', models.UUIDField(" not in columns]
        self.need(not bare, f"the tables of {bare} have no column `tenant`: the host could not seal them.", "data")
        self.need(migrations.exists(), "it has models and no migrations.", "data")


def untranslated(source: Path) -> list[str]:
    """Entries of a .po file without a translation, and those that are only guessed (fuzzy)."""
    found = []
    for entry in source.read_text("utf-8").split("\n\n"):
        words = "".join(re.findall(r'^"(.*)"$', entry.partition("msgid ")[2].partition("msgstr")[0], re.M))
        single = re.search(r'^msgid "(.*)"$', entry, re.M)
        original = (single[1] if single else "") + words
        answer = entry.partition("msgstr")[2]
        filled = re.search(r'"[^"\n]', answer)
        if original and (not filled or "#, fuzzy" in entry):
            found.append(original[:60])
    return found
