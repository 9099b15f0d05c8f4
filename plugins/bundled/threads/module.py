"""Comments, replies and questions about a project. How they are kept is shared with other modules (`posting`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q

from plugins.api import (
    Action,
    ActionAnswer,
    Capability,
    PluginContext,
    Raw,
    SubjectRef,
    TemplateRef,
    Text,
    Viewer,
)
from plugins.bundled.posting.module import Posting, Told, first
from plugins.bundled.threads import words
from plugins.bundled.threads.models import Mark, Post
from plugins.bundled.threads.panel import panel_drawn
from plugins.bundled.threads.settings import ThreadsSettings


class Threads(Posting):
    key: ClassVar[str] = "threads"
    label: ClassVar[Text] = Text("Comments and questions", "Beachdan is ceistean")
    description: ClassVar[Text] = Text(
        "People comment on a project, reply to one another, and ask questions that the round's team answers.",
        "Bheir daoine beachd air pròiseact, freagraidh iad a chèile, agus cuiridh iad ceistean a fhreagras sgioba na "
        "cuairte.",
    )
    Settings = ThreadsSettings
    subjects: ClassVar[frozenset[str]] = frozenset({"proposal"})
    Post: ClassVar[Any] = Post
    Mark: ClassVar[Any] = Mark
    told: ClassVar[Told] = Told(words.GONE, words.FROZEN, words.NOT_YOURS, words.TOO_LATE, words.TOO_MANY)
    anchored: ClassVar[str] = "comment"

    def panel(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, draft: Raw) -> TemplateRef:
        return panel_drawn(context, subject, viewer, draft, self.chosen(context))

    def counted_open(self) -> Q:
        return Q(kind=Post.Kind.QUESTION, answered_at__isnull=True)

    def actions(self) -> Sequence[Action]:
        return (
            Action("write", Capability.TAKE_PART, "write"),
            Action("reply", Capability.TAKE_PART, "reply"),
            Action("answer", Capability.ANSWER, "answer"),
            Action("edit", Capability.TAKE_PART, "edit"),
            Action("withdraw", Capability.TAKE_PART, "withdraw"),
            Action("report", Capability.TAKE_PART, "report"),
            Action("mute", Capability.TAKE_PART, "mute"),
            Action("unmute", Capability.TAKE_PART, "unmute"),
        )

    def write(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        question = first(fields, "kind") == Post.Kind.QUESTION.value
        kind = Post.Kind.QUESTION if question else Post.Kind.COMMENT
        return self._post(context, subject, viewer, fields, kind, None, "comment-text")

    def reply(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        parent = self.shown(subject, fields)
        if parent is None:
            return ActionAnswer((words.GONE,))
        top = parent.parent or parent
        return self._post(context, subject, viewer, fields, Post.Kind.REPLY, top, f"reply-{parent.id}")

    def answer(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        """A reply of the round's team that answers a question."""
        question = self.shown(subject, fields)
        if question is None:
            return ActionAnswer((words.GONE,))
        if question.kind != Post.Kind.QUESTION:
            return ActionAnswer((words.NO_QUESTION,))
        path = f"reply-{question.id}"
        answer = self._post(context, subject, viewer, fields, Post.Kind.REPLY, question, path)
        if not answer.problems:
            Post.objects.filter(pk=question.pk, answered_at__isnull=True).update(answered_at=context.clock())
        return answer

    def mute(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        """Fold what the writer of a post says, for this viewer alone. Nobody is told."""
        post = self.shown(subject, fields)
        if post is None or post.author is None or viewer.person is None:
            return ActionAnswer((words.GONE,))
        Mark.objects.get_or_create(kind=Mark.Kind.MUTE, about=post.author, person=UUID(viewer.person.pseudonym))
        return ActionAnswer(anchor=self.anchor(post))

    def unmute(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        post = self.shown(subject, fields)
        if post is None or post.author is None or viewer.person is None:
            return ActionAnswer((words.GONE,))
        Mark.objects.filter(kind=Mark.Kind.MUTE, about=post.author, person=UUID(viewer.person.pseudonym)).delete()
        return ActionAnswer(anchor=self.anchor(post))

    def _post(
        self,
        context: PluginContext,
        subject: SubjectRef,
        viewer: Viewer,
        fields: Raw,
        kind: str,
        parent: Any,
        path: str,
    ) -> ActionAnswer:
        return self.written(context, subject, viewer, fields, path=path, same={"parent": parent}, more={"kind": kind})

    def told_of(self, posts: Sequence[Any]) -> Mapping[UUID, tuple[str, Mapping[str, Any]]]:
        return {
            post.id: (post.kind, {"parent": str(post.parent_id or ""), "answered": post.answered_at is not None})
            for post in posts
        }

    def marks_about(self, who: UUID) -> Q:
        return Q(kind=Mark.Kind.MUTE, about=who)
