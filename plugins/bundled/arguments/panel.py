"""The panel as plain values for its template: what one viewer sees of one subject, in a fixed number of queries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from plugins.api import Capability, PluginContext, Raw, SubjectRef, TemplateRef, Text, Viewer
from plugins.bundled.arguments.models import Argument, Mark
from plugins.bundled.arguments.settings import ArgumentsSettings
from plugins.bundled.arguments.words import SAY
from plugins.bundled.posting.module import OPEN_TO_WRITER, State, first

PAGE = 20
"""Arguments of each side on one page."""


def panel_drawn(
    context: PluginContext, subject: SubjectRef, viewer: Viewer, draft: Raw, settings: ArgumentsSettings
) -> TemplateRef:
    """Two columns, the best argued first, those of equal worth by age."""
    me = UUID(viewer.person.pseudonym) if viewer.person else None
    seen = Q(state=State.PUBLISHED)
    if me:
        seen |= Q(author=me, state__in=OPEN_TO_WRITER)
    rows = list(Argument.objects.filter(seen, subject=UUID(subject.uuid)).order_by("written_at", "id"))
    marks = Mark.objects.filter(kind=Mark.Kind.GOOD, about__in=[row.id for row in rows])
    good = {
        row["about"]: (row["count"], row["mine"])
        for row in marks.values("about").annotate(count=Count("id"), mine=Count("id", filter=Q(person=me)))
    }
    rows.sort(key=lambda row: -good.get(row.id, (0, 0))[0])
    sides = {side: [row for row in rows if row.side == side] for side in Argument.Side.values}
    pages = max(1, *(-(-len(found) // PAGE) for found in sides.values()))
    number = _page(draft, sides, pages)
    shown = {side: found[(number - 1) * PAGE : number * PAGE] for side, found in sides.items()}
    authors = sorted({str(row.author) for found in shown.values() for row in found if row.author})
    names = context.read.display_names(authors)
    now = context.clock()

    def entry(row: Argument) -> dict[str, Any]:
        mine = me is not None and row.author == me
        count, by_me = good.get(row.id, (0, 0))
        typed = first(draft, "text") if first(draft, "post") == str(row.id) and first(draft, "verb") == "edit" else ""
        problem = first(draft, f"problem.edit-{row.id}")
        young = now - row.written_at <= timedelta(minutes=settings.edit_minutes)
        return {
            "id": row.id,
            "name": names.get(str(row.author), ""),
            "mine": mine,
            "office": row.by_office,
            "text": row.text,
            "language": row.language,
            "other_language": row.language != viewer.language,
            "written_at": row.written_at,
            "edited": row.edited_at is not None,
            "waiting": row.state == State.WAITING,
            "edit_wanted": row.state == State.EDIT,
            "reason": row.reason if row.state == State.EDIT else "",
            "good": _good(count),
            "good_by_me": bool(by_me),
            # What somebody has typed too late is not thrown away: the form stays open with it.
            "may_edit": mine and ((young and not count) or row.state == State.EDIT or bool(problem)),
            "typed": typed,
            "problem": problem,
        }

    writing = first(draft, "verb") == "argue"
    return TemplateRef(
        "arguments/panel.html",
        {
            "say": SAY,
            "sides": [
                {"key": side, "title": SAY[side], "count": len(sides[side]), "rows": [entry(row) for row in found]}
                for side, found in shown.items()
            ],
            "may_write": viewer.may(Capability.TAKE_PART),
            "typed": first(draft, "text") if writing else "",
            "typed_side": first(draft, "side") if writing else "",
            "problem": first(draft, "problem.argument-text"),
            "problem_side": first(draft, "problem.argument-side-for"),
            "earlier": number - 1,
            "later": number + 1 if number < pages else 0,
        },
    )


def _good(count: int) -> Text:
    if count > 1:
        return SAY["many_good"].format(count=f"{count:,}")
    return SAY["one_good"] if count else SAY["nobody_good"]


def _page(draft: Raw, sides: dict[str, list[Argument]], pages: int) -> int:
    """The page the address asks for; a link to an argument opens the page it stands on."""
    wanted = first(draft, "at").removeprefix("argument-") or first(draft, "post")
    for found in sides.values():
        for place, row in enumerate(found):
            if wanted and str(row.id) == wanted:
                return place // PAGE + 1
    asked = first(draft, "arguments-page")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    return max(1, min(number, pages))
