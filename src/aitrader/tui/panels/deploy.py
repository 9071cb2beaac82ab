"""Deploy: where this engine runs, what becomes of it, and what is not configured."""

from __future__ import annotations

from enum import Enum

from textual.strip import Strip

from aitrader.model.view import AccountRow, Status
from aitrader.tui import text as words
from aitrader.tui.columns import Cell, fitted
from aitrader.tui.lines import Lines

DISTANT = "leaving does not stop it; a lost way to it is looked for again"
STOPS = "q asks; closing the window stops it"
STAYS = "q asks; closing the window leaves it: "
NO_CLOUD = "not configured: nothing is deployed from here"
INSTEAD = "elsewhere: aitrader --daemon, seen by aitrader --monitor URL"
CALM_S = 60
"""How often the engine's age changes on screen."""


class Place(Enum):
    """Whose engine is seen: this terminal started it, found it running, or it is far away."""

    OURS = "OURS"
    FOUND = "FOUND"
    DISTANT = "DISTANT"


def ends_with_terminal(status: Status | None, place: Place) -> bool:
    """Say whether the engine is to end when its terminal is closed and nobody can be asked.

    It ends with the terminal that started it, as a program does. One that was there before goes on,
    and so does one that trades live money: a closed window or a lost connection is no decision.
    """
    return place is Place.OURS and (status is None or status.mode != "LIVE")


class Deploy(Lines, can_focus=True):
    """A few lines of facts; what cannot be done here is said so."""

    def __init__(self) -> None:
        super().__init__(name="deploy", classes="panel")
        self.place = Place.OURS
        self._lines: tuple[tuple[Cell, ...], ...] = ()
        self._known: object = None

    def show(self, status: Status, trouble: str) -> None:
        """Take the newest status; drawn again only when what it says has changed."""
        known = (
            *(status.version, status.process_id, status.uptime_s // CALM_S, status.mode, trouble),
            *(row.others for row in status.accounts),
        )
        if known != self._known:
            self._known = known
            self._lines = facts(status, trouble, self.place)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one fact."""
        cells = self._lines[y] if y < len(self._lines) else ()
        width = self.size.width
        return self.strip(fitted(cells, width), width)


def facts(status: Status, trouble: str, place: Place) -> tuple[tuple[Cell, ...], ...]:
    """Return the panel's lines."""
    is_distant = place is Place.DISTANT
    name = "distant" if is_distant else "local"
    own = "the engine of another computer" if is_distant else "the engine is a process of its own"
    first = (Cell(f" ● {name:<10}", "up"), Cell(own))
    if trouble:
        first = (Cell(f" ○ {name:<10}", "down"), Cell(words.clean(trouble)))
    process = f"version {status.version or words.DASH} · process {status.process_id or words.DASH}"
    age = f" · up {words.age(1000 * status.uptime_s) if status.uptime_s >= CALM_S else '<1m'}"
    blank = Cell(" " * 13)
    return (
        first,
        (blank, Cell(words.clean(process + age), "dim")),
        (blank, Cell(_leaving(status, place), "dim")),
        (Cell(f" ○ {'cloud':<10}", "faint"), Cell(NO_CLOUD, "dim")),
        (blank, Cell(INSTEAD, "faint")),
        *(_others(row) for row in status.accounts if row.others),
    )


def _others(row: AccountRow) -> tuple[Cell, ...]:
    """Return what lies in an account and is not ours."""
    coins = "  ".join(f"{coin.quantity} {coin.asset}" for coin in row.others)
    text = f"not ours, left alone: {coins}"
    return Cell(f" ○ {words.clean(row.account):<10}", "faint"), Cell(words.clean(text), "dim")


def _leaving(status: Status, place: Place) -> str:
    if place is Place.DISTANT:
        return DISTANT
    if ends_with_terminal(status, place):
        return STOPS
    return STAYS + ("it trades live money" if place is Place.OURS else "it ran before")
