"""The operator's file of identity providers, and what is kept of what they tell: no server is needed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from core.kernel.errors import Invalid
from core.people.sso.attested import reduced
from core.people.sso.realm.broker_files import FIXED, FIXED_CONFIG, KINDS, brokers_read, kind_file, proof_scope
from core.people.sso.realm.files import realm_file
from core.people.sso.sites import GROUPS, RealmKind
from plugins.api.text import LocalisedText
from tenants.registry.context import TenantRef
from tests.support.bootstrap import ROOT

DIRECTORY = "00000000-0000-4000-8000-000000000001"
TENANTS = {
    slug: TenantRef(UUID(int=number), slug, kind, f"t_{slug}", LocalisedText(slug.title()), "active")
    for number, (slug, kind) in enumerate(
        (("alpha", "council"), ("glasgow-city", "council"), ("burnfoot", "community"))
    )
}
GOOD = f"""
[[provider]]
alias = "entra-alpha"
kind = "entra"
tenant = "alpha"
domains = ["alpha.example"]
values = {{ directory = "{DIRECTORY}", client = "{DIRECTORY}" }}
"""


def read(folder: Path, text: str) -> list[Any]:
    path = folder / "providers.toml"
    path.write_text(text, encoding="utf-8")
    return brokers_read(str(path), TENANTS)


def test_the_example_is_read_and_every_provider_keeps_what_must_not_change() -> None:
    found = brokers_read(str(ROOT / "deploy/keycloak/providers.toml"), TENANTS)
    assert [one.kind for one in found] == list(KINDS)
    for one in found:
        assert one.settings.items() >= FIXED.items()
        assert one.settings["config"].items() >= FIXED_CONFIG.items()
        assert one.settings["config"]["clientAuthMethod"] == "private_key_jwt"
        assert "email" not in one.settings["config"]["defaultScope"] or one.realm is RealmKind.STAFF
    entra = found[0]
    assert entra.settings["config"]["claimFilterValue"] in entra.settings["config"]["issuer"]
    assert {"attribute": "tenant", "attribute.value": str(TENANTS["glasgow-city"].uuid), "syncMode": "FORCE"} in [
        mapper["config"] for mapper in entra.mappers
    ]


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('"entra-alpha"', '"Entra Alpha"'),
        ('kind = "entra"', 'kind = "google"'),
        ('tenant = "alpha"', 'tenant = "nobody"'),
        ('tenant = "alpha"', 'tenant = "burnfoot"'),
        (f'directory = "{DIRECTORY}"', 'directory = ".*"'),
        (f'directory = "{DIRECTORY}"', 'directory = "common"'),
        ('"alpha.example"', '"@alpha.example"'),
        ("values =", 'secret = "in the open"\nvalues ='),
        ("values =", 'secret_file = "not there"\nvalues ='),
        ("values =", 'config = { claimFilterValue = ".*" }\nvalues ='),
        ("values =", 'config = { validateSignature = "false" }\nvalues ='),
        ("values =", 'groups = "all groups"\nvalues ='),
        ("[[provider]]", "[[provider"),
        ("[[provider]]", GOOD + "[[provider]]"),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_words_and_without_its_secret(
    tmp_path: Path, was: str, becomes: str
) -> None:
    (one,) = read(tmp_path, GOOD)
    assert one.tenant == "alpha"
    with pytest.raises(Invalid) as refused:
        read(tmp_path, GOOD.replace(was, becomes, 1))
    assert refused.value.remedy
    assert "in the open" not in f"{refused.value} {refused.value.remedy}"


def test_groups_are_taken_over_only_where_the_file_names_their_claim(tmp_path: Path) -> None:
    (without,) = read(tmp_path, GOOD)
    (with_groups,) = read(tmp_path, GOOD.replace("values =", 'groups = "wids.names"\nvalues =', 1))
    assert "groups" not in {mapper["name"] for mapper in without.mappers}
    (taken,) = [mapper["config"] for mapper in with_groups.mappers if mapper["name"] == "groups"]
    assert (taken["claim"], taken["user.attribute"]) == ("wids.names", "groups")
    residents = '[[provider]]\nalias = "scotaccount"\nkind = "scotaccount"\ngroups = "groups"\n'
    with pytest.raises(Invalid, match="may not take"):
        read(tmp_path, residents + 'values = { issuer = "https://a.example", client = "commonty" }\n')


def test_a_secret_is_sent_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a secret of theirs\n", encoding="utf-8")
    (one,) = read(tmp_path, GOOD.replace("values =", 'secret_file = "secret"\nvalues =', 1))
    assert one.secret == "a secret of theirs"
    assert one.settings["config"]["clientAuthMethod"] == "client_secret_post"
    assert "a secret of theirs" not in repr(one)


def test_what_is_told_is_reduced_to_what_a_round_asks() -> None:
    now = datetime(2026, 6, 15, tzinfo=UTC)
    told = {
        "kind": "scotaccount",
        "born": "2010-06-15",
        "area": "S13000001",
        "level": "P2",
        "transaction": "t" * 300,
        "ucrn": "12345678",
    }
    found = reduced(told, ages=[8, 16, 17, 16], areas=["S13000001", "S13000002"], at=5, now=now)
    assert found is not None
    assert (found.over, found.under, found.areas, found.rung, found.at) == ((8, 16), (17,), ("S13000001",), "E4", 5)
    assert len(found.transaction) == 100
    assert "2010" not in repr(found)
    assert "12345678" not in repr(found)
    assert found.reaches("E3")
    elsewhere = reduced(told, ages=[16], areas=["S13000002"], now=now)
    assert elsewhere is not None
    assert elsewhere.areas == ()
    for born in ("", "2010", "2027-01-01", "1800-01-01", "15/06/2010", "2010-06-15T00:00"):
        unread = reduced({**told, "born": born}, ages=[8, 16], areas=[], now=now)
        assert unread is not None
        assert (unread.over, unread.under) == ((), ()), born
    weak = reduced({**told, "level": "P9", "kind": "myaccount"}, ages=[], areas=[], now=now)
    assert weak is not None
    assert not weak.reaches("E3")
    assert reduced({}, ages=[16], areas=[], now=now) is None
    strange = reduced({**told, "kind": "../both"}, ages=[], areas=[], now=now)
    assert strange is not None
    assert strange.rung == ""


def test_nothing_a_provider_tells_is_ever_in_a_token() -> None:
    staff = realm_file(RealmKind.STAFF.value, {"realm": "scotland-staff"})["client_scope"]
    (groups,) = [one for one in staff if one["name"] == GROUPS]
    for mapper in (*proof_scope()["mapper"], *groups["mapper"]):
        told = {name: mapper["config"][f"{name}.token.claim"] for name in ("id", "access", "introspection", "userinfo")}
        assert told == {"id": "false", "access": "false", "introspection": "false", "userinfo": "true"}
    for kind in KINDS:
        assert "ucrn" not in kind_file(kind).get("claims", {}).values()
