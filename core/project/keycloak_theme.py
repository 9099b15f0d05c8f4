"""The look of Keycloak's own pages, as a folder it reads: our templates and the pages' own style sheets."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.kernel.errors import Unavailable

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "deploy" / "keycloak" / "theme"
ASSETS = ROOT / "core" / "ui" / "assets"
NAME = "commonty"
SHARED = {"design-system.css": "css", "commonty.css": "css", "icon.svg": "img"}


def theme_write(folder: Path) -> Path:
    """Put the theme together below `folder`, which Keycloak is given as its folder of themes. Raises Unavailable."""
    missing = [name for name in SHARED if not (ASSETS / name).is_file()]
    if missing:
        raise Unavailable(
            f"The look is not built: {', '.join(missing)}.", code="assets.missing", remedy="Run `make assets` first."
        )
    target = folder / NAME
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(SOURCE, target)
    for name, place in SHARED.items():
        path = target / "login" / "resources" / place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ASSETS / name, path)
    (target / "account" / "resources" / "img").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ASSETS / "icon.svg", target / "account" / "resources" / "img" / "icon.svg")
    return folder
