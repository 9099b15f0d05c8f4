"""A resident who votes over HTTP: fills in, shows that they may, sends; through the ballot entry or behind it."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core import mail

from core.audit.models import OutboxMessage
from core.audit.outbox import message_run
from core.notices.services import SEND_JOB
from core.rounds.models import Round
from core.rounds.services import round_advance
from core.web.public.cookies import cookie_name
from tenants.registry.context import Role, TenantRef, in_tenant
from tests.support.canary import assert_clean
from tests.support.http import SiteClient
from tests.support.rounds import round_made

FORM = "application/x-www-form-urlencoded"


def round_open(tenant: TenantRef, slug: str = "leith", **more: Any) -> Round:
    """A round with voting open in this tenant: six projects, one to three of them on a ballot."""
    with in_tenant(tenant):
        row = round_made(slug, tenant=tenant.slug, **{"ballot": ("approval", {"maximum": 3}), **more})
        return round_advance(round=row, verb="open_voting", actor=None)


class _Hidden(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action, self.fields = "", []  # type: ignore[var-annotated]

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.action, self.fields = values.get("action", ""), []
        if tag == "input" and values.get("type") == "hidden":
            self.fields.append((values["name"], values["value"]))


@dataclass(frozen=True)
class SendForm:
    """The form of the page that sends: what a browser would post by its button."""

    action: str
    fields: tuple[tuple[str, str], ...]

    def but(self, **changes: str | list[str] | None) -> SendForm:
        """The same with fields changed, or left out where the value is None."""
        kept = [(name, value) for name, value in self.fields if name not in changes]
        for name, value in changes.items():
            kept += [(name, one) for one in ([value] if isinstance(value, str) else value or [])]
        return replace(self, fields=tuple(kept))

    def value(self, name: str) -> str:
        return next(value for own, value in self.fields if own == name)

    def body(self) -> bytes:
        return urlencode(self.fields).encode()


@dataclass
class Answer:
    """What the ballot entry said."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    content: bytes = b""

    @property
    def to(self) -> str:
        return self.headers.get("Location", "")

    @property
    def refused(self) -> str:
        """The code of the refusal, or nothing."""
        return self.to.partition("prove/?refused=")[2]


def form_on(page: Any) -> SendForm:
    reader = _Hidden()
    reader.feed(page.content.decode().partition("<main")[2])
    return SendForm(reader.action, tuple(reader.fields))


def wsgi_post(host: str, path: str, body: bytes, cookies: dict[str, str], **headers: str) -> Answer:
    """A post to the application that the web server serves, in this process."""
    from core.project.wsgi import application

    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": FORM,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": host,
        "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        **headers,
    }
    answer = Answer(0)

    def start(status: str, lines: list[tuple[str, str]], *rest: Any) -> None:
        answer.status = int(status.split()[0])
        for name, value in lines:
            if name == "Set-Cookie":
                answer.cookies |= {key: one.value for key, one in SimpleCookie(value).items()}
            else:
                answer.headers[name] = value

    answer.content = b"".join(application(environ, start))
    return answer


class Resident:
    """A browser at one tenant's site. `entry=False` sends to Django's view instead of the entry in front of it."""

    def __init__(self, tenant: TenantRef, *, entry: bool = True, prefix: str = "") -> None:
        self.tenant, self.entry, self.prefix = tenant, entry, prefix
        self.browser = SiteClient(tenant)
        self.host = str(self.browser.defaults["HTTP_HOST"])

    def at(self, slug: str, step: str = "") -> str:
        return f"{self.prefix}/rounds/{slug}/vote/{step}"

    def page(self, slug: str, step: str = "") -> Any:
        return self.browser.get(self.at(slug, step))

    def fill(self, slug: str, *refs: str) -> None:
        answer = self.browser.post(self.at(slug), {"do": "check", "project": list(refs)})
        assert answer.status_code == 302, answer.content.decode()
        assert answer["Location"] == self.at(slug, "review/")

    def asks_for_code(self, slug: str, address: str) -> Any:
        """The page that asks for the code sent to this address."""
        first = self.page(slug, "prove/?how=code-by-email")
        fields = {"email": address, **dict(form_on(first).fields)}
        return self.browser.post(self.at(slug, "prove/?how=code-by-email"), fields)

    def types_code(self, slug: str, page: Any, code: str) -> Any:
        fields = {"code": code, **dict(form_on(page).fields)}
        return self.browser.post(self.at(slug, "prove/?how=code-by-email"), fields)

    def proves_by_code(self, slug: str, address: str) -> None:
        page = self.asks_for_code(slug, address)
        answer = self.types_code(slug, page, self.code_received(address))
        assert (answer.status_code, answer["Location"]) == (302, self.at(slug, "prove/")), answer.content.decode()

    def confirms_sign_in(self, slug: str) -> Any:
        """After the sign-in: the page asks once more, and this is the button."""
        page = self.page(slug, "prove/?how=national-sign-in")
        assert page.status_code == 200
        return self.browser.post(self.at(slug, "prove/?how=national-sign-in"), {"confirm": "1"})

    def code_received(self, address: str) -> str:
        """The code in the newest message to this address, after the worker has done its work."""
        messages_sent(self.tenant)
        found = [one for one in mail.outbox if one.to == [address]]
        code = re.search(r"\b(\d{6})\b", str(found[-1].body))
        assert code
        return code[1]

    def send_form(self, slug: str) -> SendForm:
        page = self.page(slug, "prove/")
        assert page.status_code == 200, page.content.decode()
        form = form_on(page)
        assert form.action == self.at(slug, "cast/")
        return form

    def send(self, form: SendForm, **headers: str) -> Answer:
        if not self.entry:
            made = self.browser.generic("POST", form.action, form.body(), content_type=FORM, **headers)
            cookies = {name: one.value for name, one in made.cookies.items()}
            return Answer(made.status_code, dict(made.items()), cookies, made.content)
        cookies = {name: one.value for name, one in self.browser.cookies.items()}
        answer = wsgi_post(self.host, form.action, form.body(), cookies, **headers)
        for name, value in answer.cookies.items():
            self.browser.cookies[name] = value
        assert_clean(self.tenant.slug, answer.content.decode() + str(answer.headers), form.action)
        return answer

    def receipt(self, slug: str) -> str:
        """The code on the page after sending."""
        page = self.page(slug, "done/")
        found = re.search(r'class="cc-receipt">([^<]+)<', page.content.decode())
        assert found, page.content.decode()
        return found[1]

    def cookie(self, what: str, round_id: UUID) -> str:
        kept = self.browser.cookies.get(cookie_name(what, round_id))
        return kept.value if kept else ""

    def votes(self, slug: str, address: str, *refs: str) -> Answer:
        """The whole way by a code."""
        self.fill(slug, *refs)
        self.proves_by_code(slug, address)
        return self.send(self.send_form(slug))


def messages_sent(tenant: TenantRef) -> None:
    """Do what waits for the worker: send the notices of this tenant."""
    with in_tenant(tenant, role=Role.WORKER):
        waiting = list(OutboxMessage.objects.filter(task=SEND_JOB.name, state="pending").values_list("id", flat=True))
    for message in waiting:
        body = str(tenant.uuid)
        assert message_run(task=SEND_JOB.name, header=body, body=body, message=str(message)) == "done"
