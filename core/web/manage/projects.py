"""The projects of a round: the list, one project, its picture, and whether it stands on the ballot."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from core.kernel.errors import Invalid, Refused
from core.people.access import access
from core.places.selectors import areas
from core.proposals.access import EDITORS, READERS, may_edit
from core.proposals.models import Proposal
from core.proposals.pictures import MOST_BYTES
from core.proposals.selectors import proposal_by_ref, proposals_of
from core.proposals.services import proposal_save, proposal_state_set
from core.rounds.models import Round
from core.rounds.money import pots_offered, pots_written
from core.rounds.selectors import pot_total, pots_of, round_by_slug, round_id_of, round_locked
from core.web.manage.forms import MoneyInput, Pair, Styled, Tick, fresh_id, mark, unchanged, written
from core.web.manage.page import CONFLICT, PROBLEM, actor_of, need_editable, page, sent
from plugins.api.money import Money
from plugins.api.text import LocalisedText

STATES: dict[str, tuple[Any, str]] = {
    Proposal.State.ON_BALLOT: (_("On the ballot"), "green"),
    Proposal.State.DRAFT: (_("Draft"), "grey"),
    Proposal.State.WITHDRAWN: (_("Withdrawn"), "orange"),
}
PLACE_OF_REFUSAL = {
    "project.title": "title_en",
    "project.cost": "cost",
    "project.minimum": "minimum",
    "project.picture_alt": "alt_en",
    "picture.too_large": "picture",
    "picture.too_many_points": "picture",
    "picture.unreadable": "picture",
}


class ProjectForm(Styled):
    """A project residents can choose."""

    new_id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    cost = MoneyInput(label=_("Cost"), above_zero=True, help_text=_("In pounds, such as £12,000 or 4500.50"))
    minimum = MoneyInput(
        label=_("The least it could begin with"),
        required=False,
        help_text=_("Only where its people said they would take a part of the cost. Otherwise leave it empty."),
    )
    running_cost = MoneyInput(
        label=_("Running cost a year"), required=False, help_text=_("What it costs to keep it going. £0 if nothing.")
    )
    area = forms.CharField(
        label=_("Area"), max_length=80, required=False, help_text=_("Where it is: a ward or a place people know.")
    )
    category = forms.CharField(
        label=_("Kind of project"),
        max_length=80,
        required=False,
        help_text=_("Residents can look for projects by kind. For example: streets, health, young people."),
    )
    picture = forms.FileField(
        label=_("Picture"),
        required=False,
        help_text=_("A JPEG, PNG or WebP file of at most 5 MB. We make it smaller and remove hidden details."),
        widget=forms.FileInput({"accept": "image/jpeg,image/png,image/webp"}),
    )
    picture_away = forms.BooleanField(label=_("Take the picture away"), required=False, widget=Tick())
    pairs = (
        Pair("title", _("Title"), _("Title in Gaelic"), most=120),
        Pair(
            "benefit",
            _("What it brings, in one line"),
            _("What it brings, in Gaelic"),
            most=200,
            hint=_("For example: somewhere to sit down and meet people."),
        ),
        Pair(
            "description",
            _("Description"),
            _("Description in Gaelic"),
            most=5000,
            rows=6,
            required=False,
            hint=_("What would be done, where and when. An empty line begins a new paragraph."),
        ),
        Pair(
            "view",
            _("What the council's officers say"),
            _("What the officers say, in Gaelic"),
            most=2000,
            rows=3,
            required=False,
            hint=_("Can it be done, and what does it need? Residents read this beside the project."),
        ),
        Pair(
            "alt",
            _("What the picture shows"),
            _("What the picture shows, in Gaelic"),
            most=200,
            required=False,
            hint=_("In words, for people who cannot see it. Needed when there is a picture."),
        ),
    )
    field_order = [
        "title_en",
        "title_gd",
        "benefit_en",
        "benefit_gd",
        "description_en",
        "description_gd",
        "cost",
        "minimum",
        "running_cost",
        "area",
        "category",
        "view_en",
        "view_gd",
        "picture",
        "alt_en",
        "alt_gd",
        "picture_away",
    ]

    def __init__(self, *args: Any, known: Proposal | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = known
        self.fields["area"].widget.attrs["list"] = "areas"
        self.fields["category"].widget.attrs["list"] = "kinds"
        if known is None or not known.image:
            del self.fields["picture_away"]

    def clean_picture(self) -> Any:
        picture = self.cleaned_data["picture"]
        if picture and picture.size > MOST_BYTES:
            raise forms.ValidationError(_("The picture is larger than 5 MB. Choose a smaller one."))
        return picture

    @staticmethod
    def typed(row: Proposal) -> dict[str, Any]:
        return {
            **written("title", row.title),
            **written("benefit", row.benefit),
            **written("description", row.description),
            **written("view", row.officer_view),
            **written("alt", row.image_alt),
            "cost": row.cost,
            "minimum": row.minimum if row.minimum is not None else "",
            "running_cost": row.running_cost if row.running_cost is not None else "",
            "area": row.area,
            "category": row.category,
        }

    def values(self) -> dict[str, Any]:
        """What was typed, as the service takes it. Without a picture there is nothing to describe."""
        data = self.cleaned_data
        upload = data["picture"]
        picture: bytes | None = upload.read() if upload else (b"" if data.get("picture_away") else None)
        stays = bool(self.known and self.known.image) if picture is None else bool(picture)
        return {
            "title": self.words("title"),
            "benefit": self.words("benefit"),
            "description": self.words("description"),
            "officer_view": self.words("view"),
            "cost": data["cost"],
            "minimum": data["minimum"],
            "running_cost": data["running_cost"],
            "area": data["area"],
            "category": data["category"],
            "picture": picture,
            "picture_alt": self.words("alt") if stays else LocalisedText(""),
        }


@access(READERS, round_of=round_id_of)
def projects(request: HttpRequest, slug: str) -> HttpResponse:
    """Every project with its cost and whether it is on the ballot, beside what the pot holds."""
    row = round_by_slug(slug)
    found, pot = proposals_of(row), pot_total(row)
    of_area = {one.area: one.budget for one in pots_offered(pots_written(pots_of(row)))}
    on_ballot = [one for one in found if one.state == Proposal.State.ON_BALLOT]
    lines = [
        {
            "project": one,
            "state": STATES[one.state][0],
            "colour": STATES[one.state][1],
            "dear": one.state == Proposal.State.ON_BALLOT and pot.minor > 0 and one.cost > of_area.get(one.area, pot),
        }
        for one in found
    ]
    return page(
        request,
        "manage/projects.html",
        heading=say("Projects"),
        row=row,
        lines=lines,
        pot=pot,
        together=sum((one.cost for one in on_ballot), Money(0)),
        number=len(on_ballot),
        editable=may_edit(actor_of(request), row),
    )


@access(EDITORS, round_of=round_id_of)
def project_new(request: HttpRequest, slug: str) -> HttpResponseBase:
    return _project(request, round_by_slug(slug), None)


@access(EDITORS, round_of=round_id_of)
def project_edit(request: HttpRequest, slug: str, ref: str) -> HttpResponseBase:
    row = round_by_slug(slug)
    return _project(request, row, proposal_by_ref(row, ref))


@require_POST
@access(EDITORS, round_of=round_id_of)
def project_state(request: HttpRequest, slug: str, ref: str) -> HttpResponseBase:
    """Withdraw a project, or put it back on the ballot or among the drafts."""
    row = round_by_slug(slug)
    found = proposal_by_ref(row, ref)
    state = request.POST.get("state", "")
    if state not in STATES:
        raise Invalid("There is no such state of a project.", code="project.state")
    proposal_state_set(proposal=found, state=state, actor=actor_of(request))
    messages.success(request, say("%(ref)s: %(state)s.") % {"ref": found.ref, "state": STATES[state][0]})
    return redirect("staff:projects", slug=slug)


def _project(request: HttpRequest, row: Round, known: Proposal | None) -> HttpResponseBase:
    if request.method != "POST":
        need_editable(row)
    if known:
        typed = ProjectForm.typed(known)
        initial = {**typed, "seen": mark(typed)}
    else:
        initial = {"new_id": fresh_id(), "area": row.area_name}
    form = ProjectForm(sent(request), request.FILES or None, initial=initial, known=known)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            saved = _saved(form, row, known, draft="draft" in request.POST, actor=actor_of(request))
        except (Invalid, Refused) as error:
            form.refuse(error, PLACE_OF_REFUSAL)
            status = CONFLICT if isinstance(error, Refused) or error.code == "form.changed" else PROBLEM
        else:
            messages.success(request, say("%(ref)s is saved.") % {"ref": saved.ref})
            return redirect("staff:projects", slug=row.slug)
    return page(
        request,
        "manage/project.html",
        heading=f"{known.ref} {known.title.en}" if known else say("Add a project"),
        row=row,
        form=form,
        known=known,
        state=STATES[known.state] if known else None,
        places=[area.name for area in areas() if area.kind == area.Kind.WARD],
        kinds=sorted({one.category for one in proposals_of(row) if one.category}),
        chosen_again=bool(request.FILES and form.errors),
        trail=[(reverse("staff:projects", kwargs={"slug": row.slug}), say("Projects"))],
        back=reverse("staff:projects", kwargs={"slug": row.slug}),
        status=status if status != 200 or not form.errors else PROBLEM,
    )


def _saved(form: ProjectForm, row: Round, known: Proposal | None, *, draft: bool, actor: Any) -> Proposal:
    values = form.values()
    with transaction.atomic():
        locked = round_locked(row)
        if known is None:
            state = Proposal.State.DRAFT if draft else Proposal.State.ON_BALLOT
            return proposal_save(round=locked, state=state, actor=actor, new_id=form.cleaned_data["new_id"], **values)
        now = proposal_by_ref(locked, known.ref)
        unchanged(form, ProjectForm.typed(now))
        return proposal_save(round=locked, proposal=now, state=now.state, actor=actor, **values)
