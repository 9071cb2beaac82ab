"""Whole screens as text. `--snapshot-update` writes them anew; read the difference."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from tests.fake_engine import START_MS, FakeEngine
from tests.tui.stage import screen_of, shown, until

from aitrader.model.view import AccountRow, AnalysisRow, PositionRow, SignalRow, TraderRow
from aitrader.tui.taste import Taste

SNAPSHOTS = Path(__file__).parent / "snapshots"
SIZES = ((80, 24), (120, 36), (160, 50), (200, 60))


def a_busy_engine() -> FakeEngine:
    fake = FakeEngine(symbols=40, traders=6)
    fake.fill(signals=9, positions=6)
    return fake


def an_engine_with_an_analyst() -> FakeEngine:
    fake = a_busy_engine()
    fake.put_status(analyst="gemini-flash")
    for number, choice in enumerate(("ENTER", "WAIT", "SKIP")):
        reason = "the trend is clean and the stop is near"
        row = AnalysisRow(
            f"s-{number}", START_MS + number, "Dip", "BTCUSDT", choice, reason, f"0.0{number}1"
        )
        fake.put(row)
    fake.commit()
    return fake


@pytest.fixture
def same(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a screen with the one that was kept under that name."""

    def compare(name: str, screen: str) -> None:
        path = SNAPSHOTS / f"{name}.txt"
        if request.config.getoption("--snapshot-update", default=False):
            path.write_text(screen)
        assert path.exists(), f"no {path.name} yet: look at it and run with --snapshot-update"
        assert screen == path.read_text()

    return compare


def draw(fake: FakeEngine, size: tuple[int, int], *keys: str) -> str:
    async def story() -> str:
        async with shown(fake, size) as (app, pilot):
            for key in keys:
                await pilot.press(key)
            await pilot.pause()
            await pilot.pause(0.01)
            return screen_of(app)

    return asyncio.run(story())


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_busy_screen(size: tuple[int, int], same: Callable[[str, str], None]) -> None:
    same(f"busy_{size[0]}x{size[1]}", draw(a_busy_engine(), size))


def test_an_empty_screen(same: Callable[[str, str], None]) -> None:
    same("empty_80x24", draw(an_empty_engine(), (80, 24)))


def a_troubled_engine() -> FakeEngine:
    """One whose stream is down, with what goes wrong in each panel."""
    fake = an_engine_with_an_analyst()
    fault = "line 12: m.clse is unknown; did you mean m.close?"
    for row in list(fake.rows.values()):
        if isinstance(row, TraderRow):
            fake.put(replace(row, state=fault))
        elif isinstance(row, SignalRow):
            fake.put(replace(row, status="SKIPPED", note="entries are paused: the stream is down"))
        elif isinstance(row, PositionRow) and row.status == "OPEN":
            fake.put(replace(row, status="CLOSING", stop_price=None))
        elif isinstance(row, AnalysisRow):
            fake.put(replace(row, choice="SKIP", reason="the model did not answer in 20 s"))
    for number in range(6):
        fake.log("ERROR", f"order {number}: the exchange refused it, -2010 insufficient balance")
    fake.put_status(feed="down", feed_age_ms=95_000, errors=6, notice="the market stream is down")
    fake.commit()
    return fake


def an_empty_engine() -> FakeEngine:
    fake = FakeEngine(symbols=0, traders=0)
    fake.commit()
    return fake


STATES: tuple[tuple[str, Callable[[], FakeEngine], tuple[int, int]], ...] = (
    ("empty", an_empty_engine, (80, 24)),
    ("full", an_engine_with_an_analyst, (80, 24)),
    ("error", a_troubled_engine, (80, 24)),
    ("narrow", an_engine_with_an_analyst, (44, 16)),
)


@pytest.mark.parametrize(("state", "engine", "size"), STATES, ids=[row[0] for row in STATES])
def test_each_panel_alone_in_each_state(
    state: str,
    engine: Callable[[], FakeEngine],
    size: tuple[int, int],
    same: Callable[[str, str], None],
) -> None:
    async def story() -> list[str]:
        screens = []
        async with shown(engine(), size) as (app, pilot):
            await pilot.press("z")
            for number in range(1, 8):
                await pilot.press(str(number))
                app.board.tick(asyncio.get_running_loop().time())
                await pilot.pause(0.01)
                screens.append(screen_of(app))
        return screens

    for number, screen in enumerate(asyncio.run(story()), 1):
        same(f"panel_{number}_{state}", screen)


def test_the_palette(same: Callable[[str, str], None]) -> None:
    async def story(*keys: str) -> str:
        async with shown(a_busy_engine(), (80, 24)) as (app, pilot):
            await pilot.press("ctrl+p")
            await until(pilot, lambda: "Close position" in screen_of(app))
            await pilot.press(*keys)
            await until(pilot, lambda: ("Add trader" in screen_of(app)) is not bool(keys))
            return screen_of(app)

    same("window_palette_80x24", asyncio.run(story()))
    same("window_palette_found_80x24", asyncio.run(story(*"kill")))


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("help", ("question_mark",)),
        ("quit", ("q",)),
        ("pause", ("p",)),
        ("close", ("x",)),
        ("move_stop", ("m", "6", "3", "5", "0", "0")),
        ("market", ("1", "j", "enter")),
        ("trader", ("2", "enter")),
        ("signal", ("3", "j", "enter")),
        ("position", ("4", "enter")),
        ("unwatched", ("1", "j", "j", "enter")),
        ("add", ("a",)),
        ("edit", ("2", "E")),
        ("remove", ("2", "D")),
        ("kill_switch", ("K",)),
        ("filter", ("1", "slash", "e", "t", "h")),
        ("sorted", ("4", "s", "s", "z")),
        ("warnings", ("6", "s", "s", "z")),
    ],
)
def test_a_window(name: str, keys: tuple[str, ...], same: Callable[[str, str], None]) -> None:
    same(f"window_{name}_80x24", draw(a_busy_engine(), (80, 24), *keys))


def test_a_stream_that_is_down_and_a_pause_are_in_the_header(
    same: Callable[[str, str], None],
) -> None:
    fake = a_busy_engine()
    fake.put_status(
        feed="down",
        feed_age_ms=95_000,
        is_paused=True,
        errors=3,
        notice="the market stream is down since 14:23: no new entries",
    )
    fake.commit()
    same("down_120x36", draw(fake, (120, 36)))


def test_what_an_analyst_answered(same: Callable[[str, str], None]) -> None:
    same("window_analysis_80x24", draw(an_engine_with_an_analyst(), (80, 24), "5", "enter"))


def test_what_came_of_a_backtest(same: Callable[[str, str], None]) -> None:
    async def story() -> str:
        async with shown(a_busy_engine(), (80, 24)) as (app, pilot):
            await pilot.press("2", "b")
            await until(pilot, lambda: "w write the report" in screen_of(app))
            return screen_of(app)

    same("window_backtest_80x24", asyncio.run(story()))


def an_engine_with_live_money() -> FakeEngine:
    fake = a_busy_engine()
    paper = AccountRow("paper", "10123.45", "9000", "123.45", "123.45", 4)
    live = AccountRow("live", "512.30", "400", "-3.10", "-8.00", 1)
    fake.put_status(mode="LIVE", account="live", equity="512.30", accounts=(paper, live))
    fake.put(replace(fake.add_position(1), account="live"))
    fake.commit()
    return fake


@pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=str)
def test_live_money_is_on_every_screen(
    size: tuple[int, int], same: Callable[[str, str], None]
) -> None:
    same(f"live_{size[0]}x{size[1]}", draw(an_engine_with_live_money(), size))


def test_a_chart_with_its_facts(same: Callable[[str, str], None]) -> None:
    same("chart_120x36", draw(a_busy_engine(), (120, 36), "4", "enter"))


def test_the_place_for_three_shows_the_one_in_focus() -> None:
    for size in SIZES:
        for number, name in ((5, "5 AI"), (6, "6 Logs"), (7, "7 Deploy")):
            assert name in draw(a_busy_engine(), size, str(number))
    wide = draw(a_busy_engine(), (200, 60), "5")
    assert "5 AI" in wide and "6 Logs" in wide


def test_plain_signs_are_all_ascii() -> None:
    async def story(*keys: str) -> str:
        async with shown(a_busy_engine(), (120, 36), Taste(is_ascii=True)) as (app, pilot):
            await pilot.press(*keys)
            await pilot.pause(0.01)
            return screen_of(app)

    for keys in ((), ("2", "enter"), ("4", "enter"), ("question_mark",), ("ctrl+p",)):
        screen = asyncio.run(story(*keys))
        assert screen.isascii(), {char for char in screen if not char.isascii()}


def test_an_engine_that_has_ended_is_said_so(same: Callable[[str, str], None]) -> None:
    async def story() -> str:
        fake = a_busy_engine()
        async with shown(fake, (80, 24)) as (app, pilot):
            fake.end()
            await until(pilot, lambda: app.board.status_bar.trouble)
            return screen_of(app)

    same("ended_80x24", re.sub(r"\b\ds ago", "0s ago", asyncio.run(story())))


@pytest.mark.parametrize(
    "size", [(40, 12), (80, 24), (99, 29), (100, 30), (140, 40), (180, 30), (240, 70)]
)
def test_every_line_is_as_wide_as_the_terminal(size: tuple[int, int]) -> None:
    async def story() -> list[int]:
        async with shown(a_busy_engine(), size) as (app, _):
            strips = app.screen._compositor.render_strips()
            return [cell_len("".join(segment.text for segment in strip)) for strip in strips]

    assert asyncio.run(story()) == [size[0]] * size[1]


def test_no_number_is_cut_at_any_width() -> None:
    for size in SIZES:
        for line in draw(a_busy_engine(), size).splitlines():
            cut = [word for word in line.split() if word.endswith("…") and word[:-1].isdigit()]
            assert not cut
