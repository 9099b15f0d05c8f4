"""A ballot that is being filled in fits into one cookie, for two hundred projects and every format."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse

from core.kernel.errors import Invalid
from core.web.public.draft import Draft, draft_keep, draft_of
from plugins.api import LocalisedText, Mark, Money, Project
from tenants.registry.context import in_tenant
from tests.support.ballots import CASES, NORTH, OFFER, PREFIXES, SOUTH, Case

each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
# How references look: those the core gives, and those of an imported election.
REFS = {
    "ours": [f"P-{number:02}" for number in range(1, 201)],
    "imported": [f"BO.D10.{number * 7919 % 1000:03}/25" for number in range(1, 201)],
}
BROWSER = 4096


def filled(case: Case, refs: list[str]) -> tuple[dict[str, list[str]], Any]:
    """Everything that a voter could mark, by chance, with the empty fields a browser posts beside it."""
    chance = random.Random(7)
    projects = tuple(
        Project(ref, LocalisedText(ref), Money(100), (NORTH, SOUTH, "")[n % 3]) for n, ref in enumerate(refs)
    )
    offer = replace(OFFER, projects=projects)
    highest = {Mark.TICK: 1, Mark.POINTS: 100, Mark.SCORE: 10, Mark.GRADE: 3, Mark.PLACE: 20}[case.mark]
    marks = {ref: chance.randint(1, highest) for ref in refs}
    if case.mark is Mark.PLACE:
        marks = dict(zip(chance.sample(refs, 20), range(1, 21), strict=True))
    raw = case.posted(marks)
    if case.mark is not Mark.TICK:
        raw = {PREFIXES[case.mark] + ref: raw.get(PREFIXES[case.mark] + ref, [""]) for ref in refs}
    return raw, offer


@each
@pytest.mark.parametrize("kind", sorted(REFS))
def test_two_hundred_projects_fit(tenants: Any, case: Case, kind: str) -> None:
    raw, offer = filled(case, REFS[kind])
    round_id = uuid4()
    for tenant, other in ((tenants.alpha, tenants.beta), (tenants.beta, tenants.alpha)):
        response = HttpResponse()
        with in_tenant(tenant):
            draft_keep(response, round_id, Draft(raw=raw, seed="0badcafe"))
            cookies = {name: morsel.value for name, morsel in response.cookies.items()}
            kept = draft_of(cookies, round_id)
        assert kept is not None
        assert dict(kept.raw) == {name: values for name, values in raw.items() if values != [""]}
        assert max(len(morsel.OutputString()) for morsel in response.cookies.values()) <= BROWSER
        before = case.format.form(offer, case.settings, raw).context
        assert case.format.form(offer, case.settings, kept.raw).context == before
        with in_tenant(other):
            assert draft_of(cookies, round_id) is None


def test_what_does_not_fit_is_said(tenants: Any) -> None:
    chance = random.Random(7)
    raw = {f"points-{chance.getrandbits(96):024x}": ["7"] for _ in range(200)}
    with in_tenant(tenants.alpha), pytest.raises(Invalid) as refused:
        draft_keep(HttpResponse(), uuid4(), Draft(raw=raw, seed="0badcafe"))
    assert refused.value.code == "ballot.too_long"
