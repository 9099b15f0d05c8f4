"""Acknowledged ballots per second over HTTP, against pgbench with the same statements, prepared.

The statements are those of the function `cast_ballot`. pgbench sends them one by one, as a service without such a
function would: that is the baseline. It also sends the one call that we send, which is told beside it. The web server
is the real one, with the ballot entry in front; sixteen client processes hold one connection each and post ballots of
distinct voters with credentials made beforehand. pgbench runs before and after, with sixteen connections and the same
role, path and partition. Then the server is given half of what it took, at an even pace, and how long an answer takes
is measured from when it was due.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.http import HttpResponse

from core.kernel.env import environment
from core.kernel.errors import Unavailable
from core.project.bench import voters
from core.project.bench.round_pages import round_voting
from core.project.bench.serving import serving
from core.project.bench.tenants import bench_tenant
from core.project.services import postgres_bin
from core.rounds.models import Round
from core.voting.box import CAST, box_of
from core.voting.services import Credential
from core.web.public.credential import cast_token, credential_set
from core.web.public.draft import Draft, draft_keep
from tenants.office.owner import owner_connection
from tenants.office.template import migrate
from tenants.registry.context import Role, TenantRef, in_tenant
from tenants.registry.place import database_role

CLIENTS = 16
BALLOTS = 16_000
WARM_UP = 640
PROJECTS = 20
RATIO_HOLD = 0.35
P95_HOLD_SECONDS = 0.25
SLUG, ROUND = "bench-ballots", "bench"


# -- ours -------------------------------------------------------------------------------------------------------------


def _request(host: str, row: Round, refs: list[str]) -> bytes:
    """What the browser of a new voter posts, with the headers and cookies a browser sends."""
    credential = Credential(row.id, uuid4())
    kept = HttpResponse()
    credential_set(kept, row.id, credential)
    draft_keep(kept, row.id, Draft(raw={"project": refs}, seed=secrets.token_hex(4)))
    cookies = "; ".join(f"{name}={one.value}" for name, one in kept.cookies.items() if one.value)
    fields = [("key", secrets.token_hex(16)), ("token", cast_token(credential))]
    body = urlencode(fields + [("project", ref) for ref in refs])
    lines = [
        f"POST /rounds/{ROUND}/vote/cast/ HTTP/1.1",
        f"Host: {host}",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Accept-Language: en-GB,en;q=0.5",
        "Accept-Encoding: gzip, deflate",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        f"Origin: http://{host}",
        f"Referer: http://{host}/rounds/{ROUND}/vote/prove/",
        f"Cookie: {cookies}",
        "Sec-Fetch-Dest: document",
        "Sec-Fetch-Mode: navigate",
        "Sec-Fetch-Site: same-origin",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def requests(directory: Path, name: str, host: str, row: Round, many: int) -> list[Path]:
    """A file of requests for each client, `many` in all."""
    offered = [project.ref for project in box_of(row.id).offer.projects]
    paths = []
    for client in range(CLIENTS):
        path = directory / f"{name}-{client}"
        with path.open("wb") as file:
            for number in range(many // CLIENTS):
                first = (client + number) % (len(offered) - 3)
                data = _request(host, row, offered[first : first + 1 + number % 3])
                file.write(len(data).to_bytes(4, "big") + data)
        paths.append(path)
    return paths


def posted(port: int, paths: list[Path], between: float = 0.0) -> dict[str, Any]:
    """Let every client send its file; what they took, in how long, and how long each answer was waited for."""
    clients = []
    for path in paths:
        words = [sys.executable, "-S", "-E", voters.__file__, str(port), str(path), str(between)]
        pipe = subprocess.PIPE
        clients.append(subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True))  # noqa: S603  # our own words
    for client in clients:
        assert client.stdout is not None
        client.stdout.readline()
    for number, client in enumerate(clients):
        assert client.stdin is not None
        if between and number:
            # Spread over one beat, so that sixteen do not ask at the same moment.
            time.sleep(between / len(clients))
        client.stdin.write("\n")
        client.stdin.flush()
    found = [json.loads(client.communicate(timeout=600)[0]) for client in clients]
    seconds = max(one["ended"] for one in found) - min(one["began"] for one in found)
    waits = sorted(wait for one in found for wait in one["waits"])
    taken = sum(one["taken"] for one in found)
    return {"taken": taken, "seconds": seconds, "p95": waits[int(len(waits) * 0.95)], "waits": waits}


# -- the baseline -----------------------------------------------------------------------------------------------------


# What differs from voter to voter is drawn, the rest is fixed and as long as it really is.
DRAW = r"""\set who random(1, 4611686018427387904)
\set what random(1, 4611686018427387904)
"""
PSEUDONYM = "(int8send(:who) || :fill::bytea)"
RECEIPT = "(int8send(:what) || :fill::bytea)"
# The statements of `cast_ballot`, for a voter who has not voted yet.
ONE_BY_ONE = f"""{DRAW}BEGIN;
SELECT set_config('commonty.tenant', :tenant, true);
SELECT lock_tenant, lock_round FROM voting_ballotgate WHERE round_id = :round::uuid \\gset
SELECT pg_advisory_xact_lock_shared(:lock_tenant::int, :lock_round::int);
SELECT CASE WHEN NOT is_open THEN 'closed' WHEN clock_timestamp() < opens_at THEN 'not_open'
  WHEN clock_timestamp() >= closes_at THEN 'closed' ELSE 'open' END, revisable
  FROM voting_ballotgate WHERE round_id = :round::uuid;
SELECT revision, idempotency_key, mac FROM voting_ballot
  WHERE round_id = :round::uuid AND pseudonym = {PSEUDONYM} ORDER BY revision DESC;
INSERT INTO voting_ballot (round_id, pseudonym, revision, idempotency_key, mac, box, receipt_hash, channel)
  VALUES (:round::uuid, {PSEUDONYM}, 1, :key::bytea, :mac::bytea, :box::bytea, {RECEIPT}, :channel)
  ON CONFLICT DO NOTHING;
INSERT INTO voting_receiptrecord (round_id, receipt_hash) VALUES (:round::uuid, {RECEIPT});
COMMIT;
"""  # noqa: S608  # our own words; values are pgbench's parameters


def _one_call() -> str:
    """Our own statement, as pgbench writes it."""
    values = [":tenant", ":round", PSEUDONYM, ":key", ":mac", ":box", RECEIPT, ":channel"]
    parts = re.split(r"%[sb]", CAST)
    return DRAW + "".join(f"{part}{value}" for part, value in zip(parts, [*values, ""], strict=True)) + ";\n"


def _baseline(directory: Path, row: Round, tenant: TenantRef, script: str, many: int) -> float:
    """Ballots per second of pgbench with one of the scripts."""
    box = box_of(row.id)
    sample = box.envelope(uuid4(), b'{"choices":["P-01","P-02"],"format":"approval"}', "web", b"k" * 32).values
    known: dict[str, Any] = {
        "tenant": tenant.uuid,
        "round": row.id,
        "fill": b"\0" * 24,
        "key": sample[3],
        "mac": sample[4],
        "box": sample[5],
        "channel": "web",
    }
    path = directory / "cast.sql"
    path.write_text(script, encoding="utf-8")
    role = database_role(tenant.schema, Role.VOTER)
    words = [str(postgres_bin() / "pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2"]
    words += ["-t", str(many // CLIENTS), "-f", str(path)]
    for name, value in known.items():
        words += ["-D", f"{name}=" + ("\\x" + value.hex() if isinstance(value, bytes) else str(value))]
    own = {**os.environ, "PGOPTIONS": f"-c search_path={tenant.schema} -c role={role}"}
    made = subprocess.run(  # noqa: S603  # our own words
        [*words, environment().database_url], env=own, capture_output=True, text=True, check=False
    )
    said = re.search(r"^tps = ([0-9.]+)", made.stdout, re.MULTILINE)
    failed = re.search(r"number of failed transactions: (\d+)", made.stdout)
    if made.returncode or said is None or (failed and failed[1] != "0"):
        raise Unavailable("pgbench did not finish.", code="bench.pgbench", remedy=made.stderr[-500:])
    return float(said[1])


def count(row: Round, slug: str = SLUG) -> int:
    """Ballots that lie in the box of a round."""
    with owner_connection() as owner:
        schema = owner.execute("SELECT schema_name FROM registry_tenant WHERE slug = %s", [slug]).fetchall()[0][0]
        found = owner.execute(f'SELECT count(*) FROM "{schema}".voting_ballot').fetchone()  # noqa: S608  # our own name
    return int(found[0]) if found else 0


def run(size: int, out: Any) -> dict[str, Any]:
    """`size` ballots (16,000) of distinct voters over HTTP, and as many by pgbench, half of them before."""
    migrate(say=out.say)
    many = (size or BALLOTS) // CLIENTS * CLIENTS
    scripts = {"one by one": ONE_BY_ONE, "one call": _one_call()}
    rates: dict[str, list[float]] = {name: [] for name in scripts}

    with bench_tenant(SLUG) as tenant, tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with in_tenant(tenant):
            row = round_voting(ROUND, PROJECTS)
        with in_tenant(tenant, role=Role.VOTER):

            def pgbench(when: str) -> None:
                for name, script in scripts.items():
                    rates[name].append(_baseline(directory, row, tenant, script, many // 2))
                    out.say(f"pgbench {when}, {name}: {rates[name][-1]:.0f} ballots/s")

            host = f"{SLUG}.{environment().base_domain}:{environment().port}"
            out.say(f"Making {many} credentials and ballots …")
            warm = requests(directory, "warm", host, row, WARM_UP)
            full = requests(directory, "full", host, row, many)
            half = requests(directory, "half", host, row, many // 4)
            pgbench("before")
            with serving() as web:
                port = web.port
                posted(port, warm)
                lying = count(row)
                found = posted(port, full)
                ours = found["taken"] / found["seconds"]
                out.say(f"over HTTP: {ours:.0f} ballots/s, p95 {found['p95'] * 1000:.1f} ms")
                stored = count(row) - lying
                paced = posted(port, half, between=CLIENTS / (ours / 2))
            pgbench("after")
    baseline, one_call = statistics.mean(rates["one by one"]), statistics.mean(rates["one call"])
    ratio = ours / baseline
    whole = found["taken"] == stored == many and paced["taken"] == many // 4 // CLIENTS * CLIENTS
    return {
        "name": "ballots",
        "ours": round(ours, 1),
        "baseline": round(baseline, 1),
        "ratio": round(ratio, 3),
        "hold": RATIO_HOLD,
        "ok": ratio >= RATIO_HOLD and paced["p95"] <= P95_HOLD_SECONDS and whole,
        "ballots": found["taken"],
        "stored": stored,
        "clients": CLIENTS,
        "before_and_after": [round(rate, 1) for rate in rates["one by one"]],
        "one_call": round(one_call, 1),
        "one_call_before_and_after": [round(rate, 1) for rate in rates["one call"]],
        "ratio_one_call": round(ours / one_call, 3),
        "p95_full": round(found["p95"], 4),
        "half_rate": round(paced["taken"] / paced["seconds"], 1),
        "p95_half": round(paced["p95"], 4),
        "p95_hold": P95_HOLD_SECONDS,
    }
