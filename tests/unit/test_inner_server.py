"""A server inside a loop of ours: it listens in the block, and is gone after it."""

from __future__ import annotations

import asyncio
import signal
import socket

import pytest
import uvicorn
from starlette.applications import Starlette

from aitrader.inner_server import serving


def bound() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


def config() -> uvicorn.Config:
    return uvicorn.Config(Starlette(), log_config=None, access_log=False, lifespan="off")


async def asked(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
    line = await reader.readline()
    writer.close()
    return line


def test_it_answers_in_the_block_and_not_after_it() -> None:
    async def story() -> bytes:
        with bound() as sock:
            port = sock.getsockname()[1]
            async with serving(config(), sock, name="test"):
                line = await asked(port)
            with pytest.raises(ConnectionRefusedError):
                await asked(port)
        return line

    assert asyncio.run(story()) == b"HTTP/1.1 404 Not Found\r\n"


def test_the_signals_stay_the_process_s() -> None:
    async def story() -> object:
        with bound() as sock:
            async with serving(config(), sock, name="test"):
                return signal.getsignal(signal.SIGTERM)

    assert asyncio.run(story()) is signal.getsignal(signal.SIGTERM)


def test_what_fails_in_the_block_ends_the_server_and_is_told() -> None:
    async def story() -> None:
        with bound() as sock:
            async with serving(config(), sock, name="test"):
                raise LookupError("inside")

    with pytest.raises(ExceptionGroup) as told:
        asyncio.run(story())
    assert told.group_contains(LookupError, match="inside")
