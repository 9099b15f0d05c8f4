"""Limits of all tenants, and of all together: shown, set, and given back to their defaults."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.kernel.errors import CommontyError, Invalid, NotFound
from core.people.access import OFFICER, access
from core.web.hub.console.views import shown
from core.web.manage.forms import Styled
from core.web.manage.limits import PER_WORDS, WHAT_WORDS, amount, shown_use
from core.web.manage.page import PROBLEM, actor_of, sent
from tenants.office.quotas import quota_set, quotas
from tenants.registry.limits import DEFAULTS, MEGABYTE, What, uses_together

TOGETHER = "together"


class QuotaForm(Styled):
    """One limit of one tenant, or of all together."""

    save_label = _("Set the limit")
    tenant = forms.ChoiceField(label=_("For"), error_messages={"required": _("Choose for whom.")})
    what = forms.ChoiceField(label=_("What"), error_messages={"required": _("Choose what.")})
    most = forms.IntegerField(
        label=_("Limit"),
        required=False,
        min_value=0,
        max_value=10**12,
        help_text=_("A whole number; for space, in megabytes. Empty: the default again."),
        widget=forms.TextInput({"inputmode": "numeric", "class": "ds_input ds_input--fixed-10", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, tenants: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        whom: Any = self.fields["tenant"]
        whom.choices = [("", say("Choose")), (TOGETHER, say("All together")), *tenants]
        what: Any = self.fields["what"]
        what.choices = [("", say("Choose")), *((one.value, WHAT_WORDS[one]) for one in DEFAULTS)]


@access(OFFICER)
def limits(request: HttpRequest) -> HttpResponseBase:
    """A table of every tenant's limits with what was set by hand, what all use together, and the form."""
    lines = quotas()
    named = [(str(one.tenant.uuid), one.tenant.name.en) for one in lines if one.tenant]
    form = QuotaForm(sent(request), tenants=named)
    refused: CommontyError | None = None
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        most = data["most"]
        if most is not None and data["what"] == What.STORAGE.value:
            most *= MEGABYTE
        try:
            whom = None if data["tenant"] == TOGETHER else UUID(data["tenant"])
            quota_set(tenant=whom, what=data["what"], most=most, actor=actor_of(request))
        except (Invalid, NotFound) as error:
            refused = error
            form.refuse(error, {"quota.invalid": "most", "tenant.unknown": "tenant"})
        else:
            messages.success(request, say("The limit is set. It holds everywhere within a minute."))
            return redirect("console:limits")
    return shown(
        request,
        "console/limits.html",
        here="limits",
        heading=say("Limits"),
        heads=[(WHAT_WORDS[one], PER_WORDS[one]) for one in DEFAULTS],
        rows=[(one.tenant, [(amount(what, one.most[what]), what in one.given) for what in DEFAULTS]) for one in lines],
        together=[shown_use(one) for one in uses_together()],
        form=form,
        status=PROBLEM if refused or form.errors else 200,
    )
