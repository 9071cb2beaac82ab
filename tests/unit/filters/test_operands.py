"""Operators on the language's values."""

# ruff: noqa: E501 -- a table of cases reads best with one case per line

from __future__ import annotations

import pytest
from tests.filter_worlds import answers, compiled, walk
from tests.unit.filters.test_plain import number
from tests.unit.filters.test_trend import where_true

from aitrader.filters.graph import Graph
from aitrader.filters.operands import BIGGEST, field, find_field
from aitrader.filters.values import MarketView
from aitrader.model.errors import FilterFault

FIELDS = {
    "hl2": "(m.high + m.low) / 2",
    "hlc3": "(m.high + m.low + m.close) / 3",
    "ohlc4": "((m.open + m.high) + (m.low + m.close)) / 4",
    "range": "m.high - m.low",
    "body": "m.close - m.open",
    "upper_wick": "m.high - max(m.open, m.close)",
    "lower_wick": "min(m.open, m.close) - m.low",
    "buy_volume": "m.taker_buy_volume",
    "sell_volume": "m.volume - m.taker_buy_volume",
    "delta": "m.taker_buy_volume * 2 - m.volume",
    "vol": "m.volume",
    "typical_price": "m.hlc3",
    "dayofweek": "m.weekday",
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_derived_field_is_its_formula(name: str) -> None:
    assert compiled(f"m.{name} > 1").digest == compiled(f"{FIELDS[name]} > 1").digest


def test_a_field_is_found_in_any_case_or_not_at_all() -> None:
    graph, view = Graph("5m"), MarketView("", "5m")
    assert find_field(graph, view, "Close") is field(graph, view, "close")
    assert find_field(graph, view, "nothing") is None


def test_the_market_stands_for_its_close() -> None:
    for text in ("m > 1", "1 < m", "m + 1 > 2", "-m < 0", "ema(m) > 1"):
        assert compiled(text).conditions


def test_a_condition_counts_as_one_or_nothing() -> None:
    assert where_true("(m.close > 2) + (m.close > 3) == 1", [1, 3, 4]) == [1]
    assert where_true("(m.close > 2) * 5 == 5", [1, 3, 4]) == [1, 2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("m.close + 'a' > 1", "needs numbers or series"),
        ("m.close + None > 1", "needs numbers or series"),
        ("(m.close > 1) > 0", "already yes or no"),
        ("(m.close > 1) == True", "already yes or no"),
        ("m.close == None", "cannot compare a series with None"),
        ("m.close > [1]", "cannot compare a series with a list"),
        ("m.close > 'a'", "cannot compare a series with a text"),
        ("m.close > 1 and m.close", "expected a condition"),
        ("m.close and m.close > 1", "expected a condition"),
        ("m and m.close > 1", "expected a condition"),
        ("not m", "expected a condition"),
        ("not m.close", "expected a condition"),
        ("not macd(m.close)", "expected a condition"),
        ("m.close > 1 / 0", "division by zero"),
        ("m.close > 1 % 0", "division by zero"),
        ("m.close > 10.0 ** 500", "too large"),
        ("m.close > 10 ** 16", "too large"),
        ("m.close > 999999999999999 * 999999999999999", "too large"),
        ("m.close > (0 - 8) ** 0.5", "negative number"),
        ("m.close > [1] + 1", "needs numbers or series"),
        ("m.close > len('a' * 2)", "needs numbers or series"),
        ("[] == []", "cannot compare a list with a list"),
        ("1 < 'a'", "cannot compare"),
        ("bars_since(m.close > 1, 50) > 60", "limit=61"),
        ("60 < bars_since(m.close > 1, 50)", "limit=61"),
        ("f'{m.close}' == 'a'", "cannot put a series into a text"),
        ("f'{None}' == 'a'", "cannot put None into a text"),
        ("f'{5.5:d}' == 'a'", "does not fit"),
    ],
)
def test_what_does_not_go_together_is_explained(text: str, said: str) -> None:
    with pytest.raises(FilterFault) as caught:
        compiled(text)
    assert said in str(caught.value)


def test_plain_logic_folds_away() -> None:
    plain = compiled("m.close > 1").digest
    for text in ("True and m.close > 1", "m.close > 1 and True", "False or m.close > 1", "m.close > 1 or False",
                 "m.close > 1 and [1]", "'' or m.close > 1", "(m.close > 1) & True", "where(False, 1, m.close > 1)"):  # fmt: skip
        assert compiled(text).digest == plain, text
    for text in ("m.close > 1 or True", "m.close > 1 and False"):
        with pytest.raises(FilterFault, match="always"):
            compiled(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 if None == None else 2", 1),
        ("1 if None != 5 else 2", 1),
        ("1 if 'a' < 'b' else 2", 1),
        ("1 if True == 1 else 2", 1),
        ("len([1] + [2] + (3,))", 3),
        ("len('a' + 'b')", 2),
        ("len(f'{1.5:.2f}')", 4),
        ("len(f'{np.nan}')", 3),
        ("len(f'{True}')", 4),
        ("1 if 2 > 1 and not 0 else 2", 1),
        ("(1 or 5)", 1),
        ("(0 or 5)", 5),
    ],
)
def test_plain_values_compare_and_join_as_in_python(text: str, value: float) -> None:
    assert number(f"({text})") == value


def test_texts_and_lists_have_a_limit() -> None:
    for setup in (
        "x = 'a'\nfor i in range(9):\n    x = x + x\nx = x + x",
        "x = [1]\nfor i in range(11):\n    x = x + x",
    ):
        with pytest.raises(FilterFault, match="longer"):
            compiled("m.close > 1", setup=setup)
    assert BIGGEST == 1e15


def test_modulo_takes_the_divisors_sign() -> None:
    assert where_true("m.close % 3 == 1", [1, 2, 4, 6, 7]) == [0, 2, 4]
    assert answers(compiled("(0 - m.close) % 3 >= 0"), {"5m": walk(bars=5)}).condition_rows[0].all()
