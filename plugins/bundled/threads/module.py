"""Comments, replies and questions about a project: drawn, written, moderated, frozen, exported, erased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

from django.db.models import Count, Max, Q

from plugins.api import (
    Action,
    ActionAnswer,
    Capability,
    Contribution,
    DeliberationModule,
    DeliberationSummary,
    ErasureReport,
    LocalisedText,
    ModerationItem,
    Page,
    Person,
    PersonalData,
    PluginContext,
    Problem,
    Raw,
    SubjectRef,
    TemplateRef,
    Text,
    Verdict,
    Viewer,
    words_typed,
)
from plugins.bundled.threads import words
from plugins.bundled.threads.models import Mark, Post
from plugins.bundled.threads.panel import panel_drawn
from plugins.bundled.threads.settings import ThreadsSettings

QUEUE = 50
STATES: Mapping[Verdict, str] = {
    Verdict.PUBLISH: Post.State.PUBLISHED,
    Verdict.EDIT_REQUEST: Post.State.EDIT,
    Verdict.HIDE: Post.State.HIDDEN,
    Verdict.REDACT: Post.State.REDACTED,
}


class Threads(DeliberationModule):
    key: ClassVar[str] = "threads"
    label: ClassVar[Text] = Text("Comments and questions", "Beachdan is ceistean")
    description: ClassVar[Text] = Text(
        "People comment on a project, reply to one another, and ask questions that the round's team answers.",
        "Bheir daoine beachd air pròiseact, freagraidh iad a chèile, agus cuiridh iad ceistean a fhreagras sgioba na "
        "cuairte.",
    )
    Settings = ThreadsSettings
    subjects: ClassVar[frozenset[str]] = frozenset({"proposal"})

    # -- what is seen -------------------------------------------------------------------------------------------------

    def panel(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, draft: Raw) -> TemplateRef:
        settings = _settings(context)
        return panel_drawn(context, subject, viewer, draft, settings)

    def summaries(
        self, context: PluginContext, subjects: Sequence[SubjectRef]
    ) -> Mapping[SubjectRef, DeliberationSummary]:
        by_id = {UUID(one.uuid): one for one in subjects}
        rows = (
            Post.objects.filter(subject__in=list(by_id), state=Post.State.PUBLISHED)
            .values("subject")
            .annotate(
                posts=Count("id"),
                people=Count("author", distinct=True),
                open=Count("id", filter=Q(kind=Post.Kind.QUESTION, answered_at__isnull=True)),
                last=Max("written_at"),
            )
        )
        return {
            by_id[row["subject"]]: DeliberationSummary(row["posts"], row["people"], row["open"], row["last"])
            for row in rows
        }

    # -- what people do -----------------------------------------------------------------------------------------------

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
        question = list(fields.get("kind", ()))[:1] == [Post.Kind.QUESTION.value]
        kind = Post.Kind.QUESTION if question else Post.Kind.COMMENT
        return self._written(context, subject, viewer, fields, kind, None, "comment-text")

    def reply(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        parent = _shown(subject, fields)
        if parent is None:
            return ActionAnswer((words.GONE,))
        top = parent.parent or parent
        return self._written(context, subject, viewer, fields, Post.Kind.REPLY, top, f"reply-{parent.id}")

    def answer(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        """A reply of the round's team that answers a question."""
        question = _shown(subject, fields)
        if question is None:
            return ActionAnswer((words.GONE,))
        if question.kind != Post.Kind.QUESTION:
            return ActionAnswer((words.NO_QUESTION,))
        path = f"reply-{question.id}"
        answer = self._written(context, subject, viewer, fields, Post.Kind.REPLY, question, path)
        if not answer.problems:
            Post.objects.filter(pk=question.pk, answered_at__isnull=True).update(answered_at=context.clock())
        return answer

    def edit(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        """Within the time for it; afterwards only where a moderator has asked for a change, which goes back to them."""
        settings = _settings(context)
        post, wrong = self._own(context, subject, viewer, fields)
        if post is None:
            return ActionAnswer(wrong)
        path = f"edit-{post.id}"
        asked = post.state == Post.State.EDIT
        now = context.clock()
        if not asked and now - post.written_at > timedelta(minutes=settings.edit_minutes):
            late = words.TOO_LATE.format(minutes=settings.edit_minutes)
            return ActionAnswer((Problem("threads.too_late", late, path),))
        typed, problems = words_typed(fields, "text", most=settings.longest, path=path)
        if problems:
            return ActionAnswer(problems)
        post.text, post.edited_at = typed, now
        if asked:
            post.state = Post.State.WAITING
        post.save(update_fields=["text", "edited_at", "state"])
        return ActionAnswer(anchor=_anchor(post))

    def withdraw(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        """The words go; the place stays where others have replied."""
        post, wrong = self._own(context, subject, viewer, fields)
        if post is None:
            return ActionAnswer(wrong)
        post.text, post.state, post.author = "", Post.State.WITHDRAWN, None
        post.save(update_fields=["text", "state", "author"])
        return ActionAnswer()

    def report(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        post = _shown(subject, fields)
        if post is None or viewer.person is None:
            return ActionAnswer((words.GONE,))
        Mark.objects.get_or_create(kind=Mark.Kind.REPORT, about=post.id, person=UUID(viewer.person.pseudonym))
        return ActionAnswer(anchor=_anchor(post))

    def mute(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        """Fold what the writer of a post says, for this viewer alone. Nobody is told."""
        post = _shown(subject, fields)
        if post is None or post.author is None or viewer.person is None:
            return ActionAnswer((words.GONE,))
        Mark.objects.get_or_create(kind=Mark.Kind.MUTE, about=post.author, person=UUID(viewer.person.pseudonym))
        return ActionAnswer(anchor=_anchor(post))

    def unmute(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        post = _shown(subject, fields)
        if post is None or post.author is None or viewer.person is None:
            return ActionAnswer((words.GONE,))
        Mark.objects.filter(kind=Mark.Kind.MUTE, about=post.author, person=UUID(viewer.person.pseudonym)).delete()
        return ActionAnswer(anchor=_anchor(post))

    def _written(
        self,
        context: PluginContext,
        subject: SubjectRef,
        viewer: Viewer,
        fields: Raw,
        kind: Post.Kind,
        parent: Post | None,
        path: str,
    ) -> ActionAnswer:
        settings = _settings(context)
        typed, problems = words_typed(fields, "text", most=settings.longest, path=path)
        if problems:
            return ActionAnswer(problems)
        round = context.read.round_of(subject)
        if round is None or viewer.person is None:
            return ActionAnswer((words.GONE,))
        if _frozen(round):
            return ActionAnswer((words.FROZEN,))
        office = viewer.may(Capability.ANSWER)
        author, now = UUID(viewer.person.pseudonym), context.clock()
        lately = Post.objects.filter(author=author, written_at__gt=now - timedelta(hours=1))
        if not office and lately.count() >= settings.per_hour:
            return ActionAnswer((Problem("threads.too_many", words.TOO_MANY.format(count=settings.per_hour), path),))
        same = lately.filter(subject=UUID(subject.uuid), text=typed, parent=parent).first()
        if same is not None:
            # The same words sent twice, by a second click or by going back, are one comment.
            return ActionAnswer(anchor=_anchor(same))
        post = Post(
            id=uuid4(),
            round=UUID(round.uuid),
            subject_kind=subject.kind,
            subject=UUID(subject.uuid),
            parent=parent,
            kind=kind,
            author=author,
            by_office=office,
            text=typed,
            language=viewer.language,
            state=Post.State.WAITING if settings.moderate_first and not office else Post.State.PUBLISHED,
        )
        post.save(force_insert=True)
        return ActionAnswer(anchor=_anchor(post))

    def _own(
        self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw
    ) -> tuple[Post | None, tuple[Problem, ...]]:
        """The viewer's own post that the form names, locked; or why it cannot be changed."""
        post = _named(subject, fields, lock=True)
        if post is None or viewer.person is None:
            return None, (words.GONE,)
        if _frozen(SubjectRef("round", str(post.round))):
            return None, (words.FROZEN,)
        if post.author != UUID(viewer.person.pseudonym):
            return None, (words.NOT_YOURS,)
        if post.state not in (Post.State.PUBLISHED, Post.State.WAITING, Post.State.EDIT):
            return None, (words.GONE,)
        return post, ()

    # -- what moderators do -------------------------------------------------------------------------------------------

    def moderation_queue(self, context: PluginContext, cursor: str) -> Page[ModerationItem]:
        reported = Mark.objects.filter(kind=Mark.Kind.REPORT)
        marks: dict[UUID, list[Any]] = {}
        for mark in reported.values("about", "made_at"):
            marks.setdefault(mark["about"], []).append(mark["made_at"])
        waiting = Q(state=Post.State.WAITING) | Q(escalated=True)
        found = Post.objects.filter(waiting | Q(id__in=list(marks), state=Post.State.PUBLISHED)).order_by(
            "written_at", "id"
        )
        items = []
        for post in found:
            since = [at for at in marks.get(post.id, []) if post.looked_at is None or at > post.looked_at]
            if post.state == Post.State.WAITING or post.escalated or since:
                items.append(_item(post, len(since)))
        start = int(cursor) if cursor.isdigit() else 0
        following = str(start + QUEUE) if len(items) > start + QUEUE else ""
        return Page(tuple(items[start : start + QUEUE]), following)

    def moderate(self, context: PluginContext, item: str, decision: Verdict, reason: str) -> None:
        post = Post.objects.select_for_update().filter(pk=_uuid(item)).first()
        if post is None or post.state == Post.State.WITHDRAWN:
            return
        post.looked_at = context.clock()
        post.reason = reason[:300]
        post.escalated = decision is Verdict.ESCALATE
        if decision is not Verdict.ESCALATE:
            post.state = STATES[decision]
        if decision is Verdict.REDACT:
            post.text = ""
        post.save(update_fields=["looked_at", "reason", "escalated", "state", "text"])

    def freeze(self, context: PluginContext, round: SubjectRef) -> None:
        Mark.objects.get_or_create(kind=Mark.Kind.FROZEN, about=UUID(round.uuid), person=None)

    # -- what leaves and what goes ------------------------------------------------------------------------------------

    def contributions(self, context: PluginContext, round: SubjectRef) -> Sequence[Contribution]:
        found = Post.objects.filter(round=UUID(round.uuid), state=Post.State.PUBLISHED).order_by("written_at", "id")
        return [
            Contribution(
                ref=str(post.id),
                subject=SubjectRef(post.subject_kind, str(post.subject)),
                kind=post.kind,
                text=LocalisedText(post.text),
                written_at=post.written_at,
                facts={"parent": str(post.parent_id or ""), "answered": post.answered_at is not None},
            )
            for post in found
        ]

    def personal_data(self, context: PluginContext, person: Person) -> PersonalData:
        who = UUID(person.pseudonym)
        posts = Post.objects.filter(author=who).order_by("written_at")
        marks = Mark.objects.filter(Q(person=who) | Q(kind=Mark.Kind.MUTE, about=who)).order_by("made_at")
        tables: dict[str, tuple[Mapping[str, Any], ...]] = {
            "posts": tuple(
                {
                    "subject": str(one.subject),
                    "text": one.text,
                    "state": one.state,
                    "written": one.written_at.isoformat(),
                }
                for one in posts
            ),
            "marks": tuple(
                {"kind": one.kind, "about": str(one.about), "made": one.made_at.isoformat()}
                for one in marks
                if one.person == who
            ),
        }
        return PersonalData({name: rows for name, rows in tables.items() if rows})

    def erase(self, context: PluginContext, person: Person) -> ErasureReport:
        """The words go with the person. A place to which others have replied stays, empty."""
        who = UUID(person.pseudonym)
        posts = Post.objects.filter(author=who).update(
            author=None, text="", state=Post.State.WITHDRAWN, reason="", escalated=False
        )
        marks = Mark.objects.filter(Q(person=who) | Q(kind=Mark.Kind.MUTE, about=who)).delete()[0]
        return ErasureReport(
            deleted={"marks": marks},
            anonymised={"posts": posts},
            kept_because={"posts": "Others may have replied: the place stays, without words and without a name."}
            if posts
            else {},
        )


def _settings(context: PluginContext) -> ThreadsSettings:
    given = context.settings
    return given if isinstance(given, ThreadsSettings) else ThreadsSettings()


def _uuid(text: str) -> UUID:
    """An identifier that came from outside; what is none is one that nothing has."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _named(subject: SubjectRef, fields: Raw, *, lock: bool = False) -> Post | None:
    """The post of this subject that a form names."""
    wanted = _uuid("".join(str(one) for one in list(fields.get("post", ()))[:1]))
    found = Post.objects.filter(pk=wanted, subject=UUID(subject.uuid))
    return (found.select_for_update() if lock else found).first()


def _shown(subject: SubjectRef, fields: Raw) -> Post | None:
    post = _named(subject, fields)
    return post if post is not None and post.state == Post.State.PUBLISHED else None


def _frozen(round: SubjectRef) -> bool:
    return Mark.objects.filter(kind=Mark.Kind.FROZEN, about=UUID(round.uuid)).exists()


def _anchor(post: Post) -> str:
    return f"comment-{post.id}"


def _item(post: Post, reports: int) -> ModerationItem:
    return ModerationItem(
        ref=str(post.id),
        subject=SubjectRef(post.subject_kind, str(post.subject)),
        text=post.text,
        written_at=post.written_at,
        state="escalated" if post.escalated else post.state,
        reports=reports,
        author=str(post.author or ""),
    )
