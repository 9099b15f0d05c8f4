"""What the doctor sees of the database server."""

from __future__ import annotations

from typing import Any

import pytest

from core.kernel import env
from core.kernel.env import environment
from core.project.cli import doctor


def check() -> dict[str, Any]:
    return next(one for one in doctor.checks() if one["name"] == "database settings")


def test_the_doctor_names_each_wrong_setting_of_postgresql(tenants: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check()["ok"]
    # The tests' own server is set for speed, which would lose votes anywhere else.
    anywhere = environment().model_copy(update={"env": "demo"})
    monkeypatch.setattr(env, "environment", lambda: anywhere)
    found = check()
    assert not found["ok"]
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        assert f"{name} is off, wanted on" in found["detail"]
        assert f"{name} = on" in found["repair"]
    assert "max_locks_per_transaction" not in found["detail"]
