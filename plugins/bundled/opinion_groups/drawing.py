"""From numbers to what is kept and shown: a map as plain values, and the panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from plugins.api import Capability, Raw, SubjectRef, TemplateRef, Viewer
from plugins.bundled.opinion_groups.models import Answer, Map, Statement
from plugins.bundled.opinion_groups.settings import GroupsSettings
from plugins.bundled.opinion_groups.words import SAY

LETTERS = "ABCDE"
WIDTH, HEIGHT, EDGE = 640, 400, 24
SHOWN_POINTS = 600
CONSENSUS = 5
COLOURS = ("#0065bd", "#b3530a", "#5d2e8c", "#0b6b3a", "#a3004f")


def document_of(grouping: Any, statements: Sequence[UUID]) -> dict[str, Any]:
    """What is kept of a map: shares and places, in whole numbers; no person stands in it.

    Places are rounded to the width of a mark, so that nobody's answers can be worked back from where they stand.
    """
    inside = grouping.labels >= 0
    points, labels = grouping.points[inside], grouping.labels[inside]
    low, high = points.min(axis=0), points.max(axis=0)
    scale = [max(float(high[axis] - low[axis]), 1e-9) for axis in (0, 1)]

    def placed(point: Any) -> list[int]:
        x = EDGE + (WIDTH - 2 * EDGE) * (float(point[0]) - float(low[0])) / scale[0]
        y = EDGE + (HEIGHT - 2 * EDGE) * (1 - (float(point[1]) - float(low[1])) / scale[1])
        return [round(x / 4) * 4, round(y / 4) * 4]

    step = max(1, -(-len(points) // SHOWN_POINTS))
    order = sorted(range(len(points)), key=lambda one: (placed(points[one]), int(labels[one])))
    groups = []
    for number in range(grouping.groups):
        mine = labels == number
        groups.append(
            {
                "people": int(mine.sum()),
                "at": placed(points[mine].mean(axis=0)),
                "marks": [
                    {"statement": str(statements[one.statement]), "agrees": one.agrees, "share": round(100 * one.share)}
                    for one in grouping.representative[number]
                ],
            }
        )
    return {
        "people": int(inside.sum()),
        "silhouette": round(grouping.silhouette, 3),
        "points": [[*placed(points[one]), int(labels[one])] for one in order[::step]],
        "groups": groups,
        "consensus": [str(statements[one]) for one, _ in grouping.consensus[:CONSENSUS]],
        "statements": {
            str(ref): {
                "agree": grouping.agree[:, column].tolist(),
                "disagree": grouping.disagree[:, column].tolist(),
                "seen": grouping.seen[:, column].tolist(),
            }
            for column, ref in enumerate(statements)
        },
    }


def panel_drawn(subject: SubjectRef, viewer: Viewer, draft: Raw, settings: GroupsSettings) -> TemplateRef:
    """The next statement for this viewer, a form for one of their own, and the map if there is one."""
    round = UUID(subject.uuid)
    me = UUID(viewer.person.pseudonym) if viewer.person else None
    shown = {
        row.id: row
        for row in Statement.objects.filter(round=round, state=Statement.State.PUBLISHED)
        .annotate(given=Count("answers"))
        .order_by("given", "id")
    }
    answered = (
        set(Answer.objects.filter(person=me, statement__round=round).values_list("statement", flat=True))
        if me
        else set()
    )
    open_ones = [row for row in shown.values() if row.id not in answered]
    mine = list(
        Statement.objects.filter(round=round, author=me)
        .filter(~Q(state__in=[Statement.State.WITHDRAWN, Statement.State.REDACTED]))
        .order_by("written_at")
        if me
        else ()
    )
    kept = Map.objects.filter(pk=round).first()
    return TemplateRef(
        "opinion_groups/panel.html",
        {
            "say": SAY,
            "may": viewer.may(Capability.TAKE_PART),
            "next": open_ones[0] if open_ones else None,
            "next_other": bool(open_ones) and open_ones[0].language != viewer.language,
            "progress": SAY["progress"].format(done=len(answered & shown.keys()), all=len(shown)),
            "total": len(shown),
            "mine": mine,
            "typed": _first(draft, "text"),
            "problem": _first(draft, "problem.opinion-text"),
            "answer_problem": _first(draft, "problem.opinion-answer"),
            "map": _map(kept, shown, settings),
            "too_few": SAY["too_few"].format(people=settings.fewest_people, answers=settings.fewest_answers),
            "longest": settings.longest,
        },
    )


def _first(draft: Raw, name: str) -> str:
    return "".join(str(one) for one in list(draft.get(name, ()))[:1])


def _map(kept: Map | None, shown: Mapping[UUID, Statement], settings: GroupsSettings) -> dict[str, Any] | None:
    """The kept map in words; None below the minimums, whatever was drawn under other settings."""
    document = kept.document if kept else {}
    if not kept or not document or document["people"] < settings.fewest_people:
        return None
    groups = document["groups"]
    if any(one["people"] < settings.fewest_in_group for one in groups):
        return None
    texts = {str(key): row for key, row in shown.items()}
    letters = [LETTERS[number] for number in range(len(groups))]

    def shares(ref: str) -> list[dict[str, Any]]:
        numbers = document["statements"][ref]
        return [
            {
                "letter": letter,
                # A share of very few answers would tell what single people said.
                "share": round(100 * agree / seen) if seen >= settings.fewest_in_group else None,
            }
            for letter, agree, seen in zip(letters, numbers["agree"], numbers["seen"], strict=True)
        ]

    def lines(refs: Sequence[str]) -> list[dict[str, Any]]:
        return [
            {"row": texts[ref], "shares": shares(ref), "seen": sum(document["statements"][ref]["seen"])}
            for ref in refs
            if ref in texts and ref in document["statements"]
        ]

    return {
        "drawn_at": kept.drawn_at,
        "people": document["people"],
        "label": SAY["map_label"].format(people=document["people"], groups=len(groups)),
        "points": [
            {
                "x": x,
                "y": y,
                "left": x - 5,
                "top": y - 5,
                "right": x + 5,
                "low": y + 5,
                "group": group,
                "colour": COLOURS[group],
            }
            for x, y, group in document["points"]
        ],
        "groups": [
            {
                "letter": letter,
                "name": SAY["group"].format(letter=letter),
                "marks_title": SAY["marks"].format(letter=letter),
                "people": one["people"],
                "x": one["at"][0],
                "y": one["at"][1],
                "text_y": one["at"][1] + 8,
                "colour": COLOURS[number],
                "marks": [
                    {
                        "row": texts[mark["statement"]],
                        "says": SAY["agrees" if mark["agrees"] else "disagrees"].format(share=mark["share"]),
                    }
                    for mark in one["marks"]
                    if mark["statement"] in texts
                ],
            }
            for number, (letter, one) in enumerate(zip(letters, groups, strict=True))
        ],
        "consensus": lines(document["consensus"]),
        "statements": lines([str(key) for key in shown]),
        "letters": [SAY["group"].format(letter=letter) for letter in letters],
        "width": WIDTH,
        "height": HEIGHT,
    }
