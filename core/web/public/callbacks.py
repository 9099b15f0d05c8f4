"""Where carriers tell what became of a message. They show who they are as their channel asks: it is checked there."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core.kernel.errors import CommontyError, NotFound
from core.notices.carrying import KIND, delivery_told
from core.people.access import ANYONE, access
from plugins.api import PermanentFailure
from plugins.host.selectors import module, module_settings

MOST_BYTES = 65_536
"""Of a callback: a receipt is a few hundred bytes."""


@csrf_exempt
@require_POST
@never_cache
@access(ANYONE)
def channel_callback(request: HttpRequest, key: str) -> HttpResponseBase:
    """Take a delivery receipt. No answer says more than a number: whoever asks is a program."""
    try:
        channel, settings = module(KIND, key), module_settings(KIND, key)
    except NotFound:
        return HttpResponse(status=404)
    if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
        return HttpResponse(status=413)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        delivery_told(key, channel.updates(headers, request.body, settings))
    except PermanentFailure:
        return HttpResponse(status=403)
    except CommontyError:
        return HttpResponse(status=503)
    return HttpResponse(status=204)
