"""How people write, change and take back, and how that is moderated, frozen, exported and erased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

from django.db.models import Count, Max, Q

from plugins.api import (
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
    Text,
    Verdict,
    Viewer,
    words_typed,
)
from plugins.bundled.posting.models import Posted

QUEUE = 50
State = Posted.State
STATES: Mapping[Verdict, str] = {
    Verdict.PUBLISH: State.PUBLISHED,
    Verdict.EDIT_REQUEST: State.EDIT,
    Verdict.HIDE: State.HIDDEN,
    Verdict.REDACT: State.REDACTED,
}
OPEN_TO_WRITER = (State.WAITING, State.EDIT)


@dataclass(frozen=True, slots=True)
class Told:
    """What a module says where something cannot be done. `late` names {minutes}, `many` names {count}."""

    gone: Problem
    frozen: Problem
    not_yours: Problem
    late: Text
    many: Text


def identified(text: str) -> UUID:
    """An identifier that came from outside; what is none is one that nothing has."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def first(fields: Raw, name: str) -> str:
    return "".join(str(one) for one in list(fields.get(name, ()))[:1])


class Posting(DeliberationModule):
    """A module names its tables, its words, and what `anchor` and field paths begin with.

    `queue_new` brings everything new before a moderator once, also where it is shown at once. Settings have `longest`,
    `edit_minutes`, `per_hour` and `moderate_first`.
    """

    Post: ClassVar[Any]
    Mark: ClassVar[Any]
    told: ClassVar[Told]
    anchored: ClassVar[str]
    queue_new: ClassVar[bool] = False
    kept_because: ClassVar[str] = "Others may have replied: the place stays, without words and without a name."

    # -- what is seen -------------------------------------------------------------------------------------------------

    def counted_open(self) -> Q:
        """What of the published still waits for an answer; nothing, unless a module knows answers."""
        return Q(pk__in=[])

    def summaries(
        self, context: PluginContext, subjects: Sequence[SubjectRef]
    ) -> Mapping[SubjectRef, DeliberationSummary]:
        by_id = {UUID(one.uuid): one for one in subjects}
        rows = (
            self.Post.objects.filter(subject__in=list(by_id), state=State.PUBLISHED)
            .values("subject")
            .annotate(
                posts=Count("id"),
                people=Count("author", distinct=True),
                open=Count("id", filter=self.counted_open()),
                last=Max("written_at"),
            )
        )
        return {
            by_id[row["subject"]]: DeliberationSummary(row["posts"], row["people"], row["open"], row["last"])
            for row in rows
        }

    # -- what people do -----------------------------------------------------------------------------------------------

    def edit(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        """Within the time for it; afterwards only where a moderator has asked for a change, which goes back to them."""
        settings = self.chosen(context)
        post, wrong = self.own(subject, viewer, fields)
        if post is None:
            return ActionAnswer(wrong)
        path = f"edit-{post.id}"
        asked = post.state == State.EDIT
        now = context.clock()
        if not asked and now - post.written_at > timedelta(minutes=settings.edit_minutes):
            late = self.told.late.format(minutes=settings.edit_minutes)
            return ActionAnswer((Problem(f"{self.key}.too_late", late, path),))
        typed, problems = words_typed(fields, "text", most=settings.longest, path=path)
        if problems:
            return ActionAnswer(problems)
        post.text, post.edited_at = typed, now
        if asked:
            post.state = State.WAITING
        if self.queue_new:
            post.looked_at = None
        post.save(update_fields=["text", "edited_at", "state", "looked_at"])
        return ActionAnswer(anchor=self.anchor(post))

    def withdraw(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        """The words go; the place stays where others have spoken of it."""
        post, wrong = self.own(subject, viewer, fields)
        if post is None:
            return ActionAnswer(wrong)
        post.text, post.state, post.author = "", State.WITHDRAWN, None
        post.save(update_fields=["text", "state", "author"])
        return ActionAnswer()

    def report(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        return self.marked(self.Mark.Kind.REPORT, subject, viewer, fields)

    def marked(self, kind: str, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        """Set a mark on what is shown. Setting it again changes nothing."""
        post = self.shown(subject, fields)
        if post is None or viewer.person is None:
            return ActionAnswer((self.told.gone,))
        self.Mark.objects.get_or_create(kind=kind, about=post.id, person=UUID(viewer.person.pseudonym))
        return ActionAnswer(anchor=self.anchor(post))

    def written(
        self,
        context: PluginContext,
        subject: SubjectRef,
        viewer: Viewer,
        fields: Raw,
        *,
        path: str,
        same: Mapping[str, Any],
        more: Mapping[str, Any],
    ) -> ActionAnswer:
        """Keep something new with the columns `same` and `more`; the words with the same `same` twice are one."""
        settings = self.chosen(context)
        typed, problems = words_typed(fields, "text", most=settings.longest, path=path)
        if problems:
            return ActionAnswer(problems)
        round = context.read.round_of(subject)
        if round is None or viewer.person is None:
            return ActionAnswer((self.told.gone,))
        if self.frozen(round):
            return ActionAnswer((self.told.frozen,))
        office = viewer.may(Capability.ANSWER)
        author, now = UUID(viewer.person.pseudonym), context.clock()
        lately = self.Post.objects.filter(author=author, written_at__gt=now - timedelta(hours=1))
        if not office and lately.count() >= settings.per_hour:
            many = self.told.many.format(count=settings.per_hour)
            return ActionAnswer((Problem(f"{self.key}.too_many", many, path),))
        known = lately.filter(subject=UUID(subject.uuid), text=typed, **same).first()
        if known is not None:
            # The same words sent twice, by a second click or by going back, are one.
            return ActionAnswer(anchor=self.anchor(known))
        post = self.Post(
            id=uuid4(),
            round=UUID(round.uuid),
            subject_kind=subject.kind,
            subject=UUID(subject.uuid),
            author=author,
            by_office=office,
            text=typed,
            language=viewer.language,
            state=State.WAITING if settings.moderate_first and not office else State.PUBLISHED,
            **same,
            **more,
        )
        post.save(force_insert=True)
        return ActionAnswer(anchor=self.anchor(post))

    # -- what the modules stand on ------------------------------------------------------------------------------------

    def chosen(self, context: PluginContext) -> Any:
        given = context.settings
        return given if isinstance(given, self.Settings) else self.Settings()

    def anchor(self, post: Any) -> str:
        return f"{self.anchored}-{post.id}"

    def named(self, subject: SubjectRef, fields: Raw, *, lock: bool = False) -> Any:
        """The post of this subject that a form names, or None."""
        found = self.Post.objects.filter(pk=identified(first(fields, "post")), subject=UUID(subject.uuid))
        return (found.select_for_update() if lock else found).first()

    def shown(self, subject: SubjectRef, fields: Raw) -> Any:
        post = self.named(subject, fields)
        return post if post is not None and post.state == State.PUBLISHED else None

    def own(self, subject: SubjectRef, viewer: Viewer, fields: Raw) -> tuple[Any, tuple[Problem, ...]]:
        """The viewer's own post that the form names, locked; or why it cannot be changed."""
        post = self.named(subject, fields, lock=True)
        if post is None or viewer.person is None:
            return None, (self.told.gone,)
        if self.frozen(SubjectRef("round", str(post.round))):
            return None, (self.told.frozen,)
        if post.author != UUID(viewer.person.pseudonym):
            return None, (self.told.not_yours,)
        if post.state not in (State.PUBLISHED, *OPEN_TO_WRITER):
            return None, (self.told.gone,)
        return post, ()

    def frozen(self, round: SubjectRef) -> bool:
        return bool(self.Mark.objects.filter(kind=self.Mark.Kind.FROZEN, about=UUID(round.uuid)).exists())

    # -- what moderators do -------------------------------------------------------------------------------------------

    def moderation_queue(self, context: PluginContext, cursor: str) -> Page[ModerationItem]:
        marks: dict[UUID, list[Any]] = {}
        for mark in self.Mark.objects.filter(kind=self.Mark.Kind.REPORT).values("about", "made_at"):
            marks.setdefault(mark["about"], []).append(mark["made_at"])
        waiting = Q(state=State.WAITING) | Q(escalated=True) | Q(id__in=list(marks), state=State.PUBLISHED)
        if self.queue_new:
            waiting |= Q(state=State.PUBLISHED, looked_at__isnull=True)
        items = []
        for post in self.Post.objects.filter(waiting).order_by("written_at", "id"):
            since = [at for at in marks.get(post.id, []) if post.looked_at is None or at > post.looked_at]
            fresh = self.queue_new and post.looked_at is None
            if post.state == State.WAITING or post.escalated or since or fresh:
                items.append(_item(post, len(since)))
        start = int(cursor) if cursor.isdigit() else 0
        following = str(start + QUEUE) if len(items) > start + QUEUE else ""
        return Page(tuple(items[start : start + QUEUE]), following)

    def moderate(self, context: PluginContext, item: str, decision: Verdict, reason: str) -> None:
        post = self.Post.objects.select_for_update().filter(pk=identified(item)).first()
        if post is None or post.state == State.WITHDRAWN:
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
        self.Mark.objects.get_or_create(kind=self.Mark.Kind.FROZEN, about=UUID(round.uuid), person=None)

    # -- what leaves and what goes ------------------------------------------------------------------------------------

    def told_of(self, posts: Sequence[Any]) -> Mapping[UUID, tuple[str, Mapping[str, Any]]]:
        """For exports: of each post its kind and its facts."""
        return {}

    def contributions(self, context: PluginContext, round: SubjectRef) -> Sequence[Contribution]:
        found = list(
            self.Post.objects.filter(round=UUID(round.uuid), state=State.PUBLISHED).order_by("written_at", "id")
        )
        told = self.told_of(found)
        return [
            Contribution(
                ref=str(post.id),
                subject=SubjectRef(post.subject_kind, str(post.subject)),
                kind=told[post.id][0],
                text=LocalisedText(post.text),
                written_at=post.written_at,
                facts=told[post.id][1],
            )
            for post in found
        ]

    def marks_about(self, who: UUID) -> Q:
        """Marks of others that speak of a person."""
        return Q(pk__in=[])

    def personal_data(self, context: PluginContext, person: Person) -> PersonalData:
        who = UUID(person.pseudonym)
        tables: dict[str, tuple[Mapping[str, Any], ...]] = {
            "posts": tuple(
                {
                    "subject": str(one.subject),
                    "text": one.text,
                    "state": one.state,
                    "written": one.written_at.isoformat(),
                }
                for one in self.Post.objects.filter(author=who).order_by("written_at")
            ),
            "marks": tuple(
                {"kind": one.kind, "about": str(one.about), "made": one.made_at.isoformat()}
                for one in self.Mark.objects.filter(person=who).order_by("made_at")
            ),
        }
        return PersonalData({name: rows for name, rows in tables.items() if rows})

    def erase(self, context: PluginContext, person: Person) -> ErasureReport:
        """The words go with the person. A place of which others have spoken stays, empty."""
        who = UUID(person.pseudonym)
        posts = self.Post.objects.filter(author=who).update(
            author=None, text="", state=State.WITHDRAWN, reason="", escalated=False
        )
        marks = self.Mark.objects.filter(Q(person=who) | self.marks_about(who)).delete()[0]
        return ErasureReport(
            deleted={"marks": marks},
            anonymised={"posts": posts},
            kept_because={"posts": self.kept_because} if posts else {},
        )


def _item(post: Any, reports: int) -> ModerationItem:
    return ModerationItem(
        ref=str(post.id),
        subject=SubjectRef(post.subject_kind, str(post.subject)),
        text=post.text,
        written_at=post.written_at,
        state="escalated" if post.escalated else post.state,
        reports=reports,
        author=str(post.author or ""),
    )
