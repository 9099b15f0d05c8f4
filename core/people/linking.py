"""Two accounts of one person become one here: by that person's own act at both ends, and never by an address.

The account that makes the code stays; the other one is erased here, and whoever signs in with it is the first from then
on. Rolls of votes know both (`subjects_of`), so that nobody votes twice by having two.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext as _

from core.audit.services import event_record
from core.kernel.crypto import mac
from core.kernel.errors import Invalid, NotFound, Refused
from core.kernel.ids import reference, reference_normalise
from core.people.events import AccountsLinked
from core.people.models import Person, PersonAlias, Session
from core.people.privacy import erasure_ask
from core.people.selectors import roles_anywhere
from tenants.registry.context import current_tenant

# How long a code is kept, in the tenant's own part of the cache: what is lost there is made anew.
LIFE = timedelta(minutes=15)
# Sixty bits, as people type them.
LETTERS = 12
# So many codes may somebody enter, good ones too, in so long a time.
MOST_TRIES, TRIES_WITHIN = 10, timedelta(minutes=15)


def link_code_make(*, person: Person) -> str:
    """A code for the person's other account. An earlier one is void. Raises Refused for whoever works here."""
    _no_role(person)
    code = reference(LETTERS)
    _void(person)
    seconds = int(LIFE.total_seconds())
    cache.set(_latest(person), _mac(code), timeout=seconds)
    cache.set(_place(_mac(code)), str(person.pk), timeout=seconds)
    return code


def link_code_owner(*, person: Person, code: str) -> Person:
    """Whose code this is: who `person` would be from then on. Changes nothing but the count of tries.

    Raises Refused, with the same words for a code that is made up, over, used, or of another council.
    """
    _try_count(person)
    whose = cache.get(_place(_mac(_normal(code))))
    owner = Person.objects.filter(pk=whose, is_active=True).first() if whose else None
    if owner is None:
        raise _no_code()
    _ends_check(person, owner)
    return owner


def accounts_link(*, person: Person, code: str) -> Person:
    """Make `person` one with the code's owner: erased here, and their account another way to be the owner.

    Raises Refused as `link_code_owner` does; the code is good for this once.
    """
    owner = link_code_owner(person=person, code=code)
    with transaction.atomic():
        # Both, always in the same order: two links at once must not lead in a circle.
        list(Person.objects.select_for_update().filter(pk__in=(person.pk, owner.pk)).order_by("pk"))
        # Of several at once, the cache takes it away for one.
        if not cache.delete(_place(_mac(_normal(code)))) or any(_linked_away(one) for one in (person, owner)):
            raise _no_code()
        _void(person)
        PersonAlias.objects.filter(person=person).update(person=owner)
        PersonAlias.objects.create(person=owner, issuer=person.issuer, subject=person.subject)
        erasure_ask(person=person)
        event_record(AccountsLinked())
    return owner


def accounts_linked(person: Person) -> list[PersonAlias]:
    """The person's other accounts, the latest first."""
    return list(PersonAlias.objects.filter(person=person).order_by("-linked_at"))


def account_unlink(*, person: Person, alias: UUID, session_key: str) -> None:
    """Whoever signs in with that account is somebody new again. Raises NotFound for one that is not theirs.

    Every session of the person but this one ends: it may have been begun with that account.
    """
    with transaction.atomic():
        gone, _by_table = PersonAlias.objects.filter(pk=alias, person=person).delete()
        if not gone:
            raise NotFound(_("There is no such account of yours."), code="people.no_alias")
        Session.objects.filter(person=person).exclude(session_key=session_key).delete()


def _place(code_mac: str) -> str:
    return f"link-code/{code_mac}"


def _latest(person: Person) -> str:
    return f"link-code-of/{person.public_id}"


def _void(person: Person) -> None:
    """Whatever code the person made is good no longer."""
    if code_mac := cache.get(_latest(person)):
        cache.delete(_place(code_mac))


def _mac(code: str) -> str:
    return mac("people/link-code", current_tenant().uuid, code.encode()).hex()


def _normal(code: str) -> str:
    try:
        return reference_normalise(code[:60])
    except Invalid as error:
        raise _no_code() from error


def _try_count(person: Person) -> None:
    name = f"link-tries/{person.public_id}"
    cache.add(name, 0, timeout=int(TRIES_WITHIN.total_seconds()))
    try:
        tries = cache.incr(name)
    except ValueError:
        # Its time ended between the two: this one is the first again, and the next begins the count anew.
        tries = 1
    if tries > MOST_TRIES:
        raise Refused(
            _("You have entered too many codes."),
            code="people.link_tries",
            remedy=_("Wait a quarter of an hour, then make a new one with your other account."),
        )


def _ends_check(person: Person, owner: Person) -> None:
    """Whether these two may become one. Raises Refused."""
    if owner.pk == person.pk:
        raise Refused(
            _("This code was made with the account that you are signed in with now."),
            code="people.link_same",
            remedy=_("Sign out, sign in with your other account, and enter it there."),
        )
    if owner.issuer != person.issuer:
        raise Refused(_("Accounts of officers and of residents stay apart."), code="people.link_kinds")
    for one in (person, owner):
        _no_role(one)


def _no_role(person: Person) -> None:
    if roles_anywhere(person):
        raise Refused(
            _("Whoever holds a role here is one account, and it is known who that is."),
            code="people.link_role",
            remedy=_("Ask an officer to end the role first."),
        )


def _linked_away(person: Person) -> bool:
    return PersonAlias.objects.filter(issuer=person.issuer, subject=person.subject).exists()


def _no_code() -> Refused:
    return Refused(
        _("This code is not good here, or not any more."),
        code="people.link_code",
        remedy=_("It lasts a quarter of an hour and is good once. Make a new one with your other account."),
    )
