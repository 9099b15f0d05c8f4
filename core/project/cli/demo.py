"""`commonty demo`: the whole service on this machine, in the foreground until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from typing import Any

from core.project.cli import CheckFailed

NAME = "demo"
HELP = "The whole service on this machine."
# A bound for a machine with much else to do, a Keycloak that starts beside it too; a server that ends is seen at once.
START_SECONDS = 240


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fresh", action="store_true", help="begin anew: the data of an earlier demo is removed")
    parser.add_argument("--login", choices=["pick", "keycloak"], default="pick", help="who signs people in")
    parser.add_argument("--once", action="store_true", help="prepare everything and stop before serving")


def run(args: argparse.Namespace, out: Any) -> dict[str, Any] | None:
    from core.kernel.env import environment
    from core.kernel.errors import Refused
    from core.project.cli import setup_django
    from core.project.processes import Processes
    from core.project.services import services_down, services_up

    begun = time.perf_counter()
    # Being told to end, by whichever signal, stops everything that was started; also where a shell ignored Ctrl-C.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    settings = environment()
    if settings.env == "production":
        raise Refused("The demo does not run in production.", code="demo.production", remedy="Unset COMMONTY_ENV.")
    left = Processes(settings.var_dir).reap()
    if left:
        out.say(f"Ended {left} processes that an earlier demo left behind.")
    if not args.once and _taken(settings.port):
        raise Refused(
            f"Something else already uses port {settings.port}.",
            code="demo.port",
            remedy="Stop it, or choose another: `make demo PORT=8100`.",
        )
    if args.fresh and settings.var_dir.exists():
        out.say("Removing the data of the earlier demo …")
        services_down()
        for name in (
            "postgres",
            "redis",
            "media",
            "mail",
            "keys",
            "static",
            "keycloak",
            "services.json",
            "sign-in-port",
        ):
            path = settings.var_dir / name
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    out.say("Starting PostgreSQL and Redis …")
    services_up()
    setup_django()
    _prepare(out)
    # An operator who names a provider gets that one, and gives out the first roles there.
    real = args.login == "keycloak" and not settings.keycloak_url
    login_port = 0 if real or settings.keycloak_url or settings.oidc_issuer else _login_port(settings)
    if login_port:
        _people(f"http://127.0.0.1:{login_port}", out)
    out.say(f"Ready to serve after {time.perf_counter() - begun:.1f} s")
    if args.once:
        return {"seconds": round(time.perf_counter() - begun, 2)}
    _serve(out, login_port, real=real)
    return None


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _prepare(out: Any) -> None:
    from django.core.management import call_command

    from core.places.national import councils
    from core.project.cli.fleet import WORKER
    from core.project.demo_rounds import demo_rounds_make
    from plugins.api.text import LocalisedText
    from tenants.office.fleet import fleet_migrate
    from tenants.office.services import tenant_create
    from tenants.office.template import migrate
    from tenants.registry.selectors import tenant_refs

    migrate(say=out.say)
    count = fleet_migrate(command=WORKER, resume=True, say=out.say)
    if count.failed:
        raise CheckFailed({"failures": list(count.failures)}, "Some councils could not be brought up to date.")
    out.say("Collecting static files …")
    call_command("collectstatic", interactive=False, verbosity=0)
    known = {ref.slug for ref in tenant_refs()}
    # Done again for a council that stands, the creation does only the steps that were added since.
    for number, council in enumerate(councils(), start=1):
        if council.slug not in known:
            out.say(f"Onboarding {council.name.en} ({number} of {len(councils())})")
        tenant_create(slug=council.slug, kind="council", name=council.name, code=council.code)
    tenant_create(
        slug="hub", kind="hub", name=LocalisedText("Community Choices Scotland", "Roghainnean Coimhearsnachd na h-Alba")
    )
    for made in demo_rounds_make():
        out.say(f"Made the demo round {made}")


def _login_port(settings: Any) -> int:
    """The port of the demo's sign-in: the one of last time where it is free, since people are known by its address."""
    kept = settings.var_dir / "sign-in-port"
    if kept.is_file():
        port = int(kept.read_text(encoding="utf-8"))
        if not _taken(port):
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    kept.write_text(str(port), encoding="utf-8")
    return port


def _people(issuer: str, out: Any) -> None:
    """Give the demo officers their roles in every council, once per address of the sign-in."""
    from core.project.demo_people import demo_people_grant
    from tenants.registry.selectors import tenant_refs

    new = sum(demo_people_grant(issuer=issuer, tenant=tenant) for tenant in tenant_refs())
    if new:
        out.say(f"{new} demo officers have been given their roles")


def _serve(out: Any, login_port: int, *, real: bool) -> None:
    from core.kernel.env import environment
    from core.project.cli.serve import command
    from core.project.processes import Processes

    settings = environment()
    words = command(address="127.0.0.1", port=settings.port, workers=2)
    processes = Processes(settings.var_dir)
    with_login = {**os.environ}
    if login_port:
        with_login["COMMONTY_OIDC_ISSUER"] = f"http://127.0.0.1:{login_port}"
        provider = [sys.executable, "-m", "core.project.demo_login", "--port", str(login_port)]
        processes.start(provider, os.environ)
    keycloak = None
    try:
        if real:
            from core.project.demo_keycloak import PASSWORD, SECOND_PROOF_KEY, DemoKeycloak

            keycloak = DemoKeycloak(settings.var_dir)
            out.say("Starting Keycloak; the first time it is fetched and built, which takes some minutes …")
            provider_process = keycloak.start(processes)
            with_login["COMMONTY_KEYCLOAK_URL"] = os.environ["COMMONTY_KEYCLOAK_URL"] = keycloak.server.url
            environment.cache_clear()
        web = processes.start(words, with_login)
        _wait(web, settings.port)
        # After the first page: what these do waits for them in the outbox, a person waits for the page.
        for role in (
            ("worker", "--queues", "quick", "--processes", "1"),
            ("worker", "--queues", "heavy", "--processes", "1"),
            ("sequencer",),
        ):
            processes.start([sys.executable, "-m", "core.project.cli", *role], os.environ)
        if keycloak is not None:
            keycloak.ready(provider_process, out.say)
        out.say("")
        out.say(f"  All of Scotland   {settings.origin('hub')}/")
        out.say(f"  Glasgow City      {settings.origin('glasgow-city')}/")
        out.say(f"  Its officers      {settings.origin('glasgow-city.staff')}/cms/")
        out.say(f"  In Gaelic         {settings.origin('na-h-eileanan-siar')}/gd/")
        if keycloak is not None:
            out.say(f"  Keycloak          {keycloak.server.url}/")
            out.say(
                "  Sign in as demo-resident-1@people.example or, at an officers' site, demo-officer-glasgow-city-1;"
            )
            out.say(f"  the password of every demo person is: {PASSWORD}")
            out.say(f"  the officers' second proof, as a key for any authenticator app: {SECOND_PROOF_KEY}")
        out.say("")
        out.say("  Every council is at its own name, as listed on the national site. Ctrl-C stops the demo.")
        web.wait()
    except KeyboardInterrupt:
        out.say("Stopping …")
    finally:
        processes.stop()
        from core.project.services import services_down

        services_down()
        out.say("Stopped. The data is kept for the next start.")


def _wait(web: subprocess.Popen[bytes], port: int) -> None:
    from core.kernel.errors import Unavailable

    deadline = time.monotonic() + START_SECONDS
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Host": f"hub.localhost:{port}"})
    while time.monotonic() < deadline:
        if web.poll() is not None:
            break
        try:
            with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310  # our own loopback address
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise Unavailable("The web server did not come up.", code="demo.web", remedy="Its words are above.")
