"""Own addresses, mail in one's own name, use and limits, in a real browser: a phone and a desk, with axe."""

from __future__ import annotations

from typing import Any

import pytest

from core.kernel.clock import database_now
from tenants.office.hosts.models import OwnHost, OwnSender
from tenants.registry import limits
from tenants.registry.context import in_public
from tenants.registry.limits import What
from tenants.registry.models import Domain, Quota
from tenants.registry.selectors import tenant_by_slug
from tests.behaviour.test_manage_rounds import browser as signed_in
from tests.e2e.test_manage import beside_the_browser, looked_at

__all__ = ["beside_the_browser"]

pytestmark = pytest.mark.browser
TOKEN = "k7Jx" * 10


def test_the_pages_of_what_is_shared_read_on_a_phone_and_a_desk(tenants: Any, server: int, browser: Any) -> None:
    alpha = tenants.alpha.uuid
    looked_at(browser, server, signed_in(tenants.alpha), ["/address/mail/"])
    with in_public():
        now = database_now()
        seen = {"tenant_id": alpha, "token": TOKEN, "looked_at": now, "answered_at": now}
        OwnHost.objects.create(host="choices.alpha-council.scot", state="proved", leads_here=True, **seen)
        OwnHost.objects.create(host="old.alpha-council.scot", state="lost", **seen)
        OwnHost.objects.create(tenant_id=alpha, host="a-rather-long-name.participation.alpha-council.scot", token=TOKEN)
        Domain.objects.filter(tenant_id=alpha, purpose="public").update(is_primary=False)
        Domain.objects.create(domain="choices.alpha-council.scot", tenant_id=alpha, purpose="public", is_primary=True)
        found = {"proof": "good", "spf": "missing", "dkim": "wrong", "dmarc": "unanswered"}
        OwnSender.objects.create(address="choices@alpha-council.scot", found=found, **seen)
        Quota.objects.create(tenant_id=alpha, what=What.MAILS.value, most=1)
    limits.quotas_forget()
    limits.take(tenants.alpha, What.MAILS)
    with pytest.raises(limits.Limited):
        limits.take(tenants.alpha, What.MAILS)
    looked_at(browser, server, signed_in(tenants.alpha), ["/address/", "/address/mail/", "/limits/"])
    looked_at(browser, server, signed_in(tenant_by_slug("hub"), name="cosla"), ["/console/limits/"])
    limits.quotas_forget()
