"""A table for live rows: drawn line by line, and only the rows that changed.

A line is made from its row when it is drawn and kept until the row, the width or the theme changes.
Scrolling is the table's own: no row ever changes the size of the widget, so nothing is laid out on
the live path. The last column is the scrollbar's, full or empty. What is in which line is for
`rows.Rows` to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic

import msgspec
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from aitrader.tui.arrangement import Arrangement, Sort
from aitrader.tui.columns import Cell, Column, Pairs, R, fitted
from aitrader.tui.glyphs import plain
from aitrader.tui.lines import CURSOR, Lines
from aitrader.tui.rows import Rows
from aitrader.tui.sheet import Sheet
from aitrader.tui.text import clean

HEADER = 1
LEAST_WITH_FOOTER = 3
"""Lines that a header and rows keep before a footer may take one."""
WHEEL_ROWS = 3
FAR = 1_000_000


MOVES: list[BindingType] = [
    Binding("up,k", "move(-1)", "Up", show=False),
    Binding("down,j", "move(1)", "Down", show=False),
    Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
    Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False),
    Binding("home,g", f"move({-FAR})", "First", show=False),
    Binding("end,G", f"move({FAR})", "Last", show=False),
    Binding("enter", "open", "Detail", show=False),
]


class Table(Lines, Generic[R], can_focus=True):
    """Rows of one kind under fixed columns that flex to the width."""

    BINDINGS: ClassVar[list[BindingType]] = MOVES

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
        sorts: Sequence[Sort] = (),
    ) -> None:
        super().__init__(name=name, classes="panel")
        self.footer: Cell | None = None
        """What has the last line, where there is room."""
        self._rows: Rows[R] = Rows(order=order, limit=limit)
        self.empty = empty
        self.arrangement = Arrangement(self._rows, sorts, self.record)
        self._lines: dict[str, Strip] = {}
        self._sheet = Sheet(columns)
        self._fitted_size = Size()
        self._bars: dict[str, Segment] = {}
        self._blank: Strip | None = None

    # -- the rows --------------------------------------------------------------------------------

    @property
    def rows(self) -> dict[str, R]:
        """The rows by key; change them by `put` and `drop` alone."""
        return self._rows.by_key

    @property
    def selected(self) -> R | None:
        """The row under the cursor."""
        return self._rows.selected

    def put(self, key: str, row: R) -> None:
        """Set one row; seen after `settle`."""
        self._rows.put(key, row)

    def drop(self, keys: Iterable[str]) -> None:
        """Take rows out; unknown keys are nothing."""
        self._rows.drop(keys)

    def settle(self) -> None:
        """Show what was put and dropped since the last time."""
        changed, lines = self._rows.settle()
        for key in changed:
            self._lines.pop(key, None)
        if lines is None:
            self.refresh()
        elif lines:
            width = self.size.width
            self.refresh(*[Region(0, line + HEADER, width, 1) for line in lines])

    def next_order(self) -> str:
        """Take the next order and return its name, "" for the table's own."""
        self.arrangement.next_order()
        self.settle()
        return self.arrangement.order

    def narrow(self, needle: str) -> None:
        """Show the rows that say `needle` somewhere; "" shows all."""
        self.arrangement.narrow(needle)
        self.settle()

    def rearrange(self) -> None:
        """Sort and narrow anew what has moved; once a second is enough."""
        self._rows.rearrange()
        self.settle()

    def record(self, row: R) -> Mapping[str, object]:
        """Return a row's fields by name, whole and unrounded."""
        return msgspec.structs.asdict(row)  # type: ignore[arg-type]

    def records(self) -> list[Mapping[str, object]]:
        """Return what the person sees or may scroll to, in that order."""
        return [self.record(self.rows[key]) for key in self._rows.keys]

    def detail(self, row: R) -> tuple[str, Pairs]:
        """Return the window of a row: its title and its labelled lines."""
        return "", ()

    # -- drawing ---------------------------------------------------------------------------------

    def notify_style_update(self) -> None:
        """Forget the lines drawn in the old colors."""
        super().notify_style_update()
        self._fitted_size = Size()

    def touch(self, keys: Iterable[str]) -> None:
        """Draw rows anew after `settle`: what a column shows beside the row has changed."""
        self._rows.touch(keys)

    def render_line(self, y: int) -> Strip:
        """Return the header, a row, or an empty line."""
        size = self.size
        width = size.width
        if size != self._fitted_size:
            self._fit(size)
        if y < HEADER:
            return self.strip([Cell(self._sheet.header(), "faint")], width)
        if self.footer is not None and y == size.height - 1 >= LEAST_WITH_FOOTER:
            return self.strip(fitted([self.footer], width), width)
        key = self._rows.key_at(y - HEADER)
        if key is None:
            if not self._rows.keys:
                nothing = Cell(f" {clean(self._nothing(y - HEADER))}", "dim")
                return self.strip(fitted([nothing], width), width)
            self._blank = self._blank or self.strip([], width)
            return self._blank
        if key == self._rows.cursor and self.has_focus:
            line, mark = self._line(key, CURSOR), CURSOR
        else:
            line, mark = self._lines.get(key) or self._line(key, ""), ""
            self._lines[key] = line
        thumb = "┃" if y - HEADER in self._rows.thumb() else " "
        bar = self._bars.get(thumb + mark)
        if bar is None:
            bar = Segment(plain(thumb) if self.is_ascii else thumb, self.ink("faint" + mark))
            self._bars[thumb + mark] = bar
        return Strip([*line, bar], width)

    def _nothing(self, line: int) -> str:
        """Return a line of what stands in place of rows."""
        if self.rows:
            return f"nothing says {self.arrangement.needle}" if line == 0 else ""
        lines = self.empty.split("\n")
        return lines[line] if line < len(lines) else ""

    def _fit(self, size: Size) -> None:
        """Choose the columns for a width and forget the lines of the old one."""
        self._lines.clear()
        self._bars.clear()
        self._blank = None
        self._fitted_size = size
        self._sheet.fit(size.width)
        has_footer = self.footer is not None and size.height > LEAST_WITH_FOOTER
        self._rows.resize(max(0, size.height - HEADER - has_footer))

    def _line(self, key: str, mark: str) -> Strip:
        self.ink("")  # also says whether signs are plain
        row, is_ascii = self.rows[key], self.is_ascii
        return self._sheet.line(row, lambda style: self.ink(style + mark), is_ascii=is_ascii)

    # -- the cursor ------------------------------------------------------------------------------

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh()

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        self._rows.move(rows)
        self.refresh()

    def action_page(self, pages: int) -> None:
        """Move the cursor by what is seen at once."""
        self.action_move(pages * max(1, self.size.height - HEADER - 1))

    def action_open(self) -> None:
        """Say that the selected row is to be opened."""
        if self._rows.cursor is not None:
            self.post_message(self.Opened(self, self._rows.cursor))

    def on_click(self, event: events.Click) -> None:
        """Select the row under the mouse; a second click opens it."""
        offset = event.get_content_offset(self)
        key = None if offset is None else self._rows.key_at(offset.y - HEADER)
        if key is None or offset is None or offset.y < HEADER:
            return
        self._rows.cursor = key
        self.refresh()
        if event.chain > 1:
            self.action_open()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll as the wheel does."""
        self._rows.scroll(WHEEL_ROWS)
        self.refresh()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll as the wheel does."""
        self._rows.scroll(-WHEEL_ROWS)
        self.refresh()
