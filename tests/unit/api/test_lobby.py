"""Strangers over a WebSocket: few at once, not for long, and in nobody's way."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
from tests.api_room import READ, Room
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from aitrader.api.lobby import MOST_STRANGERS, Lobby
from aitrader.api.problems import Failure
from aitrader.model.control import Hello, ReadTrader
from aitrader.model.errors import Transient
from aitrader.remote.client import RemoteEngine
from aitrader.remote.websocket import Place


def test_one_too_many_may_not_wait_until_another_has_gone() -> None:
    async def story() -> None:
        lobby = Lobby(most=1)
        async with lobby.waiting():
            assert lobby.is_full
            with pytest.raises(Failure, match="too many connections"):
                async with lobby.waiting():
                    raise AssertionError
        assert not lobby.is_full

    asyncio.run(story())


def test_nobody_waits_for_long() -> None:
    async def story() -> None:
        lobby = Lobby(hello_s=0.001)
        with pytest.raises(TimeoutError):
            async with lobby.waiting():
                await asyncio.Event().wait()
        async with lobby.waiting():
            pass

    asyncio.run(story())


@pytest.mark.parametrize("path", ["/ws", "/engine"])
def test_a_crowd_of_strangers_keeps_out_strangers_alone(tmp_path: Path, path: str) -> None:
    async def story() -> None:
        async with Room(tmp_path).served() as port, AsyncExitStack() as crowd:
            url = f"ws://127.0.0.1:{port}"
            for _ in range(MOST_STRANGERS):
                await crowd.enter_async_context(connect(f"{url}{path}", close_timeout=0.01))
            for each in ("/ws", "/engine"):
                with pytest.raises(InvalidStatus) as refused:
                    await connect(f"{url}{each}")
                assert refused.value.response.status_code == 503
                assert refused.value.response.headers["retry-after"]
            headers = {"authorization": f"Bearer {READ}"}
            async with connect(f"{url}/ws", additional_headers=headers) as known:
                assert json.loads(await known.recv())["type"] == "welcome"
            monitor = RemoteEngine(place=Place(port=port, path="/engine"), token=READ)
            assert (await monitor.ask(ReadTrader("x"))).is_ok
            nobody = RemoteEngine(place=Place(port=port, path="/engine"), token="")
            with pytest.raises(Transient, match="503"):
                await nobody.ask(ReadTrader("x"))

    asyncio.run(asyncio.wait_for(story(), 20))


def test_a_first_message_is_a_way_in_while_there_is_room(tmp_path: Path) -> None:
    async def story() -> None:
        hello = msgspec.json.encode(Hello(token=READ, hz=1)).decode()
        async with (
            Room(tmp_path).served() as port,
            connect(f"ws://127.0.0.1:{port}/engine") as socket,
        ):
            await socket.send(hello)
            assert json.loads(await socket.recv())["type"] == "frame"

    asyncio.run(asyncio.wait_for(story(), 10))
