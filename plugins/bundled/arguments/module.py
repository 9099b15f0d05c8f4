"""For and against in two columns. People say of an argument that it is good, never of a person that they are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Count

from plugins.api import (
    Action,
    ActionAnswer,
    Capability,
    PluginContext,
    Problem,
    Raw,
    SubjectRef,
    TemplateRef,
    Text,
    Viewer,
)
from plugins.bundled.arguments import words
from plugins.bundled.arguments.models import Argument, Mark
from plugins.bundled.arguments.panel import panel_drawn
from plugins.bundled.arguments.settings import ArgumentsSettings
from plugins.bundled.posting.module import Posting, Told, first


class Arguments(Posting):
    key: ClassVar[str] = "arguments"
    label: ClassVar[Text] = Text("For and against", "Air a shon is na aghaidh")
    description: ClassVar[Text] = Text(
        "People give reasons for and against a project, and mark the ones they find well argued.",
        "Bheir daoine seachad adhbharan air sgàth pròiseict no na aghaidh, agus comharraichidh iad an fheadhainn "
        "mhath.",
    )
    Settings = ArgumentsSettings
    subjects: ClassVar[frozenset[str]] = frozenset({"proposal"})
    Post: ClassVar[Any] = Argument
    Mark: ClassVar[Any] = Mark
    told: ClassVar[Told] = Told(words.GONE, words.FROZEN, words.NOT_YOURS, words.TOO_LATE, words.TOO_MANY)
    anchored: ClassVar[str] = "argument"
    # Few and read by many: each comes before a moderator once.
    queue_new: ClassVar[bool] = True
    kept_because: ClassVar[str] = "Others may have spoken of it: the place stays, without words and without a name."

    def panel(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, draft: Raw) -> TemplateRef:
        return panel_drawn(context, subject, viewer, draft, self.chosen(context))

    def actions(self) -> Sequence[Action]:
        return (
            Action("argue", Capability.TAKE_PART, "argue"),
            Action("value", Capability.TAKE_PART, "value"),
            Action("unvalue", Capability.TAKE_PART, "unvalue"),
            Action("edit", Capability.TAKE_PART, "edit"),
            Action("withdraw", Capability.TAKE_PART, "withdraw"),
            Action("report", Capability.TAKE_PART, "report"),
        )

    def argue(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        side = first(fields, "side")
        if side not in Argument.Side.values:
            return ActionAnswer((Problem("arguments.no_side", words.NO_SIDE, "argument-side-for"),))
        return self.written(context, subject, viewer, fields, path="argument-text", same={"side": side}, more={})

    def value(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        """Say of somebody else's argument that it is good; once."""
        wrong = self._judged(subject, viewer, fields)
        return ActionAnswer((wrong,)) if wrong else self.marked(Mark.Kind.GOOD, subject, viewer, fields)

    def unvalue(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        wrong = self._judged(subject, viewer, fields)
        post = self.shown(subject, fields)
        if wrong or post is None or viewer.person is None:
            return ActionAnswer((wrong or words.GONE,))
        Mark.objects.filter(kind=Mark.Kind.GOOD, about=post.id, person=UUID(viewer.person.pseudonym)).delete()
        return ActionAnswer(anchor=self.anchor(post))

    def _judged(self, subject: SubjectRef, viewer: Viewer, fields: Raw) -> Problem | None:
        """Why this viewer has no say on this argument."""
        post = self.shown(subject, fields)
        if post is None or viewer.person is None:
            return words.GONE
        if self.frozen(SubjectRef("round", str(post.round))):
            return words.FROZEN
        return words.OWN if post.author == UUID(viewer.person.pseudonym) else None

    def edit(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        """As ever, but what others have marked as good stays as they read it."""
        post, wrong = self.own(subject, viewer, fields)
        if post is None:
            return ActionAnswer(wrong)
        asked = post.state == Argument.State.EDIT
        if not asked and Mark.objects.filter(kind=Mark.Kind.GOOD, about=post.id).exists():
            return ActionAnswer((Problem(words.VALUED.code, words.VALUED.message, f"edit-{post.id}"),))
        return super().edit(context, subject, viewer, fields)

    def told_of(self, posts: Sequence[Any]) -> Mapping[UUID, tuple[str, Mapping[str, Any]]]:
        good = valued([post.id for post in posts])
        return {post.id: (post.side, {"well_argued": good.get(post.id, 0)}) for post in posts}


def valued(ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many people find each of these well argued, in one query."""
    rows = Mark.objects.filter(kind=Mark.Kind.GOOD, about__in=list(ids)).values("about").annotate(count=Count("id"))
    return {row["about"]: row["count"] for row in rows}
