"""A table for live rows: drawn line by line, and only the rows that changed.

Theory of operation. Rows are values with a key. `put` compares and remembers what changed;
`settle`, called once per flush, sorts if the order is touched and refreshes the changed rows that
are on screen, so that a flush costs what is seen and not what is held. A line is made from its row
when it is drawn and kept until the row, the width or the theme changes. Scrolling is the table's
own: no row ever changes the size of the widget, so nothing is laid out on the live path. The last
column is the scrollbar's, full or empty. The cursor stands on a key, not on a line: rows that move
take it along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Generic

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from aitrader.tui.columns import Cell, Column, Pairs, R, fit_columns
from aitrader.tui.lines import CURSOR, Lines
from aitrader.tui.text import clean, fit

MARGIN = 1
SCROLLBAR = 1
WHEEL_ROWS = 3
FAR = 1_000_000


class Table(Lines, Generic[R], can_focus=True):
    """Rows of one kind under fixed columns that flex to the width."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False),
        Binding("home,g", f"move({-FAR})", "First", show=False),
        Binding("end,G", f"move({FAR})", "Last", show=False),
        Binding("enter", "open", "Detail", show=False),
    ]

    class Opened(Message):
        """The person wants to see one row in detail."""

        def __init__(self, table: Table[Any], key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

    def __init__(
        self,
        columns: Sequence[Column[R]],
        *,
        name: str,
        order: Callable[[R], Any] | None = None,
        empty: str = "",
        limit: int = 0,
    ) -> None:
        super().__init__(name=name, classes="panel")
        self.rows: dict[str, R] = {}
        self._columns = columns
        self._order = order
        self._empty = empty
        self._limit = limit
        self._keys: list[str] = []
        self._lines: dict[str, Strip] = {}
        self._fitted: list[tuple[Column[R], int]] = []
        self._fitted_width = -1
        self._blank: Strip | None = None
        self._changed: set[str] = set()
        self._is_moved = False
        self._cursor: str | None = None
        self._top = 0

    # -- the rows --------------------------------------------------------------------------------

    def put(self, key: str, row: R) -> None:
        """Set one row; seen after `settle`."""
        old = self.rows.get(key)
        if old == row:
            return
        self.rows[key] = row
        if old is None or (self._order is not None and self._order(old) != self._order(row)):
            self._is_moved = True
        self._changed.add(key)

    def drop(self, keys: Iterable[str]) -> None:
        """Take rows out; unknown keys are nothing."""
        for key in keys:
            if self.rows.pop(key, None) is not None:
                self._lines.pop(key, None)
                self._is_moved = True

    def settle(self) -> None:
        """Show what was put and dropped since the last time."""
        for key in self._changed:
            self._lines.pop(key, None)
        if self._is_moved:
            self._sort()
            self.refresh()
        elif self._changed:
            shown = self._keys[self._top : self._top + self._height]
            lines = [i for i, key in enumerate(shown, 1) if key in self._changed]
            if len(lines) > len(shown) // 2:
                self.refresh()
            elif lines:
                self.refresh(*[self._region(line) for line in lines])
        self._changed.clear()

    def _sort(self) -> None:
        was_first = not self._keys or self._cursor in (None, self._keys[0])
        keys = list(self.rows)
        if self._order is not None:
            order = self._order
            keys.sort(key=lambda key: order(self.rows[key]))
        if self._limit and len(keys) > self._limit:
            for key in keys[self._limit :]:
                self.rows.pop(key)
                self._lines.pop(key, None)
            keys = keys[: self._limit]
        old = self._keys.index(self._cursor) if self._cursor in self._keys else 0
        self._keys = keys
        self._is_moved = False
        if was_first:
            self._cursor = keys[0] if keys else None
        elif self._cursor not in self.rows:
            self._cursor = keys[min(old, len(keys) - 1)] if keys else None
        self._keep_in_sight()

    def detail(self, row: R) -> tuple[str, Pairs]:
        """Return the window of a row: its title and its labelled lines."""
        return "", ()

    @property
    def selected(self) -> R | None:
        """The row under the cursor."""
        return None if self._cursor is None else self.rows.get(self._cursor)

    @property
    def keys(self) -> Sequence[str]:
        """The keys of the rows in the order they are shown."""
        return self._keys

    # -- drawing ---------------------------------------------------------------------------------

    @property
    def _height(self) -> int:
        """How many rows are seen at once, under the header."""
        return max(0, self.size.height - 1)

    def _region(self, line: int) -> Region:
        return Region(0, line, self.size.width, 1)

    def notify_style_update(self) -> None:
        """Forget the lines drawn in the old colors."""
        super().notify_style_update()
        self._lines.clear()
        self._blank = None

    def on_resize(self, event: events.Resize) -> None:
        """Keep the cursor in sight."""
        self._keep_in_sight()

    def redraw(self) -> None:
        """Make every line anew: what the columns show beside the row has changed."""
        self._lines.clear()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the header, a row, or an empty line."""
        width = self.size.width
        if width != self._fitted_width:
            self._fit(width)
        if y == 0:
            return self._header(width)
        index = self._top + y - 1
        if index >= len(self._keys):
            if not self._keys and y == 1:
                return self.strip([Cell(f" {self._empty}", "faint")], width)
            self._blank = self._blank or self.strip([], width)
            return self._blank
        key = self._keys[index]
        mark = CURSOR if key == self._cursor and self.has_focus else ""
        line = self._lines.get(key + mark)
        if line is None:
            line = self._line(self.rows[key], mark)
            self._lines[key] = line
            if mark:
                del self._lines[key]
        return Strip([*line, *self._scrollbar(y - 1, mark)], width)

    def _fit(self, width: int) -> None:
        """Choose the columns for a width and forget the lines of the old one."""
        self._lines.clear()
        self._blank = None
        self._fitted_width = width
        self._fitted = fit_columns(self._columns, width - MARGIN - SCROLLBAR)

    def _header(self, width: int) -> Strip:
        labels = [fit(c.label, space, is_right=c.is_right) for c, space in self._fitted]
        return self.strip([Cell(" " * MARGIN + " ".join(labels), "faint")], width)

    def _line(self, row: R, mark: str) -> Strip:
        cells, run, style = [], " " * MARGIN, "text"
        for column, space in self._fitted:
            cell = column.cell(row, space)
            text = fit(clean(cell.text), space, is_right=column.is_right)
            if (cell.style or "text") != style:
                cells.append(Cell(run, style + mark))
                run, style = "", cell.style or "text"
            run += text + " "
        cells.append(Cell(run[:-1], style + mark))
        return self.strip(cells, self.size.width - SCROLLBAR, fill="text" + mark)

    def _scrollbar(self, line: int, mark: str) -> Strip:
        height, total = self._height, len(self._keys)
        if total <= height or height == 0:
            return self.strip([Cell(" ", "text" + mark)], SCROLLBAR)
        size = max(1, height * height // total)
        start = (height - size) * self._top // max(1, total - height)
        is_thumb = start <= line < start + size
        return self.strip([Cell("┃" if is_thumb else " ", "faint")], SCROLLBAR)

    # -- the cursor ------------------------------------------------------------------------------

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh()

    def _keep_in_sight(self) -> None:
        height = self._height
        if height and self._cursor in self._keys:
            line = self._keys.index(self._cursor)
            self._top = min(max(self._top, line - height + 1), line)
        self._top = max(0, min(self._top, len(self._keys) - height))

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        if self._keys:
            line = self._keys.index(self._cursor) if self._cursor in self._keys else 0
            self._cursor = self._keys[max(0, min(len(self._keys) - 1, line + rows))]
            self._keep_in_sight()
            self.refresh()

    def action_page(self, pages: int) -> None:
        """Move the cursor by what is seen at once."""
        self.action_move(pages * max(1, self._height - 1))

    def action_open(self) -> None:
        """Say that the selected row is to be opened."""
        if self._cursor is not None:
            self.post_message(self.Opened(self, self._cursor))

    def on_click(self, event: events.Click) -> None:
        """Select the row under the mouse; a second click opens it."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y == 0:
            return
        index = self._top + offset.y - 1
        if index < len(self._keys):
            self._cursor = self._keys[index]
            self.refresh()
            if event.chain == 2:
                self.action_open()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll as the wheel does."""
        self._scroll(WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll as the wheel does."""
        self._scroll(-WHEEL_ROWS)

    def _scroll(self, rows: int) -> None:
        self._top = max(0, min(self._top + rows, len(self._keys) - self._height))
        self.refresh()
