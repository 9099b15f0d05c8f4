"""After the close: two people open the box, the count runs, and the result is looked at before it is published."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as say
from django.views.decorators.http import require_http_methods

from core.kernel.errors import Refused
from core.people.access import access
from core.people.proof import proven
from core.rounds.access import READERS, may_advance
from core.rounds.lifecycle import State
from core.rounds.selectors import round_by_slug, round_id_of
from core.voting.access import may_count, may_open
from core.voting.selectors import agreed, count_state
from core.voting.services import OPENERS_NEEDED, opening_approve, tally_request
from core.web.manage.page import CONFLICT, actor_of, page


@require_http_methods(["GET", "HEAD", "POST"])
@access(READERS, round_of=round_id_of)
@proven()
def count(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Who has agreed to open the box, how far the count is, and what to do next.

    `after` in the address is how many counts there had been when another was asked for: while there are no more,
    it is being counted.
    """
    row = round_by_slug(slug)
    actor = actor_of(request)
    refused: Refused | None = None
    if request.method == "POST":
        try:
            if request.POST.get("do") == "again":
                before = count_state(row).runs
                tally_request(round=row, actor=actor)
                return HttpResponseRedirect(f"{reverse('staff:count', kwargs={'slug': slug})}?after={before}")
            number = opening_approve(round=row, actor=actor)
        except Refused as error:
            refused = error
        else:
            second = number >= OPENERS_NEEDED
            messages.success(
                request,
                say("Two people have agreed. The box is opened and counted.")
                if second
                else say("You have agreed. A second person has to agree too."),
            )
            return redirect("staff:count", slug=slug)
    state, people = count_state(row), agreed(row)
    after = request.GET.get("after", "")
    waiting = not state.counted and state.approvals >= OPENERS_NEEDED
    running = waiting and (state.runs == 0 or after == str(state.runs))
    mine = any(one.person == actor for one in people)
    return page(
        request,
        "manage/count.html",
        heading=say("The box and the count"),
        row=row,
        state=state,
        here=request.get_full_path(),
        agreed=people,
        needed=OPENERS_NEEDED,
        at_count=row.state == State.COUNT,
        running=running,
        failed=waiting and not running,
        may_agree=row.state == State.COUNT and may_open(actor, row) and not mine and state.approvals < OPENERS_NEEDED,
        mine=mine,
        may_again=may_count(actor, row),
        may_look=may_open(actor, row),
        may_publish=may_advance(actor, "publish_result", row),
        refused=refused,
        status=CONFLICT if refused else 200,
    )
