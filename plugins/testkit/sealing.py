"""Seals ballots in a process of its own: `python -m plugins.testkit.sealing`, its work on the standard input.

The work is pickled by the test that starts it and by nobody else.
"""

from __future__ import annotations

import base64
import importlib
import json
import pickle
import sys
from functools import reduce
from typing import Any


def main() -> None:
    path, work = json.load(sys.stdin)
    sys.path[:] = path
    module, name, settings, posted = pickle.loads(base64.b64decode(work))  # noqa: S301  # from the test itself
    cls: Any = reduce(getattr, name.split("."), importlib.import_module(module))
    for offer, raw in posted:
        turned = dict(sorted(raw.items(), key=lambda pair: hash(pair[0])))
        sys.stdout.write(cls().canonical(cls().parse(turned, offer, settings)).hex() + "\n")


if __name__ == "__main__":
    main()
