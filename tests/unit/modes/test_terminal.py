from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.api_room import READ, Room
from tests.fake_engine import FakeEngine
from tests.processes import Screen

from aitrader.api import stream
from aitrader.model.control import AnyRequest, CloseAll, StopEngine
from aitrader.model.errors import ConfigError, Transient
from aitrader.model.view import Frame
from aitrader.modes.door import SOCKET_NAME, Door, write_door
from aitrader.modes.local import Found
from aitrader.modes.terminal import leave, show
from aitrader.remote.client import RemoteEngine
from aitrader.remote.websocket import Place
from aitrader.tui.app import Parting

SHOW = (
    "import sys; from pathlib import Path; from aitrader.modes.terminal import show;"
    " from aitrader.modes.local import Found; show(Found(Path(sys.argv[1]), True))"
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
        show(Found(tmp_path, is_started=True))


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


def test_closing_the_terminal_stops_the_engine_it_started(short_folder: Path) -> None:
    asked = asked_after(short_folder, lambda screen: screen.close(), FakeEngine())
    assert asked == [StopEngine()]


def test_closing_the_terminal_leaves_an_engine_that_trades_live_money(short_folder: Path) -> None:
    engine = FakeEngine()
    engine.put_status(mode="LIVE")
    assert asked_after(short_folder, lambda screen: screen.close(), engine) == []


class Rushing(FakeEngine):
    """An engine whose rows never stand still."""

    async def frames(self, hz: float) -> AsyncIterator[Frame]:
        async for frame in super().frames(hz):
            yield frame
            await asyncio.sleep(0)
            self.step()


def test_an_app_that_nobody_reads_ends_with_its_terminal_too(short_folder: Path) -> None:
    def close_unread(screen: Screen) -> None:
        screen.wait_until_full()
        screen.close()

    engine = Rushing(symbols=80)
    engine.fill()
    assert asked_after(short_folder, close_unread, engine) == [StopEngine()]


@pytest.mark.slow
def test_a_hang_up_stops_the_engine_it_started(short_folder: Path) -> None:
    hang_up: Callable[[Screen], None] = lambda s: s.process.send_signal(signal.SIGHUP)  # noqa: E731
    assert asked_after(short_folder, hang_up, FakeEngine()) == [StopEngine()]


@pytest.mark.slow
def test_a_terminated_app_leaves_the_engine_running(short_folder: Path) -> None:
    asked = asked_after(short_folder, lambda screen: screen.process.terminate(), FakeEngine())
    assert asked == []


def test_to_close_first_waits_until_nothing_is_held(short_folder: Path) -> None:
    engine = Yielding()
    engine.fill()
    asked = asked_after(short_folder, lambda screen: press(screen, "c"), engine)
    assert asked == [CloseAll(), StopEngine()]


@pytest.mark.parametrize("parting", [Parting.STOP, Parting.CLOSE_FIRST])
def test_who_may_not_end_an_engine_is_told_that_it_goes_on(
    tmp_path: Path, parting: Parting
) -> None:
    async def play(token: str, reason: str) -> None:
        room = Room(tmp_path)
        async with asyncio.timeout(10), room.served() as port:
            engine = RemoteEngine(place=Place(port=port, path="/engine"), token=token)
            with pytest.raises(ConfigError, match=f"the engine goes on: {reason}"):
                await asyncio.to_thread(leave, engine, parting)
        assert room.desk.asked == []

    asyncio.run(play(READ, "the token read is read-only"))
    asyncio.run(play("revoked", "A valid token is needed"))


def test_an_engine_that_does_not_answer_is_not_said_to_have_ended() -> None:
    with pytest.raises(Transient, match="no engine answers"):
        leave(RemoteEngine(place=Place(port=9)), Parting.STOP)


def test_what_is_not_closed_in_time_is_said_and_the_engine_goes_on(short_folder: Path) -> None:
    engine = FakeEngine()
    engine.fill()
    path = short_folder / SOCKET_NAME

    async def play() -> None:
        server = await stream.serve(engine, engine, socket_path=path)
        try:
            left = RemoteEngine(socket_path=str(path))
            await asyncio.to_thread(leave, left, Parting.CLOSE_FIRST, limit_s=0.05)
        finally:
            await server.close()

    with pytest.raises(ConfigError, match=r"not every position was closed.*the engine goes on"):
        asyncio.run(play())
    assert engine.asked == [CloseAll()]
