"""The server: where it listens, and that it says what is in the way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
import pytest
from tests.api_room import FULL, Room

from aitrader.api.server import bound, is_loopback
from aitrader.model.errors import ConfigError


def test_it_answers_on_the_port_it_names(tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            asyncio.timeout(10),
            Room(tmp_path).served() as port,
            httpx2.AsyncClient() as web,
        ):
            headers = {"authorization": f"Bearer {FULL}"}
            answer = await web.get(f"http://127.0.0.1:{port}/status", headers=headers)
            assert answer.status_code == 200
            assert "server" not in answer.headers

    asyncio.run(story())


def test_answers_do_not_wait_for_the_clients_acknowledgement(tmp_path: Path) -> None:
    async def story() -> float:
        async with (
            asyncio.timeout(10),
            Room(tmp_path).served() as port,
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as web,
        ):
            took_s = []
            for _ in range(10):
                begun_s = asyncio.get_running_loop().time()
                await web.get("/docs")
                took_s.append(asyncio.get_running_loop().time() - begun_s)
            return min(took_s[1:])

    assert asyncio.run(story()) < 0.035


def test_a_port_in_use_is_said_in_one_sentence(tmp_path: Path) -> None:
    async def story() -> None:
        room = Room(tmp_path)
        async with room.served() as port:
            with pytest.raises(ConfigError, match=f"port {port} is in use"):
                bound("127.0.0.1", port)

    asyncio.run(story())


def test_an_address_that_is_not_ours_is_said_in_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"cannot listen on 203\.0\.113\.7:0"):
        bound("203.0.113.7", 0)


def test_loopback_is_loopback() -> None:
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert not is_loopback("0.0.0.0")
