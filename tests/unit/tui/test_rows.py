"""Rows, their order, the cursor and what is in sight."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aitrader.tui.rows import Rows


def some_rows(count: int, *, height: int = 3, limit: int = 0) -> Rows[int]:
    rows: Rows[int] = Rows(order=lambda row: -row, limit=limit)
    rows.resize(height)
    for number in range(count):
        rows.put(f"r{number}", number)
    rows.settle()
    return rows


def test_a_new_row_draws_everything_and_a_changed_one_its_line() -> None:
    rows = some_rows(9, height=5)
    rows.put("r9", 9)
    assert rows.settle() == ({"r9"}, None)
    unsorted: Rows[int] = Rows()
    unsorted.resize(5)
    for number in range(9):
        unsorted.put(f"r{number}", number)
    unsorted.settle()
    unsorted.put("r1", 70)
    unsorted.put("r8", 70)
    assert unsorted.settle() == ({"r1", "r8"}, [1])


def test_many_changed_lines_are_drawn_as_one() -> None:
    rows: Rows[int] = Rows()
    rows.resize(3)
    for number in range(3):
        rows.put(str(number), number)
    rows.settle()
    rows.put("0", 5)
    rows.put("1", 5)
    assert rows.settle() == ({"0", "1"}, None)


def test_the_same_row_again_changes_nothing() -> None:
    rows = some_rows(3)
    rows.put("r1", 1)
    assert rows.settle() == (set(), [])


def test_rows_stand_in_their_order_and_beyond_the_limit_they_go() -> None:
    rows = some_rows(5, limit=3)
    assert rows.keys == ["r4", "r3", "r2"]
    assert set(rows.by_key) == {"r4", "r3", "r2"}


def test_the_cursor_follows_the_newest_from_the_top() -> None:
    rows = some_rows(3)
    assert rows.cursor == "r2"
    rows.put("new", 9)
    rows.settle()
    assert rows.cursor == "new"


def test_elsewhere_the_cursor_goes_with_its_row() -> None:
    rows = some_rows(3)
    rows.move(1)
    assert rows.selected == 1
    rows.put("new", 9)
    rows.settle()
    assert (rows.cursor, rows.line) == ("r1", 2)


def test_a_dropped_row_leaves_the_cursor_where_it_stood() -> None:
    rows = some_rows(4)
    rows.move(3)
    rows.drop(["r0", "nobody"])
    rows.settle()
    assert rows.cursor == "r1"
    rows.drop(["r1", "r2", "r3"])
    rows.settle()
    assert (rows.cursor, rows.selected, rows.keys) == (None, None, [])
    rows.move(1)
    assert rows.cursor is None


def test_the_part_in_sight_goes_with_the_cursor() -> None:
    rows = some_rows(10)
    rows.move(99)
    assert (rows.top, rows.key_at(0), rows.key_at(2), rows.key_at(3)) == (7, "r2", "r0", None)
    rows.move(-99)
    assert rows.top == 0
    rows.scroll(5)
    assert (rows.top, rows.cursor) == (5, "r9")
    rows.scroll(99)
    assert rows.top == 7
    rows.resize(3)
    assert rows.top == 7
    rows.resize(4)
    assert rows.top == 0


def test_a_row_that_is_touched_is_drawn_though_it_is_the_same() -> None:
    rows = some_rows(3)
    rows.settle()
    rows.touch(["r1"])
    assert rows.settle() == ({"r1"}, [1])


def test_the_thumb_says_which_part_is_in_sight() -> None:
    assert list(some_rows(3).thumb()) == []
    rows = some_rows(9)
    assert list(rows.thumb()) == [0]
    rows.move(99)
    assert list(rows.thumb()) == [2]


@given(st.lists(st.tuples(st.sampled_from("pdmsr"), st.integers(-20, 20)), max_size=60))
def test_whatever_happens_the_cursor_is_on_a_row(steps: list[tuple[str, int]]) -> None:
    rows: Rows[int] = Rows(order=lambda row: row, limit=6)
    rows.resize(4)
    for step, number in steps:
        if step == "p":
            rows.put(f"r{number % 9}", number)
        elif step == "d":
            rows.drop([f"r{number % 9}"])
        elif step == "m":
            rows.move(number)
        elif step == "s":
            rows.scroll(number)
        else:
            rows.resize(number % 7)
        rows.settle()
        assert (rows.cursor in rows.by_key) == bool(rows.by_key)
        assert 0 <= rows.top <= max(0, len(rows.keys) - 1)
        assert sorted(rows.keys) == sorted(rows.by_key)
        assert len(rows.keys) <= 6
