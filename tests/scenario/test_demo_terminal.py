"""The demo as a person sees it: painted in a terminal, left by keys, found again."""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter

import pytest
from tests.processes import Screen, command, is_alive

from aitrader.modes.door import Door, find_door

pytestmark = pytest.mark.slow
LEAVING_S = 2.0
PRICE = r"(?:BTC|ETH)(?:/?USDT)?\s+([\d,]+\.\d+)"


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path leaves room for the name of a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="at", ignore_cleanup_errors=True) as name:
        yield Path(name)


def demo_in(folder: Path, *, editor: str = "") -> Screen:
    words = ("demo", "--symbols", 5, "--seed", 7, "--speed", 60, "--data-folder", folder)
    return Screen(["env", f"EDITOR={editor}", *command(words)])


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


def left_by_question(screen: Screen) -> None:
    screen.press("q")
    screen.wait_for("Leave aitrader")
    screen.press("s")


def left_by_interrupts(screen: Screen) -> None:
    screen.press("\x03")
    screen.wait_for("Leave aitrader")
    screen.press("\x03")


ENDS: tuple[Callable[[Screen], None], ...] = (left_by_question, left_by_interrupts, Screen.close)


@pytest.mark.parametrize("end", ENDS, ids=["q", "ctrl+c", "closed"])
def test_every_way_out_ends_app_engine_and_exchange_with_all_facts_on_disk(
    short_folder: Path, end: Callable[[Screen], None]
) -> None:
    with demo_in(short_folder) as screen:
        screen.wait_for(PRICE)
        screen.wait_for(r"[1-9] open")
        engine = door_of(short_folder).pid
        family = [engine, *children_of(engine)]
        start_s = perf_counter()
        end(screen)
        screen.wait_for_end()
        for pid in family:
            until_gone(pid)
        took_s = perf_counter() - start_s
        assert "Traceback" not in screen.text
    assert len(family) > 1
    assert took_s < LEAVING_S
    assert find_door(short_folder / "seed-7") is None
    with closing(sqlite3.connect(short_folder / "seed-7" / "aitrader.sqlite")) as database:
        (check,) = database.execute("pragma integrity_check").fetchone()
        (closes,) = database.execute(
            "select count(*) from events where kind = 'CandlesClosed'"
        ).fetchone()
    assert (check, closes > 0) == ("ok", True)
    assert not list((short_folder / "seed-7").glob("*.sqlite-wal"))


def children_of(pid: int) -> list[int]:
    shown = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in shown.stdout.split()]


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


def test_an_editor_of_ones_own_has_the_terminal_and_what_it_saves_is_checked(
    short_folder: Path,
) -> None:
    editor = short_folder / "editor"
    editor.write_text("#!/bin/sh\necho in the editor; sed -i 's/^NAME = .*/NAME = 7/' \"$1\"\n")
    editor.chmod(0o755)
    with demo_in(short_folder, editor=str(editor)) as screen:
        screen.wait_for(PRICE)
        screen.press("2")
        screen.wait_for("2 Traders")
        screen.press("E")
        screen.wait_for("in the editor")
        screen.wait_for("NAME = 7")
        screen.wait_for("NAME .*text")
        screen.press("\x1b")
        screen.wait_for("2 Traders")
        leave(screen, "s")


def test_an_editor_that_is_not_there_leaves_the_app_alive_with_its_own(short_folder: Path) -> None:
    with demo_in(short_folder, editor="/no/such/editor") as screen:
        screen.wait_for(PRICE)
        screen.press("2")
        screen.wait_for("2 Traders")
        screen.press("E")
        screen.wait_for("ctrl.s save")
        screen.press("\x1b")
        screen.wait_for("2 Traders")
        leave(screen, "s")
