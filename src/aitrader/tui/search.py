"""The filter line: what is typed narrows a panel at once; the panels stay alive behind it."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.screen import ModalScreen

MOST = 40


class Search(ModalScreen[None]):
    """Takes the keys until enter (keeps the filter) or escape (shows all rows again)."""

    def __init__(self, needle: str, tell: Callable[[str, bool], None]) -> None:
        """`tell` is called with the text so far, and whether the person is still typing."""
        super().__init__()
        self._needle = needle
        self._tell = tell

    def on_mount(self) -> None:
        """Show what stands there by now."""
        self._tell(self._needle, True)

    def on_key(self, event: events.Key) -> None:
        """Type, take back, keep or clear."""
        event.stop()
        if event.key in ("enter", "escape", "ctrl+c"):
            self._tell(self._needle if event.key == "enter" else "", False)
            self.dismiss()
            return
        if event.key == "backspace":
            self._needle = self._needle[:-1]
        elif event.key == "ctrl+u":
            self._needle = ""
        elif event.is_printable and event.character:
            self._needle = (self._needle + event.character)[:MOST]
        self._tell(self._needle, True)
