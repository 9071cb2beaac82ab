"""Another order, and only the rows that say something."""

from __future__ import annotations

from aitrader.tui.arrangement import Arrangement, Sort, words
from aitrader.tui.rows import Rows


def some() -> tuple[Rows[int], Arrangement[int]]:
    rows: Rows[int] = Rows()
    rows.resize(9)
    for number in (3, 1, 2):
        rows.put(f"r{number}", number)
    rows.settle()
    sorts = (Sort("least", lambda row: row), Sort("most", lambda row: -row))
    return rows, Arrangement(rows, sorts, lambda row: {"text": f"Row {row}", "number": row})


def test_orders_go_round_and_come_back_to_the_own_one() -> None:
    rows, arrangement = some()
    found = []
    for _ in range(4):
        arrangement.next_order()
        rows.settle()
        found.append((arrangement.order, "".join(rows.keys)))
    assert found == [("least", "r1r2r3"), ("most", "r3r2r1"), ("", "r3r1r2"), ("least", "r1r2r3")]


def test_only_rows_that_say_it_are_shown() -> None:
    rows, arrangement = some()
    arrangement.narrow("rOW 2")
    rows.settle()
    assert (rows.keys, rows.cursor) == (["r2"], "r2")
    assert arrangement.note("3") == "/rOW 2  1 of 3 · 3"
    arrangement.narrow("")
    rows.settle()
    assert rows.keys == ["r3", "r1", "r2"]
    assert (arrangement.note("3"), arrangement.note("")) == ("3", "")


def test_what_moves_is_sorted_once_a_second_and_not_with_every_change() -> None:
    rows, arrangement = some()
    arrangement.next_order()
    rows.settle()
    rows.put("r1", 9)
    rows.settle()
    assert rows.keys == ["r1", "r2", "r3"]
    rows.rearrange()
    rows.settle()
    assert rows.keys == ["r2", "r3", "r1"]


def test_words_are_texts_and_texts_in_tuples() -> None:
    assert words({"a": "BTC", "b": 5, "c": ("Dip", 7), "d": None}) == "btc\ndip"
