"""How a community's website looks: its name, the letters in place of a crest, and its one colour."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.kernel.errors import Invalid
from core.people.access import OFFICER, access
from core.web.manage.forms import Styled
from core.web.manage.page import PROBLEM, actor_of, page, sent
from tenants.office.services import accent_set
from tenants.registry.context import current_tenant


class LookForm(Styled):
    """The one colour."""

    save_label = _("Save the colour")

    accent = forms.CharField(
        label=_("Colour"),
        required=False,
        max_length=20,
        help_text=_(
            "Written like #0065bd. White words stand on it, so it must be dark enough. Empty: the blue we use."
        ),
        widget=forms.TextInput(
            attrs={"class": "ds_input ds_input--fixed-10", "autocomplete": "off", "spellcheck": "false"}
        ),
    )


@access(OFFICER)
def look(request: HttpRequest) -> HttpResponseBase:
    """Show the look and change its colour; a colour on which words cannot be read is refused and stays typed."""
    tenant = current_tenant()
    data: Any = sent(request)
    form = LookForm(data, initial={"accent": tenant.accent})
    if data is not None and form.is_valid():
        try:
            accent_set(tenant=tenant.uuid, accent=form.cleaned_data["accent"], actor=actor_of(request))
        except Invalid as error:
            form.add_error("accent", f"{error} {error.remedy}")
        else:
            messages.success(request, say("The colour is saved. Residents see it within a minute."))
            return redirect("staff:look")
    status = PROBLEM if form.errors else 200
    return page(request, "manage/look.html", heading=say("Look of the website"), part="look", form=form, status=status)
