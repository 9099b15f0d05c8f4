"""For and against: given, valued, changed, moderated, frozen, exported and erased; each council by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, uuid5

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core.proposals.models import Proposal
from core.rounds.models import Round
from core.rounds.services import round_advance
from plugins.api import Capability, Person, SubjectRef, Verdict, Viewer
from plugins.bundled.arguments.models import Argument, Mark
from plugins.bundled.arguments.module import Arguments
from plugins.bundled.threads.module import Threads
from plugins.host.context import plugin_context
from plugins.host.deliberation import moderate, person_erase, personal_data_kept, queues
from plugins.host.selectors import module, module_settings
from plugins.testkit import DeliberationContract
from plugins.testkit.lending import TestContext
from tenants.registry.context import Role, in_tenant
from tests.behaviour.test_manage_rounds import browser
from tests.support.jobs import work
from tests.support.residents import resident
from tests.support.rounds import round_made

PAGE = "/rounds/leith/projects/P-01/"
DO = "/x/arguments/leith/{}/"


class _Here:
    """The public facts a module asks for: every subject is a round of its own, nobody has left."""

    def round_of(self, subject: SubjectRef) -> SubjectRef:
        return SubjectRef("round", subject.uuid)

    def display_names(self, pseudonyms: Any) -> dict[str, str]:
        return dict.fromkeys(pseudonyms, "Somebody")


class _Later:
    """Takes what a worker would do later; nothing in the contract waits for it."""

    def later(self, task: str, payload: Any) -> None:
        assert task
        assert payload


class _Deliberation(DeliberationContract):
    """People of the core are known by identifiers."""

    @contextmanager
    def within(self, tenant: Any) -> Iterator[Any]:
        with in_tenant(tenant), transaction.atomic():
            lent = plugin_context(self.settings)
            context = TestContext(settings=self.settings, read=_Here())  # type: ignore[arg-type]  # what is asked of it
            yield SimpleNamespace(settings=context.settings, read=context.read, jobs=_Later(), clock=lent.clock)

    def viewer(self, name: str = "Ada") -> Viewer:
        may = frozenset({Capability.READ, Capability.TAKE_PART})
        return Viewer(Person(str(uuid5(NAMESPACE_URL, name))), name, may, "en")


class TestArguments(_Deliberation):
    module = Arguments
    verb: ClassVar[str] = "argue"
    chosen = {"per_hour": 100}

    def fields(self, words: str) -> dict[str, list[str]]:
        return {"side": ["against"], "text": [words]}


def talked(tenant: Any) -> Any:
    with in_tenant(tenant):
        return round_made(tenant=tenant.slug, deliberation=["threads", "arguments"])


def body(answer: Any) -> str:
    found: str = answer.content.decode()
    return found


def say(client: Any, verb: str = "argue", **fields: str) -> Any:
    return client.post(DO.format(verb), {"ref": "P-01", **fields})


def kept(tenant: Any) -> list[Argument]:
    with in_tenant(tenant):
        return list(Argument.objects.order_by("written_at", "id"))


def test_reasons_stand_in_two_columns_the_best_argued_first(tenants: Any, site: Any) -> None:
    talked(tenants.alpha)
    talked(tenants.beta)
    one, two, three = (resident(tenants.alpha, name) for name in ("mairi", "iain", "una"))
    assert say(one, side="for", text="It is cheap").status_code == 302
    assert say(two, side="for", text="It is near the school").status_code == 302
    assert say(two, side="against", text="It floods").status_code == 302
    first, second, third = (str(row.id) for row in kept(tenants.alpha))
    for _ in range(2):
        assert say(three, "value", post=second).status_code == 302
    page = body(site(tenants.alpha).get(PAGE))
    columns = page[page.index('id="arguments-for"') :]
    assert columns.index("near the school") < columns.index("It is cheap") < columns.index('id="arguments-against"')
    assert columns.index('id="arguments-against"') < columns.index("It floods")
    assert "1 person finds this well argued." in page
    assert "Tha 1 neach den bheachd" in body(site(tenants.alpha).get("/gd" + PAGE))
    # A stranger is offered nothing to press; nobody values their own, and there is no way to value anything down.
    assert "Well argued</button>" not in page
    assert "Others say whether your argument is good." in body(say(two, "value", post=second))
    for verb in ("devalue", "downvote", "against"):
        assert say(three, verb, post=third).status_code == 404
    assert say(three, "unvalue", post=second).status_code == 302
    with in_tenant(tenants.alpha):
        assert not Mark.objects.filter(kind="good").exists()
    assert "It floods" not in body(site(tenants.beta).get(PAGE))
    assert say(resident(tenants.beta, "bob"), "value", post=first).status_code == 422
    assert kept(tenants.beta) == []


def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_stays(tenants: Any) -> None:
    talked(tenants.alpha)
    client = resident(tenants.alpha, "mairi")
    for fields, told, field in (
        ({"text": "No side"}, "Say whether this is for or against.", "argument-side-for"),
        ({"side": "for", "text": " "}, "Write something first.", "argument-text"),
        ({"side": "for", "text": "x" * 501}, "The most is 500.", "argument-text"),
    ):
        refused = say(client, **fields)
        page = body(refused)
        assert refused.status_code == 422
        assert told in page
        assert f'<a href="#{field}">' in page
        assert fields["text"].strip() in page
    assert kept(tenants.alpha) == []


def test_what_others_found_good_stays_as_they_read_it(tenants: Any) -> None:
    talked(tenants.alpha)
    mine, other = resident(tenants.alpha, "mairi"), resident(tenants.alpha, "iain")
    say(mine, side="for", text="Frist")
    post = str(kept(tenants.alpha)[0].id)
    assert "You can change only what" in body(say(other, "edit", post=post, text="Bad"))
    assert say(mine, "edit", post=post, text="First").status_code == 302
    say(other, "value", post=post)
    refused = say(mine, "edit", post=post, text="Something else")
    assert refused.status_code == 422
    assert "Others already find this well argued" in body(refused)
    assert "Something else" in body(refused)
    assert [row.text for row in kept(tenants.alpha)] == ["First"]
    assert say(mine, "withdraw", post=post).status_code == 302
    assert (kept(tenants.alpha)[0].text, kept(tenants.alpha)[0].author) == ("", None)


def test_moderators_see_each_new_argument_once_and_again_when_it_is_reported(tenants: Any, site: Any) -> None:
    talked(tenants.alpha)
    talked(tenants.beta)
    writer, reader = resident(tenants.alpha, "mairi"), resident(tenants.alpha, "iain")
    say(writer, side="against", text="Rude words")
    post = str(kept(tenants.alpha)[0].id)

    def waiting(tenant: Any) -> list[str]:
        with in_tenant(tenant):
            return [one.item.text for one in queues()[0]]

    assert (waiting(tenants.alpha), waiting(tenants.beta)) == (["Rude words"], [])
    assert "Rude words" in body(browser(tenants.alpha, name="anna").get("/discussion/"))
    with in_tenant(tenants.alpha), transaction.atomic():
        moderate(key="arguments", item=post, decision=Verdict.PUBLISH, reason="")
    assert waiting(tenants.alpha) == []
    assert say(reader, "report", post=post).status_code == 302
    assert waiting(tenants.alpha) == ["Rude words"]
    with in_tenant(tenants.alpha), transaction.atomic():
        moderate(key="arguments", item=post, decision=Verdict.HIDE, reason="It is rude.")
    assert "Rude words" not in body(site(tenants.alpha).get(PAGE))
    assert say(reader, "value", post=post).status_code == 422


def test_it_ends_with_the_vote_and_is_exported(tenants: Any) -> None:
    row = talked(tenants.alpha)
    client, other = resident(tenants.alpha, "mairi"), resident(tenants.alpha, "iain")
    say(client, side="for", text="In time")
    post = str(kept(tenants.alpha)[0].id)
    say(other, "value", post=post)
    with in_tenant(tenants.alpha):
        for verb in ("open_voting", "close_voting"):
            row = round_advance(round=Round.objects.get(), verb=verb, actor=None, reason_code="other", reason="A test.")
    work(tenants.alpha)
    assert say(client, side="for", text="Too late").status_code == 403
    with in_tenant(tenants.alpha), transaction.atomic():
        found = module("deliberation", "arguments")
        context = plugin_context(module_settings("deliberation", "arguments"))
        (one,) = found.contributions(context, SubjectRef("round", str(row.id)))
        assert (one.kind, one.text.en, dict(one.facts)) == ("for", "In time", {"well_argued": 1})
        # The module refuses by itself, too.
        subject = SubjectRef("proposal", str(Proposal.objects.get(ref="P-01").id))
        viewer = Viewer(Person(str(other.person.public_id)), "I", frozenset(Capability))
        action = next(action for action in found.actions() if action.verb == "unvalue")
        refused = found.handle(action, context, subject, viewer, {"post": [post]})
        assert refused.problems[0].code == "arguments.frozen"


def test_what_is_kept_of_a_person_is_shown_and_erased(tenants: Any, site: Any) -> None:
    talked(tenants.alpha)
    client, other = resident(tenants.alpha, "mairi"), resident(tenants.alpha, "iain")
    say(client, side="for", text="My own words")
    say(other, side="for", text="Their words")
    say(client, "value", post=str(kept(tenants.alpha)[1].id))
    person = Person(str(client.person.public_id))
    with in_tenant(tenants.beta), transaction.atomic():
        person_erase(person)
    with in_tenant(tenants.alpha):
        held = personal_data_kept(person)["arguments"].tables
        assert ([row["text"] for row in held["posts"]], len(held["marks"])) == (["My own words"], 1)
    with in_tenant(tenants.alpha, role=Role.WORKER), transaction.atomic():
        report = person_erase(person)["arguments"]
        assert (dict(report.anonymised), dict(report.deleted)) == ({"posts": 1}, {"marks": 1})
        assert personal_data_kept(person) == {}
    page = body(site(tenants.alpha).get(PAGE))
    assert "My own words" not in page
    assert "Their words" in page
    assert "Nobody has marked this as well argued yet." in page


def test_many_arguments_take_no_more_queries_and_come_page_by_page(tenants: Any, site: Any) -> None:
    talked(tenants.alpha)
    with in_tenant(tenants.alpha):
        round_id, subject = Round.objects.get().id, Proposal.objects.get(ref="P-01").id

    def more(count: int) -> None:
        with in_tenant(tenants.alpha), transaction.atomic():
            Argument.objects.bulk_create(
                Argument(
                    round=round_id,
                    subject_kind="proposal",
                    subject=subject,
                    author=uuid5(NAMESPACE_URL, str(number)),
                    text=f"Reason {number}.",
                    side="for" if number % 3 else "against",
                )
                for number in range(count)
            )

    reader = site(tenants.alpha)

    def counted() -> int:
        reader.get(PAGE)
        with CaptureQueriesContext(connection) as caught:
            reader.get(PAGE)
        return len(caught)

    more(1)
    few = counted()
    more(50)
    assert counted() == few
    first, second = (body(site(tenants.alpha).get(f"{PAGE}?arguments-page={number}")) for number in (1, 2))
    assert (first.count('id="argument-'), second.count('id="argument-')) == (20 + 18, 13)
    assert "arguments-page=2#arguments" in first
    last = next(row for row in kept(tenants.alpha) if row.text == "Reason 49.")
    assert "Reason 49." in body(site(tenants.alpha).get(f"{PAGE}?at=argument-{last.id}"))


def test_threads_and_arguments_share_what_they_have_in_common() -> None:
    """One way to write, moderate, freeze, export and erase: neither has its own."""
    for name in ("written", "own", "moderate", "moderation_queue", "freeze", "contributions", "erase", "summaries"):
        assert getattr(Threads, name) is getattr(Arguments, name)
