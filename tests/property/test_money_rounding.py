"""Whatever the price and the grid: roundings stay on the grid and on the named side."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from hypothesis import given
from hypothesis import strategies as some

from aitrader.model.money import (
    MONEY_STEP,
    decimal_from_float,
    money_to_step,
    percent_of,
    price_to_tick_down,
    price_to_tick_nearest,
    price_to_tick_up,
    quantity_to_step,
    trimmed,
)

PRICES = some.decimals(min_value=0, max_value=1_000_000, places=8)
STEPS = some.sampled_from(
    [Decimal(text) for text in ("0.00000001", "0.0001", "0.0005", "0.01", "0.25", "1", "10")]
)


@given(PRICES, STEPS)
def test_every_rounded_price_is_on_the_grid(price: Decimal, tick: Decimal) -> None:
    for rounded in (price_to_tick_down, price_to_tick_up, price_to_tick_nearest):
        assert rounded(price, tick) % tick == 0


@given(PRICES, STEPS)
def test_down_is_not_above_and_up_is_not_below(price: Decimal, tick: Decimal) -> None:
    down, up = price_to_tick_down(price, tick), price_to_tick_up(price, tick)
    assert down <= price <= up
    assert up - down in (0, tick)


@given(PRICES, STEPS)
def test_nearest_is_at_most_half_a_tick_away(price: Decimal, tick: Decimal) -> None:
    nearest = price_to_tick_nearest(price, tick)
    assert abs(nearest - price) * 2 <= tick


@given(PRICES, STEPS)
def test_a_quantity_is_never_more_than_we_have(quantity: Decimal, step: Decimal) -> None:
    kept = quantity_to_step(quantity, step)
    assert quantity - step < kept <= quantity


@given(PRICES, STEPS)
def test_rounding_twice_changes_nothing(value: Decimal, step: Decimal) -> None:
    once = quantity_to_step(value, step)
    assert quantity_to_step(once, step) == once
    assert price_to_tick_up(once, step) == once
    assert price_to_tick_down(once, step) == once


@given(some.decimals(min_value=-1_000_000, max_value=1_000_000, places=12))
def test_money_moves_at_most_half_a_step(amount: Decimal) -> None:
    assert abs(money_to_step(amount) - amount) * 2 <= MONEY_STEP


@given(some.lists(some.decimals(min_value=-1000, max_value=1000, places=8), max_size=20))
def test_money_on_its_grid_adds_up_exactly(amounts: list[Decimal]) -> None:
    total = sum((money_to_step(amount) for amount in amounts), Decimal(0))
    assert total == sum(amounts, Decimal(0))


@given(some.floats(allow_nan=False, allow_infinity=False))
def test_a_float_comes_back_from_its_decimal(value: float) -> None:
    assert float(decimal_from_float(value)) == value


@given(PRICES)
def test_shown_numbers_read_back_as_themselves(value: Decimal) -> None:
    text = trimmed(value)
    assert Decimal(text) == value
    assert "E" not in text


@given(PRICES)
def test_a_hundred_percent_is_all_of_it(amount: Decimal) -> None:
    assert percent_of(amount, Decimal(100)) == amount


@given(PRICES, STEPS)
def test_of_two_ticks_as_near_it_is_the_even_one(price: Decimal, tick: Decimal) -> None:
    whole = (price / tick).to_integral_value(ROUND_HALF_EVEN)
    assert price_to_tick_nearest(price, tick) == whole * tick
    between = (whole * 2 + 1) * tick / 2
    assert price_to_tick_nearest(between, tick) / tick % 2 == 0
