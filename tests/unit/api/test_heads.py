"""No request may keep growing in memory before anybody looks at it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.api_room import Room

from aitrader.api.heads import MAX_HEAD_BYTES

ROWS = b"x: 1\r\n" * MAX_HEAD_BYTES
BODY = b"POST /api/traders HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n0\r\n"


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
