"""Rung E3: a voter who has signed in. The sign-in is the core's; this turns its verified facts into roll keys."""

from __future__ import annotations

from typing import ClassVar

from plugins.api import Text
from plugins.api.proving import SignInProof


class NationalSignIn(SignInProof):
    key: ClassVar[str] = "national-sign-in"
    label: ClassVar[Text] = Text("Sign in", "Clàraich a-steach")
    description: ClassVar[Text] = Text(
        "By signing in with the national account.",
        "Le clàradh a-steach leis a’ chunntas nàiseanta.",
    )
    rung: ClassVar[str] = "E3"
