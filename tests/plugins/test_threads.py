"""Comments and questions about a project: written, answered, reported, hidden, frozen, erased; each council its own."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from core.audit.models import AuditEvent
from core.proposals.models import Proposal
from core.rounds.models import Round
from core.rounds.services import round_advance
from plugins.api import Person, SubjectRef, Verdict
from plugins.bundled.threads.models import Mark, Post
from plugins.host.context import plugin_context
from plugins.host.deliberation import moderate, person_erase, personal_data_kept, queues
from plugins.host.models import PluginActivation
from plugins.host.selectors import active_modules, module, module_settings
from tenants.registry.context import Role, in_tenant
from tests.behaviour.test_manage_rounds import browser
from tests.support.canary import CANARIES
from tests.support.jobs import work
from tests.support.residents import resident
from tests.support.rounds import round_made

PAGE = "/rounds/leith/projects/P-01/"
DO = "/x/threads/leith/{}/"


def talked(tenant: Any, **more: Any) -> Any:
    with in_tenant(tenant):
        return round_made(tenant=tenant.slug, deliberation=["threads"], **more)


def body(answer: Any) -> str:
    found: str = answer.content.decode()
    return found


def say(client: Any, verb: str = "write", **fields: str) -> Any:
    return client.post(DO.format(verb), {"ref": "P-01", **fields})


def posts(tenant: Any) -> list[Post]:
    with in_tenant(tenant):
        return list(Post.objects.order_by("written_at", "id"))


def threads(tenant: Any) -> tuple[Any, Any]:
    return module("deliberation", "threads"), plugin_context(module_settings("deliberation", "threads"))


def test_a_comment_is_read_by_everybody_and_written_only_with_a_name(tenants: Any, site: Any) -> None:
    talked(tenants.alpha)
    talked(tenants.beta)
    stranger = site(tenants.alpha)
    assert "Nobody has written here yet." in body(stranger.get(PAGE))
    assert "Sign in to take part." in body(stranger.get(PAGE))
    refused = say(stranger, text="Hello")
    assert (refused.status_code, refused["Location"]) == (302, f"/sign-in/?next={PAGE.replace('/', '%2F')}")
    nameless = resident(tenants.alpha, "noname", shown="")
    assert say(nameless, text="Hello")["Location"].startswith("/account/name/?next=")
    assert posts(tenants.alpha) == []
    chosen = nameless.post(f"/account/name/?next={PAGE}", {"name": "Ùna"})
    assert (chosen.status_code, chosen["Location"]) == (302, PAGE)
    done = say(nameless, text=f"A bench would help {CANARIES['alpha']}")
    post = posts(tenants.alpha)[0]
    assert done["Location"] == f"{PAGE}?at=comment-{post.id}#comment-{post.id}"
    page = body(stranger.get(PAGE))
    assert "A bench would help" in page
    assert "Ùna" in page
    assert f'id="comment-{post.id}"' in page
    # The other council's page of the same address has no word of it, and its own people are strangers here.
    assert "A bench would help" not in body(site(tenants.beta).get(PAGE))
    assert posts(tenants.beta) == []


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "Write something first."),
        ("  \u202e\u2066 ", "Write something first."),
        ("x" * 10_000, "The most is 2,000. Shorten it by 8,000."),
    ],
)
def test_what_cannot_be_published_is_told_at_its_field_and_kept(tenants: Any, typed: str, told: str) -> None:
    talked(tenants.alpha)
    client = resident(tenants.alpha, "mairi")
    refused = say(client, text=typed, kind="question")
    page = body(refused)
    assert refused.status_code == 422
    assert told in page
    assert '<a href="#comment-text">' in page
    assert re.search(r'id="comment-kind-question"[^>]* checked', page)
    assert typed.strip("\u202e\u2066 ") in page
    assert posts(tenants.alpha) == []
    assert "Sgrìobh" in body(client.post("/gd" + DO.format("write"), {"ref": "P-01", "text": ""}))


def test_markup_is_shown_as_text_and_marks_of_direction_go(tenants: Any) -> None:
    talked(tenants.alpha)
    client = resident(tenants.alpha, "mairi")
    assert say(client, text="<script>alert(1)</script> \u202eevil\u202c").status_code == 302
    page = body(client.get(PAGE))
    assert "&lt;script&gt;alert(1)&lt;/script&gt; evil" in page
    assert "<script>alert" not in page


def test_the_same_words_twice_are_one_comment_and_there_is_an_end_in_an_hour(tenants: Any) -> None:
    talked(tenants.alpha)
    client = resident(tenants.alpha, "mairi")
    first, again = say(client, text="Once"), say(client, text="Once")
    assert first["Location"] == again["Location"]
    for number in range(19):
        assert say(client, text=f"Comment {number}").status_code == 302
    much = say(client, text="One more")
    assert much.status_code == 422
    assert "You have written 20 comments within an hour." in body(much)
    assert say(resident(tenants.alpha, "iain"), text="One more").status_code == 302


def test_a_question_is_answered_by_the_rounds_team_alone(tenants: Any) -> None:
    talked(tenants.alpha)
    asker, other = resident(tenants.alpha, "mairi"), resident(tenants.alpha, "iain")
    say(asker, text="Who waters it?", kind="question")
    question = posts(tenants.alpha)[0]
    assert "Question, not answered yet" in body(other.get(PAGE))
    # A resident may reply, which answers nothing, and may not answer.
    assert say(other, "reply", post=str(question.id), text="I would").status_code == 302
    assert say(other, "answer", post=str(question.id), text="Not me").status_code == 403
    assert "Question, not answered yet" in body(other.get(PAGE))
    officer = browser(tenants.alpha, name="anna")
    at = "/rounds/leith/preview/discussion/threads/answer/"
    assert "Answer this question" in body(officer.get("/rounds/leith/preview/projects/P-01/"))
    answered = officer.post(at, {"ref": "P-01", "post": str(question.id), "text": "Our gardeners."})
    assert answered.status_code == 302
    page = body(other.get(PAGE))
    assert "Question, answered" in page
    assert "Answer from the team of this round" in page
    assert browser(tenants.alpha, "", name="nobody").post(at, {"ref": "P-01"}).status_code == 403
    comment = next(one for one in posts(tenants.alpha) if one.kind == "reply")
    wrong = officer.post(at, {"ref": "P-01", "post": str(comment.id), "text": "x"})
    assert "Only a question can be answered." in body(wrong)


def test_only_ones_own_words_are_changed_and_only_for_a_while(tenants: Any) -> None:
    talked(tenants.alpha)
    mine, other = resident(tenants.alpha, "mairi"), resident(tenants.alpha, "iain")
    say(mine, text="Frist")
    post = str(posts(tenants.alpha)[0].id)
    assert "You can change only what you have written yourself." in body(say(other, "edit", post=post, text="Bad"))
    assert "You can change only what" in body(say(other, "withdraw", post=post))
    assert say(mine, "edit", post=post, text="First").status_code == 302
    assert posts(tenants.alpha)[0].text == "First"
    with in_tenant(tenants.alpha), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE threads_post SET written_at = written_at - interval '16 minutes'")
    late = say(mine, "edit", post=post, text="Second thoughts")
    assert late.status_code == 422
    assert "A comment can be changed for 15 minutes only." in body(late)
    assert "Second thoughts" in body(late)
    assert say(mine, "edit", post="no-such", text="x").status_code == 422
    assert say(mine, "withdraw", post=post).status_code == 302
    assert (posts(tenants.alpha)[0].text, posts(tenants.alpha)[0].author) == ("", None)


def test_a_writer_is_hidden_for_one_reader_alone(tenants: Any) -> None:
    talked(tenants.alpha)
    loud, reader, other = (resident(tenants.alpha, name) for name in ("loud", "mairi", "iain"))
    say(loud, text="SHOUTING")
    post = str(posts(tenants.alpha)[0].id)
    assert say(reader, "mute", post=post).status_code == 302
    assert say(reader, "mute", post=post).status_code == 302
    assert "SHOUTING" not in body(reader.get(PAGE))
    assert "SHOUTING" in body(other.get(PAGE))
    assert say(reader, "unmute", post=post).status_code == 302
    assert "SHOUTING" in body(reader.get(PAGE))


def test_a_report_reaches_moderators_of_this_council_and_they_decide(tenants: Any, site: Any) -> None:
    talked(tenants.alpha)
    talked(tenants.beta)
    writer, reader = resident(tenants.alpha, "mairi"), resident(tenants.alpha, "iain")
    say(writer, text="Something rude")
    post = str(posts(tenants.alpha)[0].id)
    assert say(reader, "report", post=post).status_code == 302
    assert say(reader, "report", post=post).status_code == 302
    officer = browser(tenants.alpha, name="anna")
    page = body(officer.get("/discussion/"))
    assert "Something rude" in page
    assert "Reported once" in page
    assert "Nothing waits." in body(browser(tenants.beta, name="bob").get("/discussion/"))
    assert browser(tenants.alpha, "observer", name="olly").get("/discussion/").status_code == 403
    at = f"/discussion/threads/{post}/"
    assert browser(tenants.beta, name="bob").get(at).status_code == 404
    assert "Choose what should happen." in body(officer.post(at, {}))
    unsaid = officer.post(at, {"decision": "hide"})
    assert unsaid.status_code == 422
    assert "Say why, in one sentence." in body(unsaid)
    assert officer.post(at, {"decision": "hide", "reason": "It is rude."}).status_code == 302
    assert "Something rude" not in body(site(tenants.alpha).get(PAGE))
    assert officer.get(at).status_code == 404
    with in_tenant(tenants.alpha):
        fact = AuditEvent.objects.get(kind="contribution_moderated")
        assert (fact.body["decision"], fact.actor is not None) == ("hide", True)
        assert "rude" not in str(fact.body)


def test_a_change_that_was_asked_for_comes_back_to_the_moderator(tenants: Any, site: Any) -> None:
    talked(tenants.alpha)
    writer = resident(tenants.alpha, "mairi")
    say(writer, text="Call me on 0131")
    post = str(posts(tenants.alpha)[0].id)
    with in_tenant(tenants.alpha), transaction.atomic():
        moderate(key="threads", item=post, decision=Verdict.EDIT_REQUEST, reason="No numbers, please.")
    assert "No numbers, please." in body(writer.get(PAGE))
    assert "0131" not in body(site(tenants.alpha).get(PAGE))
    assert say(writer, "edit", post=post, text="Call me").status_code == 302
    with in_tenant(tenants.alpha), transaction.atomic():
        waiting, silent = queues()
        assert ([one.item.text for one in waiting], silent) == (["Call me"], [])
        moderate(key="threads", item=post, decision=Verdict.PUBLISH, reason="")
        moderate(key="threads", item=post, decision=Verdict.PUBLISH, reason="")
        assert queues()[0] == []
    assert "Call me" in body(site(tenants.alpha).get(PAGE))


def test_the_discussion_ends_when_voting_closes(tenants: Any, site: Any) -> None:
    row = talked(tenants.alpha)
    client = resident(tenants.alpha, "mairi")
    with in_tenant(tenants.alpha):
        round_advance(round=row, verb="open_voting", actor=None)
    assert say(client, text="While voting").status_code == 302
    with in_tenant(tenants.alpha):
        row = Round.objects.get()
        round_advance(round=row, verb="close_voting", actor=None, reason_code="other", reason="A test.")
    work(tenants.alpha)
    assert say(client, text="Too late").status_code == 403
    page = body(site(tenants.alpha).get(PAGE))
    assert "This discussion has ended." in page
    assert "While voting" in page
    # The module refuses by itself, too.
    with in_tenant(tenants.alpha), transaction.atomic():
        found, context = threads(tenants.alpha)
        from plugins.api import Action, Capability, Viewer

        viewer = Viewer(Person(str(client.person.public_id)), "M", frozenset(Capability))
        subject = SubjectRef("proposal", str(Proposal.objects.get(ref="P-01").id))
        write = Action("write", Capability.TAKE_PART, "write")
        assert found.handle(write, context, subject, viewer, {"text": ["x"]}).problems[0].code == "threads.frozen"


def test_a_round_that_has_not_chosen_it_has_none(tenants: Any, site: Any) -> None:
    with in_tenant(tenants.alpha):
        round_made()
    assert "Comments and questions" not in body(site(tenants.alpha).get(PAGE))
    assert say(resident(tenants.alpha, "mairi"), text="x").status_code == 404
    talked(tenants.beta)
    assert say(resident(tenants.beta, "mairi"), text="x", ref="P-99").status_code == 404
    assert say(resident(tenants.beta, "mairi"), "no-such", text="x").status_code == 404
    assert say(resident(tenants.beta, "mairi"), text="x").status_code == 302


def test_what_is_kept_of_a_person_is_shown_and_erased(tenants: Any, site: Any) -> None:
    talked(tenants.alpha)
    client, other = resident(tenants.alpha, "mairi"), resident(tenants.alpha, "iain")
    say(client, text="My own words")
    post = str(posts(tenants.alpha)[0].id)
    say(other, "reply", post=post, text="I agree")
    say(other, "mute", post=post)
    say(client, "report", post=str(posts(tenants.alpha)[1].id))
    person = Person(str(client.person.public_id))
    with in_tenant(tenants.alpha):
        held = personal_data_kept(person)["threads"].tables
        assert [row["text"] for row in held["posts"]] == ["My own words"]
        assert [row["kind"] for row in held["marks"]] == ["report"]
    with in_tenant(tenants.beta), transaction.atomic():
        person_erase(person)
    assert posts(tenants.alpha)[0].text == "My own words"
    with in_tenant(tenants.alpha, role=Role.WORKER), transaction.atomic():
        report = person_erase(person)["threads"]
        assert (dict(report.anonymised), dict(report.deleted)) == ({"posts": 1}, {"marks": 2})
        assert personal_data_kept(person) == {}
        assert not Mark.objects.filter(about=client.person.public_id).exists()
    page = body(site(tenants.alpha).get(PAGE))
    assert "My own words" not in page
    assert "The writer has taken this back." in page
    assert "I agree" in page


def test_a_module_that_was_switched_off_still_shows_and_erases(tenants: Any, site: Any) -> None:
    """What somebody wrote stays when a council switches the module off, and so does their right to have it gone."""
    for tenant in tenants:
        talked(tenant)
        say(resident(tenant, "mairi"), text=f"My own words at {tenant.slug}")
    client = resident(tenants.alpha, "mairi")
    with in_tenant(tenants.alpha, role=Role.STAFF), transaction.atomic():
        # As after its round: a plugin is not switched off under an open one.
        assert PluginActivation.objects.filter(plugin="threads", ended_at=None).update(ended_at=Now()) == 1
        assert "threads" not in {one.key for one in active_modules("deliberation")}
    # Its words and its addresses are gone from this site, and stand next door.
    for tenant, words, status in ((tenants.alpha, False, 404), (tenants.beta, True, 302)):
        page = site(tenant).get(PAGE)
        assert (page.status_code, f"My own words at {tenant.slug}" in body(page)) == (200, words)
        assert say(resident(tenant, "mairi"), text="More words").status_code == status
    assert client.post("/account/file/").status_code == 302
    work(tenants.alpha)
    file = re.search(r'action="(/account/file/[0-9a-f-]{36}/)"', body(client.get("/account/")))
    assert file
    assert "My own words at alpha" in body(client.post(file[1]))
    assert client.post("/account/erase/", {"sure": "on"}).status_code == 200
    work(tenants.alpha)
    post = posts(tenants.alpha)[0]
    assert (post.author, "My own words" in post.text) == (None, False)
    assert posts(tenants.beta)[0].text == "My own words at beta"


def test_summaries_and_the_panel_take_the_same_number_of_queries(tenants: Any, site: Any) -> None:
    talked(tenants.alpha)
    client = resident(tenants.alpha, "mairi")

    def counted(work: Any) -> int:
        with CaptureQueriesContext(connection) as captured:
            work()
        return len(captured)

    def summed() -> None:
        with in_tenant(tenants.alpha):
            found, context = threads(tenants.alpha)
            subjects = [SubjectRef("proposal", str(one.id)) for one in Proposal.objects.all()]
            summaries = found.summaries(context, subjects)
            assert sum(one.contributions for one in summaries.values()) == len(posts(tenants.alpha))

    say(client, text="One", kind="question")
    client.get(PAGE)
    few = counted(summed), counted(lambda: client.get(PAGE))
    for number in range(12):
        say(resident(tenants.alpha, f"person{number}"), text=f"Words {number}")
    client.get(PAGE)
    assert (counted(summed), counted(lambda: client.get(PAGE))) == few


def test_the_tables_are_sealed_and_keep_whose_they_are(tenants: Any) -> None:
    talked(tenants.alpha)
    say(resident(tenants.alpha, "mairi"), text="Sealed")
    with in_tenant(tenants.alpha), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT tenant::text FROM threads_post")
        assert cursor.fetchone()[0] == str(tenants.alpha.uuid)
        with pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute(
                "INSERT INTO threads_mark (tenant, kind, about) VALUES (%s, 'report', gen_random_uuid())",
                [str(tenants.beta.uuid)],
            )
