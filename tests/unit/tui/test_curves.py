"""Curves of dots."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from aitrader.tui.columns import Cell
from aitrader.tui.curves import (
    BRAILLE,
    PANE,
    Curve,
    Range,
    known,
    overlay,
    pane,
    trace,
    write_legend,
)

FOUR = Range(0.0, 15.0, 4)
"""A dot per unit."""


def text(cells: Sequence[Cell]) -> str:
    return "".join(cell.text for cell in cells)


def curve(*values: float | None, levels: Sequence[float] = (), pane: str = "p") -> Curve:
    return Curve("rsi(close, 14)", pane, values, "line1", levels)


def blank(columns: int, rows: int = 4) -> list[list[Cell]]:
    return [[Cell(" ", "")] * columns for _ in range(rows)]


def test_a_level_curve_is_one_line_of_dots() -> None:
    assert trace([15.0, 15.0], FOUR) == {(0, 0): 0x01 | 0x08, (0, 1): 0x01 | 0x08}
    assert trace([0.0], FOUR) == {(3, 0): 0x40 | 0x80}


def test_a_jump_is_filled_half_in_the_left_dots_and_half_in_the_right() -> None:
    drawn = trace([15.0, 7.0], FOUR)
    assert drawn[1, 1] == 0x01 | 0x10 | 0x20 | 0x80
    assert drawn[2, 1] == 0x08
    up = trace([7.0, 15.0], FOUR)
    assert {row for row, column in up if column == 1} == {0, 1}


def test_a_value_that_is_not_known_breaks_the_line() -> None:
    assert {column for _, column in trace([1.0, None, 14.0], FOUR)} == {0, 2}
    assert trace([1.0, None, 14.0], FOUR)[0, 2] == 0x02 | 0x10


def test_what_lies_outside_leaves_the_picture() -> None:
    assert trace([99.0, -99.0], FOUR).keys() <= {(row, 1) for row in range(4)}
    assert trace([99.0], FOUR) == {}


def test_curves_that_meet_share_their_cell_and_bodies_stay() -> None:
    grid = blank(2)
    grid[0][1] = Cell("\u2503", "up")
    overlay(grid, curve(15.0, 15.0), FOUR, solid=frozenset("\u2503"))
    overlay(grid, curve(12.0, 12.0)._replace(style="line2"), FOUR)
    assert grid[0][0] == Cell(chr(BRAILLE + 0xC9), "line2")
    assert grid[0][1].style == "line2"
    one = blank(1)
    one[0][0] = Cell("\u2503", "up")
    overlay(one, curve(15.0), FOUR, solid=frozenset("\u2503"))
    assert one[0][0] == Cell("\u2503", "up")


def test_a_legend_says_names_and_newest_values_as_far_as_there_is_room() -> None:
    line = blank(40, 1)[0]
    write_legend(line, [curve(1.0, 55.51234, None), curve(1.0), curve(2.0)])
    assert text(line).startswith(" rsi(close, 14) 55.512  rsi(close, 14) 1")
    short_one = blank(12, 1)[0]
    write_legend(short_one, [curve(None)])
    assert text(short_one).strip() == "rsi(clos… —"
    nothing = blank(9, 1)[0]
    write_legend(nothing, [curve(None)])
    assert text(nothing).strip() == ""
    wide = blank(30, 1)[0]
    write_legend(wide, [curve(None), curve(64213.5, pane="")])
    assert text(wide).strip() == "rsi(close, 14) \u2014"
    price = blank(30, 1)[0]
    write_legend(price, [curve(64213.5, pane="")])
    assert text(price).strip() == "rsi(close, 14) 64,213.50"


def test_a_pane_has_a_title_its_range_and_the_levels_that_are_near() -> None:
    rows = pane([curve(40.0, 60.0, levels=(30.0, 500.0))], 24, axis=10)
    assert len(rows) == PANE
    assert text(rows[0]).startswith(" rsi(close, 14) 60")
    assert text(rows[1]).endswith(" 60 ")
    assert text(rows[-1]).endswith(" 30 ") and "\u254c" in text(rows[-1])
    assert not any("500" in text(row) for row in rows)


def test_a_pane_without_values_shows_its_levels() -> None:
    assert any("70" in text(row) for row in pane([curve(None, levels=(70.0,))], 24, axis=10))
    assert len(pane([curve(None)], 24, axis=10)) == PANE


def test_what_is_known_leaves_gaps_out() -> None:
    assert known([curve(1.0, None), curve(2.0)]) == [1.0, 2.0]


@given(
    values=st.lists(st.none() | st.floats(-1e9, 1e9), min_size=1, max_size=20),
    levels=st.lists(st.floats(-1e9, 1e9), max_size=3),
)
def test_every_row_of_a_pane_is_as_wide_as_asked(
    values: list[float | None], levels: list[float]
) -> None:
    rows = pane([curve(*values, levels=levels)], max(20, len(values)), axis=13)
    assert {cell_len(text(row)) for row in rows} == {max(20, len(values)) + 13}


@pytest.mark.parametrize("rows", [1, 2, 9])
def test_dots_stay_within_their_rows(rows: int) -> None:
    drawn = trace([0.0, 5.0, 15.0, 20.0, -3.0], Range(0.0, 15.0, rows))
    assert {row for row, _ in drawn} <= set(range(rows))
