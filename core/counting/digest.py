"""Digests of profiles and results, equal in every process and on every machine."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from plugins.api.profile import Profile


def digest_of(document: Any) -> str:
    """SHA-256 of a document of words, whole numbers, lists and maps, written in one way only."""
    text = json.dumps(document, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def profile_digest(profile: Profile) -> str:
    """SHA-256 over the family, the projects in column order and the four arrays as little-endian words."""
    state = hashlib.sha256()
    state.update(json.dumps([profile.family.value, list(profile.refs)]).encode())
    for array in (profile.start, profile.columns, profile.scores, profile.multiplicity):
        state.update(len(array).to_bytes(8, "little"))
        state.update(array.astype("<i8").tobytes())
    return state.hexdigest()
