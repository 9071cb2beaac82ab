"""No request may keep growing in memory before anybody looks at it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from tests.api_room import Room
from uvicorn.server import ServerState
from websockets.asyncio.client import connect

from aitrader.api.heads import MAX_HEAD_BYTES, Limits, ShortHeads
from aitrader.api.quick import protocol_of

WHOLE = b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"
ENDING = b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
HALF_BODY = b"POST /api/pause HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{"
ROWS = b"x: 1\r\n" * MAX_HEAD_BYTES
BODY = b"POST /api/traders HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n0\r\n"


async def no_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers nothing."""


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * MAX_HEAD_BYTES,
        b"GET /health HTTP/1.1\r\nx: " + b"a" * MAX_HEAD_BYTES,
        b"GET /health HTTP/1.1\r\n" + ROWS,
    ],
    ids=("address", "header", "headers"),
)
def test_a_head_without_end_is_cut_off(tmp_path: Path, head: bytes) -> None:
    async def story() -> None:
        async with asyncio.timeout(10), Room(tmp_path).served() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head[: MAX_HEAD_BYTES + 1])
            assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
            writer.close()

    asyncio.run(story())


async def heard(port: int, *pieces: bytes) -> bytes:
    """Return what is answered until the connection ends, to pieces that come one by one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    found = await reader.read()
    writer.close()
    return found


@pytest.mark.parametrize(
    ("pieces", "answer"),
    [
        ((), b""),
        ((b"GET /health HT",), b""),
        ((WHOLE, b"GET /health HT"), b"HTTP/1.1 200 "),
        ((HALF_BODY,), b""),
    ],
    ids=("silence", "half a head", "half of the second head", "half a body"),
)
def test_who_does_not_come_to_an_end_is_sent_away(
    tmp_path: Path, pieces: tuple[bytes, ...], answer: bytes
) -> None:
    async def story() -> None:
        quick = Limits(whole_s=0.05)
        async with asyncio.timeout(10), Room(tmp_path).served(limits=quick) as port:
            assert (await heard(port, *pieces)).startswith(answer)

    asyncio.run(story())


def test_who_comes_to_an_end_in_time_is_answered(tmp_path: Path) -> None:
    async def story() -> None:
        async with asyncio.timeout(10), Room(tmp_path).served() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for piece in (WHOLE[:9], WHOLE[9:], WHOLE):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            for _ in range(2):
                assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
            writer.close()

    asyncio.run(story())


def test_one_too_many_is_sent_away(tmp_path: Path) -> None:
    async def story() -> None:
        async with asyncio.timeout(10), Room(tmp_path).served(limits=Limits(most=1)) as port:
            _, first = await asyncio.open_connection("127.0.0.1", port)
            assert (await heard(port)).startswith(b"HTTP/1.1 503 ")
            first.close()

    asyncio.run(story())


def test_websockets_take_no_place_from_requests(tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            asyncio.timeout(10),
            Room(tmp_path).served(limits=Limits(most=1)) as port,
            connect(f"ws://127.0.0.1:{port}/ws"),
            connect(f"ws://127.0.0.1:{port}/ws"),
        ):
            assert (await heard(port, ENDING)).startswith(b"HTTP/1.1 200 ")

    asyncio.run(story())


class Deaf(asyncio.Transport):
    """A transport whose other end reads nothing."""

    is_aborted = False

    def abort(self) -> None:
        self.is_aborted = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def a_protocol(unread_s: float) -> ShortHeads:
    config = uvicorn.Config(no_app, lifespan="off", log_config=None)
    config.load()
    protocol = protocol_of(None, Limits(unread_s=unread_s))(
        config=config, server_state=ServerState(), app_state={}
    )
    protocol.connection_made(Deaf())
    return protocol


def test_who_does_not_read_its_answer_is_cut_off() -> None:
    async def story() -> None:
        protocol, patient = a_protocol(0.0), a_protocol(10.0)
        for each in (protocol, patient):
            each.pause_writing()
            each.pause_writing()
        patient.resume_writing()
        patient.resume_writing()
        await asyncio.sleep(0.01)
        assert (protocol.transport.is_aborted, patient.transport.is_aborted) == (True, False)  # type: ignore[attr-defined]
        for each in (protocol, patient):
            each.connection_lost(OSError())

    asyncio.run(story())


def test_what_follows_a_body_without_end_is_cut_off(tmp_path: Path) -> None:
    async def story() -> None:
        async with asyncio.timeout(10), Room(tmp_path).served() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(BODY)
            assert (await reader.readline()).startswith(b"HTTP/1.1 401 ")
            writer.write(ROWS[: MAX_HEAD_BYTES + 1])
            assert b"HTTP/1.1 400 " in await reader.read()
            writer.close()

    asyncio.run(story())


def test_long_heads_and_bodies_in_pieces_are_taken(tmp_path: Path) -> None:
    long = b"GET /health HTTP/1.1\r\nhost: localhost\r\nx: " + b"a" * (MAX_HEAD_BYTES - 100)
    piece = b"1000\r\n" + b"a" * 0x1000 + b"\r\n"

    async def story() -> None:
        async with asyncio.timeout(10), Room(tmp_path).served() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(2):
                writer.write(long)
                await writer.drain()
                writer.write(b"\r\n\r\n")
                assert b"HTTP/1.1 200 " in await reader.readuntil(b"\r\n\r\n")
            writer.write(BODY.removesuffix(b"0\r\n"))
            assert b"HTTP/1.1 401 " in await reader.readuntil(b"\r\n\r\n")
            for _ in range(20):
                writer.write(piece)
                await writer.drain()
            writer.write(b"0\r\n\r\nGET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert b"HTTP/1.1 200 " in await reader.readuntil(b"\r\n\r\n")
            writer.close()

    asyncio.run(story())
