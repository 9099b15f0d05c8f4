"""Showing that one may vote, last of all; then one page with the ballot and the button that sends it.

Which ways there are is the round's choice; what each asks for is its plugin's. What a plugin wants kept between two
steps travels sealed in the form, so that a browser can neither read nor change it.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core.kernel.crypto import mac, token_open, token_seal
from core.kernel.errors import Invalid, NotFound, Refused
from core.people.access import ANYONE, access
from core.people.models import Person
from core.people.selectors import subjects_of
from core.rounds.lifecycle import State
from core.rounds.models import Round
from core.rounds.selectors import round_by_slug
from core.voting.selectors import accepting
from core.voting.services import roll_claim
from core.web.attested import age_check, attested_of
from core.web.public.booth import Booth, booth_for
from core.web.public.credential import Credential, cast_token, credential_of, credential_set, receipt_of
from core.web.public.rounds import frame
from core.web.public.vote import PROBLEM, shut
from core.web.sign_in import session_email
from core.web.spec_form import SpecForm
from plugins.api import EligibilityProof
from plugins.api.errors import BallotInvalid
from plugins.api.text import Text
from plugins.api.values import Ballot, Field, FormSpec, Proof, ProofRefused, Redirect, RequestFacts, RollKey
from plugins.host.context import plugin_context, proof_callback
from plugins.host.selectors import eligibility_proof, module_settings
from tenants.registry.context import current_tenant

PURPOSE = "proof-step"
STEP_LIFE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Way:
    """One way of showing that one may vote, as the page offers it."""

    key: str
    proof: EligibilityProof


def ways_of(row: Round) -> list[Way]:
    """The ways this round takes and this tenant has. A way that is switched off is left out; the others stay."""
    found = []
    for key in row.proofs:
        try:
            found.append(Way(key, eligibility_proof(key)))
        except NotFound:
            continue
    return found


class ProofForm(SpecForm):
    """A plugin's form. What it says is shown at its first field, where it can be put right."""

    def refuse(self, refused: ProofRefused) -> None:
        language = get_language() or "en"
        words = " ".join(part for part in (refused.reason.get(language), refused.what_to_bring.get(language)) if part)
        self.add_error(self.spec.fields[0].name if self.spec.fields else None, words)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@access(ANYONE)
def prove(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Show that you may vote; once that is done, send the ballot."""
    row = round_by_slug(slug, visible_only=True)
    credential, receipt = credential_of(request.COOKIES, row.id), receipt_of(request.COOKIES, row.id)
    open_now = accepting(row)
    refusal = _refusal(request, row, open_now=open_now, voter=credential is not None)
    if refusal and not refusal["may_send"]:
        return render(request, "public/send.html", {**frame(row, "vote"), "refusal": refusal}, status=409)
    if not open_now:
        return shut(request, row)
    booth = booth_for(request, row)
    try:
        ballot = booth.ballot()
    except BallotInvalid:
        # Whoever goes back after sending has no ballot in the browser any more: the receipt says that it was taken.
        return redirect("public:done" if receipt else "public:vote", slug=row.slug)
    # Each ballot is sent by somebody who has just shown that they may: the next one at this device is somebody else.
    if credential is not None and receipt is None and request.method != "POST" and "how" not in request.GET:
        return _send_page(booth, ballot, credential, refusal, request)
    ways = ways_of(row)
    way = next((one for one in ways if one.key == request.GET.get("how", "")), None)
    if way is None and len(ways) == 1:
        way = ways[0]
    if way is None:
        context = {**frame(row, "vote"), "ways": ways, "refusal": refusal}
        return render(request, "public/ways.html", context, status=409 if refusal else 200)
    if request.method == "POST":
        return _answered(request, row, way, ways)
    return _begun(request, row, way, ways)


def _facts(request: HttpRequest, row: Round) -> dict[str, str]:
    """What the core knows: the round, who has signed in, and how well a national provider had looked.

    The person is named by their provider, so that an account that was erased and made again is still the same voter.
    """
    facts = {"language": get_language() or "en", "round": str(row.id)}
    person = request.user
    if isinstance(person, Person):
        facts["person"] = _voter(person, person.subject)
        address = session_email(request)
        if address:
            facts |= {"email": address, "email_verified": "true"}
        told = attested_of(request)
        if told is not None and told.rung:
            facts["rung"] = told.rung
    return facts


def _here(row: Round, way: Way) -> str:
    return reverse("public:prove", kwargs={"slug": row.slug}) + "?" + urlencode({"how": way.key})


def _begun(request: HttpRequest, row: Round, way: Way, ways: list[Way]) -> HttpResponseBase:
    """The first step of a way: its form, or the way to sign in and back."""
    facts = RequestFacts(language=get_language() or "en")
    first = way.proof.begin(plugin_context(_settings(way)), facts, _settings(way))
    if isinstance(first, FormSpec):
        return _form_page(request, row, way, ways, ProofForm(first))
    if isinstance(request.user, Person):
        # Signed in already: asked once more, because what follows writes them onto the roll.
        return render(request, "public/prove_signed_in.html", {**frame(row, "vote"), "way": way, "ways": ways})
    return _sent_away(first, _here(row, way))


def _sent_away(to: Redirect, back: str) -> HttpResponseBase:
    if to.to != "sign-in":
        raise NotFound(_("This way of showing that you may vote does not work here."), code="proof.redirect")
    return HttpResponseRedirect("/sign-in/?" + urlencode({"next": back}))


def _settings(way: Way) -> Any:
    return module_settings("eligibility_proof", way.key)


def _answered(request: HttpRequest, row: Round, way: Way, ways: list[Way]) -> HttpResponseBase:
    """What was filled in goes to the plugin: the next form, a refusal, or a proof."""
    try:
        spec = _spec_asked(request, row, way)
    except Invalid:
        # The form stood open for too long, or was made for something else: begin again.
        return HttpResponseRedirect(_here(row, way))
    form = ProofForm(spec, request.POST) if spec is not None else None
    if form is not None and not form.is_valid():
        return _form_page(request, row, way, ways, form, status=PROBLEM)
    fields = {name: str(value) for name, value in form.cleaned_data.items()} if form is not None else {}
    callback = proof_callback(fields, step=spec.step if spec is not None else "", session=_facts(request, row))
    answer = way.proof.complete(plugin_context(_settings(way)), callback, _settings(way))
    if isinstance(answer, FormSpec):
        return _form_page(request, row, way, ways, ProofForm(answer))
    if isinstance(answer, Proof):
        return _claimed(request, row, way, ways, answer)
    return _refused(request, row, way, ways, answer, form)


def _refused(
    request: HttpRequest, row: Round, way: Way, ways: list[Way], answer: ProofRefused, form: ProofForm | None
) -> HttpResponse:
    """Say why, and let them try again with what they had typed."""
    if answer.form is not None:
        typed = request.POST if form is not None and form.spec.step == answer.form.step else None
        again = ProofForm(answer.form, typed if typed is not None else {})
        again.full_clean()
        again.errors.clear()
        again.refuse(answer)
        return _form_page(request, row, way, ways, again, status=PROBLEM)
    language = get_language() or "en"
    words = [answer.reason.get(language), answer.what_to_bring.get(language)]
    context = {**frame(row, "vote"), "ways": ways, "refusal": {"text": " ".join(filter(None, words)), "may_send": True}}
    return render(request, "public/ways.html", context, status=PROBLEM)


def _form_page(
    request: HttpRequest, row: Round, way: Way, ways: list[Way], form: ProofForm, status: int = 200
) -> HttpResponse:
    kept = {"round": str(row.id), "how": way.key, "spec": _packed(form.spec)}
    context = {
        **frame(row, "vote"),
        "form": form,
        "spec": form.spec,
        "kept": token_seal(PURPOSE, current_tenant().uuid, kept, ttl=STEP_LIFE),
        "here": "vote",
        "action": _here(row, way),
        "ways": ways,
    }
    return render(request, "public/prove.html", context, status=status)


def _claimed(request: HttpRequest, row: Round, way: Way, ways: list[Way], proof: Proof) -> HttpResponseBase:
    """Put the person onto the roll and give their browser the credential. Ways meet at a namespace they share."""
    shared = frozenset[str].intersection(*(frozenset(one.proof.namespaces) for one in ways))
    if not shared & {key.namespace for key in proof.roll_keys}:
        text = _("Your account has no confirmed e-mail address. Please use another way to show that you may vote.")
        context = {**frame(row, "vote"), "ways": ways, "refusal": {"text": text, "may_send": True}}
        return render(request, "public/ways.html", context, status=PROBLEM)
    if any(key.namespace == "person" for key in proof.roll_keys):
        try:
            age_check(request, at_least=row.min_age)
        except Refused as error:
            refusal = {"text": f"{error} {error.remedy}", "may_send": True}
            return render(
                request, "public/ways.html", {**frame(row, "vote"), "ways": ways, "refusal": refusal}, status=409
            )
    try:
        with transaction.atomic():
            credential = roll_claim(round_id=row.id, proof=_every_account(request, proof))
    except Refused as error:
        context = {**frame(row, "vote"), "ways": ways, "refusal": refusal_of(error.code)}
        return render(request, "public/ways.html", context, status=409)
    answer = redirect("public:prove", slug=row.slug)
    credential_set(answer, row.id, credential)
    return answer


def _every_account(request: HttpRequest, proof: Proof) -> Proof:
    """Somebody with several accounts is one voter by each of them, also where another one has voted before."""
    person = request.user
    if not isinstance(person, Person) or not any(key.namespace == "person" for key in proof.roll_keys):
        return proof
    keys = (RollKey("person", _voter(person, subject)) for subject in subjects_of(person))
    return replace(proof, roll_keys=tuple(dict.fromkeys((*proof.roll_keys, *keys))))


def _voter(person: Person, subject: str) -> str:
    return f"{person.issuer} {subject}"


def _packed(spec: FormSpec) -> dict[str, Any]:
    return asdict(spec)


def _spec_asked(request: HttpRequest, row: Round, way: Way) -> FormSpec | None:
    """The form this answer belongs to, from the seal it carries; None where no form was asked. Raises Invalid."""
    sealed = request.POST.get("kept", "")
    if not sealed and "confirm" in request.POST:
        return None
    kept = token_open(PURPOSE, current_tenant().uuid, sealed)
    if kept["round"] != str(row.id) or kept["how"] != way.key:
        raise Invalid(_("This form belongs to another vote."), code="proof.foreign")
    spec = kept["spec"]
    fields = tuple(
        Field(
            **{
                **one,
                "label": Text(**one["label"]),
                "hint": Text(**one["hint"]),
                "choices": tuple((value, Text(**text)) for value, text in one["choices"]),
            }
        )
        for one in spec["fields"]
    )
    words = {name: Text(**spec[name]) for name in ("title", "submit", "intro")}
    return FormSpec(fields=fields, step=spec["step"], **words)


def _send_page(
    booth: Booth, ballot: Ballot, credential: Credential, refusal: dict[str, Any] | None, request: HttpRequest
) -> HttpResponse:
    """The ballot once more, and the button. What is sent is what this page shows, whatever another tab does."""
    raw = booth.format.draft(ballot)
    context = {
        **frame(booth.round, "vote"),
        "lines": booth.format.summary(ballot, booth.offer),
        "fields": [(name, value) for name, values in raw.items() for value in values],
        "key": _key(booth, credential),
        "token": cast_token(credential),
        "refusal": refusal,
    }
    return render(request, "public/send.html", context, status=409 if refusal else 200)


def _key(booth: Booth, credential: Credential) -> str:
    """The key by which a ballot sent twice is known as one. Where a vote cannot be changed it is always the same for
    this voter, so that a lost answer is found again; where it can, each page has its own."""
    if booth.round.revisable:
        return secrets.token_hex(16)
    return mac("cast-key", current_tenant().uuid, credential.entry.bytes).hex()[:32]


def _refusal(request: HttpRequest, row: Round, *, open_now: bool, voter: bool) -> dict[str, Any] | None:
    """Why a ballot did not go into the box, as the entry has said it in the address.

    An address can be written by anybody, so that what can be checked is checked: nobody is told by a link that voting
    has closed while it is open, or that they have voted in a browser that never showed a right to.
    """
    code = request.GET.get("refused", "")
    if code in ("voting.closed", "voting.not_open"):
        if open_now:
            return None
        code = "voting.closed" if row.state != State.SUSPENDED.value else "voting.not_open"
    if code in ("voting.already_voted", "voting.key_reused") and not voter:
        return None
    return refusal_of(code) if code else None


def refusal_of(code: str) -> dict[str, Any]:
    """A refusal in plain words; `may_send` tells whether trying again makes sense."""
    texts: dict[str, tuple[str, bool]] = {
        "voting.closed": (_("Voting has closed, so this ballot was not taken. Nothing was stored."), False),
        "voting.not_open": (_("Voting is not open, so this ballot was not taken. Nothing was stored."), False),
        "voting.already_voted": (
            _("You have voted already. Your first ballot stands, and this one was not taken."),
            False,
        ),
        "voting.key_reused": (
            _("You have already sent another ballot from this page. That one stands, and this one was not taken."),
            False,
        ),
        "voting.credential": (
            _("Too much time has passed since you showed that you may vote. Please show it once more."),
            True,
        ),
        "voting.page": (
            _("The page you sent was made for another voter at this device. Nothing was stored."),
            True,
        ),
    }
    text, may_send = texts.get(
        code, (_("This ballot was not taken. Nothing was stored. Check it and send it again."), True)
    )
    return {"text": text, "may_send": may_send, "code": code}
