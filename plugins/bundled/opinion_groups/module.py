"""Short statements, answers to them, and a map of who answers alike, drawn by a worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID, uuid4

from django.db.models import Count, Max

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
from plugins.bundled.opinion_groups import words
from plugins.bundled.opinion_groups.drawing import document_of, panel_drawn
from plugins.bundled.opinion_groups.models import Answer, Map, Statement
from plugins.bundled.opinion_groups.settings import GroupsSettings

QUEUE = 50
ANSWERS = {"agree": 1, "disagree": -1, "pass": 0}
State = Statement.State
STATES: Mapping[Verdict, str] = {
    Verdict.PUBLISH: State.PUBLISHED,
    Verdict.EDIT_REQUEST: State.EDIT,
    Verdict.HIDE: State.HIDDEN,
    Verdict.REDACT: State.REDACTED,
}


class OpinionGroups(DeliberationModule):
    key: ClassVar[str] = "opinion-groups"
    label: ClassVar[Text] = Text("Where opinions meet", "Far an coinnich beachdan")
    description: ClassVar[Text] = Text(
        "Residents agree or disagree with short statements. A map shows who answers alike, and what all groups share.",
        "Bidh muinntir an àite ag aontachadh no ag eas-aontachadh ri abairtean goirid. Seallaidh mapa cò a fhreagras "
        "coltach ri chèile, agus na tha aig gach buidheann an cumantas.",
    )
    Settings = GroupsSettings
    subjects: ClassVar[frozenset[str]] = frozenset({"round"})

    # -- what is seen -------------------------------------------------------------------------------------------------

    def panel(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, draft: Raw) -> TemplateRef:
        return panel_drawn(subject, viewer, draft, _settings(context))

    def summaries(
        self, context: PluginContext, subjects: Sequence[SubjectRef]
    ) -> Mapping[SubjectRef, DeliberationSummary]:
        by_id = {UUID(one.uuid): one for one in subjects}
        rows = (
            Statement.objects.filter(round__in=list(by_id), state=State.PUBLISHED)
            .values("round")
            .annotate(
                count=Count("id", distinct=True),
                people=Count("answers__person", distinct=True),
                last=Max("answers__given_at"),
                written=Max("written_at"),
            )
        )
        return {
            by_id[row["round"]]: DeliberationSummary(row["count"], row["people"], 0, row["last"] or row["written"])
            for row in rows
        }

    # -- what people do -----------------------------------------------------------------------------------------------

    def actions(self) -> Sequence[Action]:
        return (
            Action("answer", Capability.TAKE_PART, "answer"),
            Action("write", Capability.TAKE_PART, "write"),
            Action("withdraw", Capability.TAKE_PART, "withdraw"),
            Action("report", Capability.TAKE_PART, "report"),
        )

    def answer(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        """Agree, disagree or neither. Answering again replaces the answer."""
        row = _shown(subject, fields)
        if row is None or viewer.person is None:
            return ActionAnswer((words.GONE,))
        value = ANSWERS.get(_first(fields, "answer"))
        if value is None:
            return ActionAnswer((words.NO_ANSWER,))
        if _frozen(row.round):
            return ActionAnswer((words.FROZEN,))
        Answer.objects.update_or_create(
            statement=row,
            person=UUID(viewer.person.pseudonym),
            defaults={"value": value, "given_at": context.clock()},
        )
        _changed(context, row.round)
        return ActionAnswer()

    def write(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        settings = _settings(context)
        path = "opinion-text"
        typed, problems = words_typed(fields, "text", most=settings.longest, path=path)
        if problems:
            return ActionAnswer(problems)
        round = context.read.round_of(subject)
        if round is None or viewer.person is None:
            return ActionAnswer((words.GONE,))
        if _frozen(UUID(round.uuid)):
            return ActionAnswer((words.FROZEN,))
        typed = " ".join(typed.split())
        here = Statement.objects.filter(round=UUID(round.uuid))
        if here.filter(text__iexact=typed, state__in=[State.PUBLISHED, State.WAITING]).exists():
            return ActionAnswer((Problem("opinions.twice", words.TWICE, path),))
        author = UUID(viewer.person.pseudonym)
        if here.filter(author=author).count() >= settings.per_person:
            return ActionAnswer((Problem("opinions.too_many", words.TOO_MANY.format(count=settings.per_person), path),))
        Statement(
            id=uuid4(),
            round=UUID(round.uuid),
            author=author,
            text=typed,
            language=viewer.language,
            state=State.WAITING if settings.moderate_first and not viewer.may(Capability.MODERATE) else State.PUBLISHED,
        ).save(force_insert=True)
        return ActionAnswer()

    def withdraw(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        """The words go; what others have answered to them no longer counts."""
        row = _named(subject, fields)
        if row is None or viewer.person is None or row.author != UUID(viewer.person.pseudonym):
            return ActionAnswer((words.GONE,))
        if _frozen(row.round):
            return ActionAnswer((words.FROZEN,))
        row.text, row.state, row.author = "", State.WITHDRAWN, None
        row.save(update_fields=["text", "state", "author"])
        _changed(context, row.round)
        return ActionAnswer()

    def report(self, context: PluginContext, subject: SubjectRef, viewer: Viewer, fields: Raw) -> ActionAnswer:
        row = _named(subject, fields)
        if row is None or row.state != State.PUBLISHED or viewer.person is None:
            return ActionAnswer((words.GONE,))
        if viewer.person.pseudonym not in row.reporters:
            row.reporters = [*row.reporters, viewer.person.pseudonym]
            row.save(update_fields=["reporters"])
        return ActionAnswer()

    # -- what a worker does -------------------------------------------------------------------------------------------

    def work(self, context: PluginContext, task: str, payload: Mapping[str, str]) -> None:
        """`begin` says that answers from now on need a new map and commits; only then `draw` reads them, so that no
        answer falls between the two."""
        round = UUID(payload["round"])
        if task == "begin":
            Map.objects.filter(pk=round).update(stale=False)
            context.jobs.later("draw", {"round": str(round)})
            return
        settings = _settings(context)
        refs = list(
            Statement.objects.filter(round=round, state=State.PUBLISHED)
            .order_by("written_at", "id")
            .values_list("id", flat=True)
        )
        column = {ref: number for number, ref in enumerate(refs)}
        row_of: dict[UUID, int] = {}
        answers = [
            (row_of.setdefault(person, len(row_of)), column[statement], value)
            for statement, person, value in Answer.objects.filter(statement__in=refs)
            .order_by("id")
            .values_list("statement", "person", "value")
        ]
        document: dict[str, Any] = {}
        if len(row_of) >= settings.fewest_people:
            # Only workers draw maps: scikit-learn is not loaded into processes that answer pages.
            from plugins.bundled.opinion_groups.groups import grouped, table_of

            found = grouped(
                table_of(answers, len(row_of), len(refs)),
                fewest_answers=settings.fewest_answers,
                fewest_in_group=settings.fewest_in_group,
            )
            document = document_of(found, refs) if found is not None else {}
        Map.objects.update_or_create(pk=round, defaults={"document": document, "drawn_at": context.clock()})

    # -- what moderators do -------------------------------------------------------------------------------------------

    def moderation_queue(self, context: PluginContext, cursor: str) -> Page[ModerationItem]:
        found = Statement.objects.filter(state__in=[State.WAITING, State.PUBLISHED]).order_by("written_at", "id")
        items = [
            ModerationItem(
                ref=str(row.id),
                subject=SubjectRef("round", str(row.round)),
                text=row.text,
                written_at=row.written_at,
                state="escalated" if row.escalated else row.state,
                reports=len(row.reporters),
                author=str(row.author or ""),
            )
            for row in found
            if row.state == State.WAITING or row.escalated or row.reporters
        ]
        start = int(cursor) if cursor.isdigit() else 0
        following = str(start + QUEUE) if len(items) > start + QUEUE else ""
        return Page(tuple(items[start : start + QUEUE]), following)

    def moderate(self, context: PluginContext, item: str, decision: Verdict, reason: str) -> None:
        row = Statement.objects.select_for_update().filter(pk=_uuid(item)).first()
        if row is None or row.state == State.WITHDRAWN:
            return
        row.looked_at, row.reason, row.escalated = context.clock(), reason[:300], decision is Verdict.ESCALATE
        if decision is not Verdict.ESCALATE:
            row.state, row.reporters = STATES[decision], []
        if decision is Verdict.REDACT:
            row.text = ""
        row.save()
        _changed(context, row.round)

    def freeze(self, context: PluginContext, round: SubjectRef) -> None:
        Map.objects.update_or_create(pk=UUID(round.uuid), defaults={"frozen": True})

    # -- what leaves and what goes ------------------------------------------------------------------------------------

    def contributions(self, context: PluginContext, round: SubjectRef) -> Sequence[Contribution]:
        kept = Map.objects.filter(pk=UUID(round.uuid)).first()
        numbers = kept.document.get("statements", {}) if kept else {}
        return [
            Contribution(
                ref=str(row.id),
                subject=round,
                kind="statement",
                text=LocalisedText(row.text),
                written_at=row.written_at,
                facts={"by_group": numbers.get(str(row.id), {})},
            )
            for row in Statement.objects.filter(round=UUID(round.uuid), state=State.PUBLISHED).order_by(
                "written_at", "id"
            )
        ]

    def personal_data(self, context: PluginContext, person: Person) -> PersonalData:
        who = UUID(person.pseudonym)
        tables: dict[str, tuple[Mapping[str, Any], ...]] = {
            "statements": tuple(
                {"text": row.text, "state": row.state, "written": row.written_at.isoformat()}
                for row in Statement.objects.filter(author=who).order_by("written_at")
            ),
            "answers": tuple(
                {"statement": row.statement.text, "answer": row.value, "given": row.given_at.isoformat()}
                for row in Answer.objects.filter(person=who).select_related("statement").order_by("id")
            ),
            "reports": tuple(
                {"statement": row.text} for row in Statement.objects.filter(reporters__contains=[person.pseudonym])
            ),
        }
        return PersonalData({name: rows for name, rows in tables.items() if rows})

    def erase(self, context: PluginContext, person: Person) -> ErasureReport:
        """Answers go; a statement that others have answered stays without its writer, for it names nobody."""
        who = UUID(person.pseudonym)
        rounds = set(Answer.objects.filter(person=who).values_list("statement__round", flat=True))
        answers = Answer.objects.filter(person=who).delete()[0]
        statements = Statement.objects.filter(author=who).update(author=None)
        for row in Statement.objects.select_for_update().filter(reporters__contains=[person.pseudonym]):
            row.reporters = [one for one in row.reporters if one != person.pseudonym]
            row.save(update_fields=["reporters"])
        for round in sorted(rounds, key=str):
            _changed(context, round)
        return ErasureReport(
            deleted={"answers": answers},
            anonymised={"statements": statements},
            kept_because={"statements": "Others have answered them; they hold no name."} if statements else {},
        )


def _settings(context: PluginContext) -> GroupsSettings:
    given = context.settings
    return given if isinstance(given, GroupsSettings) else GroupsSettings()


def _first(fields: Raw, name: str) -> str:
    return "".join(str(one) for one in list(fields.get(name, ()))[:1])


def _uuid(text: str) -> UUID:
    """An identifier that came from outside; what is none is one that nothing has."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _named(subject: SubjectRef, fields: Raw) -> Statement | None:
    found = Statement.objects.select_for_update().filter(pk=_uuid(_first(fields, "statement")))
    return found.filter(round=UUID(subject.uuid)).first()


def _shown(subject: SubjectRef, fields: Raw) -> Statement | None:
    found = Statement.objects.filter(pk=_uuid(_first(fields, "statement")), state=State.PUBLISHED)
    return found.filter(round=UUID(subject.uuid)).first()


def _frozen(round: UUID) -> bool:
    return Map.objects.filter(pk=round, frozen=True).exists()


def _changed(context: PluginContext, round: UUID) -> None:
    """Have a new map drawn, once for however many answers come in before a worker begins."""
    Map.objects.get_or_create(pk=round)
    if Map.objects.filter(pk=round, stale=False).update(stale=True):
        context.jobs.later("begin", {"round": str(round)})
