"""How a council's messages travel: the channels in their order, what became of messages, and what could not be sent."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.audit.outbox import parked
from core.kernel.errors import Invalid
from core.notices.carrying import DAYS, KIND, OWN_MAIL, channels_choose, channels_chosen, delivery_counts
from core.notices.models import Notice
from core.notices.services import SEND_JOB
from core.people.access import OFFICER, access
from core.web.manage.forms import Radios, Styled
from core.web.manage.page import PROBLEM, actor_of, page, sent
from plugins.host.selectors import active_modules, choosable_modules

PLACES = {"first": _("First channel"), "second": _("Second channel"), "third": _("Third channel")}
NONE = {
    "first": _("None: e-mail by the mail server of this service"),
    "second": _("None"),
    "third": _("None"),
}


class ChannelsForm(Styled):
    """Up to three channels. Where one cannot carry a message, the next one does."""

    save_label = _("Save the channels")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        active = choosable_modules(KIND, keep=list(self.initial.values()))
        hints = {one.key: one.description.en for one in active}
        for name, label in PLACES.items():
            choices = [("", NONE[name]), *((one.key, one.label.en) for one in active)]
            self.fields[name] = forms.ChoiceField(label=label, choices=choices, required=False, widget=Radios(hints))
        self.dress()

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        twice = [key for key, count in Counter(filter(None, given.values())).items() if count > 1]
        if twice:
            last = [name for name in PLACES if given.get(name) == twice[0]][-1]
            self.add_error(last, _("This channel is chosen twice. Choose each once."))
        return given

    @property
    def chosen(self) -> list[str]:
        return [key for key in (self.cleaned_data.get(name) for name in PLACES) if key]


def _told() -> list[dict[str, Any]]:
    """Messages of the last week in words, by channel."""
    words = {
        Notice.State.WAITING.value: say("waiting"),
        Notice.State.SENT.value: say("sent"),
        Notice.State.EXPIRED.value: say("not sent in time"),
        Notice.Delivery.ACCEPTED.value: say("on their way"),
        Notice.Delivery.DELIVERED.value: say("arrived"),
        Notice.Delivery.TEMPORARY_FAILURE.value: say("did not arrive for now"),
        Notice.Delivery.PERMANENT_FAILURE.value: say("did not arrive"),
    }
    labels = {one.key: one.label.en for one in active_modules(KIND)} | {OWN_MAIL: say("Mail server of this service")}
    return [
        {
            "channel": labels.get(row["channel"], row["channel"]) if row["channel"] else say("No channel yet"),
            "state": words[row["delivery"] or row["state"]],
            "count": row["count"],
        }
        for row in delivery_counts()
    ]


@access(OFFICER)
def channels(request: HttpRequest) -> HttpResponseBase:
    """Choose the channels, and see how they fare."""
    chosen = dict(zip(PLACES, channels_chosen(), strict=False))
    form = ChannelsForm(sent(request), initial=chosen)
    if form.is_bound and form.is_valid():
        try:
            channels_choose(form.chosen, actor=actor_of(request))
        except Invalid as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, say("The channels are saved."))
            return redirect("staff:channels")
    return page(
        request,
        "manage/channels.html",
        heading=say("How messages travel"),
        part="modules",
        status=PROBLEM if form.errors else 200,
        form=form,
        told=_told(),
        days=DAYS,
        parked=[message for message in parked() if message["task"] == SEND_JOB.name],
    )
