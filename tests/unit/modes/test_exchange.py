from __future__ import annotations

import asyncio
import json
import socket
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from aitrader.exchange.simulated.options import DEFAULT_START_MS, ExchangeOptions
from aitrader.model.errors import ConfigError
from aitrader.modes.exchange import exchange_process


def fetch(url: str) -> object:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def is_listening(url: str) -> bool:
    try:
        socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_an_exchange_answers_while_the_block_lasts_and_is_gone_after_it() -> None:
    async def story() -> str:
        async with exchange_process(ExchangeOptions(symbols=3, seed=5)) as address:
            rules = await asyncio.to_thread(fetch, f"{address.exchange}/api/v3/exchangeInfo")
            assert isinstance(rules, dict)
            assert len(rules["symbols"]) == 3
            assert urlsplit(address.stream).port == urlsplit(address.exchange).port
        return address.exchange

    assert not is_listening(asyncio.run(story()))


@pytest.mark.slow
def test_it_starts_at_the_time_that_is_asked_for() -> None:
    start_ms = DEFAULT_START_MS + 3_600_000

    async def story() -> None:
        options = ExchangeOptions(symbols=1, speed=0.0, start_ms=start_ms)
        async with exchange_process(options) as address:
            assert address.now_ms == start_ms

    asyncio.run(story())


def test_it_serves_the_candles_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "ETHUSDT_5m.csv"
    path.write_text("1733011200000,3700.1,3702.2,3699.9,3701.5,12.5\n")

    async def story() -> None:
        async with exchange_process(ExchangeOptions(replay=path, speed=0.0)) as address:
            assert address.now_ms == 1_733_011_200_000

    asyncio.run(story())


@pytest.mark.slow
def test_it_is_gone_when_the_block_fails() -> None:
    urls = []

    async def story() -> None:
        async with exchange_process(ExchangeOptions(symbols=1)) as address:
            urls.append(address.exchange)
            raise RuntimeError("the engine broke")

    with pytest.raises(RuntimeError, match="the engine broke"):
        asyncio.run(story())
    assert not is_listening(urls[0])


def test_what_it_cannot_serve_is_its_own_sentence(tmp_path: Path) -> None:
    path = tmp_path / "ETHUSDT_5m.csv"
    path.write_text("these are no candles\n")

    async def story() -> None:
        async with exchange_process(ExchangeOptions(replay=path)):
            pytest.fail("there is nothing to serve")

    with pytest.raises(ConfigError) as caught:
        asyncio.run(story())
    said = str(caught.value)
    assert said.startswith("the simulated exchange could not start: ")
    assert path.name in said
    assert "aitrader:" not in said
