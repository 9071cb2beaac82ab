"""The newest lines of something that only grows; draws itself and is never laid out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Generic

from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip

from aitrader.tui.columns import Cell, R
from aitrader.tui.lines import Lines

FAR = 1_000_000
WHEEL_LINES = 3


class Tail(Lines, Generic[R], can_focus=True):
    """Lines that follow their end until the person scrolls back, and again from the end on.

    `cells` makes a line of an item and the width; `limit` items are kept.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll(-1)", "Up", show=False),
        Binding("down,j", "scroll(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False),
        Binding("home,g", f"scroll({-FAR})", "First", show=False),
        Binding("end,G", f"scroll({FAR})", "Newest", show=False),
    ]

    def __init__(
        self, cells: Callable[[R, int], Sequence[Cell]], *, name: str, empty: str, limit: int = 1000
    ) -> None:
        super().__init__(name=name, classes="panel")
        self._cells = cells
        self._empty = empty
        self._kept: deque[R] = deque(maxlen=limit)
        self._items: deque[R] = deque(maxlen=limit)
        self._accept: Callable[[R], bool] | None = None
        self._back = 0

    @property
    def is_following(self) -> bool:
        """True while the newest line is in sight."""
        return self._back == 0

    def extend(self, items: Iterable[R]) -> None:
        """Add the newest."""
        before = len(self._items)
        fresh = list(items)
        self._kept.extend(fresh)
        if self._accept is not None:
            fresh = [item for item in fresh if self._accept(item)]
        self._items.extend(fresh)
        if fresh:
            if self._back:
                self._back = min(self._back + len(fresh), max(before, len(self._items)))
                self._scroll(0)
            self.refresh()

    def sieve(self, accept: Callable[[R], bool] | None) -> None:
        """Leave out what is not accepted, now and from now on; None shows all."""
        self._accept = accept
        self._items.clear()
        self._items.extend(item for item in self._kept if accept is None or accept(item))
        self._back = 0
        self.refresh()

    def shown(self) -> Sequence[R]:
        """Return what is in sight or to be scrolled to, oldest first."""
        return tuple(self._items)

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._items.clear()
        self._back = 0
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one line, the newest at the bottom."""
        width, height = self.size
        if not self._items:
            empty = self._empty if not self._kept else "nothing here says that"
            return self.strip([Cell(f" {empty}" if y == 0 else "", "faint")], width)
        first = max(0, len(self._items) - height - self._back)
        index = first + y
        if index >= len(self._items):
            return self.strip([], width)
        return self.strip(self._cells(self._items[index], width), width)

    def _scroll(self, lines: int) -> None:
        most = max(0, len(self._items) - self.size.height)
        self._back = max(0, min(self._back - lines, most))
        self.refresh()

    def action_scroll(self, lines: int) -> None:
        """Move back (-) or forth (+)."""
        self._scroll(lines)

    def action_page(self, pages: int) -> None:
        """Move by what is seen at once."""
        self._scroll(pages * max(1, self.size.height - 1))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll as the wheel does."""
        self._scroll(WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll as the wheel does."""
        self._scroll(-WHEEL_LINES)
