"""The newer proofs keep the contract: a code by text message, a checked identity, a name on a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest
from django.db import transaction

from plugins.api import Proof, ProofRefused, SubjectRef
from plugins.bundled.code_by_email.proof import CodeByEmail
from plugins.bundled.code_by_phone.proof import CodeByPhone, mobile
from plugins.bundled.roll_match.proof import RollMatch
from plugins.bundled.verified_identity.proof import VerifiedIdentity
from plugins.testkit import EligibilityContract
from plugins.testkit.lending import TestContext
from tenants.registry.context import Role, in_tenant

ROUND = "5f0c8a52-1f6e-4a3f-9f57-0d6f5a6c0c11"
LIST = "first_name,last_name,postcode,area\nÙna,MacLeod,EH6 6AA,leith\n"


class TestCodeByPhone(EligibilityContract):
    module = CodeByPhone

    def proven(self, context: TestContext) -> Mapping[str, str]:
        form = self.one.complete(context, {"step": "address", "phone": "07700 900123"}, self.settings)
        to, code = context.codes.sent[-1]
        assert to == "+447700900123"
        return {"step": form.step, "code": code}


class TestVerifiedIdentity(EligibilityContract):
    module = VerifiedIdentity
    # Somebody who is signed in stays signed in.
    once: ClassVar[bool] = False

    def proven(self, context: TestContext) -> Mapping[str, str]:
        return {"session.person": "issuer subject", "session.rung": "E4"}

    def test_a_lower_rung_is_not_enough_and_says_so(self) -> None:
        for rung in ("", "E3", "e4", "E4 "):
            answer = self.answered({"session.person": "issuer subject", "session.rung": rung})
            assert isinstance(answer, ProofRefused)
            assert answer.code == "identity.unchecked"
        mail = {"session.email": "A.b+c@Example.org", "session.email_verified": "true"}
        proof = self.answered({"session.person": "issuer subject", "session.rung": "E4", **mail})
        assert [(key.namespace, key.value) for key in proof.roll_keys] == [
            ("person", "issuer subject"),
            ("email", "a.b@example.org"),
        ]


class TestRollMatch(EligibilityContract):
    module = RollMatch
    pure: ClassVar[bool] = False
    chosen = {"secret": "s" * 64}
    # That somebody votes once is the roll's business: the same line is always the same key.
    once: ClassVar[bool] = False

    @pytest.fixture(autouse=True)
    def listed(self, tenants: Any) -> Iterator[None]:
        with in_tenant(tenants.alpha, role=Role.STAFF), transaction.atomic():
            self.one.list_take(self.context(), SubjectRef("round", ROUND), LIST.encode(), self.settings)
            yield

    def proven(self, context: TestContext) -> Mapping[str, str]:
        typed = {"first_name": "una", "last_name": "MACLEOD", "postcode": "eh66aa"}
        return {"step": "roll", "session.round": ROUND, **typed}


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("07700 900123", "+447700900123"),
        ("+44 7700 900123", "+447700900123"),
        ("0044 (0)7700-900.123", "+447700900123"),
        ("07624 123456", "+447624123456"),
        ("0131 496 0000", ""),
        ("07012 345678", ""),
        ("07600 123456", ""),
        ("+33 612345678", ""),
        ("07700 90012", ""),
        ("07700 9001234", ""),
        ("٠٧٧٠٠٩٠٠١٢٣", ""),
        ("07700 900123\n", ""),
        ("", ""),
    ],
)
def test_british_mobile_numbers_are_read_however_they_are_written(typed: str, number: str) -> None:
    assert mobile(typed) == number


def test_a_code_by_text_is_the_very_code_by_e_mail() -> None:
    """One machinery: the proofs differ in what they ask, never in how a code is sent, checked or refused."""
    from plugins.api.proving import CodeProof

    for proof in (CodeByEmail, CodeByPhone):
        assert proof.complete is CodeProof.complete
        assert proof.begin is CodeProof.begin
        refused = proof().complete(TestContext(), {"step": "code:made-up", "code": "123456"}, None)
        assert isinstance(refused, ProofRefused)
        assert refused.code == "code.refused"
    assert not isinstance(CodeByEmail().complete(TestContext(), {"email": "nobody"}, None), Proof)
