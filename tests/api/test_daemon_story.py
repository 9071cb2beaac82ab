"""A daemon as a real process, driven from outside through a whole trade and a graceful stop."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx2
import pytest
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from tests.processes import Screen, command

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

LIMIT_S = 60.0
KEY = "a-key-of-the-tests-1"
CTRL_S = "\x13"
QUICK = '''"""Always true on the first candle of an hour."""
NAME = "Quick"
SYMBOLS = ["BTCUSDT", "ETHUSDT"]
INTERVAL = "1m"
EXITS = {"stop_loss": "20%", "take_profit": "50%"}
RISK = {"amount": 100, "max_open": 5}

def conditions(m):
    return {"it rises": m.close > m.open}
'''


def a_free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Daemon:
    """`aitrader demo --daemon` on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = a_free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        words = ["demo", "--daemon", "--symbols", "5", "--speed", "120", "--data-folder", folder]
        self.process = subprocess.Popen(
            ["env", f"PORT={self.port}", f"API_KEY={KEY}", "DATA_REQUESTS_PER_MIN=0",
             *command(words)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.web = httpx2.Client(
            base_url=self.address, headers={"authorization": f"Bearer {KEY}"}, timeout=10
        )

    def __enter__(self) -> Daemon:
        self.until(self.is_up)
        return self

    def __exit__(self, *_: object) -> None:
        self.web.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def until(self, is_so: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the condition found
        """Wait until something is so and return it."""
        end_s = perf_counter() + LIMIT_S
        while not (found := is_so()):
            assert perf_counter() < end_s, "it never came"
            assert self.process.poll() is None, self.process.communicate()[1][-3000:]
            time.sleep(0.02)
        return found

    def is_up(self) -> bool:
        try:
            return self.web.get("/health").status_code == 200
        except httpx2.TransportError:
            return False

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Return what a route answers."""
        answer = self.web.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()


class Ear(WSListener):
    """Subscribes to positions and waits for one that is open."""

    def __init__(self) -> None:
        self.opened: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    def on_ws_connected(self, transport: WSTransport) -> None:
        wish = {"type": "subscribe", "channels": ["signals", "positions"]}
        transport.send(WSMsgType.TEXT, json.dumps(wish).encode())

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        message = json.loads(frame.get_payload_as_utf8_text())
        is_position = message["type"] == "position_update"
        if is_position and message["data"]["status"] == "OPEN" and not self.opened.done():
            self.opened.set_result(message["data"])


async def opened_position(port: int) -> dict[str, Any]:
    """Return the next position that `/ws` tells of as open."""
    url, headers = f"ws://127.0.0.1:{port}/ws", {"Authorization": f"Bearer {KEY}"}
    ear = Ear()
    transport, _ = await ws_connect(lambda: ear, url, extra_headers=headers)
    try:
        async with asyncio.timeout(LIMIT_S):
            return await ear.opened
    finally:
        transport.disconnect()


def test_a_whole_trade_and_a_graceful_stop_from_outside(tmp_path: Path) -> None:
    with Daemon(tmp_path) as daemon:
        assert daemon.web.post("/api/traders", json={"source": "nonsense"}).status_code == 422
        added = daemon.web.post("/api/traders", json={"source": QUICK})
        assert added.status_code == 201, added.text
        position_id = asyncio.run(opened_position(daemon.port))["id"]
        assert daemon.get("/api/positions")["positions"]
        closing = daemon.web.post(f"/api/positions/{position_id}/close")
        assert closing.status_code == 202, closing.text
        closed = daemon.until(
            lambda: (p := daemon.get(f"/api/positions/{position_id}"))["status"] == "CLOSED" and p
        )
        assert closed["exitReason"] == "MANUAL"
        orders = daemon.get("/api/orders?limit=1000")["orders"]
        legs = {order["leg"] for order in orders if order["positionId"] == position_id}
        assert {"ENTRY", "EXIT"} <= legs
        asked = daemon.get("/api/events?kind=ChangeAsked")["events"]
        assert [(row["body"]["who"], row["body"]["what"]) for row in asked] == [
            ("api-key", "ClosePosition"),
            ("api-key", "AddTrader"),
            ("api-key", "AddTrader"),
        ]
        story = daemon.get(f"/api/positions/{position_id}/story")
        assert story["signal"]["conditions"]
        assert len(story["fills"]) >= 2
        assert daemon.get("/status")["errors"] == 0
        daemon.process.send_signal(signal.SIGTERM)
        _, log = daemon.process.communicate(timeout=30)
        assert daemon.process.returncode == 0, log[-3000:]
        assert KEY not in log
        assert "AddTrader asked by api-key (done)" in log
        assert "told to end by SIGTERM" in log
    (database,) = tmp_path.rglob("aitrader.sqlite")
    with sqlite3.connect(database) as disk:
        row = disk.execute("select status from positions where position_id=?", (position_id,))
        assert row.fetchone() == ("CLOSED",)


def test_the_same_trade_and_the_same_stop_through_a_monitor_by_keys(tmp_path: Path) -> None:
    file = tmp_path / "quick.py"
    file.write_text(QUICK)
    with Daemon(tmp_path / "demo") as daemon:

        def held(status: str, **wanted: str) -> list[Any]:
            screen.keep_up()
            rows = daemon.get("/api/positions?which=all&trader=Quick")["positions"]
            right = {"status": status, **wanted}
            return [row for row in rows if right.items() <= row.items()]

        words = ["env", f"API_KEY={KEY}", sys.executable, "-m", "aitrader", "--monitor"]
        with Screen([*words, daemon.address]) as screen:
            screen.wait_for("BTCUSDT")
            screen.wait_for("ms away")
            screen.press("a")
            screen.wait_for("ctrl.s save")
            screen.press(str(file))
            screen.wait_for(r"quick\.py")
            screen.press(CTRL_S)
            screen.wait_for("Quick is watching")
            daemon.until(lambda: held("OPEN"))
            screen.press("4/")
            screen.wait_for("esc shows all")
            screen.press("quick\r")
            screen.wait_for("1-7 panel")
            screen.press("x")
            screen.wait_for("now at market")
            screen.press("y")
            daemon.until(lambda: held("CLOSED", exitReason="MANUAL"))
            asked = daemon.get("/api/events?kind=ChangeAsked")["events"]
            assert ("api-key", "ClosePosition") in {
                (row["body"]["who"], row["body"]["what"]) for row in asked
            }
            screen.press("q")
            screen.wait_for("leave it running")
            screen.press("s")
            assert screen.wait_for_end() == 0
        _, log = daemon.process.communicate(timeout=30)
        assert daemon.process.returncode == 0, log[-3000:]
        assert KEY not in log


def test_a_monitor_that_leaves_does_not_end_the_daemon(tmp_path: Path) -> None:
    with Daemon(tmp_path) as daemon:
        words = ["env", f"API_KEY={KEY}", sys.executable, "-m", "aitrader", "--monitor"]
        with Screen([*words, daemon.address]) as screen:
            screen.wait_for("BTCUSDT")
            screen.press("q")
            screen.wait_for("leave it running")
            screen.press("k")
            screen.wait_for_end()
        assert daemon.get("/health")["status"] in ("ok", "degraded")
