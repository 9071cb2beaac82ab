"""The client's WebSocket against a server that is not ours, and against bytes that are not one."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, unix_serve

from aitrader.model.errors import Transient
from aitrader.remote.websocket import MESSAGE_LIMIT_BYTES, Place, connect, masked_frame


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_message_of_any_size_comes_back_as_it_was(tmp_path: Path, size: int) -> None:
    async def echo(connection: ServerConnection) -> None:
        async for data in connection:
            await connection.send(data)

    async def story() -> bytes:
        path = str(tmp_path / "e.sock")
        async with unix_serve(echo, path, max_size=None):
            socket = await connect(Place(socket_path=path))
            await socket.send(b"x" * size)
            answer = await socket.receive()
            await socket.close()
            await socket.close()
        return answer

    assert asyncio.run(story()) == b"x" * size


def test_a_message_in_pieces_is_put_together_and_a_ping_answered(tmp_path: Path) -> None:
    async def pieces(connection: ServerConnection) -> None:
        await (await connection.ping())
        await connection.send(["one ", "two ", "three"])
        await connection.wait_closed()

    async def story() -> bytes:
        path = str(tmp_path / "e.sock")
        async with asyncio.timeout(5), unix_serve(pieces, path):
            socket = await connect(Place(socket_path=path))
            answer = await socket.receive()
            await socket.close()
        return answer

    assert asyncio.run(story()) == b"one two three"


def test_the_way_there_and_back_is_measured(tmp_path: Path) -> None:
    async def server(connection: ServerConnection) -> None:
        await connection.pong(b"not ours")
        await connection.recv()
        await connection.send("done")
        await connection.wait_closed()

    async def story() -> tuple[float | None, float | None]:
        path = str(tmp_path / "e.sock")
        async with asyncio.timeout(5), unix_serve(server, path):
            socket = await connect(Place(socket_path=path))
            before = socket.latency_ms
            await socket.ping()
            await socket.send(b"x")
            await socket.receive()
            after = socket.latency_ms
            await socket.close()
        return before, after

    before, after = asyncio.run(story())
    assert before is None
    assert after is not None and 0 <= after < 5000


def test_a_mask_is_laid_over_the_payload() -> None:
    assert masked_frame(1, b"abcde", b"\x01\x02\x03\x04") == b"\x81\x85\x01\x02\x03\x04````d"


async def _talk(path: str, answer: bytes) -> None:
    async def raw(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_unix_server(raw, path):
        await connect(Place(socket_path=path))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 404 Not Found\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: no\r\n\r\n",
        b"x" * 200_000,
    ],
    ids=["nothing", "not found", "wrong key", "endless"],
)
def test_what_is_no_websocket_is_said_so(tmp_path: Path, answer: bytes) -> None:
    with pytest.raises(Transient, match="no engine answers at"):
        asyncio.run(_talk(str(tmp_path / "e.sock"), answer))


def test_a_message_beyond_the_limit_ends_the_connection(tmp_path: Path) -> None:
    async def story() -> None:
        path = str(tmp_path / "e.sock")
        size = MESSAGE_LIMIT_BYTES + 1

        async def huge(connection: ServerConnection) -> None:
            connection.transport.write(b"\x81\x7f" + size.to_bytes(8, "big"))
            await connection.wait_closed()

        async with unix_serve(huge, path):
            socket = await connect(Place(socket_path=path))
            with pytest.raises(Transient, match=f"a message of {size} bytes"):
                await socket.receive()
            await socket.close()

    asyncio.run(story())


def test_sending_into_a_closed_connection_says_so(tmp_path: Path) -> None:
    async def leave(connection: ServerConnection) -> None:
        connection.transport.abort()

    async def story() -> None:
        path = str(tmp_path / "e.sock")
        async with unix_serve(leave, path):
            socket = await connect(Place(socket_path=path))
            with pytest.raises(Transient, match="the engine has ended"):
                await socket.receive()
            await socket.close()
            with pytest.raises(Transient, match="the engine has ended"):
                await socket.send(b"x" * 10_000)
            await socket.close()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("token", "shown"),
    [("secret", "Bearer secret"), ("", None), ("two\r\nlines", None), ("\N{SNOWMAN}", None)],
)
def test_the_token_is_shown_with_the_request_where_a_header_can_hold_it(
    tmp_path: Path, token: str, shown: str | None
) -> None:
    heard: list[str | None] = []

    async def server(connection: ServerConnection) -> None:
        assert connection.request is not None
        heard.append(connection.request.headers.get("authorization"))

    async def story() -> None:
        path = str(tmp_path / "e.sock")
        async with asyncio.timeout(5), unix_serve(server, path):
            socket = await connect(Place(socket_path=path), token=token)
            with pytest.raises(Transient):
                await socket.receive()
            await socket.close()

    asyncio.run(story())
    assert heard == [shown]


def test_a_server_that_is_full_says_so_in_its_own_words(tmp_path: Path) -> None:
    async def server(connection: ServerConnection) -> None:
        await connection.close(1013, "too many connections")

    async def story() -> None:
        path = str(tmp_path / "e.sock")
        async with asyncio.timeout(5), unix_serve(server, path):
            socket = await connect(Place(socket_path=path))
            with pytest.raises(Transient, match="too many connections"):
                await socket.receive()
            await socket.close()

    asyncio.run(story())


def test_nobody_there_is_said_without_saying_the_address_twice() -> None:
    with pytest.raises(Transient) as gone:
        asyncio.run(connect(Place(port=9)))
    assert str(gone.value) == "no engine answers at 127.0.0.1:9: Connection refused"


def test_a_server_without_tls_is_said_to_have_none() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def story() -> None:
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(5), server:
            await connect(Place(port=port, tls=ssl.create_default_context()))

    with pytest.raises(Transient, match=r"no engine answers at .*: it does not speak TLS"):
        asyncio.run(story())
