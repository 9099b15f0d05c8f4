"""The parts of a round that officers write: one small form each, editable until voting opens."""

from __future__ import annotations

from datetime import time
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from core.kernel.errors import CommontyError
from core.people.models import Person
from core.places.selectors import area_by_code, areas
from core.rounds.models import Round
from core.rounds.selectors import round_id_of
from core.rounds.services import round_change, round_create
from core.web.manage.forms import (
    DayInput,
    Group,
    Pair,
    Styled,
    Tick,
    Ticks,
    TimeInput,
    Words,
    day_and_time,
    moment_of,
    written,
)
from plugins.api.text import LocalisedText
from plugins.host.selectors import choosable_modules

# Words that stand for pages of their own beside the rounds.
RESERVED = frozenset({"new"})
CONNECTIONS: tuple[tuple[str, Words], ...] = (
    ("live", _("They live there")),
    ("work", _("They work there")),
    ("study", _("They study there")),
    ("volunteer", _("They volunteer there")),
    ("use_service", _("They use a service there")),
    ("care_for", _("They care for somebody there")),
)
OPENS, CLOSES = time(9), time(17)


class Section(Styled):
    """One part of a round: what it shows of the round, and how it is saved."""

    heading: ClassVar[Words]
    intro: ClassVar[Words] = ""
    # Codes of refusals, and the field each is about.
    beside: ClassVar[dict[str, str]] = {}

    @classmethod
    def typed(cls, row: Round) -> dict[str, Any]:
        """The round's values as this form holds them."""
        raise NotImplementedError

    def keep(self, row: Round, actor: Person) -> None:
        """Save. Raises Invalid or Refused."""
        raise NotImplementedError


# Asked for when a round is made, and to be changed afterwards.
WORDS = (
    Pair("name", _("Name in English"), _("Name in Gaelic"), most=120),
    Pair(
        "purpose",
        _("What the round is for"),
        _("What the round is for, in Gaelic"),
        most=2000,
        rows=4,
        hint=_("For example: to make the streets around Leith Walk safer and greener."),
    ),
)


class WordsSection(Section):
    heading = _("Name and purpose")
    intro = _("This is the first thing residents read. Short words help most.")

    pairs = WORDS

    @classmethod
    def typed(cls, row: Round) -> dict[str, Any]:
        return {**written("name", row.name), **written("purpose", row.purpose)}

    def keep(self, row: Round, actor: Person) -> None:
        round_change(round=row, actor=actor, name=self.words("name"), purpose=self.words("purpose"))


class NewRoundForm(Styled):
    """The beginning of a round; everything else has a page of its own afterwards."""

    save_label = _("Create the round")

    new_id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    pairs = WORDS
    slug = forms.SlugField(
        label=_("Address of the round"),
        required=False,
        max_length=80,
        help_text=_(
            "Small letters, digits and hyphens, such as leith-2027. Leave it empty and we make it from the name. "
            "It cannot be changed later."
        ),
        error_messages={"invalid": _("Use small letters, digits and hyphens only, such as leith-2027.")},
    )
    practice = forms.BooleanField(
        label=_("This is a practice round"),
        required=False,
        widget=Tick,
        help_text=_("For trying things out. It is marked as practice in the list of rounds."),
    )

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"])
        if slug != slug.lower():
            raise forms.ValidationError(self.fields["slug"].error_messages["invalid"])
        if slug in RESERVED:
            raise forms.ValidationError(_("This address is used for something else. Choose another."))
        return slug

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("name_en") and "slug" in data and not data["slug"]:
            data["slug"] = _free(slugify(data["name_en"])[:60].strip("-"))
            if not data["slug"]:
                self.add_error("slug", _("We cannot make an address from this name. Write one."))
        return data

    def make(self, actor: Person) -> Round:
        """Create the round. Raises Invalid for an address that is taken."""
        nothing = LocalisedText("")
        new_id: UUID | None = self.cleaned_data["new_id"]
        return round_create(
            slug=self.cleaned_data["slug"],
            name=self.words("name"),
            purpose=self.words("purpose"),
            open_to_influence=nothing,
            fixed=nothing,
            eligibility=nothing,
            is_practice=self.cleaned_data["practice"],
            actor=actor,
            new_id=new_id,
        )


def _free(wanted: str) -> str:
    """An address that no round has: the one wanted, or with a number behind it."""
    if not wanted:
        return ""
    found, number = wanted, 1
    while found in RESERVED or round_id_of(found) is not None:
        number += 1
        found = f"{wanted}-{number}"
    return found


class DecideSection(Section):
    heading = _("What residents decide")
    intro = _("Say plainly what is theirs to decide and what is not. Nothing disappoints more than finding out later.")
    pairs = (
        Pair(
            "open",
            _("What residents decide"),
            _("What residents decide, in Gaelic"),
            most=2000,
            rows=4,
            hint=_("For example: which of the projects get their money."),
        ),
        Pair(
            "fixed",
            _("What is already fixed"),
            _("What is already fixed, in Gaelic"),
            most=2000,
            rows=4,
            hint=_("For example: the sum, that it is spent this year, and what the law asks."),
        ),
    )

    @classmethod
    def typed(cls, row: Round) -> dict[str, Any]:
        return {**written("open", row.open_to_influence), **written("fixed", row.fixed)}

    def keep(self, row: Round, actor: Person) -> None:
        round_change(round=row, actor=actor, open_to_influence=self.words("open"), fixed=self.words("fixed"))


class PlaceSection(Section):
    heading = _("Area")
    intro = _("The area the projects are for.")

    area_code = forms.ChoiceField(label=_("Area"), required=False)
    area_name = forms.CharField(
        label=_("Name of the area, if it is another or a smaller one"),
        max_length=120,
        required=False,
        help_text=_("For example: Leith Links, or the villages along the coast road."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = areas()
        whole = next((area.name for area in found if area.kind == area.Kind.COUNCIL), "")
        wards = [(area.code, area.name) for area in found if area.kind == area.Kind.WARD]
        first = _("The whole area of %(name)s") % {"name": whole} if whole else _("The whole area")
        choices: list[tuple[str, Words]] = [("", first), *wards]
        self.fields["area_code"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    @classmethod
    def typed(cls, row: Round) -> dict[str, Any]:
        area = area_by_code(row.area_code) if row.area_code else None
        named = "" if area is not None and area.name == row.area_name else row.area_name
        return {"area_code": row.area_code, "area_name": named}

    def keep(self, row: Round, actor: Person) -> None:
        area = area_by_code(self.cleaned_data["area_code"]) if self.cleaned_data["area_code"] else None
        name = self.cleaned_data["area_name"] or (area.name if area else "")
        round_change(round=row, actor=actor, area_code=area.code if area else "", area_name=name)


class VotersSection(Section):
    heading = _("Who may vote")
    beside = {
        "round.no_proofs": "proofs",
        "round.proofs_share": "proofs",
        "round.proof_gone": "proofs",
    }

    pairs = (
        Pair(
            "eligibility",
            _("Who may vote, in one sentence"),
            _("Who may vote, in Gaelic"),
            most=500,
            rows=2,
            hint=_("For example: anyone who lives, works or studies in Leith."),
        ),
    )
    min_age = forms.IntegerField(
        label=_("Youngest age to vote"),
        min_value=0,
        max_value=120,
        help_text=_("0 for any age. Many rounds invite people from 8 or 12."),
        widget=forms.NumberInput({"class": "ds_input ds_input--fixed-3", "inputmode": "numeric"}),
    )
    connections = forms.MultipleChoiceField(
        label=_("What ties a voter to the area"), choices=CONNECTIONS, widget=Ticks(), required=False
    )
    proofs = forms.MultipleChoiceField(
        label=_("How people show that they may vote"),
        widget=Ticks(),
        help_text=_(
            "People choose between these ways. Two ways fit together only if both know a person by the same thing, "
            "so that nobody votes twice."
        ),
        error_messages={"required": _("Choose at least one way, or nobody could vote.")},
    )
    revisable = forms.BooleanField(
        label=_("Voters can change their vote until voting closes"),
        required=False,
        widget=Tick,
        help_text=_("The last vote counts. Without this, a vote that was sent stays as it is."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = choosable_modules("eligibility_proof", keep=self.initial.get("proofs", ()))
        proofs: Any = self.fields["proofs"]
        proofs.choices = [(module.key, module.label.en) for module in found]
        proofs.widget.hints = {module.key: module.description.en for module in found}

    @classmethod
    def typed(cls, row: Round) -> dict[str, Any]:
        return {
            **written("eligibility", row.eligibility),
            "min_age": row.min_age,
            "connections": list(row.connections),
            "proofs": sorted(row.proofs),
            "revisable": row.revisable,
        }

    def keep(self, row: Round, actor: Person) -> None:
        data = self.cleaned_data
        round_change(
            round=row,
            actor=actor,
            eligibility=self.words("eligibility"),
            min_age=data["min_age"],
            connections=data["connections"],
            proofs=sorted(data["proofs"]),
            revisable=data["revisable"],
        )

    def refuse(self, error: CommontyError, fields: Any = None) -> None:
        for problem in error.problems:
            self.add_error(self.beside.get(problem.code), problem.message.en)
        if not error.problems:
            super().refuse(error, fields)


class DiscussionSection(Section):
    heading = _("Discussion")
    intro = _(
        "How residents talk about the projects before they vote. Everybody can read it, and it ends when voting closes."
    )

    deliberation = forms.MultipleChoiceField(
        label=_("Ways to take part"),
        widget=Ticks(),
        required=False,
        help_text=_("People sign in and choose a name to write. Choose none for a round without discussion."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = choosable_modules("deliberation", keep=self.initial.get("deliberation", ()))
        ways: Any = self.fields["deliberation"]
        ways.choices = [(module.key, module.label.en) for module in found]
        ways.widget.hints = {module.key: module.description.en for module in found}

    @classmethod
    def typed(cls, row: Round) -> dict[str, Any]:
        return {"deliberation": sorted(row.deliberation)}

    def keep(self, row: Round, actor: Person) -> None:
        round_change(round=row, actor=actor, deliberation=sorted(self.cleaned_data["deliberation"]))


class DatesSection(Section):
    heading = _("Dates")
    intro = _(
        "Ballots are taken between these two times, once an officer has opened voting. None is taken outside them."
    )
    groups = (
        Group(_("Voting opens"), ("opens_day", "opens_time"), inline=True),
        Group(_("Voting closes"), ("closes_day", "closes_time"), inline=True),
    )
    beside = {"round.dates_order": "closes_day"}

    opens_day = DayInput(label=_("Day voting opens"))
    opens_time = TimeInput(label=_("Time voting opens"))
    closes_day = DayInput(label=_("Day voting closes"))
    closes_time = TimeInput(label=_("Time voting closes"))

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        for end in ("opens", "closes"):
            try:
                data[end] = moment_of(data.get(f"{end}_day"), data.get(f"{end}_time"))
            except forms.ValidationError as error:
                self.add_error(f"{end}_time", error)
        if data.get("opens") and data.get("closes") and data["closes"] <= data["opens"]:
            self.add_error("closes_day", _("Voting must close after it opens. Choose a later day or time."))
        return data

    @classmethod
    def typed(cls, row: Round) -> dict[str, Any]:
        opens_day, opens_time = day_and_time(row.ballot_opens_at, OPENS)
        closes_day, closes_time = day_and_time(row.ballot_closes_at, CLOSES)
        return {
            "opens_day": opens_day,
            "opens_time": opens_time,
            "closes_day": closes_day,
            "closes_time": closes_time,
        }

    def keep(self, row: Round, actor: Person) -> None:
        data = self.cleaned_data
        round_change(round=row, actor=actor, ballot_opens_at=data["opens"], ballot_closes_at=data["closes"])


SECTIONS: dict[str, type[Section]] = {
    "words": WordsSection,
    "decide": DecideSection,
    "area": PlaceSection,
    "voters": VotersSection,
    "discussion": DiscussionSection,
    "dates": DatesSection,
}
