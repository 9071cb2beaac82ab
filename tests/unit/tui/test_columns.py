"""Which columns fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrader.tui.columns import Cell, Column, fit_columns, fitted


def a_column(label: str, width: int, **changes: int) -> Column[str]:
    return Column(label, width, lambda row, _: Cell(row), **changes)


COLUMNS = (
    a_column("A", 4),
    a_column("B", 10, rank=2, share=1, most=14),
    a_column("B", 5, rank=3, share=1, most=9),
    a_column("C", 6, rank=1),
    a_column("D", 8, rank=4, share=2),
)


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (2, [("A", 4)]),
        (11, [("A", 4), ("C", 6)]),
        (17, [("A", 4), ("B", 5), ("C", 6)]),
        (21, [("A", 4), ("B", 9), ("C", 6)]),
        (22, [("A", 4), ("B", 10), ("C", 6)]),
        (30, [("A", 4), ("B", 14), ("C", 6)]),
        (31, [("A", 4), ("B", 10), ("C", 6), ("D", 8)]),
        (60, [("A", 4), ("B", 14), ("C", 6), ("D", 33)]),
    ],
)
def test_columns_come_by_rank_and_share_what_is_left(
    width: int, shown: list[tuple[str, int]]
) -> None:
    assert [(column.label, space) for column, space in fit_columns(COLUMNS, width)] == shown


@given(st.integers(4, 300))
def test_what_is_shown_never_exceeds_the_width(width: int) -> None:
    fitted = fit_columns(COLUMNS, width)
    assert sum(space + 1 for _, space in fitted) - 1 <= width
    assert all(space >= column.width for column, space in fitted)


def test_columns_without_a_label_do_not_stand_in_for_each_other() -> None:
    assert len(fit_columns((a_column("", 1), a_column("", 1)), 9)) == 2


def test_no_column_is_no_column() -> None:
    assert fit_columns((), 10) == []


def test_cells_that_do_not_fit_end_in_an_ellipsis() -> None:
    cells = [Cell("one ", "up"), Cell("two three", "dim"), Cell("four")]
    assert fitted(cells, 9) == [Cell("one ", "up"), Cell("two …", "dim")]
    assert fitted(cells[:2], 13) == cells[:2]
    assert fitted(cells, 0) == [Cell("", "up")]
