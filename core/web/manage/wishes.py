"""Asking the national team for a module that is not there yet. The answer stands on the modules page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.kernel.errors import CommontyError, Invalid, Refused
from core.people.access import OFFICER, access
from core.web.manage.forms import Styled, fresh_id
from core.web.manage.page import CONFLICT, PROBLEM, actor_of, page, sent
from tenants.office.modules.models import ModuleWish
from tenants.office.modules.selectors import Wish
from tenants.office.modules.services import wish_make

State = ModuleWish.State
# In words, and the colour of its tag.
STATES: dict[str, tuple[Any, str]] = {
    State.NEW.value: (_("New"), "orange"),
    State.LOOKED_AT.value: (_("Being looked at"), "blue"),
    State.PLANNED.value: (_("Planned"), "blue"),
    State.DONE.value: (_("Done"), "green"),
    State.DECLINED.value: (_("Declined"), "grey"),
}


class WishForm(Styled):
    """What is wanted, and why."""

    save_label = _("Send the wish")
    new_id = forms.UUIDField(widget=forms.HiddenInput)
    what = forms.CharField(
        label=_("What should the module do?"),
        max_length=120,
        help_text=_("In a few words, such as “a ranking vote on paper”."),
    )
    why = forms.CharField(
        label=_("Why do you need it?"),
        max_length=2000,
        widget=forms.Textarea({"rows": 5}),
        help_text=_("A sentence or two: for which round, and what you do without it. Name no resident."),
    )


def shown(wish: Wish) -> dict[str, Any]:
    """A wish as lists of both sides draw it."""
    label, colour = STATES[wish.state]
    return {"wish": wish, "state": label, "colour": colour}


@access(OFFICER)
def wish_new(request: HttpRequest) -> HttpResponseBase:
    """Write a wish and send it."""
    form = WishForm(sent(request), initial={"new_id": fresh_id()})
    error: CommontyError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            wish_make(actor=actor_of(request), **{name: form.cleaned_data[name] for name in ("what", "why", "new_id")})
        except (Invalid, Refused) as refused:
            error = refused
            form.refuse(refused, {"wish.words": "why"})
        else:
            messages.success(request, say("Your wish is with the national team. Their answer appears here."))
            return redirect(reverse("staff:modules") + "#wishes")
    return page(
        request,
        "manage/form.html",
        heading=say("Ask for a module"),
        part="modules",
        trail=[(reverse("staff:modules"), say("Modules"))],
        intro=say("The national team reads this, and says on the modules page what becomes of it."),
        form=form,
        back=reverse("staff:modules"),
        status=CONFLICT if isinstance(error, Refused) else PROBLEM if form.errors else 200,
    )
