"""Imports one module in a process of its own and writes what it did beside being imported, as a JSON list.

`python -m plugins.testkit.importing MODULE pure|any`, with the import path as JSON on the standard input.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import threading
from typing import Any

EFFECTS = {
    "socket.connect": "opens a connection",
    "socket.bind": "listens on an address",
    "subprocess.Popen": "starts a process",
    "os.system": "starts a process",
    "os.fork": "starts a process",
    "os.exec": "starts a process",
    "_thread.start_new_thread": "starts a thread",
    "os.remove": "removes a file",
    "os.mkdir": "makes a folder",
    "os.rename": "renames a file",
}


def _stand_in(package: str) -> None:
    """Where a module's package is a Django app it is imported as the host does: with that app installed."""
    if importlib.util.find_spec(f"{package}.apps") is None:
        return
    import django
    from django.conf import settings

    settings.configure(INSTALLED_APPS=["django.contrib.contenttypes", package], USE_TZ=True)
    django.setup()


def main(name: str, pure: bool) -> list[str]:
    # What the contract itself brings in does not count.
    for known in ("plugins.api", "plugins.api.marking", "plugins.api.by_votes", "numpy", "pydantic", "email.utils"):
        importlib.import_module(known)
    found: list[str] = []
    watching = True

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if not watching:
            return
        if event in EFFECTS:
            found.append(EFFECTS[event])
        if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
            path = str(args[0])
            if "__pycache__" not in path and path != os.devnull:
                found.append(f"writes to {os.path.basename(path)}")

    sys.addaudithook(hook)
    before = (dict(os.environ), list(sys.path), threading.active_count(), os.getcwd())
    try:
        if not pure:
            _stand_in(name.rpartition(".")[0])
        importlib.import_module(name)
    except Exception as error:  # noqa: BLE001  # it is what the author wants to read
        found.append(f"raises {type(error).__name__}: {error}")
    watching = False
    after = (dict(os.environ), list(sys.path), threading.active_count(), os.getcwd())
    words = ("changes the environment", "changes the import path", "starts a thread", "changes the folder")
    found += [word for word, was, now in zip(words, before, after, strict=True) if was != now]
    if pure and "django" in sys.modules:
        found.append("needs Django; keep it to apps.py, models.py and handlers")
    return sorted(set(found))


if __name__ == "__main__":
    sys.path[:] = json.load(sys.stdin)
    sys.dont_write_bytecode = True
    document = json.dumps(main(sys.argv[1], sys.argv[2] == "pure"))
    sys.stdout.write(f"\n{document}\n")
