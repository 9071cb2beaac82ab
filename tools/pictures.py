"""Paint the pictures of docs/images: the terminal app on a running engine, at several sizes.

`pictures.py DATA_FOLDER SHOT...`, where a shot is `NAME:WIDTHxHEIGHT[:KEY+KEY+...]`. The engine of
that folder must run. Needs chromium; no font and no picture is fetched from anywhere.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from aitrader.modes.local import find_engine
from aitrader.remote.client import RemoteEngine
from aitrader.tui.app import TraderApp

IMAGES = Path(__file__).parents[1] / "docs" / "images"
FONT = "DejaVu Sans Mono"
PAINT_S = 3.0
"""Long enough for the first frames and for what a window fetches."""

CHROMIUM = (
    "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
    "--force-device-scale-factor=0.8", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


async def screen(engine: RemoteEngine, size: tuple[int, int], keys: list[str]) -> str:
    """Return the app's screen as SVG after these keys."""
    app = TraderApp(engine, engine)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(PAINT_S)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.3)
        await pilot.pause(PAINT_S / 3)
        return app.export_screenshot(title="aitrader")


def paint(svg: str, path: Path) -> None:
    """Write an SVG as PNG, in a font of this machine."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    if found is None:
        raise SystemExit("expected a viewBox in the SVG, found none")
    width, height = (int(float(text)) + 1 for text in found.groups())
    svg = re.sub(r"@font-face\s*{.*?}", "", svg, flags=re.DOTALL).replace("Fira Code", FONT)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(f'<body style="margin:0;background:#1a1b26">{svg}</body>')
        size = f"--window-size={width},{height}"
        command = [*CHROMIUM, f"--user-data-dir={folder}", size, f"--screenshot={path}", str(page)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL, timeout=120)


def main(folder: str, *shots: str) -> int:
    """Paint every shot."""
    engine = find_engine(Path(folder).expanduser())
    if engine is None:
        raise SystemExit(f"no engine runs on {folder}")
    IMAGES.mkdir(parents=True, exist_ok=True)
    for shot in shots:
        name, size, *keys = shot.split(":")
        width, height = (int(text) for text in size.split("x"))
        pressed = keys[0].split("+") if keys else []
        paint(asyncio.run(screen(engine, (width, height), pressed)), IMAGES / f"{name}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
