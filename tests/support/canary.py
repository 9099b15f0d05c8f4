"""Control C4: whatever one tenant gives out is searched for the other's canary.

The canaries are words that stand in each tenant's name and in what the factories make for it.
"""

from __future__ import annotations

CANARIES = {"alpha": "canaryalphaq7", "beta": "canarybetax9"}


def foreign(slug: str) -> list[str]:
    return [word for name, word in CANARIES.items() if name != slug]


def assert_clean(slug: str, text: str, where: str) -> None:
    """Fails when something of another tenant stands in the text."""
    for word in foreign(slug):
        assert word not in text, f"{where} of {slug} holds another tenant's canary"
