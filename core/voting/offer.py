"""What is frozen when voting opens: projects, money, rules with their plugins' versions, dates; one canonical form."""

from __future__ import annotations

from typing import Any

from core.counting import Part, parts_of
from core.kernel.crypto import canonical_json, digest
from core.kernel.errors import Refused
from core.proposals.selectors import proposals_on_ballot
from core.rounds.models import Round
from core.rounds.money import money_kept, pots_offered, pots_written
from core.rounds.selectors import pot_total, pots_of, rules_of
from plugins.api.kinds import BallotFormat
from plugins.api.money import Money
from plugins.api.text import LocalisedText
from plugins.api.values import Offer, Project
from plugins.host.registry import registry
from plugins.host.settings import pinned_settings

VERSION = 1


def offer_preview(round: Round) -> Offer:
    """What voters would choose from if voting opened now."""
    return Offer(
        round=str(round.id),
        budget=pot_total(round),
        projects=tuple(row.as_project() for row in proposals_on_ballot(round)),
        pots=pots_offered(pots_written(pots_of(round))),
    )


def offer_from(body: dict[str, Any], frozen_digest: str) -> Offer:
    """The offer in a frozen body."""
    return Offer(
        round=body["round"]["id"],
        budget=Money(body["budget"]["minor"], body["budget"]["currency"]),
        projects=tuple(
            Project(
                ref=project["ref"],
                title=LocalisedText(**project["title"]),
                cost=Money(project["cost"], body["budget"]["currency"]),
                area=project["area"],
                categories=tuple(project["categories"]),
                minimum=_money_or_none(project.get("minimum"), body["budget"]["currency"]),
            )
            for project in body["projects"]
        ),
        digest=frozen_digest,
        pots=pots_offered(body["pots"], body["budget"]["currency"]),
    )


def _money_or_none(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money(minor, currency)


def parts_in(body: dict[str, Any], offer: Offer, form: BallotFormat) -> list[Part]:
    """What is decided by itself in a frozen body: projects and their money, with what of it is kept for a kind."""
    sheets = form.sheets(offer, pinned_settings("ballot_format", body["ballot_format"]))
    return parts_of(offer, sheets, money_kept(body["pots"]))


def _module(kind: str, key: str, settings: dict[str, Any]) -> dict[str, Any]:
    registered = registry().modules.get((kind, key))
    if registered is None:
        raise Refused(f"The module {key} is not installed.", code="voting.module_missing")
    chosen = registered.module.Settings.model_validate(settings).model_dump(mode="json")
    plugin = registered.plugin
    return {
        "key": key,
        "plugin": plugin.name,
        "version": plugin.version,
        "settings_version": registered.module.settings_version,
        "settings": chosen,
    }


def body_of(round: Round, *, commitment: str) -> dict[str, Any]:
    """The whole offer as JSON. Raises Refused where the rules name a module that is not installed."""
    rules = rules_of(round)
    opens, closes = round.ballot_opens_at, round.ballot_closes_at
    if rules is None or opens is None or closes is None:
        raise Refused("The round has no rules or no dates.", code="voting.not_ready")
    total = pot_total(round)
    return {
        "version": VERSION,
        "round": {
            "id": str(round.id),
            "slug": round.slug,
            "name": round.name.as_json(),
            "open_to_influence": round.open_to_influence.as_json(),
            "eligibility": round.eligibility.as_json(),
            "min_age": round.min_age,
            "area": {"code": round.area_code, "name": round.area_name},
            "proofs": sorted(round.proofs),
            "revisable": round.revisable,
            "opens_at": opens.isoformat(),
            "closes_at": closes.isoformat(),
        },
        "budget": {"minor": total.minor, "currency": total.currency},
        "pots": pots_written(pots_of(round)),
        "projects": [
            {
                "ref": row.ref,
                "title": row.title.as_json(),
                "benefit": row.benefit.as_json(),
                "description": row.description.as_json(),
                "officer_view": row.officer_view.as_json(),
                "running_cost": row.running_cost.minor if row.running_cost is not None else None,
                "cost": row.cost.minor,
                "minimum": row.minimum.minor if row.minimum is not None else None,
                "area": row.area,
                "categories": [row.category] if row.category else [],
            }
            for row in proposals_on_ballot(round)
        ],
        "ballot_format": _module("ballot_format", rules.ballot_format, rules.ballot_settings),
        "outcome_rule": _module("outcome_rule", rules.outcome_rule, rules.outcome_settings),
        "order": "random for each visitor",
        "ties": {"commitment": commitment},
    }


def digest_of_body(body: dict[str, Any]) -> str:
    """SHA-256 of the canonical body, in hexadecimal."""
    return digest(canonical_json(body))
