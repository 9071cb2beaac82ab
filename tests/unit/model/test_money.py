"""The gate between float and Decimal: each rounding goes the way its name says."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from aitrader.model import money
from aitrader.model.money import (
    decimal_from_float,
    money_to_step,
    percent_of,
    price_to_tick_down,
    price_to_tick_nearest,
    price_to_tick_up,
    quantity_to_step,
    trimmed,
)

TICK = Decimal("0.05")


def test_a_float_becomes_the_decimal_a_person_would_write() -> None:
    assert decimal_from_float(0.1) == Decimal("0.1")
    assert decimal_from_float(5) == Decimal("5.0")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_does_not_pass(value: float) -> None:
    with pytest.raises(ValueError, match="expected a finite number"):
        decimal_from_float(value)


@pytest.mark.parametrize(
    ("price", "down", "nearest", "up"),
    [
        ("1.02", "1.00", "1.00", "1.05"),
        ("1.03", "1.00", "1.05", "1.05"),
        ("1.05", "1.05", "1.05", "1.05"),
        ("1.025", "1.00", "1.00", "1.05"),
        ("1.075", "1.05", "1.10", "1.10"),
    ],
)
def test_a_price_is_rounded_the_way_the_name_says(
    price: str, down: str, nearest: str, up: str
) -> None:
    value = Decimal(price)
    assert price_to_tick_down(value, TICK) == Decimal(down)
    assert price_to_tick_nearest(value, TICK) == Decimal(nearest)
    assert price_to_tick_up(value, TICK) == Decimal(up)


def test_a_quantity_is_never_rounded_up() -> None:
    assert quantity_to_step(Decimal("1.9999"), Decimal("0.001")) == Decimal("1.999")


@pytest.mark.parametrize("step", ["0", "-0.1"])
def test_there_is_no_grid_without_a_step(step: str) -> None:
    with pytest.raises(ValueError, match="expected a step above zero"):
        quantity_to_step(Decimal(1), Decimal(step))
    with pytest.raises(ValueError, match="expected a step above zero"):
        price_to_tick_nearest(Decimal(1), Decimal(step))


@pytest.mark.parametrize(
    ("amount", "kept"), [("0.000000015", "0.00000002"), ("0.000000025", "0.00000002")]
)
def test_money_is_kept_to_eight_decimals_half_even(amount: str, kept: str) -> None:
    assert money_to_step(Decimal(amount)) == Decimal(kept)


def test_a_percentage_is_exact() -> None:
    assert percent_of(Decimal("33.33"), Decimal("1.5")) == Decimal("0.49995")


@pytest.mark.parametrize(
    ("value", "text"),
    [("1.50", "1.5"), ("100", "100"), ("1E+3", "1000"), ("0.00", "0"), ("1E-8", "0.00000001")],
)
def test_a_number_is_shown_without_exponent_or_trailing_zeros(value: str, text: str) -> None:
    assert trimmed(Decimal(value)) == text


def test_a_price_below_zero_is_rounded_the_way_the_name_says_too() -> None:
    price, tick = Decimal("-1.5"), Decimal(1)
    assert money.price_to_tick_down(price, tick) == -2
    assert money.price_to_tick_up(price, tick) == -1


@pytest.mark.parametrize(
    "rounded",
    [
        money.price_to_tick_down,
        money.price_to_tick_up,
        money.price_to_tick_nearest,
        money.quantity_to_step,
    ],
)
@pytest.mark.parametrize("step", ["0", "-1"])
def test_a_grid_has_steps_above_zero(
    rounded: Callable[[Decimal, Decimal], Decimal], step: str
) -> None:
    with pytest.raises(ValueError, match="expected a step above zero"):
        rounded(Decimal(1), Decimal(step))
