"""One-time codes as notices: the plain code is encrypted in the notice and removed once sent."""

from __future__ import annotations

from core.notices.services import notice_send


class CodeNotices:
    """Fills the port by which the host of plugins has a code sent."""

    def send(self, *, to: str, code: str, language: str, by: str = "email") -> None:
        """Ask for the message in the transaction that made the code. Raises Invalid for an address that is none, and
        Unavailable where no channel of the tenant carries messages that way."""
        notice_send(template="one-time-code", to=to, language=language, context={}, secret={"code": code}, by=by)
