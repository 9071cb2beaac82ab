"""Numbers, times and foreign text as cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from aitrader.tui import text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (64213.5, "64,213.50"),
        (148.33, "148.330"),
        (6.02, "6.0200"),
        (0.5231, "0.523100"),
        (8.4e-6, "0.00000840"),
        (None, "—"),
        (float("nan"), "—"),
    ],
)
def test_a_price_has_decimals_by_its_size(value: float | None, shown: str) -> None:
    assert text.price(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (4.1e12, "4.1T"),
        (4.12e9, "4.1B"),
        (3.2e8, "320M"),
        (1500, "1.5K"),
        (12, "12"),
        (99_970_000.0, "100M"),
        (999_700.0, "1.0M"),
    ],
)
def test_a_volume_is_short(value: float, shown: str) -> None:
    assert text.volume(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(1234.5, "+1,234.50"), (-0.5, "-0.50"), (0.0, "0.00"), (-0.001, "0.00")]
)
def test_nothing_lost_and_nothing_won_has_no_sign(value: float, shown: str) -> None:
    assert text.signed(value) == shown


@pytest.mark.parametrize(
    ("span_ms", "shown"),
    [(-5, "0s"), (59_999, "59s"), (60_000, "1m"), (11_520_000, "3h12"), (180_000_000, "2d")],
)
def test_an_age_has_its_largest_units(span_ms: float, shown: str) -> None:
    assert text.age(span_ms) == shown


def test_an_instant_is_utc_and_one_that_never_was_is_a_dash() -> None:
    assert text.clock(1_735_741_500_000) == "14:25:00"
    assert text.day(1_735_741_500_000) == "2025-01-01 14:25:00"
    assert (text.clock(0), text.day(0)) == ("—", "—")


def test_money_is_grouped_and_what_is_no_number_is_shown_as_it_came() -> None:
    assert text.money("10123.456") == "10,123.46"
    assert text.money("n/a\x1b") == "n/a "
    assert (text.amount("1.5"), text.amount("?")) == (1.5, 0.0)


def test_directions_and_slopes_have_styles() -> None:
    assert [text.direction(x) for x in (1, -1, 0)] == ["up", "down", ""]
    assert [text.slope(x) for x in (1, -1, 0)] == ["rise", "fall", "dim"]


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ((), ""),
        ((float("nan"),), ""),
        ((5.0, 5.0), "▄▄"),
        ((0.0, 1.0), "▁█"),
        ((9.0, 0.0, 1.0, 2.0), "▁▄█"),
        ((0.0, float("nan"), 1.0), "▁█"),
    ],
)
def test_a_sparkline_spans_its_own_least_and_most(values: tuple[float, ...], bars: str) -> None:
    assert text.sparkline(values, 3) == bars


@given(st.text(), st.integers(0, 30), st.booleans())
def test_a_fitted_text_has_its_width_and_nothing_to_say_to_the_terminal(
    foreign: str, width: int, is_right: bool
) -> None:
    shown = text.fit(text.clean(foreign), width, is_right=is_right)
    assert cell_len(shown) == width
    assert shown.isprintable()


def test_what_does_not_fit_ends_in_an_ellipsis() -> None:
    assert text.fit("Bollinger", 5) == "Boll…"
    assert text.fit("ab", 1) == "a"
    assert text.fit("ab", 4, is_right=True) == "  ab"
    assert text.fit("日本語", 5) == "日本…"


@pytest.mark.parametrize(
    ("value", "width", "shown"),
    [
        (12.345, 8, "+12.35"),
        (1234.56, 9, "+1,234.56"),
        (1234.56, 8, "+1,235"),
        (-1234567.8, 8, "-1.2M"),
        (0.0, 8, "0.00"),
    ],
)
def test_a_gain_loses_its_decimals_before_it_is_cut(value: float, width: int, shown: str) -> None:
    assert text.gain(value, width) == shown


def test_a_gain_may_have_a_unit() -> None:
    assert text.gain(12.5, 7, unit="%") == "+12.50%"
    assert text.gain(112.5, 7, unit="%") == "+112%"


def test_a_quantity_is_exact_as_long_as_there_is_room() -> None:
    assert text.quantity("0.00599", 10) == "0.00599"
    assert text.quantity("1234.56789012", 10) == "1234.5679"
    assert text.quantity("123456789.5", 10) == "123456790"
    assert text.quantity("12345678901.5", 10) == "12.3B"
