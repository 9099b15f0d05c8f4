"""The kernel: identifiers, keys, tokens, boxes and what the operator sets."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel import crypto
from core.kernel.env import environment
from core.kernel.errors import Invalid, NotFound, Refused
from core.kernel.ids import ALPHABET, public_id, reference, reference_normalise
from core.kernel.keys import FileKeys

TENANT = UUID("00000000-0000-4000-8000-000000000001")
OTHER = UUID("00000000-0000-4000-8000-000000000002")


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    environment.cache_clear()
    yield monkeypatch  # type: ignore[misc]
    monkeypatch.undo()
    environment.cache_clear()


@given(st.integers(min_value=4, max_value=16))
def test_a_reference_survives_how_people_type_it(length: int) -> None:
    given_out = reference(length)
    assert reference_normalise(given_out) == given_out
    assert reference_normalise(given_out.lower().replace("-", " ")) == given_out
    assert reference_normalise(given_out.replace("0", "o").replace("1", "l")) == given_out


@given(st.data())
def test_one_wrong_letter_or_a_swap_is_noticed(data: st.DataObject) -> None:
    letters = list(reference(8).replace("-", ""))
    place = data.draw(st.integers(0, len(letters) - 1))
    wrong = data.draw(st.sampled_from([letter for letter in ALPHABET if letter != letters[place]]))
    with pytest.raises(Invalid):
        reference_normalise("".join([*letters[:place], wrong, *letters[place + 1 :]]))
    if place + 1 < len(letters) and letters[place] != letters[place + 1]:
        letters[place], letters[place + 1] = letters[place + 1], letters[place]
        with pytest.raises(Invalid):
            reference_normalise("".join(letters))


def test_public_ids_are_unlike() -> None:
    assert len({public_id() for _ in range(1000)}) == 1000


@given(st.binary(max_size=2000))
def test_a_box_opens_with_its_key_alone_and_hides_length(content: bytes) -> None:
    keys, foreign = crypto.box_keypair(), crypto.box_keypair()
    box = crypto.box_seal(keys.public, content)
    assert crypto.box_open(keys.private, box) == content
    assert (len(box) - len(crypto.box_seal(keys.public, b""))) % crypto.PAD == 0
    with pytest.raises(Invalid):
        crypto.box_open(foreign.private, box)
    with pytest.raises(Invalid):
        crypto.box_open(keys.private, box[:-1] + bytes([box[-1] ^ 1]))


def test_a_token_belongs_to_one_tenant_and_purpose_and_expires() -> None:
    token = crypto.token_seal("ballot", TENANT, {"a": 1}, ttl=timedelta(minutes=5))
    assert crypto.token_open("ballot", TENANT, token) == {"a": 1}
    for purpose, tenant, text in (
        ("ballot", OTHER, token),
        ("other", TENANT, token),
        ("ballot", TENANT, token[:-2] + "AA"),
        ("ballot", TENANT, ""),
        ("ballot", TENANT, "é"),
    ):
        with pytest.raises(Invalid) as refused:
            crypto.token_open(purpose, tenant, text)
        assert refused.value.code == "token.invalid"
    old = crypto.token_seal("ballot", TENANT, {}, ttl=timedelta(seconds=-5))
    with pytest.raises(Invalid) as refused:
        crypto.token_open("ballot", TENANT, old)
    assert refused.value.code == "token.expired"


def test_an_older_secret_still_opens_and_a_forgotten_one_does_not(secrets: pytest.MonkeyPatch) -> None:
    secrets.setenv("COMMONTY_SECRET_KEY", "first secret")
    token = crypto.token_seal("x", TENANT, {"n": 1}, ttl=None)
    first = crypto.derive("x", TENANT)
    environment.cache_clear()
    secrets.setenv("COMMONTY_SECRET_KEY", "second secret")
    secrets.setenv("COMMONTY_SECRET_KEY_FALLBACKS", "zero secret, first secret")
    assert crypto.token_open("x", TENANT, token) == {"n": 1}
    assert crypto.derive("x", TENANT) != first
    assert first in crypto.derive_all("x", TENANT)
    environment.cache_clear()
    secrets.delenv("COMMONTY_SECRET_KEY_FALLBACKS")
    with pytest.raises(Invalid):
        crypto.token_open("x", TENANT, token)


def test_keys_differ_by_purpose_and_tenant() -> None:
    assert len({crypto.derive(p, t) for p in ("a", "b") for t in (None, TENANT, OTHER)}) == 6


def test_signatures() -> None:
    keys = crypto.sign_keypair()
    signature = crypto.sign(keys.private, b"facts")
    assert crypto.verify(keys.public, b"facts", signature)
    assert not crypto.verify(keys.public, b"fact", signature)
    assert not crypto.verify(crypto.sign_keypair().public, b"facts", signature)


def test_a_destroyed_key_stays_destroyed(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "keys")
    with pytest.raises(NotFound):
        keys.wrap("round/one", b"secret")
    keys.create("round/one")
    wrapped = keys.wrap("round/one", b"secret")
    keys.create("round/one")
    assert keys.unwrap("round/one", wrapped) == b"secret"
    keys.destroy("round/one")
    assert not keys.exists("round/one")
    with pytest.raises(NotFound):
        keys.unwrap("round/one", wrapped)
    with pytest.raises(Refused):
        keys.create("round/one")
    with pytest.raises(Invalid):
        keys.create("../outside")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COMMONTY_PORT", "many"),
        ("COMMONTY_ENV", "live"),
        ("COMMONTY_BASE_DOMAIN", "http://x/"),
        ("COMMONTY_SECRET_KEY_FILE", "/nowhere/at/all"),
    ],
)
def test_a_wrong_variable_is_named(secrets: pytest.MonkeyPatch, name: str, value: str) -> None:
    secrets.setenv(name, value)
    with pytest.raises(Invalid, match=name):
        environment()


def test_production_refuses_what_belongs_to_the_demo(secrets: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secrets.setenv("COMMONTY_ENV", "production")
    with pytest.raises(Invalid, match="COMMONTY_DATABASE_URL"):
        environment()
    secrets.setenv("COMMONTY_DATABASE_URL", "postgresql://app@db/commonty")
    secrets.setenv("COMMONTY_REDIS_URL", "redis://cache/0")
    with pytest.raises(Invalid, match="COMMONTY_SECRET_KEY"):
        environment()
    file = tmp_path / "key"
    file.write_text(uuid4().hex + uuid4().hex + "\n")
    secrets.setenv("COMMONTY_SECRET_KEY_FILE", str(file))
    with pytest.raises(Invalid, match="COMMONTY_OIDC_CLIENT_SECRET"):
        environment()
    secrets.setenv("COMMONTY_OIDC_CLIENT_SECRET", "its own")
    with pytest.raises(Invalid, match="COMMONTY_OIDC_ISSUER"):
        environment()
    secrets.setenv("COMMONTY_OIDC_ISSUER", "https://login.example/realms/scotland")
    assert environment().secret_key == file.read_text().strip()
