"""Deploy: where this engine runs, what becomes of it, and what is not configured."""

from __future__ import annotations

from textual.strip import Strip

from aitrader.model.view import Status
from aitrader.tui import text as words
from aitrader.tui.columns import Cell
from aitrader.tui.lines import Lines

LEAVING = "q then k keeps it running; closing the window stops it"
DISTANT = "leaving does not stop it; a lost way to it is looked for again"
NO_CLOUD = "not configured: nothing is deployed from here"
INSTEAD = "elsewhere: aitrader --daemon, seen by aitrader --monitor URL"
CALM_S = 60
"""How often the engine's age changes on screen."""


class Deploy(Lines, can_focus=True):
    """A few lines of facts; what cannot be done here is said so."""

    def __init__(self) -> None:
        super().__init__(name="deploy", classes="panel")
        self.is_distant = False
        self._lines: tuple[tuple[Cell, ...], ...] = ()
        self._known: object = None

    def show(self, status: Status, trouble: str) -> None:
        """Take the newest status; drawn again only when what it says has changed."""
        known = (status.version, status.process_id, status.uptime_s // CALM_S, status.mode, trouble)
        if known != self._known:
            self._known = known
            self._lines = facts(status, trouble, is_distant=self.is_distant)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one fact."""
        cells = self._lines[y] if y < len(self._lines) else ()
        return self.strip(cells, self.size.width)


def facts(
    status: Status, trouble: str, *, is_distant: bool = False
) -> tuple[tuple[Cell, ...], ...]:
    """Return the panel's lines."""
    place = "distant" if is_distant else "local"
    own = "the engine of another computer" if is_distant else "the engine is a process of its own"
    first = (Cell(f" ● {place:<10}", "up"), Cell(own))
    if trouble:
        first = (Cell(f" ○ {place:<10}", "down"), Cell(words.clean(trouble)))
    process = f"version {status.version or words.DASH} · process {status.process_id or words.DASH}"
    age = f" · up {words.age(1000 * status.uptime_s)}"
    blank = Cell(" " * 13)
    return (
        first,
        (blank, Cell(words.clean(process + age), "dim")),
        (blank, Cell(DISTANT if is_distant else LEAVING, "dim")),
        (Cell(f" ○ {'cloud':<10}", "faint"), Cell(NO_CLOUD, "dim")),
        (blank, Cell(INSTEAD, "faint")),
    )
