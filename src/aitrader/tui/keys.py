"""The keys of the app and the page that explains them, in one place."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from textual.binding import Binding, BindingType

from aitrader.model.errors import ConfigError

PANELS = ("Markets", "Traders", "Signals", "Positions", "AI", "Logs", "Deploy")

DOINGS: tuple[tuple[str, str, str, str, str], ...] = (
    ("x", "close_position", "position.close", "Close position", "The selected one, at market"),
    ("m", "move_stop", "position.move_stop", "Move stop", "Of the selected position"),
    ("K", "close_all", "position.close_all", "Kill switch", "Close all positions, pause entries"),
    ("p", "pause", "entries.pause", "Pause or resume entries", "All traders; exits go on"),
    ("e", "switch_trader", "trader.switch", "Trader on/off", "The selected one"),
    ("L", "set_mode", "trader.mode", "Live or paper money", "For the selected trader"),
    ("a", "add_trader", "trader.add", "Add trader", "Paste its file or give its path"),
    ("E", "edit_trader", "trader.edit", "Edit trader", "The selected one's file"),
    ("b", "backtest", "trader.backtest", "Backtest trader", "The selected one, on your candles"),
    ("D", "remove_trader", "trader.remove", "Remove trader", "The selected one"),
    ("slash", "search", "rows.filter", "Filter rows", "In the focused panel"),
    ("s", "order", "rows.order", "Sort rows, level of logs", "In the focused panel"),
    ("y", "copy", "row.copy", "Copy row", "The selected one, to paste elsewhere"),
    ("ctrl+e", "export", "rows.export", "Export rows", "The focused panel as a CSV file"),
    ("P", "picture", "screen.picture", "Screenshot", "This screen as an SVG file"),
)
"""What a person does: key, name of the doing, id, title and meaning in the palette."""

BINDINGS: list[BindingType] = [
    *(Binding(str(i), f"panel({i})", name, id=f"panel.{i}") for i, name in enumerate(PANELS, 1)),
    Binding("tab,l,right", "next_panel(1)", "Next panel", id="panel.next", priority=False),
    Binding("shift+tab,h,left", "next_panel(-1)", "Panel before", id="panel.before"),
    Binding("z", "zoom", "Zoom", id="zoom"),
    *(Binding(key, f"do('{name}')", title, id=known) for key, name, known, title, _ in DOINGS),
    Binding("question_mark", "help", "Help", id="help"),
    Binding("q,ctrl+c,ctrl+q", "quit", "Quit", id="quit"),
]
"""What works everywhere; each has an id, so that a person may give it another key."""

HELP = (
    ("1 to 7", "Markets, Traders, Signals, Positions, AI, Logs, Deploy"),
    ("tab  h  l", "next panel, panel before"),
    ("j k ↑ ↓", "move; page up, page down, home (g), end (G)"),
    ("enter", "the selected row in detail: chart, file, or values"),
    ("z", "the focused panel alone, and back"),
    ("/", "show the rows that say something; esc shows all again"),
    ("s", "another order, or the least level of the logs"),
    ("", ""),
    ("x", "close the selected position at market (asks once)"),
    ("m", "move the stop of the selected position (asks once)"),
    ("K", "kill switch: close all, pause entries (asks once)"),
    ("p", "pause or resume new entries (asks once); exits go on"),
    ("e", "switch the selected trader on or off"),
    ("L", "live or paper money for the selected trader (asks once)"),
    ("a", "add a trader: paste its file, or give its path"),
    ("E", "edit the selected trader's file; it is checked when saved"),
    ("b", "backtest the selected trader on your candles"),
    ("D", "remove the selected trader (asks once)"),
    ("", ""),
    ("y", "copy the selected row"),
    ("ctrl+e", "export the panel's rows to a CSV file"),
    ("P", "a picture of the screen as an SVG file"),
    ("ctrl+p", "command palette: everything above by name"),
    ("q  ctrl+c", "leave: stop the engine, or keep it, or close first"),
    ("", ""),
    ("i  t", "in a chart: longer candles; another trader's lines"),
    ("mouse", "click selects, a second click opens, the wheel scrolls"),
    ("grey", "a price that has not moved for 30 s, or is not live"),
    ("● ○", "the market stream is live, or not; a trader is on, or off"),
    ("▲ ▼", "long, short; a day's gain, a day's loss; entries, exits"),
)


def check_keys(keys: Mapping[str, str]) -> None:
    """Refuse a key for something that cannot be done.

    Raises:
        ConfigError: No binding has that id; the nearest is named.
    """
    known = [binding.id for binding in BINDINGS if isinstance(binding, Binding) and binding.id]
    for name in keys:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {' '.join(known)}"
            raise ConfigError(f"keys: there is nothing called {name}; {hint}")
