"""RemoteEngine: what a face is told when the engine is not there, ends, or is another version."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.fake_engine import FakeEngine
from websockets.asyncio.server import ServerConnection, unix_serve

from aitrader.api.stream import serve
from aitrader.model.control import StopEngine
from aitrader.model.errors import Refused, Transient
from aitrader.remote.client import RemoteEngine


def test_it_takes_a_path_or_a_port() -> None:
    with pytest.raises(ValueError, match="socket_path or a port or a place"):
        RemoteEngine()
    with pytest.raises(ValueError, match="socket_path or a port or a place"):
        RemoteEngine(socket_path="x", port=1)


def test_opening_says_that_nobody_answers(tmp_path: Path) -> None:
    client = RemoteEngine(socket_path=str(tmp_path / "none.sock"))
    with pytest.raises(Transient, match=r"no engine answers at .*none\.sock"):
        asyncio.run(client.open())


def test_a_wrong_token_is_refused_with_the_servers_reason() -> None:
    async def story() -> None:
        fake = FakeEngine()
        server = await serve(fake, fake, token="right")
        client = RemoteEngine(port=server.port, token="wrong")
        with pytest.raises(Refused, match="the token is wrong"):
            await client.ask(StopEngine())
        with pytest.raises(Refused, match="the token is wrong"):
            await anext(client.frames(5))
        await server.close()

    asyncio.run(story())


def test_an_engine_that_ends_is_said_so_and_may_be_found_again(tmp_path: Path) -> None:
    path = tmp_path / "e.sock"

    async def story() -> None:
        fake = FakeEngine()
        server = await serve(fake, fake, socket_path=path)
        client = RemoteEngine(socket_path=str(path))
        await client.open()
        frames = client.frames(5)
        await anext(frames)
        await server.close()
        with pytest.raises(Transient, match="the engine has ended"):
            await anext(frames)
        server = await serve(fake, fake, socket_path=path)
        assert (await anext(client.frames(5))).is_snapshot
        assert (await client.ask(StopEngine())).is_ok
        await client.close()
        await server.close()

    asyncio.run(story())


def test_it_may_be_asked_again_from_another_loop(tmp_path: Path) -> None:
    path = tmp_path / "e.sock"
    client = RemoteEngine(socket_path=str(path))

    async def story() -> None:
        fake = FakeEngine()
        server = await serve(fake, fake, socket_path=path)
        assert (await client.ask(StopEngine())).is_ok
        await server.close()

    asyncio.run(story())
    asyncio.run(client.close())
    asyncio.run(story())
    asyncio.run(story())


def test_an_answer_that_is_lost_is_not_asked_for_again(tmp_path: Path) -> None:
    asked = []

    async def deaf(connection: ServerConnection) -> None:
        async for data in connection:
            asked.append(data)
            if len(asked) == 2:
                connection.transport.abort()

    async def story() -> None:
        server = await unix_serve(deaf, str(tmp_path / "e.sock"))
        client = RemoteEngine(socket_path=str(tmp_path / "e.sock"))
        with pytest.raises(Transient):
            await client.ask(StopEngine())
        assert len(asked) == 2
        server.close()
        await server.wait_closed()

    asyncio.run(story())


def test_another_version_of_the_protocol_is_said_so(tmp_path: Path) -> None:
    async def strange(connection: ServerConnection) -> None:
        await connection.send('{"type":"frame","seq":"one"}')
        await connection.wait_closed()

    async def story() -> None:
        server = await unix_serve(strange, str(tmp_path / "e.sock"))
        client = RemoteEngine(socket_path=str(tmp_path / "e.sock"))
        with pytest.raises(Transient, match="another version of the protocol"):
            await anext(client.frames(5))
        server.close()
        await server.wait_closed()

    asyncio.run(story())
