"""What every self-drawn widget shares: the palette on its own background, and strips."""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget

from aitrader.tui.columns import Cell
from aitrader.tui.palette import styles

CURSOR = "*"
"""Added to a style's name: the same on the background of the selected row."""


class Lines(Widget):
    """A widget that draws each line itself and never asks for a layout."""

    DEFAULT_CSS = "Lines { background: $background; }"

    def __init__(self, *, name: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=name, classes=classes)
        self._inks: dict[str, Style] = {}

    def notify_style_update(self) -> None:
        """Forget the old colors."""
        super().notify_style_update()
        self._inks.clear()

    def ink(self, name: str) -> Style:
        """Return a named style on this widget's background."""
        if not self._inks:
            variables = self.app.theme_variables
            back = self.background_colors[1]
            cursor = back.blend(Color.parse(variables["primary"]), 0.22).rich_color
            base, chosen = Style(bgcolor=back.rich_color), Style(bgcolor=cursor)
            for key, style in styles(variables).items():
                self._inks[key] = base + style
                self._inks[key + CURSOR] = base + style + chosen
        return self._inks[name]

    def strip(self, cells: Iterable[Cell], width: int, *, fill: str = "") -> Strip:
        """Return one line of exactly `width` cells; what is left is filled in style `fill`."""
        segments = [Segment(text, self.ink(style)) for text, style in cells if text]
        return Strip(segments).adjust_cell_length(width, self.ink(fill))
