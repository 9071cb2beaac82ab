"""The app on a fake engine and a terminal of a given size, for tests that look at its screen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.fake_engine import FakeEngine
from textual.pilot import Pilot

from aitrader.tui.app import Parting, TraderApp
from aitrader.tui.taste import Taste

App = TraderApp
AppPilot = Pilot[Parting]


@asynccontextmanager
async def shown(
    fake: FakeEngine, size: tuple[int, int] = (120, 36), taste: Taste | None = None
) -> AsyncIterator[tuple[TraderApp, AppPilot]]:
    """Yield the app with the engine's first frame on screen."""
    app = TraderApp(fake, fake, taste=taste)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.board.status_bar.status and app.board.positions.has_focus)
        yield app, pilot


async def until(pilot: AppPilot, condition: Callable[[], object]) -> None:
    """Let the app work until the condition holds; the test's own timeout ends a vain wait."""
    while not condition():
        await pilot.pause(0.001)
    await pilot.pause()


def screen_of(app: TraderApp) -> str:
    """Return what is on screen, line by line, without colors."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips) + "\n"
