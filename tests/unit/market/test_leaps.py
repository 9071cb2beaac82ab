from __future__ import annotations

import pytest

from aitrader.market.leaps import MOST_HELD, LeapTable, is_in_book, is_plain

T0 = 1_700_000_000_000


@pytest.mark.parametrize(
    ("price", "last", "age_ms", "expected"),
    [
        (124.9, 100.0, 1_000, True),
        (125.0, 100.0, 1_000, False),
        (80.1, 100.0, 1_000, True),
        (80.0, 100.0, 1_000, False),
        (1.0, 100.0, 60_000, False),
        (1.0, 100.0, 60_001, True),
        (1.0, 0.0, 0, True),
    ],
)
def test_a_price_near_the_last_is_plain(
    price: float, last: float, age_ms: int, expected: bool
) -> None:
    assert is_plain(price, last, age_ms) is expected


@pytest.mark.parametrize(
    ("bid", "ask", "expected"),
    [
        (99.0, 101.0, True),
        (100.9, 101.0, True),
        (102.0, 103.0, False),
        (97.0, 98.0, False),
        (0.0, 0.0, False),
        (101.0, 99.0, False),
        (float("nan"), 100.0, False),
    ],
)
def test_a_price_belongs_in_its_own_book(bid: float, ask: float, expected: bool) -> None:
    assert is_in_book(100.0, bid, ask) is expected


def leap(table: LeapTable, price: float, after_ms: int = 0, symbol: str = "A") -> bool:
    return table.is_believed(symbol, price, at_ms=T0 + after_ms, board=50)


def test_three_that_agree_are_believed() -> None:
    table = LeapTable()
    assert [leap(table, price) for price in (10.0, 10.2, 10.1)] == [False, False, True]
    assert not leap(table, 99.0)


def test_one_that_disagrees_begins_anew() -> None:
    table = LeapTable()
    found = [leap(table, price) for price in (10.0, 10.2, 99.0, 10.1, 10.2, 10.0)]
    assert found == [False] * 5 + [True]


def test_a_plain_price_between_them_forgets_what_was_held() -> None:
    table = LeapTable()
    leap(table, 10.0)
    leap(table, 10.0)
    assert table.held
    table.settle("A")
    assert not table.held
    assert not leap(table, 10.0)


def test_no_more_than_so_many_in_a_row_are_held() -> None:
    table = LeapTable()
    found = [leap(table, 10.0 * 2**place) for place in range(MOST_HELD)]
    assert found == [False] * (MOST_HELD - 1) + [True]


def test_where_much_of_the_board_leaps_it_is_the_market() -> None:
    table = LeapTable()
    symbols = [f"S{number}" for number in range(12)]
    assert [leap(table, 1.0, symbol=symbol) for symbol in symbols] == [False] * 9 + [True] * 3
    assert not leap(table, 1.0, after_ms=10_001, symbol="late")
