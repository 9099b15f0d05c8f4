"""What plugins may ask of the core: public facts of rounds and projects, and the names people have chosen to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from core.people.selectors import names_shown
from core.proposals.models import Proposal
from core.proposals.selectors import proposals_on_ballot
from core.rounds.models import Round
from core.voting.selectors import turnout
from plugins.api import Project, SubjectRef
from plugins.host.fence import lifted


def _uuid(text: str) -> UUID:
    """An identifier that came from outside; what is none is one that nothing has."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


class PublicFacts:
    """Fills `plugins.api.Read`. Each answer is for the tenant of the call; what is not public is not there."""

    def project(self, ref: SubjectRef) -> Project | None:
        with lifted():
            row = Proposal.objects.filter(pk=_uuid(ref.uuid)).exclude(state=Proposal.State.DRAFT).first()
            return row.as_project() if row else None

    def projects(self, of_round: SubjectRef) -> Sequence[Project]:
        with lifted():
            row = Round.objects.filter(pk=_uuid(of_round.uuid)).first()
            return [one.as_project() for one in proposals_on_ballot(row)] if row else []

    def count_participants(self, of_round: SubjectRef) -> int:
        """People whose ballot was counted: nothing before the result is published."""
        with lifted():
            row = Round.objects.filter(pk=_uuid(of_round.uuid)).first()
            return sum((turnout(row) or {}).values()) if row else 0

    def round_of(self, subject: SubjectRef) -> SubjectRef | None:
        with lifted():
            found = _uuid(subject.uuid)
            if subject.kind == "round":
                known = Round.objects.filter(pk=found).exists()
                return SubjectRef("round", str(found)) if known else None
            row = Proposal.objects.filter(pk=found).values_list("round_id", flat=True).first()
            return SubjectRef("round", str(row)) if row else None

    def display_names(self, pseudonyms: Sequence[str]) -> Mapping[str, str]:
        with lifted():
            known = frozenset(_uuid(one) for one in pseudonyms)
            return {str(one): name for one, name in names_shown(known).items()} if known else {}
