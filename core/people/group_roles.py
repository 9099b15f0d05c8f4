"""Groups of the council's own sign-in that propose roles: officers list them, the provider names them, officers decide.

Nothing here gives a role. A proposal becomes one only by an officer's own act, and that officer is its giver. Of the
groups that the provider names, only those on the officers' list are ever written down.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from core.audit.services import event_record
from core.kernel.errors import Invalid, NotFound, Refused
from core.people.events import GroupRoleListed, GroupRoleUnlisted, RoleProposalDeclined
from core.people.models import GroupRole, Person, RoleGrant, RoleProposal
from core.people.selectors import grants_active
from core.people.services import role_grant
from core.people.sso.provider import LONGEST_GROUP
from tenants.registry.context import current_tenant

# A short list: whoever needs more describes the council and not who works on its rounds.
MOST_LISTED = 20


def group_roles() -> list[GroupRole]:
    """The officers' list: which group proposes which role."""
    return list(GroupRole.objects.order_by("group", "role", "made_at"))


def group_role_of(key: UUID) -> GroupRole:
    """Raises NotFound."""
    row = GroupRole.objects.filter(pk=key).first()
    if row is None:
        raise NotFound(_("There is no such line on the list."), code="people.no_group_role")
    return row


def groups_wanted() -> bool:
    """Whether the provider is to be asked at all in which groups an officer is."""
    return GroupRole.objects.exists()


def group_role_list(*, group: str, role: str, round_id: UUID | None, actor: Person) -> GroupRole:
    """Have a group propose a role from its members' next sign-in on. Raises Invalid with what is wrong."""
    words = " ".join(group.split())
    if not words or len(words) > LONGEST_GROUP or not words.isprintable():
        raise Invalid(
            _("Write the group as the council’s sign-in names it."),
            code="people.group",
            remedy=_("Microsoft Entra names a group by its Object ID, unless it was told to use names."),
        )
    with transaction.atomic():
        if any((_key(one.group), one.role, one.round_id) == (_key(words), role, round_id) for one in group_roles()):
            raise Invalid(_("This group proposes this role there already."), code="people.group_listed")
        if GroupRole.objects.count() >= MOST_LISTED:
            raise Invalid(
                _("There are %(most)s lines, and no more are possible.") % {"most": MOST_LISTED},
                code="people.groups_full",
                remedy=_("Take one off the list, or give the role to the person directly."),
            )
        try:
            with transaction.atomic():
                row = GroupRole.objects.create(group=words, role=role, round_id=round_id)
        except IntegrityError as error:
            raise Invalid(_("This group proposes this role there already."), code="people.group_listed") from error
        event_record(GroupRoleListed(group=words, role=role), actor=actor)
    return row


def group_role_unlist(*, row: GroupRole, actor: Person) -> None:
    """Take a line off the list, and with it what it proposes. Roles that were given stay; so does what was declined."""
    with transaction.atomic():
        if not GroupRole.objects.filter(pk=row.pk).delete()[0]:
            return
        found = RoleProposal.objects.filter(role=row.role, round_id=row.round_id, declined_at=None)
        gone = [one.pk for one in found if _key(one.group) == _key(row.group)]
        RoleProposal.objects.filter(pk__in=gone).delete()
        event_record(GroupRoleUnlisted(group=row.group, role=row.role), actor=actor)


def groups_compare(*, person: Person, groups: Iterable[str]) -> None:
    """What follows from the groups in which the provider has named somebody who signs in: proposals, and no role."""
    if current_tenant().is_suspended:
        return
    named = {_key(one) for one in groups}
    with transaction.atomic():
        rows = RoleProposal.objects.select_for_update().filter(person=person)
        lines = {(_key(one.group), one.role, one.round_id): one for one in group_roles()}
        held = grants_active(person)
        in_force = {grant.pk for grant in held}
        settled = set()
        for row in rows:
            line = (_key(row.group), row.role, row.round_id)
            if row.declined_at is None and line not in lines:
                row.delete()
            elif row.declined_at:
                settled.add(line)
            elif row.grant_id in in_force:
                settled.add(line)
                _still(row, named=line[0] in named)
            elif row.grant_id or line[0] not in named or _holds(held, row.role, row.round_id):
                # Not named any more, given otherwise, or a role that has ended: named again, it is proposed again.
                row.delete()
            else:
                settled.add(line)
        for line, one in lines.items():
            if line[0] in named and line not in settled and not _holds(held, one.role, one.round_id):
                made = RoleProposal(person=person, group=one.group, role=one.role, round_id=one.round_id)
                # Of two sign-ins at once one writes it down.
                RoleProposal.objects.bulk_create([made], ignore_conflicts=True)


def proposals_open() -> list[RoleProposal]:
    """What the provider's groups propose and no officer has decided, the oldest first."""
    rows = RoleProposal.objects.filter(grant=None, declined_at=None, person__is_active=True)
    return list(rows.select_related("person").order_by("proposed_at", "person_id"))


def proposal_of(key: UUID) -> RoleProposal:
    """Raises NotFound where nothing is proposed any more."""
    row = next((one for one in proposals_open() if one.pk == key), None)
    if row is None:
        raise NotFound(_("This is not proposed any more."), code="people.no_proposal")
    return row


def proposal_confirm(*, proposal: RoleProposal, actor: Person) -> RoleGrant:
    """Give the role. Raises NotFound where it is not proposed any more, Refused where the person holds it already."""
    with transaction.atomic():
        row = _locked(proposal)
        if _holds(grants_active(row.person), row.role, row.round_id):
            raise Refused(_("This person holds this role there already."), code="people.held")
        grant = role_grant(person=row.person, role=row.role, giver=actor, round_id=row.round_id)
        RoleProposal.objects.filter(pk=row.pk).update(grant=grant)
    return grant


def proposal_decline(*, proposal: RoleProposal, actor: Person) -> None:
    """Not proposed again for this person, group and role. Raises NotFound where it is not proposed any more."""
    with transaction.atomic():
        row = _locked(proposal)
        RoleProposal.objects.filter(pk=row.pk).update(declined_at=Now())
        event_record(RoleProposalDeclined(role=row.role, person=str(row.person.public_id)), actor=actor)


def grants_unnamed() -> dict[UUID, RoleProposal]:
    """By role: those that a group had proposed in which the provider no longer names their holder."""
    rows = RoleProposal.objects.exclude(grant=None).exclude(unnamed_at=None)
    return {row.grant_id: row for row in rows if row.grant_id}


def _key(group: str) -> str:
    return " ".join(group.split()).casefold()


def _holds(held: Iterable[RoleGrant], role: str, round_id: UUID | None) -> bool:
    return any(grant.role == role and grant.round_id in (None, round_id) for grant in held)


def _still(row: RoleProposal, *, named: bool) -> None:
    """Note since when the provider has not named the holder of a role any more."""
    if named == (row.unnamed_at is None):
        return
    RoleProposal.objects.filter(pk=row.pk).update(unnamed_at=None if named else Now())


def _locked(proposal: RoleProposal) -> RoleProposal:
    found = RoleProposal.objects.select_for_update(of=("self",)).select_related("person")
    row = found.filter(pk=proposal.pk, grant=None, declined_at=None, person__is_active=True).first()
    if row is None:
        raise NotFound(_("This is not proposed any more."), code="people.no_proposal")
    return row
