"""The line on top and the line below."""

from __future__ import annotations

import asyncio

import pytest
from tests.fake_engine import FakeEngine
from tests.tui.stage import screen_of, shown, until

from aitrader.model.view import AccountRow
from aitrader.tui.app import TraderApp
from aitrader.tui.bars import Part, feed_age, fit_parts
from aitrader.tui.columns import Cell


def a_part(text: str, rank: int = 0) -> Part:
    return Part((Cell(text),), rank)


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (20, "mode market     clock"),
        (17, "mode market  clock"),
        (12, "mode   clock"),
        (3, "mode "),
    ],
)
def test_parts_leave_by_rank(width: int, line: str) -> None:
    left = [a_part("mode "), a_part("market", 2)]
    cells = fit_parts(left, [a_part("clock", 1)], width)
    assert "".join(cell.text for cell in cells).split() == line.split()


def test_a_fresh_stream_does_not_flicker() -> None:
    assert [feed_age(age) for age in (0, 999, 1000, 65_000)] == ["<1s", "<1s", "1s", "1m"]
    assert feed_age(86_400_000) == "no connection"


def test_before_the_first_word_the_header_waits() -> None:
    async def story() -> None:
        app = TraderApp(Silent(), FakeEngine())
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            assert "waiting for the engine" in screen_of(app)
            app.board.status_bar.tell("no engine answers")
            await pilot.pause()
            assert "no engine answers" in screen_of(app).splitlines()[0]
            await pilot.press("p")
            assert app.screen is app.screen_stack[0]

    asyncio.run(story())


class Silent(FakeEngine):
    async def frames(self, hz: float):  # type: ignore[no-untyped-def,override]  # noqa: ANN201
        await asyncio.Event().wait()
        yield


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mode": "LIVE"}, " LIVE MONEY "),
        ({"feed": "stale", "feed_age_ms": 7000}, "○ stale 7s"),
        ({"day_pnl": "-12.5"}, "▼ -12.50"),
        ({"errors": 2}, "2 errors"),
        ({"notice": "the disk is full"}, "the disk is full"),
        ({"is_paused": True}, "entries paused"),
    ],
)
def test_the_header_says_what_is_wrong(changes: dict[str, object], words: str) -> None:
    async def story() -> None:
        fake = FakeEngine()
        fake.put_status(**changes)
        async with shown(fake) as (app, _):
            assert words in "\n".join(screen_of(app).splitlines()[:2])

    asyncio.run(story())


PAPER_ROW = AccountRow("paper", "10050.00", "9000", "12.50", "50.00", 2)
LIVE_ROW = AccountRow("live", "512.30", "400", "-3.10", "-8.00", 1)


def test_live_money_colors_the_whole_line_and_the_paper_account_stands_beside_it() -> None:
    async def story() -> None:
        fake = FakeEngine()
        fake.put_status(
            mode="LIVE", account="live", equity="512.30", accounts=(PAPER_ROW, LIVE_ROW)
        )
        async with shown(fake, (160, 50)) as (app, pilot):
            line = screen_of(app).splitlines()[0]
            assert "LIVE MONEY" in line and "512.30" in line
            assert "paper 10,050.00 +12.50" in line
            bar = app.board.status_bar
            tinted = bar.background_colors[1]
            fake.put_status(mode="PAPER", account="paper", accounts=(PAPER_ROW,))
            fake.commit()
            await until(pilot, lambda: not bar.has_class("-live"))
            assert bar.background_colors[1] != tinted
            assert "live 512.30" not in screen_of(app).splitlines()[0]

    asyncio.run(story())


def test_a_notice_finds_its_place_in_one_line_too() -> None:
    async def story() -> None:
        fake = FakeEngine()
        fake.put_status(notice="disk full")
        async with shown(fake, (80, 24)) as (app, _):
            assert "disk full" in screen_of(app).splitlines()[0]

    asyncio.run(story())


def test_silence_is_counted_and_a_word_ends_it() -> None:
    async def story() -> None:
        fake = FakeEngine()
        async with shown(fake) as (app, pilot):
            now_s = asyncio.get_running_loop().time()
            app.board.tick(now_s + 9.5)
            await pilot.pause()
            assert "no word from the engine for 9s" in screen_of(app)
            fake.step()
            await until(pilot, lambda: "no word" not in screen_of(app))

    asyncio.run(story())


def test_a_sentence_gives_way_to_the_keys_again() -> None:
    async def story() -> None:
        async with shown(FakeEngine()) as (app, pilot):
            app.say("done")
            await pilot.pause()
            assert screen_of(app).splitlines()[-1] == " done"
            app.board.tick(asyncio.get_running_loop().time() + 60)
            await pilot.pause()
            assert "q quit" in screen_of(app).splitlines()[-1]

    asyncio.run(story())
