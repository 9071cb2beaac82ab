"""View and Control: what every face may count on, near or through a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest
from tests.api_room import FULL, Room
from tests.fake_engine import FakeEngine

from aitrader.api.stream import serve
from aitrader.model.control import Answer, AnyRequest, ClosePosition, PauseEntries, ReadTrader
from aitrader.model.errors import Transient
from aitrader.model.view import Frame, MarketRow
from aitrader.remote.client import RemoteEngine
from aitrader.remote.websocket import Place


class AnEngine(Protocol):
    def frames(self, hz: float) -> AsyncIterator[Frame]: ...
    async def ask(self, request: AnyRequest) -> Answer: ...


Story = Callable[[FakeEngine, AnEngine], Awaitable[None]]


@asynccontextmanager
async def _near(fake: FakeEngine, folder: Path) -> AsyncIterator[AnEngine]:
    yield fake


@asynccontextmanager
async def _by_unix_socket(fake: FakeEngine, folder: Path) -> AsyncIterator[AnEngine]:
    path = folder / "engine.sock"
    server = await serve(fake, fake, socket_path=path)
    client = RemoteEngine(socket_path=str(path))
    try:
        yield client
    finally:
        await client.close()
        await server.close()


@asynccontextmanager
async def _by_loopback(fake: FakeEngine, folder: Path) -> AsyncIterator[AnEngine]:
    server = await serve(fake, fake, token="secret")
    client = RemoteEngine(port=server.port, token="secret")
    try:
        yield client
    finally:
        await client.close()
        await server.close()


@asynccontextmanager
async def _from_far(fake: FakeEngine, folder: Path) -> AsyncIterator[AnEngine]:
    async with Room(folder, fake=fake).served() as port:
        place = Place(port=port, path="/engine")
        yield RemoteEngine(place=place, token=FULL)


@pytest.fixture(params=[_near, _by_unix_socket, _by_loopback, _from_far])
def tell(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Story], None]:
    async def told(story: Story) -> None:
        fake = FakeEngine()
        fake.fill()
        async with asyncio.timeout(10), request.param(fake, tmp_path) as engine:
            await story(fake, engine)

    return lambda story: asyncio.run(told(story))


def test_the_first_frame_holds_everything(tell: Callable[[Story], None]) -> None:
    async def story(fake: FakeEngine, engine: AnEngine) -> None:
        frame = await anext(engine.frames(10))
        assert frame.is_snapshot
        assert frame.status == fake.status
        assert list(frame.markets) == fake.of(MarketRow)
        assert (len(frame.signals), len(frame.positions), len(frame.logs)) == (8, 5, 24)

    tell(story)


def test_later_frames_hold_changes_only(tell: Callable[[Story], None]) -> None:
    async def story(fake: FakeEngine, engine: AnEngine) -> None:
        frames = engine.frames(10)
        first = await anext(frames)
        changed = fake.add_signal(99)
        fake.commit()
        second = await anext(frames)
        assert not second.is_snapshot
        assert second.seq == first.seq + 1
        assert second.signals == (changed,)
        assert second.markets == ()

    tell(story)


def test_a_reader_that_paused_gets_the_newest_state(tell: Callable[[Story], None]) -> None:
    async def story(fake: FakeEngine, engine: AnEngine) -> None:
        frames = engine.frames(10)
        await anext(frames)
        for _ in range(20):
            fake.step()
        row = fake.rows["MarketRow:BTCUSDT"]
        while True:
            frame = await anext(frames)
            if row in frame.markets:
                return

    tell(story)


def test_a_request_is_answered_and_done(tell: Callable[[Story], None]) -> None:
    async def story(fake: FakeEngine, engine: AnEngine) -> None:
        answer = await engine.ask(PauseEntries(is_paused=True))
        assert answer == Answer(0, True, "done")
        assert fake.asked == [PauseEntries(is_paused=True)]

    tell(story)


def test_requests_asked_together_each_get_their_own_answer(tell: Callable[[Story], None]) -> None:
    async def story(fake: FakeEngine, engine: AnEngine) -> None:
        read, closed = await asyncio.gather(
            engine.ask(ReadTrader("dip")), engine.ask(ClosePosition("p-0"))
        )
        assert read.text.startswith('"""A made-up trader.')
        assert closed.text == "done"

    tell(story)


def test_a_refusal_is_an_answer(tell: Callable[[Story], None]) -> None:
    async def story(fake: FakeEngine, engine: AnEngine) -> None:
        fake.answer = Answer(0, False, "no such position")
        assert await engine.ask(ClosePosition("p-77")) == Answer(0, False, "no such position")

    tell(story)


def test_frames_end_when_the_engine_ends(tell: Callable[[Story], None]) -> None:
    async def story(fake: FakeEngine, engine: AnEngine) -> None:
        frames = engine.frames(10)
        await anext(frames)
        fake.end()
        with pytest.raises((Transient, StopAsyncIteration)):
            await anext(frames)

    tell(story)
