"""What residents have written and a moderator should look at: one list for every module, and one decision at a time."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.audit.services import event_record
from core.kernel.errors import NotFound, Unavailable
from core.people.access import OFFICER, access
from core.people.selectors import names_shown
from core.proposals.models import Proposal
from core.web.manage.forms import Radios, Styled
from core.web.manage.page import PROBLEM, actor_of, page, sent
from core.web.public.events import ContributionModerated
from plugins.api import Verdict
from plugins.host.deliberation import Queued, moderate, queues
from plugins.host.failures import PluginFailure

DECISIONS: dict[str, Any] = {
    Verdict.PUBLISH.value: _("Show it"),
    Verdict.EDIT_REQUEST.value: _("Ask the writer to change it"),
    Verdict.HIDE.value: _("Hide it"),
    Verdict.REDACT.value: _("Delete the words"),
    Verdict.ESCALATE.value: _("Pass it to a colleague"),
}
MEANS: dict[str, Any] = {
    Verdict.PUBLISH.value: _("Everybody can read it, and reports so far are done with."),
    Verdict.EDIT_REQUEST.value: _("It is hidden until the writer has changed it and you have looked again."),
    Verdict.HIDE.value: _("Nobody reads it, and a note says that a moderator has hidden it. It can be shown again."),
    Verdict.REDACT.value: _("For personal data of others, threats and the like. The words are gone for good."),
    Verdict.ESCALATE.value: _("It stays on this list, marked."),
}
NEEDS_REASON = frozenset({Verdict.EDIT_REQUEST.value, Verdict.HIDE.value, Verdict.REDACT.value})


class DecisionForm(Styled):
    """What becomes of one contribution, and why."""

    save_label = _("Decide")

    decision = forms.ChoiceField(
        label=_("What should happen?"),
        choices=list(DECISIONS.items()),
        widget=Radios(MEANS),
        error_messages={"required": _("Choose what should happen.")},
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=300,
        help_text=_("Shown to everybody where the words stood, and to the writer. Name no person."),
        widget=forms.Textarea({"rows": 2}),
    )

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("decision") in NEEDS_REASON and not data.get("reason", "").strip():
            self.add_error("reason", _("Say why, in one sentence."))
        return data


def _lines(waiting: list[Queued]) -> list[dict[str, Any]]:
    """Each entry with its writer's name and its project, in two queries."""
    names = names_shown(frozenset(UUID(one.item.author) for one in waiting if one.item.author))
    subjects = [one.item.subject.uuid for one in waiting if one.item.subject.kind == "proposal"]
    projects = {
        str(row.id): row for row in Proposal.objects.filter(id__in=subjects).select_related("round").order_by("ref")
    }
    return [
        {
            "item": one.item,
            "module": one.module,
            "name": names.get(UUID(one.item.author)) if one.item.author else None,
            "project": projects.get(one.item.subject.uuid),
        }
        for one in waiting
    ]


@access(OFFICER)
def queue(request: HttpRequest) -> HttpResponse:
    """Everything that waits, the oldest first."""
    waiting, silent = queues()
    return page(
        request,
        "manage/discussion.html",
        heading=say("Comments to look at"),
        part="discussion",
        lines=_lines(waiting),
        silent=silent,
    )


@access(OFFICER)
def decide(request: HttpRequest, key: str, item: str) -> HttpResponseBase:
    """Look at one contribution and decide."""
    actor = actor_of(request)
    waiting, _silent = queues()
    found = next((one for one in waiting if one.module.key == key and one.item.ref == item), None)
    if found is None:
        raise NotFound(
            say("This contribution does not wait for a decision any more."),
            code="discussion.not_waiting",
            remedy=say("Go back to the list."),
        )
    form = DecisionForm(sent(request))
    if request.method == "POST" and form.is_valid():
        decision = Verdict(form.cleaned_data["decision"])
        try:
            with transaction.atomic():
                moderate(key=key, item=item, decision=decision, reason=form.cleaned_data["reason"])
                event_record(ContributionModerated(module=key, item=item, decision=decision.value), actor=actor)
        except PluginFailure as error:
            raise Unavailable(say("The decision could not be carried out."), code="discussion.unavailable") from error
        messages.success(request, say("Decided: %(decision)s.") % {"decision": DECISIONS[decision.value]})
        return redirect("staff:discussion")
    return page(
        request,
        "manage/discussion_one.html",
        heading=say("Decide about a comment"),
        part="discussion",
        line=_lines([found])[0],
        form=form,
        trail=[(reverse("staff:discussion"), say("Comments to look at"))],
        status=PROBLEM if form.errors else 200,
    )
