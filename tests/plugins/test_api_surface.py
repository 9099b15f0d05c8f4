"""What plugins.api offers is a promise: names, signatures and fields change only when somebody says so.

`python -m tests.plugins.test_api_surface` writes the snapshot anew.
"""

from __future__ import annotations

import dataclasses
import difflib
import enum
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

import plugins.api

SNAPSHOT = Path(__file__).with_name("api_surface.txt")
HOW = """
plugins.api has changed, and plugins outside this repository stand on it. If you mean the change:
  1. Added something (a name, an argument with a default, a field with a default, a method with a body)? Raise the
     second number of API_VERSION. Took something away, renamed it, or changed what it means? Do not: give the new
     meaning a new name, deprecate the old one, and keep it for two minor releases (plugins/README.md, "Versions").
  2. Write the change into CHANGELOG.md under "Plugin contract", in words for the author of a plugin.
  3. Write the snapshot anew: python -m tests.plugins.test_api_surface
"""


def modules() -> Iterator[ModuleType]:
    yield plugins.api
    for found in sorted(pkgutil.iter_modules(plugins.api.__path__), key=lambda one: one.name):
        if not found.name.startswith("_"):
            yield importlib.import_module(f"plugins.api.{found.name}")


def signature(function: Any) -> str:
    try:
        said = inspect.signature(function)
    except (TypeError, ValueError):
        return "(...)"
    # A default is part of the promise by being there; its value may be an object without a stable form.
    parts = []
    for parameter in said.parameters.values():
        kept = parameter.default is inspect.Parameter.empty
        parts.append(parameter if kept else parameter.replace(default=Default(parameter.default)))
    return str(said.replace(parameters=parts)).replace("typing.", "")


class Default:
    """A default value in the form in which the snapshot shows it."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        plain = isinstance(self.value, (str, int, bool, tuple, type(None)))
        return repr(self.value) if plain else type(self.value).__name__


def fields(cls: type) -> Iterator[str]:
    if issubclass(cls, enum.Enum):
        yield from (f"{name} = {member.value!r}" for name, member in cls.__members__.items())
    elif dataclasses.is_dataclass(cls):
        for field in dataclasses.fields(cls):
            has_default = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
            yield f"{field.name}: {field.type}" + (" (may be left out)" if has_default else "")
    elif issubclass(cls, BaseModel):
        for name, known in cls.model_fields.items():
            kind = inspect.formatannotation(known.annotation).replace("plugins.api.", "")
            yield f"{name}: {kind}" + ("" if known.is_required() else " (may be left out)")


def members(cls: type) -> Iterator[str]:
    taken = {field.split(":")[0].split(" =")[0] for field in fields(cls)}
    for name, value in sorted(vars(cls).items()):
        if name.startswith(("_", "model_")) or name in taken:
            continue
        plain = inspect.unwrap(getattr(value, "__func__", value))
        must = " (must be written)" if getattr(value, "__isabstractmethod__", False) else ""
        if isinstance(value, property):
            yield f"{name} (property){must}"
        elif inspect.isfunction(plain):
            kind = type(value).__name__ if isinstance(value, (classmethod, staticmethod)) else "def"
            yield f"{kind} {name}{signature(plain)}{must}"
    noted = vars(cls).get("__annotations__", {})
    if not dataclasses.is_dataclass(cls) and not issubclass(cls, (enum.Enum, BaseModel)):
        yield from (f"{name}: {kind}" for name, kind in sorted(noted.items()) if not name.startswith("_"))


def described(name: str, value: Any) -> Iterator[str]:
    if inspect.isclass(value):
        bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
        frozen = getattr(getattr(value, "__dataclass_params__", None), "frozen", None)
        yield f"class {name}({bases})" + ("" if frozen is None else " frozen" if frozen else " NOT FROZEN")
        yield from (f"    {line}" for line in [*fields(value), *members(value)])
    elif inspect.isfunction(value):
        yield f"def {name}{signature(value)}"
    else:
        yield f"{name}: {type(value).__name__}"


def surface() -> list[str]:
    lines = [f"API_VERSION = {plugins.api.API_VERSION!r}", f"plugins.api: {', '.join(plugins.api.__all__)}", ""]
    for module in list(modules())[1:]:
        lines.append(f"# {module.__name__}")
        for name, value in sorted(vars(module).items()):
            code = inspect.isclass(value) or inspect.isfunction(value)
            own = value.__module__ == module.__name__ if code else name.isupper()
            if own and not name.startswith("_"):
                lines += described(name, value)
        lines.append("")
    return lines


def test_the_contract_changes_only_when_somebody_says_so() -> None:
    known = SNAPSHOT.read_text("utf-8").splitlines()
    changes = list(difflib.unified_diff(known, surface(), "announced", "now", lineterm="", n=1))
    if changes:
        pytest.fail("\n".join([HOW, *changes]), pytrace=False)


def test_every_name_of_the_contract_is_there_sorted_and_explained() -> None:
    names = plugins.api.__all__
    assert names == sorted(names)
    assert [name for name in names if not hasattr(plugins.api, name)] == []
    silent = [
        name
        for name in names
        if inspect.isclass(value := getattr(plugins.api, name))
        and value.__module__.startswith("plugins.api.")
        and not issubclass(value, enum.Enum)
        and not (vars(value).get("__doc__") or "").strip()
    ]
    assert silent == []


def test_values_that_cross_the_door_are_frozen() -> None:
    loose = [
        f"{module.__name__}.{name}"
        for module in modules()
        for name, value in vars(module).items()
        if dataclasses.is_dataclass(value) and inspect.isclass(value) and not value.__dataclass_params__.frozen  # type: ignore[attr-defined]  # every dataclass has it
    ]
    assert loose == []


@pytest.mark.parametrize("change", ["a field", "an argument", "a name"])
def test_a_change_nobody_announced_fails_and_says_how(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from plugins.api import kinds, values

    if change == "a field":
        less = dataclasses.make_dataclass("Tie", ["projects"], frozen=True, namespace={"__module__": values.__name__})
        monkeypatch.setattr(values, "Tie", less)
    if change == "an argument":

        def check(self: Any, offer: Any) -> Any: ...

        monkeypatch.setattr(kinds.BallotFormat, "check", check)
    if change == "a name":
        monkeypatch.delattr(values, "Redirect")
    with pytest.raises(pytest.fail.Exception, match="API_VERSION"):
        test_the_contract_changes_only_when_somebody_says_so()


if __name__ == "__main__":
    SNAPSHOT.write_text("\n".join(surface()) + "\n", "utf-8")
    print(f"Written: {SNAPSHOT}")  # noqa: T201  # a command line tells what it did
