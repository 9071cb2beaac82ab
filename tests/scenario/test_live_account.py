"""Paper and live side by side, as processes: a daemon with a key on the simulated exchange.

One trader enters with the exchange's money, one on paper, by the same rule. What the live one holds
is protected at the exchange, outlives a kill -9 and is closed by request; at the end the engine's
books are the exchange's.
"""

from __future__ import annotations

import os
import signal
from decimal import Decimal
from pathlib import Path

import pytest
from tests.live_daemon import TRADER, Daemon, Row, an_exchange, books, check_the_fills

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def protection(exchange: str) -> dict[str, list[tuple[str, str]]]:
    """Return (kind, id) of what rests at the exchange, by symbol."""
    found: dict[str, list[tuple[str, str]]] = {}
    for order in books(exchange, is_open_only=True)["orders"]:
        found.setdefault(order["symbol"], []).append((order["type"], order["clientOrderId"]))
    return {symbol: sorted(rows) for symbol, rows in found.items()}


def is_protected(exchange: str, positions: list[Row]) -> bool:
    resting = protection(exchange)
    return all(
        [kind for kind, _ in resting.get(row["symbol"], [])] == ["LIMIT_MAKER", "STOP_LOSS"]
        for row in positions
    )


def add_both(daemon: Daemon) -> None:
    """Add a paper trader and one that is switched to live money, after being asked twice."""
    for name in ("Paperly", "Lively"):
        daemon.do("POST", "/api/traders", source=TRADER.format(name=name))
    asked = daemon.do("PUT", "/api/traders/lively/mode", mode="LIVE")["text"]
    assert "no real money, on simulator: 100 USDT an entry" in asked
    assert daemon.get("/status")["mode"] == "PAPER"
    daemon.do("PUT", "/api/traders/lively/mode", mode="LIVE", sure=True)
    assert daemon.get("/status")["mode"] == "LIVE"


def agree(daemon: Daemon, exchange: str) -> bool:
    """Return whether the live account's cash is the exchange's and nothing rests there."""
    page = books(exchange)
    usdt = Decimal(page["balances"]["USDT"]["free"]) + Decimal(page["balances"]["USDT"]["locked"])
    is_same = Decimal(daemon.account("live")["cash"]) == usdt.quantize(Decimal("0.01"))
    return is_same and not protection(exchange) and not daemon.open_positions("live")


def test_a_live_and_a_paper_trader_side_by_side(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with an_exchange() as exchange:
        with Daemon(folder, exchange) as daemon:
            add_both(daemon)
            daemon.until(lambda: daemon.open_positions("paper") and daemon.open_positions("live"))
            daemon.until(lambda: is_protected(exchange, daemon.open_positions("live")))
            check_the_key_is_taken(tmp_path / "other", exchange, daemon)
            daemon.do("POST", "/api/pause", paused=True)
            held = daemon.open_positions("live")
            resting = protection(exchange)
            os.kill(daemon.process.pid, signal.SIGKILL)
            daemon.process.wait()

        with Daemon(folder, exchange) as again:
            assert [row["id"] for row in again.open_positions("live")] == [r["id"] for r in held]
            assert protection(exchange) == resting
            for row in held:
                again.do("POST", f"/api/positions/{row['id']}/close")
            again.until(lambda: agree(again, exchange))
            check_the_fills(again, exchange)
            assert again.open_positions("paper")
            again.process.send_signal(signal.SIGTERM)
            assert again.process.wait(30) == 0


def check_the_key_is_taken(folder: Path, exchange: str, daemon: Daemon) -> None:
    """Start a second engine with the same key in another folder; it says who has it."""
    other = Daemon(
        folder, exchange, AITRADER_LOCK_FOLDER=daemon.environment["AITRADER_LOCK_FOLDER"]
    )
    _, said = other.process.communicate(timeout=60)
    other.web.close()
    assert other.process.returncode == 2
    assert f"the API key is used by process {daemon.process.pid} with the data folder" in said
