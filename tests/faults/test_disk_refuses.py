"""The disk takes nothing any more, and then the process dies: as processes, with live orders.

The engine holds live positions on the simulated exchange when the system refuses every byte that it
would write to a file. Nothing is entered from then on; a person's close still goes out, from
memory. Then the process is killed, so that only the exchange knows of that sale. The next one finds
it there: its books are the exchange's to the last digit, and nothing is sold twice.
"""

from __future__ import annotations

import os
import resource
import signal
from decimal import Decimal
from pathlib import Path

import pytest
from tests.live_daemon import TRADER, Daemon, Row, an_exchange, books

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
