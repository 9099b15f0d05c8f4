"""What a noisy neighbour does until its input is closed: `visit PORT SLUG VISITORS`, or `work SLUG ROUND`.

Prints a line once it has begun, and at the end how much it did, by kind, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from core.kernel.errors import Limited
from core.project.cli import setup_django
from core.project.cli.worker import NICE

LOWEST = 19
EXPORTERS = ("pabulib", "csv", "json")
PATHS = ("/rounds/decided/result/", "/", "/rounds/bench/projects/?order=0123abcd&kind=Streets", "/rounds/bench/vote/")
WORDS = ("works", "council", "round", "vote", "privacy")


def _until_closed(steps: list[Callable[[Counter[str]], None]]) -> Counter[str]:
    """Do each of the steps again and again in a thread of its own."""
    ended = threading.Event()
    done = [Counter[str]() for _ in steps]

    def again(step: Callable[[Counter[str]], None], count: Counter[str]) -> None:
        while not ended.is_set():
            step(count)

    threads = [threading.Thread(target=again, args=pair) for pair in zip(steps, done, strict=True)]
    for thread in threads:
        thread.start()
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    sys.stdin.read()
    ended.set()
    for thread in threads:
        thread.join()
    return sum(done, Counter())


def visit(port: int, slug: str, visitors: int) -> Counter[str]:
    """So many visitors at once on the pages of a round, each as fast as it is answered."""
    from core.project.bench.serving import Browser, Web

    def visitor() -> Callable[[Counter[str]], None]:
        browser = Browser(Web(port, 0))

        def step(count: Counter[str]) -> None:
            for path in PATHS:
                count[str(browser.get(slug, path)[0])] += 1

        return step

    return _until_closed([visitor() for _ in range(visitors)])


def work(slug: str, name: str) -> Counter[str]:
    """Exports of a round by every exporter there is, as far as the tenant may, and searches of its pages."""
    from wagtail.models import Page

    from core.exports.services import export_write
    from core.rounds.selectors import round_by_slug
    from tenants.registry.context import Role, in_tenant
    from tenants.registry.selectors import tenant_by_slug

    tenant = tenant_by_slug(slug)

    with tempfile.TemporaryDirectory() as folder:

        def step(count: Counter[str]) -> None:
            with in_tenant(tenant, role=Role.WORKER):
                for key in EXPORTERS:
                    try:
                        export_write(key=key, round=round_by_slug(name), to=Path(folder) / key)
                        count["exports"] += 1
                    except Limited:
                        count["exports refused"] += 1
                for word in WORDS:
                    list(Page.objects.live().search(word))
                    count["searches"] += 1

        return _until_closed([step])


def main(words: list[str]) -> None:
    setup_django()
    # Browsers stand on other machines, so they take no turn from the server; the work is as low as its worker would be.
    os.nice(LOWEST if words[0] == "visit" else NICE)
    done = visit(int(words[1]), words[2], int(words[3])) if words[0] == "visit" else work(words[1], words[2])
    sys.stdout.write(json.dumps(done))


if __name__ == "__main__":
    main(sys.argv[1:])
