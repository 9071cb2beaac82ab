"""Deploy: where this engine runs, what becomes of it, and what is not configured."""

from __future__ import annotations

from textual.strip import Strip

from aitrader.model.view import Status
from aitrader.tui import text as words
from aitrader.tui.columns import Cell
from aitrader.tui.lines import Lines

STAYS = "q then k leaves it running; it also outlives this terminal"
NO_CLOUD = "not configured: nothing is deployed from here"
CALM_S = 60
"""How often the engine's age changes on screen."""


class Deploy(Lines, can_focus=True):
    """A few lines of facts; what cannot be done here is said so."""

    def __init__(self) -> None:
        super().__init__(name="deploy", classes="panel")
        self._lines: tuple[tuple[Cell, ...], ...] = ()
        self._known: object = None

    def show(self, status: Status, trouble: str) -> None:
        """Take the newest status; drawn again only when what it says has changed."""
        known = (status.version, status.process_id, status.uptime_s // CALM_S, status.mode, trouble)
        if known != self._known:
            self._known = known
            self._lines = facts(status, trouble)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one fact."""
        cells = self._lines[y] if y < len(self._lines) else ()
        return self.strip(cells, self.size.width)


def facts(status: Status, trouble: str) -> tuple[tuple[Cell, ...], ...]:
    """Return the panel's lines."""
    local = (Cell(" ● local     ", "up"), Cell("the engine is a process of its own"))
    if trouble:
        local = (Cell(" ○ local     ", "down"), Cell(words.clean(trouble)))
    process = f"version {status.version or words.DASH} · process {status.process_id or words.DASH}"
    age = f" · up {words.age(1000 * status.uptime_s)}"
    return (
        local,
        (Cell(" " * 13), Cell(words.clean(process + age), "dim")),
        (
            Cell(" " * 13),
            Cell("q then k leaves it running; close the terminal and it goes on", "dim"),
        ),
        (
            Cell(" ○ cloud     ", "faint"),
            Cell("not configured: nothing is deployed from here", "dim"),
        ),
    )
