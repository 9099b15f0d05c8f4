"""The keys our clients show to the provider (`private_key_jwt`): derived, never stored, exchanged without a gap.

A client's key follows from the service's secret, the tenant, the host's purpose and a number in the registry. The
provider is told the public keys of that number and of its neighbours, so raising the number by one exchanges the key
at once: both before and after it the provider knows what we sign with.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from functools import lru_cache
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from core.kernel.crypto import derive_all, digest

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# An assertion is used at once; the provider's clock may differ by a little.
LIFE_SECONDS = 60
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@lru_cache(maxsize=4096)
def _key(seed: bytes) -> ECKey:
    private = ec.derive_private_key(int.from_bytes(seed) % (ORDER - 1) + 1, ec.SECP256R1())
    numbers = private.private_numbers()
    return ECKey.import_key(
        {
            "kty": "EC",
            "crv": "P-256",
            "x": _number(numbers.public_numbers.x),
            "y": _number(numbers.public_numbers.y),
            "d": _number(numbers.private_value),
            "use": "sig",
            "alg": "ES256",
            "kid": digest(seed + b"/public")[:16],
        }
    )


def _number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes(32)).rstrip(b"=").decode()


def keys_of(name: str, tenant: UUID | None, version: int) -> list[ECKey]:
    """The key to sign with, and after it those that follow from the service's earlier secrets."""
    return [_key(seed) for seed in derive_all(f"sign-in/client/{name}/{version}", tenant)]


def jwks(name: str, tenant: UUID | None, version: int) -> str:
    """The public keys the provider is told, as JSON in one fixed form."""
    found = [key for one in (version - 1, version, version + 1) if one > 0 for key in keys_of(name, tenant, one)]
    return json.dumps({"keys": [key.as_dict(private=False) for key in found]}, sort_keys=True, separators=(",", ":"))


def service_jwks(realm: str) -> str:
    """The same for our own account in a realm, which keeps the tenants' clients."""
    return jwks(f"service/{realm}", None, 1)


def assertion(key: ECKey, *, client: str, audience: str) -> dict[str, str]:
    """The fields that say who we are at the token endpoint, good once and for a minute."""
    now = int(time.time())
    claims = {"iss": client, "sub": client, "aud": audience, "jti": secrets.token_urlsafe(16), "iat": now}
    header = {"alg": "ES256", "kid": str(key.kid)}
    signed = jwt.encode(header, {**claims, "nbf": now - 5, "exp": now + LIFE_SECONDS}, key, algorithms=["ES256"])
    return {"client_assertion_type": ASSERTION, "client_assertion": signed}
