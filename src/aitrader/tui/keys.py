"""The keys of the app and the page that explains them, in one place."""

from __future__ import annotations

from textual.binding import Binding, BindingType

PANELS = ("Markets", "Traders", "Signals", "Positions", "Log")

BINDINGS: list[BindingType] = [
    *(Binding(str(i), f"panel({i})", name, id=f"panel.{i}") for i, name in enumerate(PANELS, 1)),
    Binding("tab,l,right", "next_panel(1)", "Next panel", id="panel.next", priority=False),
    Binding("shift+tab,h,left", "next_panel(-1)", "Panel before", id="panel.before"),
    Binding("z", "zoom", "Zoom", id="zoom"),
    Binding("x", "close_position", "Close position", id="position.close"),
    Binding("p", "pause", "Pause entries", id="entries.pause"),
    Binding("e", "switch_trader", "Trader on/off", id="trader.switch"),
    Binding("question_mark", "help", "Help", id="help"),
    Binding("q,ctrl+c,ctrl+q", "quit", "Quit", id="quit"),
]
"""What works everywhere; each has an id, so that a person may give it another key."""

HELP = (
    ("1 to 5", "go to Markets, Traders, Signals, Positions, Log"),
    ("tab  h  l", "next panel, panel before"),
    ("j k ↑ ↓", "move; page up, page down, home (g), end (G)"),
    ("enter", "the selected row in detail"),
    ("z", "the focused panel alone, and back"),
    ("", ""),
    ("x", "close the selected position at market (asks once)"),
    ("p", "pause or resume new entries (asks once); exits go on"),
    ("e", "switch the selected trader on or off"),
    ("", ""),
    ("ctrl+p", "command palette: everything above by name"),
    ("q  ctrl+c", "leave: stop the engine, or keep it, or close first"),
    ("", ""),
    ("grey", "a price that has not moved for 30 s, or is not live"),
    ("● ○", "the market stream is live, or not; a trader is on, or off"),
)
