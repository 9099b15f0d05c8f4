"""An instrument as it is kept, and what may be answered to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from plugins.api import Field, FormSpec, Problem, Text

MOST_WORDS = 2000
"""Characters of a free answer."""
UNANSWERED = Text("Answer at least one question.", "Freagair co-dhiù aon cheist.")
UNKNOWN_CHOICE = Text("Choose one of the answers.", "Tagh aon de na freagairtean.")
TOO_LONG = Text("Write at most {most} characters.", "Na sgrìobh barrachd air {most} caractar.")
MISSING = Text("Answer this question.", "Freagair a’ cheist seo.")
HELD = frozenset({"choice", "text", "checkbox", "number"})
"""Kinds of question that an instrument may ask: no address and no code, which would lead to somebody."""


def _kept(text: Text) -> list[str]:
    return [text.en, text.gd]


def form_kept(form: FormSpec) -> dict[str, Any]:
    """The form as JSON."""
    return {
        "title": _kept(form.title),
        "intro": _kept(form.intro),
        "submit": _kept(form.submit),
        "fields": [
            {
                "name": one.name,
                "kind": one.kind,
                "label": _kept(one.label),
                "hint": _kept(one.hint),
                "choices": [[value, *_kept(text)] for value, text in one.choices],
                "required": one.required,
            }
            for one in form.fields
        ],
    }


def form_read(kept: Mapping[str, Any]) -> FormSpec:
    """The form that was kept."""
    return FormSpec(
        title=Text(*kept["title"]),
        intro=Text(*kept["intro"]),
        submit=Text(*kept["submit"]),
        fields=tuple(
            Field(
                name=one["name"],
                kind=one["kind"],
                label=Text(*one["label"]),
                hint=Text(*one["hint"]),
                choices=tuple((value, Text(en, gd)) for value, en, gd in one["choices"]),
                required=one["required"],
            )
            for one in kept["fields"]
        ),
    )


def _wrong(field: Field, value: str) -> Text | None:
    if not value:
        return MISSING if field.required else None
    if field.kind == "choice" and value not in {key for key, _ in field.choices}:
        return UNKNOWN_CHOICE
    if field.kind == "number" and not (value.isascii() and value.isdigit() and len(value) <= 9):
        return UNKNOWN_CHOICE
    if field.kind == "checkbox" and value != "yes":
        return UNKNOWN_CHOICE
    return TOO_LONG.format(most=MOST_WORDS) if len(value) > MOST_WORDS else None


def answers_read(form: FormSpec, raw: Mapping[str, str]) -> tuple[dict[str, str], list[Problem]]:
    """What was answered, by question, and what is wrong with it. Names that were not asked are left out."""
    answers: dict[str, str] = {}
    problems: list[Problem] = []
    for field in form.fields:
        value = raw.get(field.name, "").replace("\x00", "").strip()
        wrong = _wrong(field, value)
        if wrong is not None:
            problems.append(Problem("evaluation.answer", wrong, field.name))
        elif value:
            answers[field.name] = value
    if not answers and not problems:
        problems.append(Problem("evaluation.unanswered", UNANSWERED))
    return answers, problems


def free(form: FormSpec) -> frozenset[str]:
    """Names of the questions that are answered in words."""
    return frozenset(one.name for one in form.fields if one.kind == "text")


def counted(form: FormSpec, given: Iterator[Mapping[str, str]]) -> tuple[dict[str, dict[str, int]], list[list[str]]]:
    """How often each answer was given, and the free words sorted, so that their order tells nothing of anybody."""
    words = free(form)
    counts: dict[str, dict[str, int]] = {}
    said: list[list[str]] = []
    for answers in given:
        for question, value in answers.items():
            if question in words:
                said.append([question, value])
            else:
                of_question = counts.setdefault(question, {})
                of_question[value] = of_question.get(value, 0) + 1
    return counts, sorted(said)
