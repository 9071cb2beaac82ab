from __future__ import annotations

from decimal import Decimal

import pytest
from tests.builders import a_position, an_instrument

from aitrader.model.errors import Refused
from aitrader.model.instrument import Instrument
from aitrader.model.position import Position, TargetPrice
from aitrader.model.trader import Exits, Level, LevelKind, PositionSide, Target
from aitrader.positions.exits import (
    Trail,
    even_price,
    even_stop,
    is_beyond,
    is_tighter,
    moved_stop,
    stop_price,
    target_prices,
    trail,
)

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
TICK = Decimal("0.01")


def level(kind: str, value: str) -> Level:
    return Level(LevelKind[kind], Decimal(value))


def stop(given: Level, side: PositionSide = LONG, fill: str = "100") -> Decimal | None:
    return stop_price(Exits(stop_loss=given), side=side, fill_price=Decimal(fill), tick_size=TICK)


@pytest.mark.parametrize(
    ("given", "side", "price"),
    [
        (level("PERCENT", "1"), LONG, "99"),
        (level("PERCENT", "1"), SHORT, "101"),
        (level("DISTANCE", "1.5"), LONG, "98.5"),
        (level("DISTANCE", "1.5"), SHORT, "101.5"),
        (level("PRICE", "97.5"), LONG, "97.5"),
        (level("DISTANCE", "1.234"), LONG, "98.77"),
        (level("DISTANCE", "1.236"), SHORT, "101.23"),
        (level("PERCENT", "100"), LONG, "0.01"),
    ],
)
def test_a_stop_is_never_looser_than_asked(given: Level, side: PositionSide, price: str) -> None:
    assert stop(given, side) == Decimal(price)


def test_a_trader_without_stop_has_none() -> None:
    exits = Exits(max_age_ms=1)
    assert stop_price(exits, side=LONG, fill_price=Decimal(100), tick_size=TICK) is None


def targets(
    *rows: tuple[str, str],
    side: PositionSide = LONG,
    quantity: str = "1",
    rules: Instrument | None = None,
    given: Level | None = None,
) -> tuple[TargetPrice, ...]:
    exits = Exits(
        stop_loss=given,
        take_profit=tuple(Target(level("PERCENT", pct), Decimal(share)) for pct, share in rows),
    )
    return target_prices(
        exits,
        side=side,
        fill_price=Decimal(100),
        quantity=Decimal(quantity),
        rules=rules or an_instrument(),
    )


def prices(found: tuple[TargetPrice, ...]) -> list[tuple[str, str]]:
    return [(str(row.price.normalize()), str(row.quantity.normalize())) for row in found]


def test_targets_stand_nearest_first_and_the_last_takes_what_the_steps_left() -> None:
    found = targets(("4", "0.5"), ("2", "0.5"), quantity="1.0019")
    assert prices(found) == [("102", "0.5"), ("104", "0.501")]


def test_targets_of_a_short_lie_below() -> None:
    assert prices(targets(("4", "0.5"), ("2", "0.5"), side=SHORT)) == [("98", "0.5"), ("96", "0.5")]


def test_a_rest_without_target_is_left_to_the_stop() -> None:
    assert prices(targets(("2", "0.25"))) == [("102", "0.25")]


def test_a_target_takes_the_nearest_tick_and_at_least_one() -> None:
    exits = Exits(take_profit=(Target(level("PRICE", "102.018"), Decimal(1)),))
    below = Exits(take_profit=(Target(level("DISTANCE", "500"), Decimal(1)),))
    for given, side, price in ((exits, LONG, "102.02"), (below, SHORT, "0.01")):
        (found,) = target_prices(
            given, side=side, fill_price=Decimal(100), quantity=Decimal(1), rules=an_instrument()
        )
        assert found.price == Decimal(price)


def test_a_target_too_small_for_the_rules_is_joined_with_the_next() -> None:
    assert prices(targets(("2", "0.02"), ("4", "0.98"))) == [("104", "1")]


def test_the_last_target_too_small_is_joined_with_the_one_before() -> None:
    assert prices(targets(("2", "0.98"), ("4", "0.02"))) == [("102", "1")]


def test_a_rest_too_small_to_be_protected_is_joined_with_the_last_target() -> None:
    assert prices(targets(("2", "0.5"), ("4", "0.48"))) == [("102", "0.5"), ("104", "0.5")]


def test_the_stop_is_the_lesser_notional_that_counts() -> None:
    deep = level("PERCENT", "60")
    assert prices(targets(("2", "0.1"), ("4", "0.9"), given=deep)) == [("104", "1")]


def test_where_nothing_is_enough_the_nearest_target_takes_all() -> None:
    assert prices(targets(("2", "0.5"), ("4", "0.5"), quantity="0.04")) == [("102", "0.04")]
    assert prices(targets(("2", "1"), quantity="0.04")) == [("102", "0.04")]
    assert targets(("2", "1"), quantity="0.0001") == ()
    assert targets(("2", "0.5"), ("4", "0.5"), quantity="0.0001") == ()
    assert targets() == ()


@pytest.mark.parametrize(
    ("side", "pct", "level_price", "ratchet"),
    [
        (LONG, "2", "98", "100.2"),
        (SHORT, "2", "102", "99.8"),
        (LONG, "0.333", "99.67", "100.1"),
        (SHORT, "0.333", "100.33", "99.9"),
    ],
)
def test_a_trail_follows_at_its_distance_and_moves_in_steps(
    side: PositionSide, pct: str, level_price: str, ratchet: str
) -> None:
    found = trail(Decimal(pct), side=side, best_price=Decimal(100), tick_size=TICK)
    assert found == Trail(Decimal(level_price), Decimal(ratchet))


def test_a_ratchet_is_a_tick_away_at_least() -> None:
    found = trail(Decimal(1), side=LONG, best_price=Decimal("0.03"), tick_size=TICK)
    assert found == Trail(Decimal("0.03"), Decimal("0.04"))


def test_beyond_is_the_way_the_position_earns() -> None:
    assert is_beyond(Decimal(2), Decimal(2), side=LONG)
    assert not is_beyond(Decimal(1), Decimal(2), side=LONG)
    assert is_beyond(Decimal(1), Decimal(2), side=SHORT)


def moved(price: str, side: PositionSide = LONG) -> Decimal:
    return moved_stop(Decimal(price), side=side, mark=100.0, tick_size=TICK)


def test_a_moved_stop_is_put_on_the_tick_towards_less_risk() -> None:
    assert moved("98.765") == Decimal("98.77")
    assert moved("101.236", SHORT) == Decimal("101.23")
    assert moved("99.99") == Decimal("99.99")


@pytest.mark.parametrize(
    ("price", "side", "sentence"),
    [
        ("100", LONG, "the stop of a LONG must be below the price, 100 now; found 100"),
        ("99.995", LONG, "the stop of a LONG must be below the price, 100 now; found 99.995"),
        ("100", SHORT, "the stop of a SHORT must be above the price, 100 now; found 100"),
        ("0", LONG, "a stop is a price above zero, found 0"),
        ("NaN", SHORT, "a stop is a price above zero, found NaN"),
        ("1e19", SHORT, "a stop is a price above zero, found 1E+19"),
    ],
)
def test_a_stop_cannot_be_moved_past_the_price_or_to_none(
    price: str, side: PositionSide, sentence: str
) -> None:
    with pytest.raises(Refused) as caught:
        moved(price, side)
    assert caught.value.reason == sentence


def bought(side: PositionSide = LONG, fees: str = "0.1") -> Position:
    return a_position(side=side, fees=Decimal(fees), entry_quantity=Decimal(1))


def test_break_even_counts_the_fees_of_both_legs() -> None:
    assert even_stop(bought(), tick_size=TICK) == Decimal("100.2")
    assert even_stop(bought(SHORT), tick_size=TICK) == Decimal("99.8")
    assert even_stop(bought(fees="0.101"), tick_size=TICK) == Decimal("100.21")
    half = a_position(fees=Decimal("0.1"), entry_quantity=Decimal("0.5"))
    assert even_stop(half, tick_size=TICK) == Decimal("100.4")


@pytest.mark.parametrize(
    ("side", "pct", "price"),
    [
        (LONG, "1", "101"),
        (SHORT, "1", "99"),
        (LONG, "1.001", "101.01"),
        (SHORT, "1.001", "98.99"),
        (LONG, "0.1", "100.21"),
        (SHORT, "0.1", "99.79"),
        (SHORT, "100", "0.01"),
    ],
)
def test_the_stop_moves_to_break_even_only_past_it(
    side: PositionSide, pct: str, price: str
) -> None:
    assert even_price(bought(side), Decimal(pct), tick_size=TICK) == Decimal(price)


def test_a_stop_is_tighter_on_the_side_of_the_price() -> None:
    assert is_tighter(Decimal(99), Decimal(98), side=LONG)
    assert not is_tighter(Decimal(98), Decimal(98), side=LONG)
    assert not is_tighter(Decimal(97), Decimal(98), side=LONG)
    assert is_tighter(Decimal(97), Decimal(98), side=SHORT)
    assert is_tighter(Decimal(1), None, side=LONG)


def test_a_percentage_counts_from_the_price_paid() -> None:
    assert stop(level("PERCENT", "1"), fill="200") == Decimal(198)
    assert stop(level("PERCENT", "1"), SHORT, fill="50") == Decimal("50.5")


def test_a_price_of_eighteen_digits_is_still_one() -> None:
    most = Decimal("1e18")
    assert moved_stop(most, side=SHORT, mark=100.0, tick_size=TICK) == most


def test_what_no_target_and_no_order_could_hold_goes_to_the_last_target() -> None:
    found = targets(("2", "0.92"), ("4", "0.04"))
    assert prices(found) == [("102", "1")]


def test_rules_without_a_least_size_take_everything_but_nothing() -> None:
    free = an_instrument(min_quantity=Decimal(0), min_notional=Decimal(0))
    assert prices(targets(("2", "0.0001"), ("4", "0.5"), rules=free)) == [("104", "0.5")]
    found = targets(("2", "0.5"), ("4", "0.5"), quantity="1.001", rules=free)
    assert prices(found) == [("102", "0.5"), ("104", "0.501")]


@pytest.mark.parametrize(
    ("least", "found"),
    [
        ({"min_quantity": "0.5"}, [("102", "0.5"), ("104", "0.5")]),
        ({"min_quantity": "0.501"}, [("104", "1")]),
        ({"min_notional": "50"}, [("102", "0.5"), ("104", "0.5")]),
        ({"min_notional": "50.01"}, [("104", "1")]),
    ],
)
def test_exactly_the_least_is_enough(least: dict[str, str], found: list[tuple[str, str]]) -> None:
    rules = an_instrument(
        **{"min_quantity": Decimal(0), "min_notional": Decimal(0)}
        | {name: Decimal(value) for name, value in least.items()}
    )
    assert prices(targets(("2", "0.5"), ("4", "0.5"), rules=rules)) == found
