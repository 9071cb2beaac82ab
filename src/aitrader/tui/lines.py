"""What every self-drawn widget shares: the palette on its own background, and strips."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import ANSIToTruecolor, LineFilter
from textual.strip import Strip
from textual.widget import Widget

from aitrader.tui.columns import Cell
from aitrader.tui.glyphs import plain
from aitrader.tui.palette import styles

CURSOR = "*"
"""Added to a style's name: the same on the background of the selected row."""


class Lines(Widget):
    """A widget that draws each line itself and never asks for a layout."""

    DEFAULT_CSS = "Lines { background: $background; }"

    def __init__(self, *, name: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=name, classes=classes)
        self._inks: dict[str, Style] = {}
        self.is_ascii = False

    def notify_style_update(self) -> None:
        """Forget the old colors."""
        super().notify_style_update()
        self._inks.clear()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Leave out what finds true colors for a terminal's own: a theme's are true already.

        It would copy each line that has changed, a tenth of a frame's CPU (`bench/tui.py`).
        """
        found = super().get_line_filters()
        return [each for each in found if not isinstance(each, ANSIToTruecolor)]

    def ink(self, name: str) -> Style:
        """Return a named style on this widget's background."""
        if not self._inks:
            self.is_ascii = self.app.has_class("-ascii")
            variables = self.app.theme_variables
            back = self.background_colors[1]
            cursor = back.blend(Color.parse(variables["primary"]), 0.22).rich_color
            base, chosen = Style(bgcolor=back.rich_color), Style(bgcolor=cursor)
            found = styles(variables)
            for key, style in found.items():
                self._inks[key] = base + style
                seen = found["dim"] if key == "faint" else style  # else it fades into the cursor
                self._inks[key + CURSOR] = base + seen + chosen
        return self._inks[name]

    def strip(self, cells: Iterable[Cell], width: int, *, fill: str = "") -> Strip:
        """Return one line of exactly `width` cells; what is left is filled in style `fill`."""
        inked = [(text, self.ink(style)) for text, style in cells if text]
        if self.is_ascii:
            inked = [(plain(text), ink) for text, ink in inked]
        segments = [Segment(text, ink) for text, ink in inked]
        return Strip(segments).adjust_cell_length(width, self.ink(fill))
