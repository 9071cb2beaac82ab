"""Another stop for an open position."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from msgspec.structs import replace
from tests.fake_engine import FakeEngine
from tests.tui.stage import screen_of, shown, until

from aitrader.model.control import AnyRequest, ClosePosition, MoveStop
from aitrader.tui.moving import HINT, StopMover, meaning, wanted
from aitrader.tui.taste import Taste

LONG = replace(FakeEngine().add_position(0), entry_price=100.0, mark_price=110.0, stop_price=95.0)
SHORT = replace(LONG, side="SHORT", mark_price=90.0)


@pytest.mark.parametrize(
    ("typed", "row", "price"),
    [
        ("105", LONG, "105"),
        (" 64,100.5 ", LONG, "64100.5"),
        ("1%", LONG, "108.9"),
        ("1 %", SHORT, "90.9"),
        ("entry", LONG, "100"),
        ("ENTRY", SHORT, "100"),
    ],
)
def test_a_price_a_distance_or_the_entry_is_a_price(typed: str, row: object, price: str) -> None:
    assert wanted(typed, row) == Decimal(price)  # type: ignore[arg-type]


@pytest.mark.parametrize("typed", ["", "x", "0", "-3", "nan", "inf", "100%", "%", "200 %"])
def test_what_is_no_price_is_none(typed: str) -> None:
    assert wanted(typed, LONG) is None
    assert meaning(typed, LONG) == HINT


def test_it_says_how_far_away_and_what_would_be_won() -> None:
    assert meaning("105", LONG) == "-4.55 % from now; hit there it ends at +5.00 %"
    assert meaning("99", SHORT) == "+10.00 % from now; hit there it ends at +1.00 %"


def test_a_stop_on_the_wrong_side_is_said_to_be_one() -> None:
    assert "would close it at once; a stop is below the price" in meaning("111", LONG)
    assert "would close it at once; a stop is above the price" in meaning("80", SHORT)
    nothing = replace(LONG, mark_price=0.0, entry_price=0.0)
    assert "at once" in meaning("5", nothing)
    assert "+0.00" not in meaning("5", replace(SHORT, entry_price=0.0, mark_price=1.0))


def moved(*keys: str, open_with: tuple[str, ...] = ("m",)) -> list[AnyRequest]:
    """Return what was asked of the engine after these keys."""

    async def story() -> list[AnyRequest]:
        fake = FakeEngine(symbols=30)
        fake.fill()
        async with shown(fake, (120, 36)) as (app, pilot):
            await pilot.press(*open_with)
            await until(pilot, lambda: isinstance(app.screen, StopMover))
            await pilot.press(*keys)
            await pilot.pause(0.01)
            assert isinstance(app.screen, StopMover) is (keys[-1] == "x")
        kinds = (MoveStop, ClosePosition)
        return [request for request in fake.asked if isinstance(request, kinds)]

    return asyncio.run(story())


def test_a_stop_is_typed_and_sent_once() -> None:
    assert moved("6", "4", "0", "0", "0", "enter") == [MoveStop("p-0", Decimal(64000))]
    assert moved("9", "backspace", "6", "4", "enter") == [MoveStop("p-0", Decimal(64))]
    assert moved("9", "ctrl+u", "7", "enter") == [MoveStop("p-0", Decimal(7))]


def test_what_is_no_price_is_not_sent_and_escape_sends_nothing() -> None:
    assert moved("enter", "x") == []
    assert moved("5", "escape") == []


def test_it_is_done_over_the_chart_too() -> None:
    sent = moved("6", "4", "0", "0", "0", "enter", open_with=("enter", "m"))
    assert sent == [MoveStop("p-0", Decimal(64000))]


def test_without_an_open_position_there_is_nothing_to_move() -> None:
    async def story() -> None:
        fake = FakeEngine()
        async with shown(fake, (120, 36)) as (app, pilot):
            await pilot.press("m")
            await until(pilot, lambda: app.board.key_bar.message.text)
            assert "select an open position first" in app.board.key_bar.message.text

    asyncio.run(story())


def test_the_window_is_plain_where_signs_are() -> None:
    async def story() -> str:
        fake = FakeEngine(symbols=30)
        fake.fill()
        async with shown(fake, (120, 36), Taste(is_ascii=True)) as (app, pilot):
            await pilot.press("m", "6")
            await until(pilot, lambda: "Move the stop of BTCUSDT long?" in screen_of(app))
            return screen_of(app)

    assert asyncio.run(story()).isascii()
