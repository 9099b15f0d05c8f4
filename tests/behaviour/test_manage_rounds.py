"""An officer makes a round page by page, is told of everything that is wrong, and opens its vote."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.db import transaction

from core.people.models import Person
from core.people.services import person_know, role_grant
from core.rounds.models import FundSource, Round, RuleSet
from core.rounds.selectors import pot_total
from plugins.api.money import Money
from tenants.registry.context import in_tenant
from tests.support.http import SiteClient


def browser(tenant: Any, role: str = "officer", *, name: str = "", round_id: Any = None) -> SiteClient:
    """Somebody with this role on the staff host; `role` empty for none."""
    with in_tenant(tenant), transaction.atomic():
        who = name or role or "nobody"
        person: Person = person_know(issuer="https://id.example", subject=who, display_name=who.title())
        if role:
            role_grant(person=person, role=role, giver=None, round_id=round_id)
        client = SiteClient(tenant, purpose="staff")
        client.force_login(person, backend="core.people.backends.GrantBackend")
    return client


def text(answer: Any) -> str:
    found: str = answer.content.decode()
    return found


def hidden(answer: Any) -> dict[str, str]:
    """The hidden fields of a form, which a browser sends back, and a module's settings as they stand."""
    fields: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", text(answer)):
        parts = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        name, kind = parts.get("name", ""), parts.get("type", "text")
        ours = name in ("seen", "new_id") or name.startswith(("ballot_format.", "outcome_rule."))
        if ours and (kind not in ("radio", "checkbox") or " checked" in tag):
            fields[name] = parts.get("value", "on" if kind == "checkbox" else "")
    return fields


def fill(client: SiteClient, path: str, **values: Any) -> Any:
    """Open a form and send it, with its hidden fields."""
    return client.post(path, {**hidden(client.get(path)), **values})


WORDS = {"name_en": "Leith Chooses", "purpose_en": "Better streets"}
DECIDE = {"open_en": "Which projects", "fixed_en": "The sum"}
VOTERS = {"eligibility_en": "Anyone who lives here", "min_age": "16", "proofs": ["code-by-email", "national-sign-in"]}
DATES = {"opens_day": "1 January 2026", "opens_time": "9am", "closes_day": "2099-01-01", "closes_time": "17:00"}
MONEY = {"name": "Council", "amount": "£12,000", "pot_en": "Main pot"}
RULES = "/rounds/leith/rules/settings/?ballot_format=approval&outcome_rule=greedy-skip"
SETTINGS = {
    "ballot_format.minimum": "1",
    "ballot_format.maximum": "3",
    "outcome_rule.minimum_points": "1",
}
PROJECT = {"title_en": "Benches", "benefit_en": "A place to sit", "cost": "£3,000"}


def made(client: SiteClient, slug: str = "leith") -> None:
    """A round that is ready to open but for its projects."""
    assert fill(client, "/rounds/new/", **WORDS, slug=slug).status_code == 302
    for section, values in (("decide", DECIDE), ("voters", VOTERS), ("dates", DATES)):
        answer = fill(client, f"/rounds/{slug}/edit/{section}/", **values)
        assert answer.status_code == 302, text(answer)
    assert fill(client, f"/rounds/{slug}/money/new/", **MONEY).status_code == 302
    assert fill(client, RULES.replace("leith", slug), **SETTINGS).status_code == 302


def test_the_first_page_says_what_to_do(tenants: Any) -> None:
    client = browser(tenants.alpha)
    for path in ("/", "/rounds/"):
        page = text(client.get(path))
        assert "Make the first one" in page
        assert "/rounds/new/" in page
    watching = text(browser(tenants.alpha, "observer").get("/"))
    assert "/rounds/new/" not in watching


def test_from_a_new_round_to_an_open_vote(tenants: Any) -> None:
    client = browser(tenants.alpha)
    made(client)
    page = text(client.get("/rounds/leith/"))
    assert "8 of 9 parts are ready" in page
    assert "Being planned" in page
    step = fill(client, "/rounds/leith/steps/prepare_ballot/")
    assert step.status_code == 302
    assert "Voting opens soon" in text(client.get("/rounds/leith/"))
    # No project: the page says so before anything is pressed, links to the page that mends it, and shows no button.
    before = text(client.get("/rounds/leith/steps/open_voting/"))
    assert "Put at least one project on the ballot." in before
    assert 'href="/rounds/leith/projects/"' in before
    assert "Open voting</button>" not in before
    empty = fill(client, "/rounds/leith/steps/open_voting/")
    assert empty.status_code == 409
    assert fill(client, "/rounds/leith/projects/new/", **{**PROJECT, "cost": "£13,000"}).status_code == 302
    dear = fill(client, "/rounds/leith/steps/open_voting/")
    assert dear.status_code == 409
    assert "P-01 costs £13,000, and the pot holds £12,000." in text(dear)
    assert "Above the pot" in text(client.get("/rounds/leith/projects/"))
    assert fill(client, "/rounds/leith/projects/P-01/", **PROJECT).status_code == 302
    ready = text(client.get("/rounds/leith/steps/open_voting/"))
    assert "This cannot be undone." in ready
    assert "Thursday 1 January 2026, 09:00" in ready
    shown = {**hidden(client.get(RULES)), **SETTINGS}
    assert fill(client, "/rounds/leith/steps/open_voting/").status_code == 302
    opened = text(client.get("/rounds/leith/"))
    with in_tenant(tenants.alpha):
        row = Round.objects.get(slug="leith")
        assert row.state == "voting"
        assert row.frozen_offer.digest in opened
    assert "told to nobody" in opened
    # From now on everything is frozen: pages say so, and what is sent changes nothing.
    for path, values in (
        ("/rounds/leith/edit/words/", WORDS),
        ("/rounds/leith/money/new/", MONEY),
        (RULES, shown),
        ("/rounds/leith/projects/new/", PROJECT),
        ("/rounds/leith/projects/P-01/", {**PROJECT, "cost": "£1"}),
    ):
        assert "frozen" in text(client.get(path)), path
        late = client.post(path, values)
        assert late.status_code == 409, path
        assert "frozen" in text(late)
    assert client.post("/rounds/leith/projects/P-01/state/", {"state": "withdrawn"}).status_code == 403
    with in_tenant(tenants.alpha):
        assert pot_total(row) == Money(1_200_000)
        assert row.proposals.get().cost == Money(300_000)
    other = browser(tenants.beta)
    assert other.get("/rounds/leith/").status_code == 404
    with in_tenant(tenants.beta):
        assert not Round.objects.exists()


def test_a_new_round_keeps_what_was_typed_and_is_made_once(tenants: Any) -> None:
    client = browser(tenants.alpha)
    form = {**hidden(client.get("/rounds/new/")), **WORDS}
    assert client.post("/rounds/new/", form).headers["Location"] == "/rounds/leith-chooses/"
    # The same form once more, as by a second press: one round.
    assert client.post("/rounds/new/", form).headers["Location"] == "/rounds/leith-chooses/"
    # A second round of the same name gets an address of its own; an address that was typed and is taken is refused.
    assert fill(client, "/rounds/new/", **WORDS).headers["Location"] == "/rounds/leith-chooses-2/"
    taken = fill(client, "/rounds/new/", **WORDS, slug="leith-chooses")
    assert taken.status_code == 422
    assert "Another round has this address. Choose another." in text(taken)
    assert 'value="Leith Chooses"' in text(taken)
    for slug, words in (("new", "used for something else"), ("Leith", "small letters"), ("a b", "small letters")):
        refused = fill(client, "/rounds/new/", **WORDS, slug=slug)
        assert refused.status_code == 422, slug
        assert words in text(refused).lower(), slug
    nameless = fill(client, "/rounds/new/", name_en="", purpose_en="")
    assert nameless.status_code == 422
    with in_tenant(tenants.alpha):
        assert Round.objects.count() == 2


def test_money_is_read_as_people_write_it(tenants: Any) -> None:
    client = browser(tenants.alpha)
    assert fill(client, "/rounds/new/", **WORDS, slug="leith").status_code == 302
    for amount, words in (
        ("12,5", "Write pounds like 12000"),
        ("1e3", "Write pounds like 12000"),
        ("-5", "cannot be less than nothing"),
        ("0", "above £0"),
        ("9999999999999999", "Write pounds like 12000"),
        ("999,999,999,999,999", "larger than this service can hold"),
        ("", "Fill in “"),
    ):
        refused = fill(client, "/rounds/leith/money/new/", **{**MONEY, "amount": amount})
        assert refused.status_code == 422, amount
        assert words in text(refused), amount
        assert 'value="Council"' in text(refused)
    with in_tenant(tenants.alpha):
        assert not FundSource.objects.exists()
    form = {**hidden(client.get("/rounds/leith/money/new/")), **MONEY}
    for _press in range(2):
        assert client.post("/rounds/leith/money/new/", form).status_code == 302
    health = {"name": "NHS", "amount": "4500", "restriction": "health only", "pot_en": "Health pot"}
    unsaid = fill(client, "/rounds/leith/money/new/", **health)
    assert unsaid.status_code == 422
    assert "Say which kind of project this is" in text(unsaid)
    both = fill(client, "/rounds/leith/money/new/", **health, category="health", unrestricted="on")
    assert both.status_code == 422
    health["category"] = "health"
    assert fill(client, "/rounds/leith/money/new/", **health).status_code == 302
    page = text(client.get("/rounds/leith/money/"))
    assert "Together: £16,500" in page
    assert "health only" in page
    assert "Kept for the kind “health”" in page
    with in_tenant(tenants.alpha):
        row = Round.objects.get(slug="leith")
        assert row.pots.count() == 2
        source = FundSource.objects.get(name="NHS")
    address = f"/rounds/leith/money/{source.id}/"
    assert fill(client, address, **{**health, "amount": "£4,000.50"}).status_code == 302
    assert client.post(address, {"do": "remove"}).status_code == 302
    assert client.get(address).status_code == 404
    with in_tenant(tenants.alpha):
        assert pot_total(row) == Money(1_200_000)
        assert row.pots.count() == 1
    # The same address means nothing in another council.
    assert browser(tenants.beta).get(address).status_code == 404


def test_dates_are_read_as_people_write_them(tenants: Any) -> None:
    client = browser(tenants.alpha)
    assert fill(client, "/rounds/new/", **WORDS, slug="leith").status_code == 302
    path = "/rounds/leith/edit/dates/"
    for values, words in (
        ({"closes_day": "31/12/2025"}, "Voting must close after it opens."),
        ({"closes_day": "1/1/2026", "closes_time": "8:59"}, "Voting must close after it opens."),
        ({"opens_day": "soon"}, "“soon” is not a day we can read"),
        ({"opens_time": "25:00"}, "“25:00” is not a time we can read"),
        ({"opens_day": "2027-03-28", "opens_time": "01:30"}, "couldn’t be interpreted"),
        ({"opens_day": ""}, "Fill in “"),
    ):
        refused = fill(client, path, **{**DATES, **values})
        assert refused.status_code == 422, values
        assert words in text(refused).replace("&#x27;", "’").replace("'", "’"), values
    with in_tenant(tenants.alpha):
        assert Round.objects.get().ballot_opens_at is None
    for day in ("Thursday 24th November 2098", "24/11/2098", "24.11.2098", "24 Nov 2098", "2098-11-24"):
        for clock in ("5pm", "5.00 pm", "17:00", "17"):
            saved = fill(client, path, **{**DATES, "opens_day": day, "opens_time": clock})
            assert saved.status_code == 302, (day, clock, text(saved))
            with in_tenant(tenants.alpha):
                assert Round.objects.get().ballot_opens_at.isoformat() == "2098-11-24T17:00:00+00:00"


def test_two_officers_at_once_never_overwrite_each_other_unseen(tenants: Any) -> None:
    first, second = browser(tenants.alpha), browser(tenants.alpha, name="second")
    assert fill(first, "/rounds/new/", **WORDS, slug="leith").status_code == 302
    assert fill(first, "/rounds/leith/projects/new/", **PROJECT).status_code == 302
    for path, mine, theirs in (
        ("/rounds/leith/edit/words/", {**WORDS, "purpose_en": "Mine"}, {**WORDS, "purpose_en": "Theirs"}),
        ("/rounds/leith/projects/P-01/", {**PROJECT, "title_en": "Mine"}, {**PROJECT, "title_en": "Theirs"}),
        (RULES, SETTINGS, {**SETTINGS, "ballot_format.maximum": "2"}),
    ):
        shown = hidden(first.get(path))
        assert fill(second, path, **theirs).status_code == 302
        stopped = first.post(path, {**shown, **mine})
        assert stopped.status_code == 409, path
        page = text(stopped)
        assert "Somebody else changed this while you were writing." in page
        if "rules" not in path:
            assert "now reads “Theirs”" in page
            assert "Mine" in page
        # Whoever has seen it may save over it.
        assert first.post(path, {**hidden(stopped), **mine}).status_code == 302, path
    with in_tenant(tenants.alpha):
        row = Round.objects.get()
        assert row.purpose.en == "Mine"
        assert row.proposals.get().title.en == "Mine"
        assert RuleSet.objects.filter(round=row).count() == 2


def test_the_ballot_and_the_rule_have_their_settings(tenants: Any) -> None:
    client = browser(tenants.alpha)
    assert fill(client, "/rounds/new/", **WORDS, slug="leith").status_code == 302
    page = text(client.get("/rounds/leith/rules/"))
    assert "Every tick counts as one vote." in page
    chosen = fill(client, "/rounds/leith/rules/", ballot_format="approval", outcome_rule="greedy-skip")
    assert chosen.headers["Location"] == RULES
    assert fill(client, "/rounds/leith/rules/", ballot_format="nothing", outcome_rule="greedy-skip").status_code == 422
    assert "Fewest projects on a ballot" in text(client.get(RULES))
    for values, words in (
        ({"ballot_format.minimum": "0"}, "greater than or equal to 1"),
        ({"ballot_format.minimum": "4"}, "cannot be more than the most"),
        ({"ballot_format.maximum": "many"}, "whole number"),
    ):
        refused = fill(client, RULES, **{**SETTINGS, **values})
        assert refused.status_code == 422
        assert words in text(refused)
    for _press in range(2):
        assert fill(client, RULES, **SETTINGS).status_code == 302
    shares = "/rounds/leith/rules/settings/?ballot_format=exact-k&outcome_rule=equal-shares"
    form = text(client.get(shares))
    assert "Projects on a ballot" in form
    assert 'type="radio" name="outcome_rule.completion"' in form
    sent = {
        "ballot_format.count": "2",
        "outcome_rule.increment": "100",
        "outcome_rule.completion": "add1",
        "outcome_rule.stop": "last-feasible",
        "outcome_rule.satisfaction": "cost",
        "outcome_rule.comparison": "none",
    }
    assert fill(client, shares, **sent).status_code == 302
    with in_tenant(tenants.alpha):
        versions = list(RuleSet.objects.order_by("version"))
        assert [row.version for row in versions] == [1, 2]
        assert versions[0].ballot_settings == {"minimum": 1, "maximum": 3}
        assert versions[1].outcome_settings["completion"] == "add1"
    # Money and lists within the settings are written as people write them.
    assert "Amount (pounds) | Category | Area" in text(client.get(RULES))
    kept = "outcome_rule.ring_fences"
    for lines, words in (
        ("lots | Health", "cannot be read"),
        ("1 | 2 | 3 | 4", "too many parts"),
        ("£50", "Name a category"),
    ):
        refused = fill(client, RULES, **{**SETTINGS, kept: lines})
        assert refused.status_code == 422, lines
        assert words in text(refused), lines
    fenced = {kept: "£4,500 | Health\r\n£100.50 | | Leith", "outcome_rule.exclusive": "P-01 | P-02"}
    assert fill(client, RULES, **{**SETTINGS, **fenced}).status_code == 302
    assert "£100.50 |  | Leith" in text(client.get(RULES))
    with in_tenant(tenants.alpha):
        chosen = RuleSet.objects.order_by("-version")[0].outcome_settings
        assert chosen["ring_fences"][0] == {"amount": 450_000, "category": "Health", "area": ""}
        assert chosen["ring_fences"][1] == {"amount": 10_050, "category": "", "area": "Leith"}
        assert chosen["exclusive"] == [["P-01", "P-02"]]
    # Settings within settings, and lists of words in two languages.
    judged = "/rounds/leith/rules/settings/?ballot_format=majority-judgement&outcome_rule=greedy-skip"
    assert "Excellent | Sgoinneil" in text(client.get(judged))
    grades = {"ballot_format.grades": "Yes | Seadh\r\nNo | Chan eadh", "ballot_format.projects": "1"}
    assert fill(client, judged, **grades, **{"outcome_rule.minimum_points": "1"}).status_code in (302, 422)
    parted = "/rounds/leith/rules/settings/?ballot_format=approval-areas&outcome_rule=greedy-skip"
    assert "In the area a voter chooses: Fewest projects" in text(client.get(parted))
    halves = {
        f"ballot_format.{half}.{name}": "2" for half in ("local", "everywhere") for name in ("minimum", "maximum")
    }
    wrong = fill(
        client, parted, **{**halves, "ballot_format.local.minimum": "3"}, **{"outcome_rule.minimum_points": "1"}
    )
    assert wrong.status_code == 422
    assert "cannot be more than the most" in text(wrong)
    assert fill(client, parted, **halves, **{"outcome_rule.minimum_points": "1"}).status_code == 302
    with in_tenant(tenants.alpha):
        assert RuleSet.objects.order_by("-version")[0].ballot_settings["local"] == {"minimum": 2, "maximum": 2}
    gone = client.get("/rounds/leith/rules/settings/?ballot_format=x&outcome_rule=y")
    assert gone.headers["Location"] == "/rounds/leith/rules/"


def test_steps_say_what_happens_and_can_be_taken_back(tenants: Any) -> None:
    client = browser(tenants.alpha)
    assert fill(client, "/rounds/new/", **WORDS, slug="leith").status_code == 302
    # A round does not go out before it says what is decided and who may vote.
    bare = fill(client, "/rounds/leith/steps/prepare_ballot/")
    assert bare.status_code == 409
    for words in ("what residents decide", "what is already fixed", "who may vote"):
        assert f"The round does not say {words}." in text(bare)
    assert '/rounds/leith/edit/decide/"' in text(bare)
    with in_tenant(tenants.alpha):
        assert Round.objects.get().state == "design"
    assert fill(client, "/rounds/leith/edit/decide/", **DECIDE).status_code == 302
    assert fill(client, "/rounds/leith/edit/voters/", **VOTERS).status_code == 302
    shown = client.get("/rounds/leith/steps/prepare_ballot/")
    assert "You can take this back afterwards" in text(shown)
    form = hidden(shown)
    assert client.post("/rounds/leith/steps/prepare_ballot/", form).status_code == 302
    # Pressed twice: the second press finds the step taken and leads to the round.
    again = client.post("/rounds/leith/steps/prepare_ballot/", form)
    assert again.status_code == 302
    assert client.post("/rounds/leith/steps/prepare_ballot/").status_code == 409
    page = text(client.get("/rounds/leith/"))
    assert "Undo the last step:" in page
    assert "/steps/reopen_design/" in page
    assert fill(client, "/rounds/leith/steps/reopen_design/").status_code == 302
    with in_tenant(tenants.alpha):
        assert Round.objects.get().state == "design"
    # A step against people asks for the reason, in kind and in words.
    silent = fill(client, "/rounds/leith/steps/cancel/")
    assert silent.status_code == 422
    assert "Choose a reason." in text(silent)
    assert "Say the reason in your own words." in text(silent)
    assert fill(client, "/rounds/leith/steps/cancel/", reason_code="whim", reason="x").status_code == 422
    given = {"reason_code": "funding", "reason": "The grant was taken back."}
    assert fill(client, "/rounds/leith/steps/cancel/", **given).status_code == 302
    assert "The grant was taken back." in text(client.get("/rounds/leith/"))
    assert client.get("/rounds/leith/steps/nonsense/").status_code == 404
    assert "There is no step here" in text(client.get("/rounds/leith/"))


def test_ways_of_proving_that_could_let_one_person_vote_twice_are_refused(tenants: Any, monkeypatch: Any) -> None:
    from plugins.bundled.national_sign_in.proof import NationalSignIn

    client = browser(tenants.alpha)
    assert fill(client, "/rounds/new/", **WORDS, slug="leith").status_code == 302
    none = fill(client, "/rounds/leith/edit/voters/", **{**VOTERS, "proofs": []})
    assert none.status_code == 422
    assert "Choose at least one way" in text(none)
    with monkeypatch.context() as patch:
        patch.setattr(NationalSignIn, "namespaces", frozenset({"person"}))
        apart = fill(client, "/rounds/leith/edit/voters/", **VOTERS)
        assert apart.status_code == 422
        assert "One person could vote twice" in text(apart)
        assert "Anyone who lives here" in text(apart)
    assert fill(client, "/rounds/leith/edit/voters/", **VOTERS, connections=["live", "work"]).status_code == 302
    with in_tenant(tenants.alpha):
        row = Round.objects.get()
        assert row.proofs == ["code-by-email", "national-sign-in"]
        assert row.connections == ["live", "work"]


def test_a_role_in_one_round_opens_that_round_alone(tenants: Any) -> None:
    officer = browser(tenants.alpha)
    made(officer)
    assert fill(officer, "/rounds/new/", **WORDS, slug="granton").status_code == 302
    with in_tenant(tenants.alpha):
        leith = Round.objects.get(slug="leith")
    manager = browser(tenants.alpha, "round_manager", name="manager", round_id=leith.id)
    page = text(manager.get("/"))
    assert "/rounds/leith/" in page
    assert "/rounds/granton/" not in page
    assert manager.get("/rounds/leith/").status_code == 200
    assert manager.get("/rounds/granton/").status_code == 403
    assert manager.get("/rounds/nowhere/").status_code == 403
    assert manager.get("/rounds/new/").status_code == 403
    assert manager.get("/people/").status_code == 403
    assert fill(manager, "/rounds/leith/projects/new/", **PROJECT).status_code == 302
    assert fill(manager, "/rounds/leith/steps/prepare_ballot/").status_code == 302
    # Only an officer may cancel.
    assert manager.get("/rounds/leith/steps/cancel/").status_code == 403


def test_an_observer_reads_and_changes_nothing(tenants: Any) -> None:
    made(browser(tenants.alpha))
    watching = browser(tenants.alpha, "observer")
    for path in ("", "money/", "projects/", "count/", "preview/", "preview/rules/"):
        assert watching.get(f"/rounds/leith/{path}").status_code == 200, path
    page = text(watching.get("/rounds/leith/"))
    assert "/edit/" not in page
    assert "no step here" in page
    for path in ("edit/words/", "money/new/", "rules/", "projects/new/"):
        assert watching.get(f"/rounds/leith/{path}").status_code == 403, path
        assert watching.post(f"/rounds/leith/{path}", WORDS).status_code == 403, path
    assert watching.post("/rounds/leith/steps/prepare_ballot/").status_code == 403
    with in_tenant(tenants.alpha):
        assert Round.objects.get().state == "design"
    stranger = SiteClient(tenants.alpha, purpose="staff")
    assert stranger.get("/rounds/new/").headers["Location"].startswith("/sign-in/")


def test_a_preview_is_the_residents_page_and_only_for_those_who_work_on_it(tenants: Any) -> None:
    client = browser(tenants.alpha)
    made(client)
    assert fill(client, "/rounds/leith/projects/new/", **PROJECT).status_code == 302
    for path, words in (
        ("", "£12,000 of public money"),
        ("projects/", "Benches"),
        ("projects/P-01/", "A place to sit"),
        ("rules/", "What you put on your ballot"),
        ("ballot/", 'value="P-01"'),
    ):
        answer = client.get(f"/rounds/leith/preview/{path}")
        assert answer.status_code == 200, path
        page = text(answer)
        assert words in page, path
        assert "This is how residents will see it." in page
        assert page.count("<h1") == 1
        assert answer["Cache-Control"] == "no-store"
        # Its links lead to other pages of the preview, never to an address that does not exist here.
        for link in set(re.findall(r'href="(/[^"#?]*)', page)) - {"/static/"}:
            if not link.startswith(("/static/", "/cms/", "/theme")):
                assert client.get(link).status_code in (200, 302), link
    assert 'lang="gd"' in text(client.get("/rounds/leith/preview/?gd"))
    tried = client.post("/rounds/leith/preview/ballot/", {"do": "check"})
    assert tried.status_code == 422
    assert "You have not chosen a project." in text(tried)
    good = client.post("/rounds/leith/preview/ballot/", {"do": "check", "project": "P-01"})
    assert "Your ballot is complete." in text(good)
    assert [name for name in good.cookies if not name.startswith("csrf")] == []
    public = SiteClient(tenants.alpha)
    assert public.get("/rounds/leith/").status_code == 404
    assert public.get("/rounds/leith/preview/").status_code == 404
    assert browser(tenants.alpha, "", name="resident").get("/rounds/leith/preview/").status_code == 403
    assert browser(tenants.beta).get("/rounds/leith/preview/").status_code == 404


def test_closing_before_the_announced_time_needs_a_reason(tenants: Any) -> None:
    client = browser(tenants.alpha)
    made(client)
    assert fill(client, "/rounds/leith/projects/new/", **PROJECT).status_code == 302
    for verb in ("prepare_ballot", "open_voting"):
        assert fill(client, f"/rounds/leith/steps/{verb}/").status_code == 302
    page = text(client.get("/rounds/leith/steps/close_voting/"))
    assert "they can vote for longer" in page
    assert fill(client, "/rounds/leith/steps/close_voting/").status_code == 422
    with in_tenant(tenants.alpha):
        row = Round.objects.get()
        assert row.state == "voting"
        assert row.ballot_closes_at - row.ballot_opens_at > timedelta(days=1)
    why = {"reason_code": "safety", "reason": "A flood."}
    assert fill(client, "/rounds/leith/steps/suspend/", **why).status_code == 302
    assert "Voting is paused." in text(client.get("/rounds/leith/"))
    assert fill(client, "/rounds/leith/steps/resume/").status_code == 302
    closed = fill(client, "/rounds/leith/steps/close_voting/", **why)
    assert closed.headers["Location"] == "/rounds/leith/count/"
    with in_tenant(tenants.alpha):
        assert Round.objects.get().state == "count"
