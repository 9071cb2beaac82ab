"""A trader's file in the terminal: pasted, typed or fetched from a path, and checked when saved."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import widgets
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from aitrader.model.control import Answer
from aitrader.tui.text import clean

LINE = re.compile(r"\bline (\d+)")
MOST_BYTES = 100_000
HINT = "paste a trader's file, or write the path of one"


class Editor(ModalScreen[None]):
    """Text of a trader's file; `save` is asked and what it refuses stays on screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", priority=True),
        Binding("escape", "leave", "Leave", priority=True),
    ]

    def __init__(self, title: str, source: str, save: Callable[[str], Awaitable[Answer]]) -> None:
        super().__init__()
        self._title = title
        self._source = source
        self._save = save
        self._is_sure = False
        self._note = widgets.Static()

    def compose(self) -> ComposeResult:
        """Show the text and under it a line that says what is wrong."""
        with Vertical(classes="window editor") as window:
            window.border_title = clean(self._title).replace("[", "(")
            window.border_subtitle = "ctrl+s save · esc leave"
            yield widgets.TextArea(self._source, show_line_numbers=True)
            yield self._note

    def on_mount(self) -> None:
        """Begin at the text."""
        self.query_one(widgets.TextArea).focus()
        self._say("" if self._source else HINT, "text-muted")

    def _say(self, text: str, color: str) -> None:
        ink = self.app.theme_variables.get(color, self.app.theme_variables["foreground"])
        self._note.update(Text(clean(text), style=ink))

    async def action_save(self) -> None:
        """Check and save; leave when it was accepted, else show why not and where."""
        area = self.query_one(widgets.TextArea)
        source = await asyncio.to_thread(read_if_path, area.text)
        if isinstance(source, OSError):
            self._say(f"cannot read {area.text.strip()}: {source.strerror}", "error")
            return
        if source != area.text:
            area.text = source
        answer = await self._save(source)
        if answer.is_ok:
            self.dismiss()
            return
        self._say(answer.text, "error")
        found = LINE.search(answer.text)
        if found is not None:
            area.move_cursor((max(0, int(found[1]) - 1), 0))

    def action_leave(self) -> None:
        """Leave; what was changed is asked about once."""
        if self.query_one(widgets.TextArea).text == self._source or self._is_sure:
            self.dismiss()
            return
        self._is_sure = True
        self._say("not saved: esc again throws it away, ctrl+s saves", "warning")


def read_if_path(text: str) -> str | OSError:
    """Return the file that `text` is the path of, why it cannot be read, or the text itself."""
    line = text.strip()
    if not line or "\n" in line or "=" in line or "(" in line:
        return text
    path = Path(line.strip("'\"")).expanduser()
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(MOST_BYTES)
    except OSError as exc:
        return exc
