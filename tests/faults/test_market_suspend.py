"""The process that watches the market is stopped for seconds and goes on."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.faults.market import BARS, INTERVALS, SYMBOLS, a_row
from tests.faults.market import Day as _Day
from tests.unit.exchange.binance.stub import MINUTE, T0, StubExchange, until

from aitrader.model.candle import INTERVAL_MS

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGSTOP"),
]

ROOT = Path(__file__).parents[2]


class Day(_Day):
    """A day of which only the exchange is here."""

    def __init__(self, stub: StubExchange) -> None:
        self.stub = stub
        self.minute = 0
        self.has_computers_time = False


async def a_client(stub: StubExchange) -> asyncio.subprocess.Process:
    """Start one and wait until its series are whole."""
    client = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.faults.market_client",
        stub.rest_url,
        stub.stream_url,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,  # `-m` finds the tests from there
    )
    assert client.stdout is not None
    assert await client.stdout.readline() == b"ready\n"
    return client


async def report(client: asyncio.subprocess.Process, now_ms: int) -> Any:  # noqa: ANN401 - JSON
    """Ask until the newest instant has closed."""
    assert client.stdin is not None
    assert client.stdout is not None
    async with asyncio.timeout(20):
        while True:
            client.stdin.write(b"tell\n")
            told = json.loads(await client.stdout.readline())
            if told["instants"] and told["instants"][-1] == now_ms:
                return told
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("is_cut", [False, True], ids=["connected", "cut meanwhile"])
def test_a_process_that_stood_still_has_the_candles_of_one_that_did_not(is_cut: bool) -> None:
    async def story() -> None:
        async with StubExchange() as stub:
            client = await a_client(stub)
            day = Day(stub)
            await day.pass_minutes(3)
            await report(client, day.now_ms)
            client.send_signal(signal.SIGSTOP)
            for _ in range(10):
                await day.pass_minutes(1)
                await asyncio.sleep(0.1)
            if is_cut:
                stub.alive[0].abort()
            client.send_signal(signal.SIGCONT)
            await until(lambda: any("ausdt@ticker" in link.names for link in stub.alive))
            await asyncio.sleep(0.3)
            await day.pass_minutes(7)
            told = await report(client, day.now_ms)
            client.terminate()
            await client.wait()
        assert told["instants"] == sorted(set(told["instants"]))
        for symbol in SYMBOLS:
            for interval in INTERVALS:
                step = INTERVAL_MS[interval]
                newest = (T0 + 20 * MINUTE) // step * step - step
                opens = [newest - step * n for n in reversed(range(BARS))]
                expected = [a_row(symbol, interval, ms)[3] for ms in opens]
                assert told["closes"][f"{symbol} {interval}"] == expected

    asyncio.run(story())
