"""The steps of a round in plain words, and the page on which one is taken: what will happen, what stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.kernel.clock import database_now
from core.kernel.errors import NotFound, Refused
from core.people.access import access
from core.people.models import Person
from core.people.proof import proven
from core.rounds.access import READERS, may_advance
from core.rounds.lifecycle import Reason, State, Transition, find, verbs_from
from core.rounds.models import Round, RoundTransition
from core.rounds.selectors import round_by_slug, round_id_of, transitions_of
from core.rounds.services import round_advance, round_blocked
from core.ui.templatetags.ui import moment
from core.web.manage.forms import Radios, Styled
from core.web.manage.page import CONFLICT, PROBLEM, actor_of, page, sent
from core.web.manage.tasks import hindrances
from core.web.public.phases import PHASES, phase_of

FORWARD, BACK, PAUSE, END = "forward", "back", "pause", "end"


@dataclass(frozen=True, slots=True)
class StepWords:
    """A step as officers read it: what its button says, what happens, and which way it leads."""

    label: Any
    happens: tuple[Any, ...]
    way: str = FORWARD
    done: Any = ""


RESIDENTS_SEE = _("Residents see the round's page. It says that the round is at “%(phase)s”.")
STAYS = _("Everything that was written stays, and can still be changed.")
WORDS: dict[str, StepWords] = {
    "start_ideas": StepWords(
        _("Start gathering ideas"),
        (
            RESIDENTS_SEE,
            _("Gather the ideas at events, on paper or by other means, and enter the ones that become projects here."),
        ),
    ),
    "start_co_construction": StepWords(
        _("Start working out the ideas"),
        (RESIDENTS_SEE, _("Residents and officers turn ideas into projects that can be done.")),
    ),
    "start_feasibility": StepWords(
        _("Start checking the projects"),
        (RESIDENTS_SEE, _("Residents can read the projects that are marked as on the ballot.")),
    ),
    "prepare_ballot": StepWords(
        _("Show the projects and get ready for voting"),
        (
            _("Residents see the round's page and can read its projects. It says that voting opens soon."),
            STAYS,
        ),
    ),
    "open_voting": StepWords(
        _("Open voting"),
        (
            _("Projects, costs, money, rules and words are frozen as they are now, and published with a digest."),
            _("Ballots are taken from %(opens)s until %(closes)s."),
            _("Each ballot is sealed. Nobody, the council included, can see or count any before the box is opened."),
        ),
        done=_("Voting is set up. What residents choose from is frozen."),
    ),
    "suspend": StepWords(
        _("Pause voting"),
        (
            _("No ballot is taken while voting is paused. Ballots that were sent are kept safe."),
            _("Residents see that the round is paused."),
        ),
        PAUSE,
        _("Voting is paused."),
    ),
    "resume": StepWords(
        _("Go on with voting"),
        (_("Ballots are taken again until %(closes)s."),),
        done=_("Voting goes on."),
    ),
    "close_voting": StepWords(
        _("Close voting and seal the box"),
        (
            _("No ballot is taken any more, and the box is sealed."),
            _("A list of marks, one for each sealed ballot, is fixed before anybody can open the box."),
            _("Afterwards two people have to agree before the box is opened and counted."),
        ),
        done=_("Voting is closed and the box is sealed."),
    ),
    "publish_result": StepWords(
        _("Publish the result"),
        (
            _("Everybody sees the result: what was funded, the votes for each project and the reason for each."),
            _("Look at it before you publish it."),
        ),
        done=_("The result is published."),
    ),
    "start_delivery": StepWords(
        _("The result is confirmed: start the projects"),
        (_("The round's page says that the chosen projects are under way."),),
    ),
    "start_evaluation": StepWords(
        _("The projects are done: look back"),
        (_("The round's page says that the round is being looked back on."),),
    ),
    "close_round": StepWords(
        _("Finish the round"),
        (_("The round is finished. Its page and its result stay where they are."),),
    ),
    "cancel": StepWords(
        _("Cancel the round"),
        (
            _("The round ends without a result. Its page stays and says that it was cancelled."),
            _("Ballots that were sent are not counted."),
        ),
        END,
        _("The round is cancelled."),
    ),
}


def words_of(verb: str) -> StepWords:
    """The words of a step; those that lead back are made from the phase they lead to."""
    known = WORDS.get(verb)
    if known is not None:
        return known
    for before in ("return_to_", "reopen_"):
        if verb.startswith(before):
            phase = PHASES[State(verb.removeprefix(before))].name
            happens = (RESIDENTS_SEE, STAYS)
            if verb.endswith(State.DESIGN.value):
                happens = (_("Residents do not see the round any more, until you show it again."), STAYS)
            return StepWords(_("Go back to “%(phase)s”") % {"phase": phase}, happens, BACK)
    return StepWords(verb.replace("_", " ").capitalize(), ())


@dataclass(frozen=True, slots=True)
class Choice:
    """A step this person may take now, and the page on which it is taken."""

    verb: str
    label: Any
    address: str
    way: str


def _choice(row: Round, step: Transition) -> Choice:
    words = words_of(step.verb)
    address = reverse("staff:step", kwargs={"slug": row.slug, "verb": step.verb})
    return Choice(step.verb, words.label, address, words.way)


def choices_for(row: Round, person: Person, last: RoundTransition | None) -> dict[str, Any]:
    """The steps in three lists: on, back and out. Of those back, the one that undoes the last step comes first."""
    mine = [_choice(row, step) for step in verbs_from(row.state) if may_advance(person, step.verb, row)]
    taken = find(last.source, last.verb) if last and last.target == row.state else None
    undo = next((one for one in mine if taken and one.verb == taken.undo), None)
    return {
        "on": [one for one in mine if one.way == FORWARD and one is not undo],
        "undo": undo,
        "back": [one for one in mine if one.way == BACK and one is not undo],
        "out": [one for one in mine if one.way in (PAUSE, END) and one is not undo],
    }


def next_of(row: Round, person: Person) -> Any:
    """What comes next, in a few words, for the list of rounds."""
    if row.state == State.COUNT:
        return _("Open the box and count")
    if row.state == State.VOTING and row.ballot_closes_at:
        return _("Voting closes on %(when)s") % {"when": moment(row.ballot_closes_at)}
    mine = [words_of(step.verb) for step in verbs_from(row.state) if may_advance(person, step.verb, row)]
    # The shortest way to the vote comes first in an officer's mind; the table lists it last.
    return next((one.label for one in reversed(mine) if one.way == FORWARD), "")


REASONS: dict[Reason, Any] = {
    Reason.CORRECTION: _("Something has to be corrected"),
    Reason.FAULT: _("Something does not work"),
    Reason.SAFETY: _("To keep people or ballots safe"),
    Reason.LEGAL: _("The law or a court asks for it"),
    Reason.FUNDING: _("The money is not there any more"),
    Reason.OTHER: _("Another reason"),
}


class StepForm(Styled):
    """Why a step is taken. The reason's kind is public; the words stay with the council."""

    reason_code = forms.ChoiceField(
        label=_("Reason"),
        choices=[(one.value, label) for one, label in REASONS.items()],
        widget=Radios(),
        help_text=_("Residents can see this."),
        error_messages={"required": _("Choose a reason.")},
    )
    reason = forms.CharField(
        label=_("The reason in your own words"),
        max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Kept with the round. Only people who work on it can read it."),
        error_messages={"required": _("Say the reason in your own words.")},
    )

    def __init__(self, *args: Any, asked: bool, label: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.save_label = label
        if not asked:
            del self.fields["reason_code"], self.fields["reason"]


def _sooner(row: Round, verb: str) -> bool:
    """Whether this would close voting before the time that was announced."""
    return verb == "close_voting" and row.ballot_closes_at is not None and database_now() < row.ballot_closes_at


def _taken_already(row: Round, verb: str, seen: str) -> bool:
    """Whether the last step was this one, from the state the form was shown in: a button that was pressed twice."""
    last = next(iter(transitions_of(row)), None)
    return bool(seen and seen != row.state and last and last.verb == verb and last.source == seen)


# Steps that decide who may vote when, or what everybody learns of it.
WEIGHTY = frozenset({"open_voting", "close_voting", "suspend", "resume", "publish_result", "cancel"})


def _weighty(*, verb: str, **_gaps: str) -> bool:
    return verb in WEIGHTY


@access(READERS, round_of=round_id_of)
@proven(when=_weighty)
def round_step(request: HttpRequest, slug: str, verb: str) -> HttpResponseBase:
    """Ask before a step is taken, take it when confirmed, and say what stands in its way and where to mend it."""
    row = round_by_slug(slug)
    step = find(row.state, verb)
    if request.method == "POST" and _taken_already(row, verb, request.POST.get("seen", "")):
        return redirect("staff:round", slug=slug)
    if step is None:
        return _not_now(request, row, verb)
    actor = actor_of(request)
    if not may_advance(actor, verb, row):
        raise Refused(
            say("You do not hold a role that may do this."),
            code="round.not_allowed",
            remedy=say("Ask an officer of the council to do it, or to give you the role."),
        )
    words = words_of(verb)
    asked = step.reasoned or _sooner(row, verb)
    form = StepForm(sent(request), asked=asked, label=words.label, initial={"seen": row.state})
    failures: Sequence[Any] = round_blocked(round=row, verb=verb, reason_code=Reason.OTHER.value if asked else "")
    status = CONFLICT if request.method == "POST" and failures else 200
    if request.method == "POST" and not failures and form.is_valid():
        try:
            round_advance(
                round=row,
                verb=verb,
                actor=actor,
                reason=form.cleaned_data.get("reason", ""),
                reason_code=form.cleaned_data.get("reason_code", ""),
            )
        except Refused as refused:
            failures, status = list(refused.problems), CONFLICT
            if not failures:
                form.refuse(refused)
        else:
            messages.success(request, words.done or say("%(step)s: done.") % {"step": words.label})
            return redirect("staff:count" if verb == "close_voting" else "staff:round", slug=slug)
    return page(
        request,
        "manage/step.html",
        heading=words.label,
        row=row,
        form=form,
        happens=[line % _facts(row, step) for line in words.happens],
        undo=words_of(step.undo).label if step.undo else "",
        way=words.way,
        sooner=_sooner(row, verb),
        hindrances=hindrances(row, failures),
        counted=verb == "publish_result" and not failures,
        danger=words.way == END,
        status=status if status != 200 or not form.errors else PROBLEM,
    )


def _facts(row: Round, step: Transition) -> dict[str, Any]:
    return {
        "phase": PHASES[step.target].name,
        "opens": moment(row.ballot_opens_at) or say("the opening time"),
        "closes": moment(row.ballot_closes_at) or say("the closing time"),
    }


def _not_now(request: HttpRequest, row: Round, verb: str) -> HttpResponse:
    """A step that the round cannot take where it stands: an old page, or somebody was quicker."""
    if not any(find(state, verb) for state in State):
        raise NotFound("There is no such step.", code="step.not_found")
    return page(
        request,
        "manage/step_gone.html",
        heading=words_of(verb).label,
        row=row,
        phase=phase_of(row),
        status=CONFLICT if request.method == "POST" else 200,
    )
