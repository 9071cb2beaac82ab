"""Named styles from the theme's colors, for widgets that draw their own lines."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual.color import Color

NAMES = (
    "text", "dim", "faint", "up", "down", "rise", "fall", "warn", "title", "key", "note",
    "paper", "live", "alarm", "line1", "line2", "line3", "line4", "line5",
)  # fmt: skip
"""Every style a cell may name; "" is the same as `text`."""


def styles(theme: Mapping[str, str]) -> dict[str, Style]:
    """Return the style of each name in this theme, foregrounds only but for the labels.

    Args:
        theme: The theme's variables: background, foreground, success, error, warning, accent, ...
    """
    back, fore = Color.parse(theme["background"]), Color.parse(theme["foreground"])

    def ink(color: Color, *, bold: bool = False) -> Style:
        return Style(color=color.rich_color, bold=bold or None)

    def label(name: str) -> Style:
        color = Color.parse(theme[name])
        return Style(color=back.rich_color, bgcolor=color.rich_color, bold=True)

    return {
        "": ink(fore),
        "text": ink(fore),
        "dim": ink(fore.blend(back, 0.4)),
        "faint": ink(fore.blend(back, 0.62)),
        "up": ink(Color.parse(theme["success"])),
        "down": ink(Color.parse(theme["error"])),
        "rise": ink(Color.parse(theme["success"]).blend(back, 0.4)),
        "fall": ink(Color.parse(theme["error"]).blend(back, 0.4)),
        "warn": ink(Color.parse(theme["warning"])),
        "title": ink(Color.parse(theme["secondary"])),
        "key": ink(Color.parse(theme["accent"])),
        "note": ink(Color.parse(theme["primary"])),
        "line1": ink(Color.parse(theme["secondary"])),
        "line2": ink(Color.parse(theme["accent"])),
        "line3": ink(Color.parse(theme["primary"])),
        "line4": ink(Color.parse(theme["warning"])),
        "line5": ink(fore.blend(back, 0.2)),
        "paper": label("success"),
        "live": label("error"),
        "alarm": label("error"),
    }
