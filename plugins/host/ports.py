"""What higher modules lend the host: delivery of codes, public facts for plugins, and which plugins rounds use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.kernel.errors import Unavailable
from plugins.api import Mail, Read


class CodeSender(Protocol):
    """Carries a plain code to its address; must keep it encrypted and delete it once sent."""

    def send(self, *, to: str, code: str, language: str, by: str = "email") -> None:
        """`by` is `email` or `phone`. Raises Unavailable where nothing carries messages that way."""


class InUse(Protocol):
    """Which rounds still need a module."""

    def __call__(self, modules: frozenset[tuple[str, str]], *, voting: bool = False) -> Sequence[str]:
        """Names of rounds that need one of these kinds and keys; `voting`: only where people vote or it is counted."""


class _Ports:
    sender: CodeSender | None = None
    read: Read | None = None
    mail: Mail | None = None
    in_use: InUse | None = None


_bound = _Ports()


def code_sender_bind(sender: CodeSender | None) -> None:
    _bound.sender = sender


def read_bind(read: Read | None) -> None:
    _bound.read = read


def mail_bind(mail: Mail | None) -> None:
    _bound.mail = mail


def in_use_bind(in_use: InUse | None) -> None:
    _bound.in_use = in_use


def _unbound(what: str) -> Unavailable:
    return Unavailable(
        f"This service is not set up to {what}.", code="port.unbound", remedy="Bind it in core.project.bindings."
    )


def code_sender() -> CodeSender:
    """Raises Unavailable where nothing can send codes."""
    if _bound.sender is None:
        raise _unbound("send codes")
    return _bound.sender


def read_port() -> Read:
    """Raises Unavailable where nothing answers questions about rounds."""
    if _bound.read is None:
        raise _unbound("answer questions about rounds")
    return _bound.read


def mail_port() -> Mail:
    """Raises Unavailable where there is no mail server."""
    if _bound.mail is None:
        raise _unbound("send mail")
    return _bound.mail


def rounds_using(modules: frozenset[tuple[str, str]]) -> Sequence[str]:
    """Rounds that need these modules; none where no module of rounds is installed."""
    return _bound.in_use(modules) if _bound.in_use else ()


def rounds_voting_with(modules: frozenset[tuple[str, str]]) -> Sequence[str]:
    """Rounds in which people vote by these modules, or that are being counted."""
    return _bound.in_use(modules, voting=True) if _bound.in_use else ()
