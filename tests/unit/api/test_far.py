"""`/engine`: the terminal app's protocol over HTTP, with tokens and limits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.api_room import EXPIRED, FULL, READ, Room
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from aitrader.api.sockets import MESSAGES_PER_MIN, MOST_CONNECTIONS
from aitrader.model.control import Ask, CloseAll, Hello, PauseEntries, ReadTrader
from aitrader.model.errors import Refused, Transient
from aitrader.model.view import Frame
from aitrader.remote.client import RemoteEngine
from aitrader.remote.websocket import Place

Story = Callable[[Room, int], Awaitable[None]]


def on_a_room(folder: Path, story: Story, **options: Any) -> None:  # noqa: ANN401 - Room's own
    async def told() -> None:
        room = Room(folder, **options)
        async with asyncio.timeout(10), room.served() as port:
            await story(room, port)

    asyncio.run(told())


def a_monitor(port: int, token: str) -> RemoteEngine:
    return RemoteEngine(place=Place(port=port, path="/engine"), token=token)


async def suppressed(socket: ClientConnection) -> AsyncIterator[object]:
    """Yield what comes until the connection ends, however it ends."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            yield await socket.recv()


async def drained(frames: AsyncIterator[Frame]) -> None:
    async for _ in frames:
        pass


def test_a_distant_face_sees_and_asks(tmp_path: Path) -> None:
    async def story(room: Room, port: int) -> None:
        engine = a_monitor(port, FULL)
        frame = await anext(engine.frames(5))
        assert (frame.is_snapshot, frame.status) == (True, room.fake.status)
        assert (await engine.ask(PauseEntries(True))).is_ok
        assert room.desk.asked == [PauseEntries(True)]

    on_a_room(tmp_path, story)


@pytest.mark.parametrize("token", ["", "wrong", EXPIRED])
def test_without_a_valid_token_nothing_is_shown(tmp_path: Path, token: str) -> None:
    async def story(room: Room, port: int) -> None:
        with pytest.raises(Refused, match="valid token is needed"):
            await anext(a_monitor(port, token).frames(5))

    on_a_room(tmp_path, story)


def test_a_read_only_token_reads(tmp_path: Path) -> None:
    async def story(room: Room, port: int) -> None:
        engine = a_monitor(port, READ)
        assert (await engine.ask(ReadTrader("x"))).is_ok
        answer = await engine.ask(CloseAll())
        assert (answer.is_ok, answer.text) == (False, "the token read is read-only")

    on_a_room(tmp_path, story)


def test_a_revoked_token_shows_and_does_nothing_any_more(tmp_path: Path) -> None:
    async def story(room: Room, port: int) -> None:
        frames = a_monitor(port, READ).frames(10)
        await anext(frames)
        async with connect(f"ws://127.0.0.1:{port}/engine") as socket:
            await socket.send(msgspec.json.encode(Hello(token=FULL, hz=0)).decode())
            await socket.send(msgspec.json.encode(Ask(1, ReadTrader("x"))).decode())
            await socket.recv()
            room.tokens.write_bytes(b"[]")
            await socket.send(msgspec.json.encode(Ask(2, CloseAll())).decode())
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert socket.close_code == 1008
        room.fake.commit()
        with pytest.raises(Refused, match="the token counts no more"):
            await drained(frames)
        assert room.desk.asked == [ReadTrader("x")]

    on_a_room(tmp_path, story)


def test_only_so_many_faces_are_served_together(tmp_path: Path) -> None:
    async def story(room: Room, port: int) -> None:
        hello = msgspec.json.encode(Hello(token=READ, hz=0)).decode()
        ask = msgspec.json.encode(Ask(1, ReadTrader("x"))).decode()
        async with contextlib.AsyncExitStack() as faces:
            for _ in range(MOST_CONNECTIONS):
                socket = await faces.enter_async_context(connect(f"ws://127.0.0.1:{port}/engine"))
                await socket.send(hello)
                await socket.send(ask)
                await socket.recv()
            with pytest.raises(Transient):
                await a_monitor(port, READ).ask(ReadTrader("x"))
        assert (await a_monitor(port, READ).ask(ReadTrader("x"))).is_ok

    on_a_room(tmp_path, story)


def test_a_flood_of_requests_ends_its_own_connection_alone(tmp_path: Path) -> None:
    async def story(room: Room, port: int) -> None:
        url = f"ws://127.0.0.1:{port}/engine"
        async with connect(url, additional_headers={"authorization": f"Bearer {READ}"}) as bad:
            await bad.send(msgspec.json.encode(Hello(token="", hz=0)).decode())
            ask = msgspec.json.encode(Ask(1, ReadTrader("x"))).decode()
            for _ in range(MESSAGES_PER_MIN + 10):
                await bad.send(ask)
            async for _ in suppressed(bad):
                pass
            assert (bad.close_code, bad.close_reason) == (1008, "too many messages")
        assert (await a_monitor(port, READ).ask(ReadTrader("x"))).is_ok

    on_a_room(tmp_path, story)


def test_an_engine_that_ends_is_said_so(tmp_path: Path) -> None:
    async def story(room: Room, port: int) -> None:
        frames = a_monitor(port, FULL).frames(5)
        await anext(frames)
        room.fake.end()
        with pytest.raises(Transient, match="the engine has ended"):
            await anext(frames)

    on_a_room(tmp_path, story)


def test_what_is_no_message_ends_the_connection(tmp_path: Path) -> None:
    async def story(room: Room, port: int) -> None:
        url = f"ws://127.0.0.1:{port}/engine"
        hello = msgspec.json.encode(Hello(FULL, 0.0)).decode()
        for words in (["nonsense"], [hello, "nonsense"]):
            async with connect(url) as socket:
                for word in words:
                    await socket.send(word)
                with pytest.raises(ConnectionClosed):
                    await socket.recv()
                assert socket.close_code == 1003

    on_a_room(tmp_path, story)
