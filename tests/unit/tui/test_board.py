"""Frames in, panels out."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace
from tests.fake_engine import FakeEngine
from tests.tui.stage import screen_of, shown, until

from aitrader.tui import text as words


def a_busy_engine() -> FakeEngine:
    fake = FakeEngine()
    fake.fill()
    return fake


def test_a_new_snapshot_takes_the_place_of_the_old_one() -> None:
    async def story() -> None:
        fake = a_busy_engine()
        async with shown(fake) as (app, _):
            board = app.board
            now_s = asyncio.get_running_loop().time()
            frame = fake._frame(0, 0)
            board.show(
                replace(
                    frame,
                    markets=frame.markets[:2],
                    traders=frame.traders[:1],
                    signals=(),
                    positions=frame.positions[:1],
                    logs=(),
                ),
                now_s,
            )
            counts = [len(table.rows) for table in (board.markets, board.traders)]
            assert counts == [2, 1]
            assert (len(board.signals.rows), len(board.positions.rows)) == (0, 1)
            assert board.positions.border_subtitle == "1 open  +6.55"

    asyncio.run(story())


def test_prices_are_grey_while_the_engine_is_gone_and_alive_when_it_is_back() -> None:
    async def story() -> None:
        fake = a_busy_engine()
        async with shown(fake) as (app, pilot):
            app.board.lose("the engine has ended", asyncio.get_running_loop().time())
            await pilot.pause()
            assert "the engine has ended; trying again" in screen_of(app)
            assert app.board.markets.rows["BTCUSDT"].is_old
            fake.step()
            await until(pilot, lambda: not app.board.trouble)
            assert "trying again" not in screen_of(app)
            assert not app.board.markets.rows["BTCUSDT"].is_old

    asyncio.run(story())


def test_a_lost_engine_counts_down_to_the_next_try() -> None:
    async def story() -> None:
        async with shown(a_busy_engine()) as (app, pilot):
            now_s = asyncio.get_running_loop().time()
            app.board.lose("no engine answers", now_s, again_s=8.0)
            await pilot.pause()
            assert "no engine answers; trying again in 8s" in screen_of(app)
            app.board.tick(now_s + 5)
            await pilot.pause()
            assert "trying again in 3s" in screen_of(app)

    asyncio.run(story())


def test_a_lost_engine_leaves_a_screen_that_says_how_old_it_is() -> None:
    async def story() -> None:
        async with shown(a_busy_engine()) as (app, pilot):
            await until(pilot, lambda: app.board.status_bar.status)
            now_s = asyncio.get_running_loop().time()
            app.board.lose("no engine answers", now_s, again_s=8.0)
            app.board.tick(now_s + 125)
            await pilot.pause()
            seen = words.clock(app.board.status_bar.status.now_ms)  # type: ignore[union-attr]
            assert f"as of {seen} 2m ago" in screen_of(app)

    asyncio.run(story())


def test_a_price_that_does_not_move_grows_old_and_calm() -> None:
    async def story() -> None:
        fake = a_busy_engine()
        async with shown(fake) as (app, pilot):
            fake.step()
            await until(pilot, lambda: app.board.markets.rows["BTCUSDT"].move)
            now_s = asyncio.get_running_loop().time()
            app.board.tick(now_s + 2)
            assert app.board.markets.rows["BTCUSDT"][1:] == (0, False)
            app.board.tick(now_s + 40)
            assert app.board.markets.rows["BTCUSDT"][1:] == (0, True)

    asyncio.run(story())


def test_why_prices_are_old_is_one_sentence() -> None:
    async def story() -> None:
        fake = a_busy_engine()
        async with shown(fake) as (app, pilot):
            assert app.board.staleness == ""
            fake.put_status(feed="down")
            fake.commit()
            await until(pilot, lambda: app.board.staleness == "the market stream is down")
            app.board.lose("the engine has ended", asyncio.get_running_loop().time())
            assert app.board.staleness == "the engine has ended"
            app.board.trouble, app.board.status_bar.status = "", None
            assert app.board.staleness == "no word from the engine yet"

    asyncio.run(story())


def test_a_position_is_grey_with_the_price_of_its_symbol() -> None:
    async def story() -> None:
        async with shown(a_busy_engine()) as (app, _):
            board, now_s = app.board, asyncio.get_running_loop().time()
            mark = next(c for c in board.positions.columns if c.label == "Mark")
            row = board.positions.rows["p-0"]
            board.tick(now_s)
            assert mark.cell(row, 10).style == ""
            board.tick(now_s + 40)
            assert mark.cell(row, 10).style == "faint"

    asyncio.run(story())
