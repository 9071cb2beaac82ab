"""A daemon with live trading on, on a simulated exchange of its own: both as processes."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx2
from tests.processes import command, started

LIMIT_S = 100.0
TOKEN = "a-token-of-the-tests"
NEW_YEAR_MS = 1_893_456_000_000
"""2030: the exchange's time is ahead of any computer's, so the same candles come every time."""

TRADER = '''"""Enters on a rise."""
NAME = "{name}"
SYMBOLS = "top 3 USDT"
INTERVAL = "1m"
EXITS = {{"stop_loss": "20%", "take_profit": "40%"}}
RISK = {{"amount": 100, "max_open": 3}}

def conditions(m):
    return {{"it rises": m.close > m.open}}
'''

Row = dict[str, Any]


def a_free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextlib.contextmanager
def an_exchange() -> Iterator[str]:
    """The simulated exchange, ten seconds before a minute ends; its address."""
    start_ms = NEW_YEAR_MS - 10_000
    words = ("exchange", "--port", "0", "--symbols", "3", "--seed", "5", "--speed", "1")
    with started(*words, "--start-ms", str(start_ms)) as process:
        assert process.stdout is not None
        yield str(json.loads(process.stdout.readline())["exchange"])


class Daemon:
    """`aitrader --daemon` with live trading on, in a folder."""

    def __init__(self, folder: Path, exchange: str, **variables: str) -> None:
        stream = exchange.replace("http", "ws")
        port = a_free_port()
        self.environment = {
            "PORT": str(port),
            "API_KEY": TOKEN,
            "DATA_REQUESTS_PER_MIN": "0",
            "PAPER_TRADING": "false",
            "MARKET": "simulator",
            "MARKET_REST_URL": exchange,
            "MARKET_STREAM_URL": stream,
            "ORDER_REST_URL": exchange,
            "ORDER_WS_URL": f"{stream}/ws-api/v3",
            "BINANCE_API_KEY": "demo",
            "BINANCE_SECRET_KEY": "demo",
            "AITRADER_LOCK_FOLDER": str(folder.parent / "locks"),
            **variables,
        }
        self.web = httpx2.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"authorization": f"Bearer {TOKEN}"},
            timeout=10,
        )
        given = [f"{name}={value}" for name, value in self.environment.items()]
        self.process = subprocess.Popen(
            ["env", *given, *command(["--daemon", "--data-folder", folder])],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Daemon:
        self.until(self.is_up)
        return self

    def __exit__(self, *_: object) -> None:
        self.web.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def is_up(self) -> bool:
        try:
            return self.web.get("/health").is_success
        except httpx2.TransportError:
            return False

    def until(self, is_so: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the condition found
        """Wait until something is so and return it."""
        end_s = perf_counter() + LIMIT_S
        while not (found := is_so()):
            assert perf_counter() < end_s, "it never came"
            assert self.process.poll() is None, self.process.communicate()[1][-3000:]
            time.sleep(0.05)
        return found

    def get(self, path: str) -> Row:
        found: Row = self.web.get(path).raise_for_status().json()
        return found

    def do(self, method: str, path: str, **body: object) -> Row:
        answer = self.web.request(method, path, json=body or None)
        assert answer.is_success, answer.text
        found: Row = answer.json()
        return found

    def open_positions(self, account: str) -> list[Row]:
        rows = self.get("/api/positions")["positions"]
        return [row for row in rows if row["account"] == account and row["status"] == "OPEN"]

    def account(self, name: str) -> Row:
        rows = {row["account"]: row for row in self.get("/status")["accounts"]}
        found: Row = rows[name]
        return found


def books(exchange: str, *, is_open_only: bool = False) -> Row:
    query = "?open=true" if is_open_only else ""
    found: Row = httpx2.get(f"{exchange}/simulator/books{query}").raise_for_status().json()
    return found


def check_the_fills(daemon: Daemon, exchange: str) -> None:
    """Hold our orders of the live account against the exchange's, to the last digit."""
    ours = {
        row["id"]: (row["side"], Decimal(row["filled"]), row["status"])
        for row in daemon.get("/api/orders?limit=1000")["orders"]
        if row["account"] == "live"
    }
    theirs = {
        row["clientOrderId"]: (row["side"], Decimal(row["executedQty"]), row["status"])
        for row in books(exchange)["orders"]
    }
    assert ours == theirs
