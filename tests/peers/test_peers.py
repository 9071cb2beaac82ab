"""Clients that others wrote work on the simulated exchange, unmodified but for the address.

They live in an environment of their own, `build/peers`, which `make peers` makes from the group
`peers` of pyproject.toml; without it these tests skip. Each client runs as a process of its own, as
does the exchange, at the computer's time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aitrader.engine.clock import SystemClock

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / "build" / "peers" / "bin" / "python"
ANY = {
    "LIMIT": {"NEW", "open"},
    "CANCELED": {"CANCELED", "canceled"},
    "FILLED": {"FILLED", "closed"},
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="no peers are installed: make peers"),
]


@pytest.fixture
def addresses() -> Iterator[tuple[str, str]]:
    """Where an exchange of five symbols runs."""
    started = SystemClock().now_ms()
    command = [sys.executable, "-m", "aitrader.exchange.simulated", "--symbols", "5"]
    command += ["--start-ms", str(started), "--parent-pipe"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True) as process:  # type: ignore[call-overload]
        address = json.loads(process.stdout.readline())
        yield address["exchange"], address["stream"]
        process.stdin.close()
        process.wait(timeout=10)


@pytest.mark.parametrize("client", ["ccxt", "python_binance", "binance_sdk"])
def test_a_client_of_others_fetches_trades_and_watches(
    client: str, addresses: tuple[str, str]
) -> None:
    command = [str(PYTHON), str(HERE / f"with_{client}.py"), *addresses]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=55, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]
    seen = json.loads(answer.stdout.splitlines()[-1])
    assert (seen["markets"], seen["candles"], seen["cash"], seen["levels"]) == (5, 3, 10_000, 5)
    assert seen["market"] in ANY["FILLED"]
    assert seen["limit"] in ANY["LIMIT"]
    assert seen["canceled"] in ANY["CANCELED"]
    assert (seen["oco"], seen["oco_canceled"]) == ("EXECUTING", "ALL_DONE")
    assert seen["oco_found"] in {"EXECUTING", "NEW"}
    assert seen["trades"] == 1
    assert seen["kline"] and seen["ticker"]
    if client == "ccxt":
        assert "closed" in seen["watched_orders"]
