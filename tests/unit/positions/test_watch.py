from __future__ import annotations

from decimal import Decimal

from tests.builders import AT_MS, a_position

from aitrader.model.commands import ArmBand, DisarmBand, StartTimer, StopTimer
from aitrader.model.events import ExitWanted, PositionUpdated, PriceLeft
from aitrader.model.ids import BandId, TimerId
from aitrader.model.order import ExitReason
from aitrader.model.position import Position, PositionStatus
from aitrader.model.trader import Exits, PositionSide
from aitrader.positions.watch import (
    even_left,
    even_over,
    find_trail,
    trail_left,
    unwatched,
    watched,
)

TICK = Decimal("0.01")
EXITS = Exits(trailing_pct=Decimal(1), max_age_ms=60_000)


def a_trailing(**changes: object) -> Position:
    return a_position(**{"exits": EXITS, "trail_price": Decimal(100), **changes})


def test_an_open_position_is_watched_by_a_band_and_a_timer() -> None:
    assert watched(a_trailing(), tick_size=TICK) == [
        ArmBand(band_id=BandId("trail:p-one"), symbol="BTCUSDT", below=99.0, above=100.1),
        StartTimer(timer_id=TimerId("max-age:p-one"), due_ms=AT_MS + 60_000),
    ]


def test_the_band_of_a_short_leaves_above() -> None:
    (band, _timer) = watched(a_trailing(side=PositionSide.SHORT), tick_size=TICK)
    assert isinstance(band, ArmBand)
    assert (band.below, band.above) == (99.9, 101.0)


def test_what_is_not_open_or_has_neither_is_not_watched() -> None:
    assert watched(a_trailing(status=PositionStatus.CLOSING), tick_size=TICK) == []
    assert watched(a_position(), tick_size=TICK) == []
    assert find_trail(a_trailing(exits=Exits(max_age_ms=1)), tick_size=TICK) is None


def test_watching_ends_for_what_was_watched() -> None:
    assert unwatched(a_trailing()) == [
        DisarmBand(band_id=BandId("trail:p-one")),
        StopTimer(timer_id=TimerId("max-age:p-one")),
    ]
    assert unwatched(a_position()) == []


def price_left(price: str) -> PriceLeft:
    return PriceLeft(at_ms=AT_MS, band_id=BandId("trail:p-one"), price=Decimal(price))


def test_a_trail_follows_the_best_price_and_is_left_at_its_level() -> None:
    position, (_updated, raised) = trail_left(a_trailing(), price_left("110"), tick_size=TICK)
    assert position.trail_price == Decimal(110)
    assert raised == ArmBand(
        band_id=BandId("trail:p-one"), symbol="BTCUSDT", below=108.9, above=110.11
    )
    same, (wish,) = trail_left(position, price_left("108.9"), tick_size=TICK)
    assert same is position
    assert wish == ExitWanted(
        at_ms=AT_MS, position_id=position.position_id, reason=ExitReason.TRAILING
    )


def test_a_position_without_a_trail_hears_nothing_of_prices() -> None:
    position = a_position()
    assert trail_left(position, price_left("1"), tick_size=TICK) == (position, [])


EVEN = BandId("even:p-one")


def at_even(price: str) -> PriceLeft:
    return PriceLeft(at_ms=AT_MS, band_id=EVEN, price=Decimal(price))


def test_a_price_in_favor_moves_the_stop_to_break_even_once() -> None:
    waiting = a_position(even_price=Decimal(101))
    assert watched(waiting, tick_size=TICK) == [
        ArmBand(band_id=EVEN, symbol="BTCUSDT", above=101.0)
    ]
    assert unwatched(waiting) == [DisarmBand(band_id=EVEN)]

    after, (fact,) = even_left(waiting, at_even("101"), tick_size=TICK)

    assert (after.stop_price, after.even_price) == (Decimal("100.2"), None)
    assert fact == PositionUpdated(at_ms=AT_MS, position=after)
    assert even_left(after, at_even("102"), tick_size=TICK) == (after, [])


def test_a_price_that_is_not_yet_in_favor_is_waited_for_again() -> None:
    short = a_position(side=PositionSide.SHORT, even_price=Decimal(99), stop_price=Decimal(101))
    assert even_left(short, at_even("99.5"), tick_size=TICK) == (
        short,
        [ArmBand(band_id=EVEN, symbol="BTCUSDT", below=99.0)],
    )


def test_a_stop_that_is_tighter_than_break_even_stays() -> None:
    tight = a_position(even_price=Decimal(102), stop_price=Decimal("100.5"))
    after, _ = even_left(tight, at_even("102"), tick_size=TICK)
    assert (after.stop_price, after.even_price) == (Decimal("100.5"), None)
    loose = a_position(even_price=Decimal(102), stop_price=None)
    assert even_left(loose, at_even("102"), tick_size=TICK)[0].stop_price == Decimal("100.2")


def test_nothing_is_over_that_was_not_begun() -> None:
    assert even_over(None) == even_over(a_position()) == []
