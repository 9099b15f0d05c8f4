"""What is published for everybody, with versions: written here, signed by a worker, read by every tenant."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from core.kernel.errors import CommontyError, Invalid, Refused
from core.people.access import OFFICER, access
from core.setup.documents import document_publish, starters_publish
from core.web.hub.console.views import shown
from core.web.manage.forms import Pair, Styled, written
from core.web.manage.page import CONFLICT, PROBLEM, sent
from core.web.manage.setup import KINDS
from plugins.api.text import LocalisedText
from tenants.office.documents.selectors import current, versions
from tenants.office.documents.services import starters
from tenants.office.national import registry_rows, signed_facts


class DocumentForm(Styled):
    """A version. What is different is asked for from the second on."""

    save_label = _("Publish this version")
    pairs = (
        Pair("title", _("Title"), _("Title, in Gaelic"), most=120),
        Pair("body", _("Words"), _("Words, in Gaelic"), most=50_000, rows=14),
        Pair(
            "change",
            _("What is different from the version before"),
            _("What is different, in Gaelic"),
            most=1000,
            rows=3,
        ),
    )


class NewForm(DocumentForm):
    """The first version of something new."""

    kind = forms.ChoiceField(label=_("Kind"), choices=list(KINDS.items()))
    key = forms.SlugField(
        label=_("Short name"), max_length=40, help_text=_("Small letters and hyphens; it never changes afterwards.")
    )
    field_order = ["kind", "key", "title_en", "title_gd", "body_en", "body_gd"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("change_en", "change_gd"):
            del self.fields[name]


@access(OFFICER)
def documents(request: HttpRequest) -> HttpResponseBase:
    """Everything that is published; where nothing is, the starter texts can be."""
    if request.method == "POST":
        done = starters_publish()
        messages.success(request, say("%(number)s documents are on their way. Load the page again.") % {"number": done})
        return redirect("console:documents")
    found = current()
    missing = {(one["kind"], one["key"]) for one in starters()} - {(one.kind, one.key) for one in found}
    rows = [{"document": one, "kind": KINDS[one.kind]} for one in found]
    heading = say("Guidance, policies and agreements")
    return shown(request, "console/documents.html", here="documents", heading=heading, rows=rows, missing=len(missing))


def _publish(form: DocumentForm, kind: str, key: str, seen: int) -> CommontyError | None:
    change = form.words("change") if "change_en" in form.fields else LocalisedText("")
    try:
        document_publish(
            kind=kind, key=key, title=form.words("title"), body=form.words("body"), change=change, seen=seen
        )
    except (Invalid, Refused) as error:
        form.refuse(error, {"document.no_change": "change_en"})
        return error
    return None


@access(OFFICER)
def document_new(request: HttpRequest) -> HttpResponseBase:
    form = NewForm(sent(request))
    error: CommontyError | None = None
    if request.method == "POST" and form.is_valid():
        error = _publish(form, form.cleaned_data["kind"], form.cleaned_data["key"], 0)
        if error is None:
            messages.success(request, say("It is on its way. Load the page again in a moment."))
            return redirect("console:documents")
    return shown(
        request,
        "manage/form.html",
        here="documents",
        heading=say("Publish something new"),
        form=form,
        back=reverse("console:documents"),
        status=CONFLICT if isinstance(error, Refused) else PROBLEM if form.errors else 200,
    )


@access(OFFICER)
def document_one(request: HttpRequest, kind: str, key: str) -> HttpResponse | HttpResponseBase:
    """A document with every version, who has adopted which, and the form for the next."""
    found = versions(kind, key)
    now = found[0]
    typed = {**written("title", now.title), **written("body", now.body)}
    form = DocumentForm(sent(request), initial={**typed, "seen": str(now.version)})
    error: CommontyError | None = None
    if request.method == "POST" and form.is_valid():
        seen = form.cleaned_data["seen"]
        error = _publish(form, kind, key, int(seen) if seen.isdecimal() else now.version)
        if error is None:
            messages.success(request, say("The version is on its way. Load the page again in a moment."))
            return redirect("console:document", kind=kind, key=key)
    names = {row.uuid: row for row in registry_rows()}
    adopted = [
        {"row": names[one.tenant], "body": one.body, "at": one.stated_at}
        for one in signed_facts()
        if one.kind == kind and one.key == key and one.tenant in names
    ]
    return shown(
        request,
        "console/document.html",
        here="documents",
        heading=now.title.en,
        kind=KINDS[kind],
        document=now,
        versions=found,
        adopted=adopted,
        form=form,
        trail=[(reverse("console:documents"), say("Guidance"))],
        status=CONFLICT if isinstance(error, Refused) else PROBLEM if form.errors else 200,
    )
