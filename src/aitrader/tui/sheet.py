"""The columns of a table at one width, and a row as a line of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from aitrader.tui.columns import Column, R, fit_columns
from aitrader.tui.glyphs import plain
from aitrader.tui.text import clean, fit

MARGIN = 1
SCROLLBAR = 1


class Sheet(Generic[R]):
    """Columns fitted into a width; the last cell of it is left to the scrollbar."""

    def __init__(self, columns: Sequence[Column[R]]) -> None:
        self._columns = columns
        self._fitted: list[tuple[Column[R], int]] = []
        self._width = 0

    def fit(self, width: int) -> None:
        """Choose the columns for a width."""
        self._width = width
        self._fitted = fit_columns(self._columns, width - MARGIN - SCROLLBAR)

    def header(self) -> str:
        """Return the labels, each over its column."""
        labels = [fit(c.label, space, is_right=c.is_right) for c, space in self._fitted]
        return " " * MARGIN + " ".join(labels)

    def line(self, row: R, ink: Callable[[str], Style], *, is_ascii: bool) -> Strip:
        """Return a row's line without the scrollbar; neighbors of one style are one segment."""
        run, style = " " * MARGIN, "text"
        segments: list[Segment] = []
        left = self._width - SCROLLBAR - MARGIN + 1
        for column, space in self._fitted:
            cell = column.cell(row, space)
            text = fit(clean(cell.text), space, is_right=column.is_right)
            text = plain(text) if is_ascii else text
            if (cell.style or "text") != style:
                segments.append(Segment(run, ink(style)))
                run, style = "", cell.style or "text"
            run += text + " "
            left -= space + 1
        segments.append(Segment(run[:-1] + " " * left, ink(style)))
        width = self._width - SCROLLBAR
        return Strip(segments, width) if left >= 0 else Strip(segments).crop(0, width)
