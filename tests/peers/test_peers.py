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
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from tests.builders import an_order

from aitrader.engine.clock import SystemClock
from aitrader.exchange.binance.orders import placing
from aitrader.exchange.binance.signing import HmacSigner, signed_query
from aitrader.model.order import Order, OrderKind, Side

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / "build" / "peers" / "bin" / "python"
ANY = {
    "LIMIT": {"NEW", "open"},
    "CANCELED": {"CANCELED", "canceled"},
    "FILLED": {"FILLED", "closed"},
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="other people's clients: make peers"),
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


def test_an_order_of_ours_is_to_the_byte_what_ccxt_sends(addresses: tuple[str, str]) -> None:
    command = [str(PYTHON), str(HERE / "orders_of_ccxt.py"), *addresses]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=55, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]
    theirs = json.loads(answer.stdout.splitlines()[-1])
    for name, orders in ours().items():
        sent = dict(parse_qsl(theirs[name]))
        signature = sent.pop("signature")
        stamp = {name: sent[name] for name in ("timestamp", "recvWindow")}
        assert {**placing(orders).parameters, **stamp} == sent, name
        # The order of parameters is free; signed in theirs, ours are the same bytes. For a list
        # ccxt has no order of its own: its call hands on what it is given, so there it is only
        # shown that the same parameters are encoded and signed alike. Which they are is the
        # exchange's word; the simulated one takes them as it takes those of the other clients.
        assert signed_query(sent, HmacSigner("demo")) == theirs[name]
        assert len(signature) == 64


def ours() -> dict[str, list[Order]]:
    """The orders of `orders_of_ccxt.py`: all but the list are made by ccxt's own rules."""

    def order(kind: OrderKind, side: Side, quantity: str = "0.1", **more: object) -> Order:
        standard = {"symbol": "ETHUSDT", "client_order_id": "at1-an-order-of-ours"}
        changes = {"kind": kind, "side": side, "quantity": Decimal(quantity)}
        return an_order(**{**standard, **changes, **more})

    low, high = Decimal("1234.5"), Decimal("5432.1")
    name = "at1-an-order-of-ours"
    return {
        "market": [order(OrderKind.MARKET, Side.BUY)],
        "limit": [order(OrderKind.LIMIT, Side.SELL, "0.25", price=Decimal("4321.5"))],
        "stop loss": [order(OrderKind.STOP_LOSS, Side.SELL, stop_price=low)],
        "take profit": [order(OrderKind.TAKE_PROFIT, Side.SELL, stop_price=high)],
        "oco": [
            order(
                OrderKind.STOP_LOSS,
                Side.SELL,
                stop_price=low,
                list_id=name,
                client_order_id=f"{name}-1",
            ),
            order(
                OrderKind.LIMIT, Side.SELL, price=high, list_id=name, client_order_id=f"{name}-2"
            ),
        ],
    }
