"""The demo as a person sees it: painted in a terminal, left by keys, found again."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pytest
from tests.processes import Screen, command, is_alive

from aitrader.modes.door import Door, find_door

pytestmark = pytest.mark.slow
PRICE = r"(?:BTC|ETH)(?:/?USDT)?\s+([\d,]+\.\d+)"


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path leaves room for the name of a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="at", ignore_cleanup_errors=True) as name:
        yield Path(name)


def demo_in(folder: Path) -> Screen:
    words = ("demo", "--symbols", 5, "--seed", 7, "--speed", 60, "--data-folder", folder)
    return Screen(command(words))


def door_of(folder: Path) -> Door:
    found = find_door(folder / "seed-7")
    assert found is not None
    return found


def leave(screen: Screen, answer: str) -> float:
    """Quit with this answer; return the seconds until the app had ended."""
    screen.press("q")
    screen.wait_for("Leave aitrader")
    start_s = perf_counter()
    screen.press(answer)
    assert screen.wait_for_end() == 0
    return perf_counter() - start_s


def until_gone(pid: int, *, limit_s: float = 10.0) -> None:
    end_s = perf_counter() + limit_s
    while is_alive(pid):
        assert perf_counter() < end_s, f"process {pid} is still there"


def test_prices_move_and_leaving_with_stop_ends_app_and_engine(short_folder: Path) -> None:
    with demo_in(short_folder) as screen:
        first = screen.wait_for(PRICE)
        while screen.wait_for(PRICE).group(1) == first.group(1):
            pass
        engine = door_of(short_folder).pid
        took_s = leave(screen, "s")
        assert "Traceback" not in screen.text
    until_gone(engine)
    assert took_s < 5.0
    assert find_door(short_folder / "seed-7") is None
    database = sqlite3.connect(short_folder / "seed-7" / "aitrader.sqlite")
    assert database.execute("select count(*) from traders").fetchone()[0] > 0
    database.close()


def test_leaving_and_keeping_leaves_the_engine_to_the_next_app(short_folder: Path) -> None:
    with demo_in(short_folder) as screen:
        screen.wait_for(PRICE)
        before = door_of(short_folder)
        leave(screen, "k")
    assert is_alive(before.pid)
    with demo_in(short_folder) as screen:
        screen.wait_for(PRICE)
        assert door_of(short_folder) == before
        leave(screen, "s")
    until_gone(before.pid)
