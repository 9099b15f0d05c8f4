"""Asking another service over the network: the only way a module may, and what it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What another service has answered. Names of `headers` are in small letters. A redirect is an answer like any
    other: it is never followed."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Http(Protocol):
    """The guarded outbound client. It calls public addresses of the hosts that the plugin's `PluginInfo.hosts` names,
    by https, within ten seconds and one megabyte each way."""

    def send(self, method: str, url: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None) -> HttpAnswer:
        """Send one request and return the answer, whatever its status.

        Raises PermanentFailure for an address that may not be called, and TemporaryFailure where nobody answers.
        """
