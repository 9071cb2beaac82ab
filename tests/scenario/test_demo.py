"""The demo as a person runs it without a terminal: trades, is killed, goes on, replays a file."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
from pathlib import Path
from time import perf_counter

import pytest
from tests.processes import LIMIT_S, aitrader, started

KEYS = {
    "candles",
    "checks",
    "signals",
    "orders",
    "positions_opened",
    "positions_closed",
    "pnl",
    "errors",
    "cpu_s",
    "rss_mb",
}
FIVE_MINUTES = 300_000
FIRST_MS = 1_733_011_200_000
REAL = Path(__file__).parents[3] / "shared" / "data" / "candles" / "ETHUSDT_5m_2024-12.csv"
TWICE_HELD = """
    select trader_id, symbol from positions where status != 'CLOSED'
    group by trader_id, symbol having count(*) > 1
"""
TWICE_ENTERED = """
    select position_id from orders where leg = 'ENTRY' and status = 'FILLED'
    group by position_id having count(*) > 1
"""

Told = dict[str, int]


def headless(folder: Path, *words: object) -> Told:
    """Run a demo to its end and return what it told."""
    ended = aitrader("demo", "--headless", "--json", "--data-folder", folder, *words)
    assert ended.returncode == 0, ended.stderr[-3000:]
    told: Told = json.loads(ended.stdout)
    assert told["errors"] == 0, ended.stderr[-3000:]
    return told


def rows(database: Path, query: str) -> list[tuple[str, ...]]:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def positions(database: Path) -> dict[str, str]:
    """Return the status of every position on disk by its id."""
    return dict(rows(database, "select position_id, status from positions"))


def last_event_ms(database: Path) -> int:
    return int(rows(database, "select max(at_ms) from events")[0][0])


def open_ones(found: dict[str, str]) -> set[str]:
    return {position_id for position_id, status in found.items() if status != "CLOSED"}


def until_trading(database: Path) -> None:
    """Return when at least two positions were opened and one of them is open."""
    end_s = perf_counter() + LIMIT_S
    while perf_counter() < end_s:
        with contextlib.suppress(sqlite3.Error):
            found = positions(database)
            if len(found) >= 2 and open_ones(found):
                return
    pytest.fail("nothing was opened")


def a_saw(folder: Path, bars: int) -> Path:
    """Candles of 5 minutes from a whole hour on: up for seven, down for seven."""
    path = folder / "ETHUSDT_5m_saw.csv"
    lines, price = [], 3_700.0
    for bar in range(bars):
        close = price + (9.5 if bar // 7 % 2 else -9.0)
        high, low = max(price, close) + 1, min(price, close) - 1
        volume = f"{120 + bar % 5}.125"
        row = (FIRST_MS + bar * FIVE_MINUTES, price, high, low, close, volume)
        lines.append(",".join(map(str, row)))
        price = close
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_few_seconds_of_demo_open_and_close_positions(tmp_path: Path) -> None:
    told = headless(tmp_path, "--symbols", 20, "--speed", 300, "--for", 4)
    assert told.keys() >= KEYS
    assert told["positions_opened"] >= 1
    assert told["positions_closed"] >= 1
    assert told["signals"] >= told["positions_opened"] >= told["positions_closed"]
    assert told["orders"] >= told["positions_opened"]
    assert told["checks"] > told["candles"] > 20
    assert told["rss_mb"] < 150


@pytest.mark.slow
def test_a_demo_that_is_killed_goes_on_with_every_position_once(tmp_path: Path) -> None:
    database = tmp_path / "seed-7" / "aitrader.sqlite"
    words = ("--symbols", 20, "--speed", 300)
    with started("demo", "--headless", *words, "--data-folder", tmp_path) as first:
        until_trading(database)
        os.kill(first.pid, signal.SIGKILL)
        first.wait(LIMIT_S)
    before, killed_ms = positions(database), last_event_ms(database)
    headless(tmp_path, *words, "--for", 3)
    after = positions(database)
    assert open_ones(before) <= after.keys()
    assert last_event_ms(database) > killed_ms
    assert rows(database, TWICE_HELD) == []
    assert rows(database, TWICE_ENTERED) == []


@pytest.mark.slow
def test_a_replay_counts_every_candle_and_ends_by_itself(tmp_path: Path) -> None:
    words = ("--replay", a_saw(tmp_path, 240), "--speed", "max", "--for", 60)
    start_s = perf_counter()
    told = headless(tmp_path / "demo", *words)
    assert told["candles"] == 240 + 20, "each candle, and the hours that one trader looks at"
    assert perf_counter() - start_s < LIMIT_S


@pytest.mark.slow
def test_a_second_replay_starts_anew_and_keeps_the_first(tmp_path: Path) -> None:
    words = ("--replay", a_saw(tmp_path, 60), "--speed", "max", "--for", 60)
    first = headless(tmp_path / "demo", *words)
    second = headless(tmp_path / "demo", *words)
    same = KEYS - {"cpu_s", "rss_mb"}
    assert {key: first[key] for key in same} == {key: second[key] for key in same}
    kept = sorted((tmp_path / "demo").glob("replay-*/aitrader.sqlite"))
    assert len(kept) == 2


@pytest.mark.slow
@pytest.mark.skipif(not REAL.exists(), reason="recorded candles are not ours to ship")
def test_real_candles_make_a_real_trade(tmp_path: Path) -> None:
    bars = 1_200
    path = tmp_path / REAL.name
    with REAL.open() as whole:
        head = next(whole)
        rows = [head, *(next(whole) for _ in range(bars - (not head.startswith("open_time"))))]
    path.write_text("".join(rows))
    words = ("--replay", path, "--speed", "max", "--for", 60)
    told = headless(tmp_path / "demo", *words)
    assert bars <= told["candles"] <= bars + bars // 12
    assert told["positions_opened"] >= 1
