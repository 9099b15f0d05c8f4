"""Codes on paper and Young Scot cards: what opens the door, what does not, and each opens it once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from core.voting.services import roll_claim
from plugins.api import Proof, ProofRefused
from plugins.bundled.printed_codes.codes import Batch, code_number, code_written
from plugins.bundled.printed_codes.proof import CodeCard, PresenceToken, PrintedSettings
from plugins.bundled.young_scot_card.proof import CardSettings, YoungScotCard, number_good
from plugins.host.models import PluginActivation
from plugins.host.selectors import module_settings
from tenants.registry.context import Role, in_tenant
from tests.support.votes import voting_open

NOW: Any = SimpleNamespace(clock=lambda: datetime(2026, 11, 24, 12, tzinfo=UTC))
KEY = SecretStr("k" * 64)


def tried(proof: Any, settings: Any, **fields: str) -> Any:
    return proof.complete(NOW, {"step": "x", **fields}, settings)


@pytest.mark.parametrize("proof", [PresenceToken(), CodeCard()])
def test_a_printed_code_opens_the_door_until_its_batch_is_withdrawn_or_over(proof: Any) -> None:
    batch = Batch(first=100, last=120, helper="Morag")
    settings = PrintedSettings(secret=KEY, batches=(batch,))
    codes = proof.written(settings, batch)
    assert len(set(codes)) == 21
    good = tried(proof, settings, code=codes[0])
    assert isinstance(good, Proof)
    assert (good.roll_keys[0].value, good.rung) == ("100", proof.rung)
    assert tried(proof, settings, code=f" {codes[0].lower().replace('-', ' ')} ").roll_keys == good.roll_keys
    for changed in ({"withdrawn": True}, {"last_day": date(2026, 11, 23)}, {"first": 101}):
        other = PrintedSettings(secret=KEY, batches=(batch.model_copy(update=changed),))
        assert isinstance(tried(proof, other, code=codes[0]), ProofRefused)
    last = PrintedSettings(secret=KEY, batches=(batch.model_copy(update={"last_day": date(2026, 11, 24)}),))
    assert isinstance(tried(proof, last, code=codes[0]), Proof)
    for wrong in ("", "x" * 500, codes[0][:-1] + ("0" if codes[0][-1] != "0" else "1"), codes[0] + "0", "\x00" * 12):
        refused = tried(proof, settings, code=wrong)
        assert isinstance(refused, ProofRefused)
        assert refused.form is not None


def test_codes_of_one_kind_council_or_number_are_no_others() -> None:
    for number in (1, 31, 32, 4095, 32**4 - 1):
        assert code_number(KEY, "code-card", code_written(KEY, "code-card", number)) == number
    assert code_number(KEY, "presence-token", code_written(KEY, "code-card", 7)) is None
    assert code_number(SecretStr("other"), "code-card", code_written(KEY, "code-card", 7)) is None
    with pytest.raises(ValidationError, match="below its first"):
        Batch(first=5, last=4)


def test_each_council_has_its_own_key_and_a_token_gives_one_place_on_the_roll(tenants: Any) -> None:
    keys = []
    for tenant in tenants:
        with in_tenant(tenant):
            keys.append(module_settings("eligibility_proof", "presence-token").secret.get_secret_value())
            kept = PluginActivation.objects.get(plugin="printed-codes", ended_at__isnull=True)
            assert keys[-1] not in str(kept.settings)
    assert len({*keys}) == 2
    batch = Batch(first=1, last=5)
    settings = PrintedSettings(secret=KEY, batches=(batch,))
    first, second = (
        tried(PresenceToken(), settings, code=code) for code in PresenceToken().written(settings, batch)[:2]
    )
    with in_tenant(tenants.alpha):
        row = voting_open(proofs=["presence-token"])
    with in_tenant(tenants.alpha, role=Role.VOTER):
        one, again, other = (roll_claim(round_id=row.id, proof=proof) for proof in (first, first, second))
        assert one == again
        assert one != other


@pytest.mark.parametrize(
    ("number", "good"),
    [
        ("6335970000000007", True),
        ("6335970000000004", False),
        ("633597000000000", False),
        ("٦٣٣٥٩٧٠٠٠٠٠٠٠٠٠٧", False),
        ("", False),
    ],
)
def test_the_check_digit_of_a_card(number: str, good: bool) -> None:
    assert number_good(number) is good


def test_a_card_needs_a_school_that_takes_part() -> None:
    proof, settings = YoungScotCard(), CardSettings(prefix="633597", school_codes=("LEITH-7",))
    good = tried(proof, settings, card="6335 9700 0000 0007", school=" leith-7 ")
    assert isinstance(good, Proof)
    assert good.roll_keys[0].value == "6335970000000007"
    for card, school in (("6335970000000007", "other"), ("6335970000000007", ""), ("4111111111111111", "leith-7")):
        assert isinstance(tried(proof, settings, card=card, school=school), ProofRefused)
    assert isinstance(tried(proof, CardSettings(), card="6335970000000007", school=""), ProofRefused)
    with pytest.raises(ValidationError):
        CardSettings(prefix="abc")
