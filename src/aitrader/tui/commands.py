"""What the command palette offers: everything a key does, by name and with its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from textual.app import App, SystemCommand
from textual.binding import Binding

from aitrader.tui.keys import DOINGS, PANELS

OTHERS = (
    ("z", "zoom", "zoom", "Zoom", "The focused panel alone"),
    ("question_mark", "help", "help", "Help", "All keys"),
    ("q", "quit", "quit", "Quit", "Leave aitrader"),
)
"""Beside the doings: key, action, id, title and meaning."""


def commands(app: App[Any], keys: Mapping[str, str]) -> Iterator[SystemCommand]:
    """Yield a command for each thing to do; `keys` are the person's own, by id."""
    for number, name in enumerate(PANELS, 1):
        shown = _shown(app, keys.get(f"panel.{number}", str(number)))
        go = partial(app.run_action, f"panel({number})")
        yield SystemCommand(f"Go to {name}", f"Key {shown}", go)
    doings = ((key, f"do('{name}')", known, *told) for key, name, known, *told in DOINGS)
    for key, action, known, title, meaning in (*doings, *OTHERS):
        shown = _shown(app, keys.get(known, key))
        told = f"Key {shown}: {meaning[0].lower()}{meaning[1:]}"
        yield SystemCommand(title, told, partial(app.run_action, action))
    yield SystemCommand("Theme", "Other colors", app.action_change_theme)


def _shown(app: App[Any], keys: str) -> str:
    """Return the first of these keys as a person reads it."""
    return app.get_key_display(Binding(keys.split(",", maxsplit=1)[0], ""))
