from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fake_engine import FakeEngine
from tests.processes import Screen

from aitrader.api import stream
from aitrader.model.control import AnyRequest, CloseAll, StopEngine
from aitrader.model.errors import ConfigError
from aitrader.modes.door import SOCKET_NAME, Door, write_door
from aitrader.modes.terminal import show

SHOW = (
    "import sys; from pathlib import Path; from aitrader.modes.terminal import show;"
    " show(Path(sys.argv[1]))"
)


class Yielding(FakeEngine):
    """An engine that closes what it holds as soon as it is asked to."""

    async def ask(self, request: AnyRequest) -> object:  # type: ignore[override]
        answer = await super().ask(request)
        if isinstance(request, CloseAll):
            self.put_status(open_positions=0)
            self.commit()
        return answer


def test_without_an_engine_there_is_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"its log says why$"):
        show(tmp_path)


def asked_after(folder: Path, keys: Callable[[Screen], None], engine: FakeEngine) -> list[object]:
    """Return what the terminal app asked of this engine until it was left."""

    def person() -> None:
        with Screen([sys.executable, "-c", SHOW, str(folder)]) as screen:
            screen.wait_for("BTCUSDT")
            keys(screen)
            assert screen.wait_for_end() == 0, screen.text[-2000:]

    async def play() -> None:
        path = folder / SOCKET_NAME
        server = await stream.serve(engine, engine, socket_path=path)
        write_door(folder, Door(os.getpid(), str(path), 0, ""))
        try:
            await asyncio.to_thread(person)
        finally:
            await server.close()

    asyncio.run(play())
    return list(engine.asked)


def press(screen: Screen, answer: str) -> None:
    screen.press("q")
    screen.wait_for("Leave aitrader")
    screen.press(answer)


def test_to_leave_and_stop_ends_the_engine(short_folder: Path) -> None:
    asked = asked_after(short_folder, lambda screen: press(screen, "s"), FakeEngine())
    assert asked == [StopEngine()]


@pytest.mark.slow
def test_to_leave_and_keep_asks_nothing_of_the_engine(short_folder: Path) -> None:
    asked = asked_after(short_folder, lambda screen: press(screen, "k"), FakeEngine())
    assert asked == []


def test_to_close_first_waits_until_nothing_is_held(short_folder: Path) -> None:
    engine = Yielding()
    engine.fill()
    asked = asked_after(short_folder, lambda screen: press(screen, "c"), engine)
    assert asked == [CloseAll(), StopEngine()]
