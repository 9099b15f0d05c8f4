"""What an eligibility proof promises. Subclass EligibilityContract, name your class, say how somebody proves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from plugins.api import EligibilityProof, FormSpec, Proof, ProofRefused, Redirect, RequestFacts
from plugins.testkit.hostile import WORDS
from plugins.testkit.lending import TestContext
from plugins.testkit.modules import ModuleContract, both_languages
from plugins.testkit.saying import named

CLAIMS = frozenset({"area", "age_band", "connection"})
RUNGS = ("E0", "E1", "E2", "E3", "E4")


class EligibilityContract(ModuleContract):
    """`proven(context)` goes the way of somebody who may vote and returns the callback that proves it: the posted
    fields, the `step` of the form before, and what the core adds under `session.`. `once` is False for proofs that
    may be shown again (somebody who is signed in stays signed in)."""

    section: ClassVar[str] = "eligibility-proofs"
    module: ClassVar[type[EligibilityProof]]
    once: ClassVar[bool] = True

    def proven(self, context: TestContext) -> Mapping[str, str]:
        self.need(False, "write `proven(context)` in your test: the callback of somebody who may vote.")
        return {}

    def context(self, tenant: str = "tenant-a") -> TestContext:
        return TestContext(tenant, self.settings)

    def answered(self, callback: Mapping[str, str], context: TestContext | None = None) -> Any:
        try:
            answer = self.one.complete(context or self.context(), callback, self.settings)
        except Exception as error:  # noqa: BLE001  # an author reads what it was
            self.need(False, f"`complete` raised {named(error)} for {str(dict(callback))[:80]}; it may refuse.")
        kinds = isinstance(answer, (Proof, ProofRefused, FormSpec))
        self.need(kinds, f"`complete` answered {type(answer).__name__} instead of Proof, ProofRefused or FormSpec.")
        return answer

    def test_it_stands_on_the_ladder(self) -> None:
        self.need(self.module.rung in RUNGS, f"`rung` is {self.module.rung!r}; it is one of {', '.join(RUNGS)}.")
        self.need(self.module.namespaces, "`namespaces` names no kind of roll key.")

    def test_it_begins_with_a_form_or_a_way(self) -> None:
        for code in ("en", "gd"):
            first = self.one.begin(self.context(), RequestFacts(language=code), self.settings)
            sound = isinstance(first, (FormSpec, Redirect))
            self.need(sound, f"`begin` answered {type(first).__name__} instead of a FormSpec or a Redirect.")
            if isinstance(first, Redirect):
                self.need(
                    "/" not in first.to and ":" not in first.to,
                    "`Redirect.to` is an address; name a word the core knows.",
                )
            both_languages(first, "the first form", "languages")

    def test_whoever_may_vote_is_proved(self) -> None:
        context = self.context()
        proof = self.answered(self.proven(context), context)
        self.need(isinstance(proof, Proof), f"`complete` answered {proof!r} to what `proven` returns.")
        self.need(proof.rung == self.module.rung, f"it proves {proof.rung}, and its own rung is {self.module.rung}.")
        self.need(proof.roll_keys, "a proof without a roll key: two proofs of one person could not be told.")
        for key in proof.roll_keys:
            known = key.namespace in self.module.namespaces and key.value
            self.need(known, f"the roll key {key.namespace!r} is of no namespace it declares, or empty.")
        more = sorted(set(proof.claims) - CLAIMS)
        self.need(not more, f"it claims {more}; more than area, age band and connection is never kept.", "privacy")

    def test_one_person_has_one_roll_key(self) -> None:
        keys = []
        for _ in range(2):
            context = self.context()
            proof = self.answered(self.proven(context), context)
            keys.append(getattr(proof, "roll_keys", None))
        self.need(keys[0] == keys[1], "the same person proves twice and gets two roll keys: they could vote twice.")

    def test_a_callback_that_is_sent_again_is_refused(self) -> None:
        if not self.once:
            return
        context = self.context()
        callback = self.proven(context)
        self.answered(callback, context)
        again = self.answered(callback, context)
        self.need(not isinstance(again, Proof), "the same callback, sent again, proves again.")

    def test_a_callback_of_another_tenant_is_refused(self) -> None:
        if not self.once:
            return
        callback = self.proven(self.context("tenant-a"))
        answer = self.answered(callback, self.context("tenant-b"))
        self.need(not isinstance(answer, Proof), "what was begun with one council proves with another.", "data")

    def test_junk_proves_nothing(self) -> None:
        names = {"email", "code", "card", "number", "handle", "step", "token"}
        context = self.context()
        first = self.one.begin(context, RequestFacts(), self.settings)
        if isinstance(first, FormSpec):
            names |= {field.name for field in first.fields}
        for word in ("", *WORDS):
            for step in ("", first.step if isinstance(first, FormSpec) else "", word):
                answer = self.answered({**dict.fromkeys(names, word), "step": step})
                self.need(not isinstance(answer, Proof), f"{word[:30]!r} in every field proves a right to vote.")
        self.need(not isinstance(self.answered({}), Proof), "an empty callback proves a right to vote.")

    def test_a_refusal_says_what_to_do(self) -> None:
        answer = self.answered({"step": "x"})
        if isinstance(answer, ProofRefused):
            self.need(answer.code and answer.reason.en, "a refusal without a code or a reason.")
            helped = answer.what_to_bring.en or answer.form is not None
            self.need(helped, "a refusal says neither what to bring nor how to try again.")
        both_languages(answer, "a refusal", "languages")
