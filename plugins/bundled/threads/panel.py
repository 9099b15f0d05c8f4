"""The panel as plain values for its template: what one viewer sees of one subject, in a fixed number of queries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from plugins.api import Capability, PluginContext, Raw, SubjectRef, TemplateRef, Viewer
from plugins.bundled.threads.models import Mark, Post
from plugins.bundled.threads.settings import ThreadsSettings
from plugins.bundled.threads.words import SAY

PAGE = 50
OPEN_TO_WRITER = (Post.State.WAITING, Post.State.EDIT)
EMPTIED = {
    Post.State.HIDDEN.value: "hidden",
    Post.State.REDACTED.value: "redacted",
    Post.State.WITHDRAWN.value: "withdrawn",
}


def panel_drawn(
    context: PluginContext, subject: SubjectRef, viewer: Viewer, draft: Raw, settings: ThreadsSettings
) -> TemplateRef:
    """Tops page by page, the oldest first, each with all its replies."""
    me = UUID(viewer.person.pseudonym) if viewer.person else None
    seen = Q(state=Post.State.PUBLISHED) | Q(state__in=list(EMPTIED))
    if me:
        seen |= Q(author=me, state__in=OPEN_TO_WRITER)
    rows = list(Post.objects.filter(seen, subject=UUID(subject.uuid)).order_by("written_at", "id"))
    replies: dict[UUID, list[Post]] = {}
    for row in rows:
        if row.parent_id:
            replies.setdefault(row.parent_id, []).append(row)
    # A place that was emptied stays only where somebody has replied to it.
    tops = [row for row in rows if not row.parent_id and (row.state not in EMPTIED or row.id in replies)]
    number = _page(draft, tops, replies)
    shown = tops[(number - 1) * PAGE : number * PAGE]
    muted = set(Mark.objects.filter(kind=Mark.Kind.MUTE, person=me).values_list("about", flat=True)) if me else set()
    on_page = [row for top in shown for row in (top, *replies.get(top.id, ()))]
    names = context.read.display_names(sorted({str(row.author) for row in on_page if row.author}))
    now = context.clock()

    def entry(row: Post) -> dict[str, Any]:
        mine = me is not None and row.author == me
        typed = _draft(draft, row.id)
        young = now - row.written_at <= timedelta(minutes=settings.edit_minutes)
        return {
            "id": row.id,
            "name": names.get(str(row.author), ""),
            "mine": mine,
            "muted": row.author in muted,
            "office": row.by_office,
            "question": row.kind == Post.Kind.QUESTION,
            "answered": row.answered_at is not None,
            "text": row.text,
            "language": row.language,
            "other_language": row.language != viewer.language,
            "written_at": row.written_at,
            "edited": row.edited_at is not None,
            "emptied": SAY.get(EMPTIED.get(row.state, "")),
            "waiting": row.state == Post.State.WAITING,
            "edit_wanted": row.state == Post.State.EDIT,
            "reason": row.reason if row.state in (Post.State.EDIT, Post.State.HIDDEN, Post.State.REDACTED) else "",
            # What somebody has typed too late is not thrown away: the form stays open with it.
            "may_edit": mine and row.state not in EMPTIED and (young or row.state == Post.State.EDIT or bool(typed)),
            "draft": typed,
            "problem_reply": _first(draft, f"problem.reply-{row.id}"),
            "problem_edit": _first(draft, f"problem.edit-{row.id}"),
        }

    entries = [{**entry(top), "replies": [entry(one) for one in replies.get(top.id, ())]} for top in shown]
    verb = _first(draft, "verb")
    return TemplateRef(
        "threads/panel.html",
        {
            "say": SAY,
            "posts": entries,
            "may_write": viewer.may(Capability.TAKE_PART),
            "may_answer": viewer.may(Capability.ANSWER),
            "longest": settings.longest,
            "typed": _first(draft, "text") if verb == "write" else "",
            "typed_kind": (_first(draft, "kind") if verb == "write" else "") or "comment",
            "problem": _first(draft, "problem.comment-text"),
            "earlier": number - 1,
            "later": number + 1 if len(tops) > number * PAGE else 0,
        },
    )


def _first(draft: Raw, name: str) -> str:
    return "".join(str(one) for one in list(draft.get(name, ()))[:1])


def _draft(draft: Raw, post: UUID) -> dict[str, str]:
    """What was typed into the form of one post by an action that was refused."""
    if _first(draft, "post") != str(post) or not _first(draft, "verb"):
        return {}
    return {_first(draft, "verb"): _first(draft, "text"), "open": _first(draft, "verb")}


def _page(draft: Raw, tops: list[Post], replies: dict[UUID, list[Post]]) -> int:
    """The page the address asks for; a link to a comment opens the page it stands on."""
    wanted = _first(draft, "at").removeprefix("comment-") or _first(draft, "post")
    for place, top in enumerate(tops):
        if wanted and wanted in (str(top.id), *(str(one.id) for one in replies.get(top.id, ()))):
            return place // PAGE + 1
    asked = _first(draft, "page")
    number = int(asked) if asked.isdigit() and len(asked) < 6 else 1
    return max(1, min(number, (len(tops) + PAGE - 1) // PAGE or 1))
