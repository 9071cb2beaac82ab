"""The disk takes nothing any more, and then the process dies: as processes, with live orders.

The engine holds live positions on the simulated exchange when the system refuses every byte that it
would write to a file. Nothing is entered from then on; a person's close still goes out, from
memory. Then the process is killed, so that only the exchange knows of that sale. The next one finds
it there: its books are the exchange's to the last digit, and nothing is sold twice.

Or it refuses just before an entry fills: the position opens and is protected from memory, the
process dies, and the protection ends before the next one comes. That one finds the ids used.
"""

from __future__ import annotations

import os
import resource
import signal
from collections import Counter
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest
from tests.live_daemon import TRADER, Daemon, Row, an_exchange, books

from aitrader.exchange.binance.signing import HmacSigner, signed_query

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(240)]


def refuse_writes(daemon: Daemon) -> None:
    """Let no file of the process grow or change any more, as a full disk does."""
    _soft, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (1, hard))


def theirs(exchange: str) -> dict[str, tuple[str, Decimal, str]]:
    """Return every order that the exchange has had, by our id."""
    return {
        row["clientOrderId"]: (row["side"], Decimal(row["executedQty"]), row["status"])
        for row in books(exchange)["orders"]
    }


def ours(daemon: Daemon) -> dict[str, tuple[str, Decimal, str]]:
    """Return every live order that the engine knows."""
    return {
        row["id"]: (row["side"], Decimal(row["filled"]), row["status"])
        for row in daemon.get("/api/orders?limit=1000")["orders"]
        if row["account"] == "live"
    }


def resting(exchange: str, symbol: str) -> list[str]:
    """Return the kinds of orders that rest on a symbol."""
    rows = books(exchange, is_open_only=True)["orders"]
    return sorted(row["type"] for row in rows if row["symbol"] == symbol)


def sold(exchange: str, symbol: str) -> Decimal:
    """Return the base units that were sold at market."""
    rows = [row for row in books(exchange)["orders"] if row["symbol"] == symbol]
    return sum(
        (Decimal(r["executedQty"]) for r in rows if (r["type"], r["side"]) == ("MARKET", "SELL")),
        Decimal(0),
    )


def a_protected_position(daemon: Daemon, exchange: str) -> Row:
    """Return a live position whose stop and target rest at the exchange."""
    daemon.do("POST", "/api/traders", source=TRADER.format(name="Lively"))
    daemon.do("PUT", "/api/traders/lively/mode", mode="LIVE", sure=True)

    def found() -> list[Row]:
        return [
            row
            for row in daemon.open_positions("live")
            if resting(exchange, row["symbol"]) == ["LIMIT_MAKER", "STOP_LOSS"]
        ]

    return daemon.until(found)[0]


def test_what_was_sold_while_the_disk_refused_is_known_after_the_death(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with an_exchange() as exchange:
        with Daemon(folder, exchange) as daemon:
            held = a_protected_position(daemon, exchange)
            refuse_writes(daemon)
            said = daemon.web.post(f"/api/positions/{held['id']}/close")
            assert "not on disk yet" in said.json()["detail"]
            daemon.until(lambda: sold(exchange, held["symbol"]) > 0)
            os.kill(daemon.process.pid, signal.SIGKILL)
            daemon.process.wait()
            before = sold(exchange, held["symbol"])

        with Daemon(folder, exchange) as again:
            again.until(
                lambda: held["id"] not in {row["id"] for row in again.open_positions("live")}
            )
            again.do("POST", "/api/pause", paused=True)
            again.until(lambda: ours(again) == theirs(exchange))
            assert not resting(exchange, held["symbol"])
            assert sold(exchange, held["symbol"]) == before


def cancel_by_hand(exchange: str, row: Row) -> None:
    """Take an order off as the account's owner may."""
    now_ms = httpx2.get(f"{exchange}/api/v3/time").json()["serverTime"]
    named = {"symbol": row["symbol"], "origClientOrderId": row["clientOrderId"]}
    query = signed_query({**named, "timestamp": str(now_ms)}, HmacSigner("demo"))
    url = f"{exchange}/api/v3/order?{query}"
    httpx2.delete(url, headers={"X-MBX-APIKEY": "demo"}).raise_for_status()


def test_ids_used_while_the_disk_refused_a_position_are_not_used_again(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with an_exchange() as exchange:
        slow = {"kind": "delay", "path": "order", "verb": "POST", "delay_ms": 1_000}
        httpx2.post(f"{exchange}/simulator/faults", json=slow).raise_for_status()
        with Daemon(folder, exchange) as daemon:
            daemon.do("POST", "/api/traders", source=TRADER.format(name="Lively"))
            daemon.do("PUT", "/api/traders/lively/mode", mode="LIVE", sure=True)
            daemon.until(lambda: ours(daemon))
            refuse_writes(daemon)
            protected = daemon.until(lambda: books(exchange, is_open_only=True)["orders"])[0]
            daemon.until(lambda: len(resting(exchange, protected["symbol"])) == 2)
            os.kill(daemon.process.pid, signal.SIGKILL)
            daemon.process.wait()
        httpx2.delete(f"{exchange}/simulator/faults").raise_for_status()
        cancel_by_hand(exchange, protected)

        with Daemon(folder, exchange) as again:
            again.do("POST", "/api/pause", paused=True)
            again.until(lambda: len(resting(exchange, protected["symbol"])) == 2)
            again.until(lambda: ours(again).keys() == theirs(exchange).keys())
            sent = Counter(row["clientOrderId"] for row in books(exchange)["orders"])
            assert max(sent.values()) == 1
