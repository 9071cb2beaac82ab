"""Entries at a limit on a live account, as processes on the simulated exchange.

One trader bids close to the market and is filled in parts: the rest is canceled and what it got is
protected. Another bids far below: its order outlives a kill -9 as it is, with the instant it ends
at, and is taken off when the engine is stopped in order.
"""

from __future__ import annotations

import os
import signal
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest
from tests.live_daemon import TRADER, Daemon, Row, an_exchange, books, check_the_fills

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NEAR = 'ENTRY = {{"limit": "0.01%", "good_for": "30m"}}\n'
FAR = 'ENTRY = {{"limit": "5%", "good_for": "2h"}}\n'


def add(daemon: Daemon, name: str, entry: str) -> None:
    source = TRADER.replace("RISK", entry + "RISK").format(name=name)
    daemon.do("POST", "/api/traders", source=source)
    daemon.do("PUT", f"/api/traders/{name.lower()}/mode", mode="LIVE", sure=True)


def entries(exchange: str, *, is_open_only: bool = False) -> list[Row]:
    rows: list[Row] = books(exchange, is_open_only=is_open_only)["orders"]
    return [row for row in rows if row["side"] == "BUY"]


def is_protected(exchange: str, position: Row) -> bool:
    resting = books(exchange, is_open_only=True)["orders"]
    ours = [row for row in resting if row["symbol"] == position["symbol"] and row["side"] == "SELL"]
    return sorted(row["type"] for row in ours) == ["LIMIT_MAKER", "STOP_LOSS"]


def test_what_fills_in_part_is_kept_and_protected(tmp_path: Path) -> None:
    with an_exchange() as exchange, Daemon(tmp_path / "data", exchange) as daemon:
        fault = {"kind": "partial_fill", "part": 0.3}
        httpx2.post(f"{exchange}/simulator/faults", json=fault).raise_for_status()
        add(daemon, "Near", NEAR)
        held = daemon.until(lambda: daemon.open_positions("live"))[0]
        daemon.until(lambda: is_protected(exchange, held))
        daemon.do("POST", "/api/pause", paused=True)

        (entry,) = [row for row in entries(exchange) if row["symbol"] == held["symbol"]]
        assert (entry["type"], entry["status"]) == ("LIMIT", "CANCELED")
        assert 0 < Decimal(entry["executedQty"]) < Decimal(entry["origQty"])
        assert Decimal(held["entryPrice"]) <= Decimal(entry["price"])

        httpx2.delete(f"{exchange}/simulator/faults").raise_for_status()
        daemon.until(lambda: not entries(exchange, is_open_only=True))
        for position in daemon.open_positions("live"):
            daemon.do("POST", f"/api/positions/{position['id']}/close")
        daemon.until(lambda: not daemon.open_positions("live"))
        daemon.until(lambda: not books(exchange, is_open_only=True)["orders"])
        check_the_fills(daemon, exchange)


def test_what_rests_outlives_a_kill_and_not_a_stop(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with an_exchange() as exchange:
        with Daemon(folder, exchange) as daemon:
            add(daemon, "Far", FAR)
            daemon.until(lambda: entries(exchange, is_open_only=True))
            daemon.do("POST", "/api/pause", paused=False)
            os.kill(daemon.process.pid, signal.SIGKILL)
            daemon.process.wait()
        resting = {row["clientOrderId"] for row in entries(exchange, is_open_only=True)}

        with Daemon(folder, exchange) as again:
            after = {row["clientOrderId"] for row in entries(exchange, is_open_only=True)}
            assert resting <= after, "taken up as it was"
            again.process.send_signal(signal.SIGTERM)
            assert again.process.wait(30) == 0
        assert not entries(exchange, is_open_only=True)
        assert len(entries(exchange)) >= len(resting)
