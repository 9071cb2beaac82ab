"""The local stream: who may come in, and that no face can hurt the engine or another face."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from tests.api_room import Notebook
from tests.fake_engine import FakeEngine
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.asyncio.client import connect as tcp_connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from aitrader.api.stream import StreamServer, serve
from aitrader.model.control import Answer, Ask, Hello, ReadTrader, RemoveTrader, StopEngine
from aitrader.model.errors import ConfigError
from aitrader.model.view import Frame

encode = msgspec.json.encode


def on_a_socket(
    folder: Path, story: Callable[[FakeEngine, Path, StreamServer], Awaitable[None]]
) -> None:
    async def told() -> None:
        fake = FakeEngine()
        path = folder / "e.sock"
        server = await serve(fake, fake, socket_path=path)
        try:
            async with asyncio.timeout(10):
                await story(fake, path, server)
        finally:
            await server.close()

    asyncio.run(told())


def connect(path: Path) -> unix_connect:
    return unix_connect(str(path), compression=None)


async def closed_with(connection: ClientConnection) -> tuple[int, str]:
    with suppress(ConnectionClosed):
        async for _ in connection:
            pass
    assert connection.close_code is not None
    return connection.close_code, connection.close_reason or ""


def test_the_socket_is_open_to_its_user_alone_and_goes_with_the_server(tmp_path: Path) -> None:
    async def story(fake: FakeEngine, path: Path, server: StreamServer) -> None:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600  # noqa: ASYNC240  (a stat in a test)
        assert server.port == 0

    on_a_socket(tmp_path, story)
    assert not (tmp_path / "e.sock").exists()


def test_the_socket_of_a_dead_engine_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "e.sock").write_text("left over")

    async def story(fake: FakeEngine, path: Path, server: StreamServer) -> None:
        async with connect(path) as face:
            await face.send(encode(Hello("", 5)), text=True)
            assert msgspec.json.decode(await face.recv(), type=Frame).is_snapshot

    on_a_socket(tmp_path, story)


def test_a_path_that_is_too_long_is_said_in_one_sentence(tmp_path: Path) -> None:
    fake_path = tmp_path / ("x" * 200)

    async def told() -> None:
        fake = FakeEngine()
        await serve(fake, fake, socket_path=fake_path)

    with pytest.raises(ConfigError, match=r"cannot open .*xxx for the terminal app"):
        asyncio.run(told())


def test_a_loopback_port_in_use_is_said_in_one_sentence() -> None:
    async def told() -> None:
        fake = FakeEngine()
        server = await serve(fake, fake, token="t")
        try:
            with pytest.raises(ConfigError, match=f"cannot open 127.0.0.1:{server.port}"):
                await serve(fake, fake, port=server.port, token="t")
        finally:
            await server.close()

    asyncio.run(told())


def test_a_loopback_port_without_a_token_is_refused() -> None:
    fake = FakeEngine()
    with pytest.raises(ValueError, match="needs a token"):
        asyncio.run(serve(fake, fake).__await__().__next__())  # type: ignore[arg-type]


def test_a_wrong_token_is_shown_the_door() -> None:
    async def told() -> None:
        fake = FakeEngine()
        server = await serve(fake, fake, token="right")
        try:
            async with tcp_connect(f"ws://127.0.0.1:{server.port}", proxy=None) as face:
                await face.send(encode(Hello("wrong", 5)), text=True)
                assert await closed_with(face) == (1008, "the token is wrong")
        finally:
            await server.close()
        assert fake.readers == 0

    asyncio.run(told())


def test_a_web_page_cannot_connect() -> None:
    async def told() -> None:
        fake = FakeEngine()
        server = await serve(fake, fake, token="t")
        address = f"ws://127.0.0.1:{server.port}"
        try:
            with pytest.raises(InvalidStatus):
                await tcp_connect(address, origin=Origin("https://example.org"), proxy=None)
        finally:
            await server.close()

    asyncio.run(told())


@pytest.mark.parametrize("data", [b"\x00\xff", b"{}", b'{"type":"ask"}', b"[" * 5000])
@pytest.mark.parametrize("is_greeted", [False, True])
def test_bytes_that_are_no_message_close_that_face_alone(
    tmp_path: Path, data: bytes, *, is_greeted: bool
) -> None:
    async def story(fake: FakeEngine, path: Path, server: StreamServer) -> None:
        async with connect(path) as bad, connect(path) as good:
            await good.send(encode(Hello("", 5)), text=True)
            if is_greeted:
                await bad.send(encode(Hello("", 5)), text=True)
            await bad.send(data)
            assert (await closed_with(bad))[0] == 1007
            await good.send(encode(Ask(7, StopEngine())), text=True)
            await good.recv()
            assert msgspec.json.decode(await good.recv(), type=Answer) == Answer(7, True, "done")

    on_a_socket(tmp_path, story)


def test_a_message_that_is_too_long_closes_the_face(tmp_path: Path) -> None:
    async def story(fake: FakeEngine, path: Path, server: StreamServer) -> None:
        async with connect(path) as face:
            await face.send("x" * 300_000)
            assert (await closed_with(face))[0] == 1009

    on_a_socket(tmp_path, story)


def test_a_face_that_leaves_is_forgotten(tmp_path: Path) -> None:
    async def story(fake: FakeEngine, path: Path, server: StreamServer) -> None:
        async with connect(path) as face:
            await face.send(encode(Hello("", 5)), text=True)
            await face.recv()
            assert fake.readers == 1
        await fake.is_alone.wait()

    on_a_socket(tmp_path, story)


def test_a_face_that_only_asks_gets_no_frames(tmp_path: Path) -> None:
    async def story(fake: FakeEngine, path: Path, server: StreamServer) -> None:
        async with connect(path) as face:
            await face.send(encode(Hello("", 0)), text=True)
            await face.send(encode(Ask(1, StopEngine())), text=True)
            assert msgspec.json.decode(await face.recv(), type=Answer) == Answer(1, True, "done")
            assert fake.readers == 0
            await face.send(b"nonsense", text=True)
            assert (await closed_with(face))[0] == 1007

    on_a_socket(tmp_path, story)


def test_who_changes_something_from_this_computer_is_on_record(tmp_path: Path) -> None:
    async def told() -> None:
        fake, notebook, path = FakeEngine(), Notebook(), tmp_path / "e.sock"
        server = await serve(fake, fake, socket_path=path, witness=notebook)
        async with connect(path) as face:
            await face.send(encode(Hello("", 0)), text=True)
            for request in (ReadTrader("dip"), RemoveTrader("dip")):
                await face.send(encode(Ask(1, request)), text=True)
                await face.recv()
        await server.close()
        assert notebook.lines == [("local", "RemoveTrader", "dip")]

    asyncio.run(told())


def test_a_face_that_never_reads_slows_nobody(tmp_path: Path) -> None:
    async def story(fake: FakeEngine, path: Path, server: StreamServer) -> None:
        async with connect(path) as deaf, connect(path) as good:
            deaf.transport.pause_reading()
            await deaf.send(encode(Hello("", 10)), text=True)
            await good.send(encode(Hello("", 10)), text=True)
            await good.recv()
            for _ in range(200):
                fake.step()
                fake.log("INFO", "x" * 5000)
                await asyncio.wait_for(good.recv(), 1)
            deaf.transport.abort()

    on_a_socket(tmp_path, story)


def test_the_end_of_the_view_ends_every_connection_with_its_reason(tmp_path: Path) -> None:
    async def story(fake: FakeEngine, path: Path, server: StreamServer) -> None:
        async with connect(path) as face:
            await face.send(encode(Hello("", 5)), text=True)
            await face.recv()
            fake.end()
            assert await closed_with(face) == (1001, "the engine has ended")

    on_a_socket(tmp_path, story)


def test_the_rate_is_kept_between_one_and_ten(tmp_path: Path) -> None:
    class Recorder(FakeEngine):
        def __init__(self) -> None:
            super().__init__()
            self.rates: list[float] = []

        async def frames(self, hz: float) -> AsyncIterator[Frame]:
            self.rates.append(hz)
            async for frame in super().frames(hz):
                yield frame

    async def told() -> None:
        fake = Recorder()
        server = await serve(fake, fake, socket_path=tmp_path / "e.sock")
        for hz in (0.01, 5, 1e9):
            async with connect(tmp_path / "e.sock") as face:
                await face.send(encode(Hello("", hz)), text=True)
                await face.recv()
        await server.close()
        assert fake.rates == [1, 5, 10]

    asyncio.run(told())
