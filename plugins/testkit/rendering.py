"""A form drawn as a page, and what a browser without scripts would send of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any

from plugins.api import TemplateRef

EMPTY = frozenset({"input", "br", "hr", "img", "meta", "link", "area", "col", "source", "track", "wbr"})


def _django() -> None:
    """Django with the service's own settings, which need no server to draw a template."""
    os.environ.setdefault("COMMONTY_ENV", "test")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.project.settings.test")
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()


@contextmanager
def language(code: str) -> Iterator[None]:
    _django()
    from django.utils import translation

    with translation.override(code):
        yield


def drawn(ref: TemplateRef, package: str, code: str = "en") -> str:
    """The template of a plugin's own folder, or of the host, with its values. Raises what the template raises."""
    _django()
    from django.template.backends.django import DjangoTemplates

    folder = Path(import_module(package).__path__[0]) / "templates"
    engine = DjangoTemplates(
        {"NAME": "testkit", "DIRS": [folder], "APP_DIRS": True, "OPTIONS": {"builtins": [], "string_if_invalid": ""}}
    )
    with language(code):
        return str(engine.get_template(ref.name).render(dict(ref.context)))


@dataclass
class Control:
    """A field as it stands in the page: its words, and whether a browser would send it."""

    tag: str
    name: str
    id: str
    kind: str
    value: str
    sent: bool
    labelled: bool = False


@dataclass
class Drawn(HTMLParser):
    """What matters of a drawn form: its controls, ids, labels, and whatever may not be there."""

    html: str
    controls: list[Control] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)
    statuses: set[str] = field(default_factory=set)
    heads: int = 0

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._labels: set[str] = set()
        self._open: list[tuple[str, dict[str, str]]] = []
        self._select: tuple[dict[str, str], list[tuple[str, bool]]] | None = None
        self._area: tuple[dict[str, str], list[str]] | None = None
        self.feed(self.html)
        self.close()
        for control in self.controls:
            control.labelled = control.labelled or control.id in self._labels

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._unwanted(tag, given)
        if "id" in given:
            self.ids.append(given["id"])
            if given.get("role") == "status" or any(one.get("role") == "status" for _, one in self._open):
                self.statuses.add(given["id"])
        if tag == "label":
            self._labels.add(given.get("for", ""))
        if tag == "h1":
            self.heads += 1
        if tag == "input":
            self._input(given)
        elif tag == "select":
            self._select = (given, [])
        elif tag == "option" and self._select is not None:
            self._select[1].append((given.get("value", ""), "selected" in given))
        elif tag == "textarea":
            self._area = (given, [])
        if tag not in EMPTY:
            self._open.append((tag, given))

    def _unwanted(self, tag: str, given: dict[str, str]) -> None:
        if tag in ("form", "style", "iframe", "object", "embed", "base") or (tag == "script" and "src" not in given):
            self.unwanted.append(f"<{tag}>")
        self.unwanted += [f'{name}="…" on <{tag}>' for name in given if name == "style" or name.startswith("on")]
        self.unwanted += [
            f'{name}="{value[:40]}"'
            for name, value in given.items()
            if name in ("src", "href") and value.strip().lower().startswith(("http:", "https:", "//", "javascript:"))
        ]

    def _input(self, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        if kind in ("submit", "button", "image", "reset"):
            return
        ticked = kind in ("checkbox", "radio")
        self._add("input", given, kind, given.get("value", "on" if ticked else ""), not ticked or "checked" in given)

    def _add(self, tag: str, given: dict[str, str], kind: str, value: str, sent: bool) -> None:
        inside = any(tag == "label" for tag, _ in self._open) or "aria-label" in given or "aria-labelledby" in given
        control = Control(tag, given.get("name", ""), given.get("id", ""), kind, value, sent, inside)
        control.sent = control.sent and "disabled" not in given
        self.controls.append(control)

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select is not None:
            given, options = self._select
            chosen = [value for value, selected in options if selected] or [value for value, _ in options[:1]]
            self._add("select", given, "select", chosen[0] if chosen else "", bool(chosen))
            self._select = None
        if tag == "textarea" and self._area is not None:
            given, parts = self._area
            self._add("textarea", given, "textarea", "".join(parts), True)
            self._area = None
        while self._open:
            opened, _ = self._open.pop()
            if opened == tag:
                break

    def sent(self) -> dict[str, list[str]]:
        """What a browser would send if the form went off as it is; fields that are empty left out."""
        found: dict[str, list[str]] = {}
        for control in self.controls:
            if control.sent and control.name and control.value.strip():
                found.setdefault(control.name, []).append(control.value)
        return found


def whole_page(title: str, body: str, code: str = "en") -> str:
    """A form inside the smallest page that is one, for a browser's own checks."""
    return (
        f'<!doctype html><html lang="{code}"><head><meta charset="utf-8"><title>{title}</title></head>'
        f'<body><main><h1>{title}</h1><form method="post">{body}<button type="submit">Go on</button></form></main>'
        "</body></html>"
    )


def without_empty(raw: Any) -> dict[str, list[str]]:
    """A posted form without its empty fields, which say the same as fields that are not there."""
    return {
        name: kept for name, values in raw.items() if (kept := [str(value) for value in values if str(value).strip()])
    }
