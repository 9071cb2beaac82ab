"""The panels and what they show: frames in, settled panels out.

The live path. A frame's changed rows go to their panels; then each panel settles once, which draws
the changed rows in sight. Nothing here asks for a layout. `tick`, once a second, ages what did not
change: grey prices, ages, titles, the silence of the engine.
"""

from __future__ import annotations

from collections.abc import Sequence

from aitrader.model.view import Frame
from aitrader.tui import text as words
from aitrader.tui.bars import KeyBar, StatusBar
from aitrader.tui.glyphs import plain
from aitrader.tui.keys import PANELS
from aitrader.tui.lines import Lines
from aitrader.tui.panels.analyses import Analyses
from aitrader.tui.panels.deploy import Deploy, Place
from aitrader.tui.panels.log import Log
from aitrader.tui.panels.markets import Markets
from aitrader.tui.panels.positions import Positions
from aitrader.tui.panels.signals import Signals
from aitrader.tui.panels.traders import Traders

MESSAGE_S = 6.0
"""How long a sentence stands in the last line."""


class Board:
    """The widgets of the main screen; times are seconds of this terminal's own clock."""

    def __init__(self) -> None:
        self.status_bar = StatusBar()
        self.key_bar = KeyBar()
        self.markets = Markets()
        self.traders = Traders()
        self.signals = Signals()
        self.positions = Positions()
        self.analyses = Analyses()
        self.log = Log()
        self.deploy = Deploy()
        self.panels: tuple[Lines, ...] = (
            self.markets,
            self.traders,
            self.signals,
            self.positions,
            self.analyses,
            self.log,
            self.deploy,
        )
        self._tables = (self.markets, self.traders, self.signals, self.positions, self.analyses)
        self.trouble = ""
        self._heard_s = 0.0
        self._said_s = 0.0
        self._again_s = 0.0

    @property
    def focused(self) -> Lines | None:
        """The panel that has the keys."""
        return next((panel for panel in self.panels if panel.has_focus), None)

    @property
    def narrowed(self) -> Markets | Traders | Signals | Positions | Analyses | Log | None:
        """The focused panel, if its rows may be filtered, sorted and exported."""
        rows = (*self._tables, self.log)
        return next((panel for panel in rows if panel.has_focus), None)

    @property
    def staleness(self) -> str:
        """Why no price is true any more, "" while they are."""
        status = self.status_bar.status
        if self.trouble or status is None:
            return self.trouble or "no word from the engine yet"
        return "the market stream is down" if status.feed == "down" else ""

    def begin(self, now_s: float) -> None:
        """Count the silence of the engine from now on."""
        self._heard_s = now_s

    def lose(self, reason: str, now_s: float, *, again_s: float = 0.0) -> None:
        """Say why the engine is gone and when it is looked for; every price is old from now on."""
        self.trouble = reason
        self._again_s = now_s + again_s
        self.tick(now_s)

    def show(self, frame: Frame, now_s: float) -> None:
        """Hand changed rows to their panels, then let each panel settle once."""
        self._heard_s = now_s
        if self.trouble or self.status_bar.silent_s:
            self.trouble = ""
            self.status_bar.tell("")
        if frame.is_snapshot:
            self._forget(frame)
        self.markets.is_stale = frame.status.feed == "down"
        self._put(frame, now_s)
        if frame.gone:
            self.markets.drop(frame.gone)
            self.traders.drop(frame.gone)
        self.positions.now_ms = frame.status.now_ms
        self.analyses.tell(frame.status.analyst)
        for table in self._tables:
            table.settle()
        self.log.extend(frame.logs)
        self.status_bar.show(frame.status)
        self.deploy.show(frame.status, "")
        if frame.is_snapshot:
            self.tick(now_s)

    def _put(self, frame: Frame, now_s: float) -> None:
        for market in frame.markets:
            self.markets.show(market, now_s)
        for trader in frame.traders:
            self.traders.put(trader.trader_id, trader)
        for signal in frame.signals:
            self.signals.put(signal.signal_id, signal)
        for position in frame.positions:
            self.positions.put(position.position_id, position)
        for analysis in frame.analyses:
            self.analyses.put(analysis.signal_id, analysis)

    def _forget(self, snapshot: Frame) -> None:
        """Drop the rows that a new snapshot does not have."""
        self.log.clear()
        self.markets.drop(set(self.markets.rows) - {row.symbol for row in snapshot.markets})
        self.traders.drop(set(self.traders.rows) - {row.trader_id for row in snapshot.traders})
        self.signals.drop(set(self.signals.rows) - {row.signal_id for row in snapshot.signals})
        held = {row.position_id for row in snapshot.positions}
        self.positions.drop(set(self.positions.rows) - held)
        asked = {row.signal_id for row in snapshot.analyses}
        self.analyses.drop(set(self.analyses.rows) - asked)

    def tick(self, now_s: float) -> None:
        """Age what is on screen; once a second."""
        status, silent_s = self.status_bar.status, float(int(now_s - self._heard_s))
        self.markets.grow_old(now_s, is_stale=bool(self.staleness))
        held = {row.symbol for row in self.positions.rows.values()}
        self.positions.grow_old(held if self.staleness else held & self.markets.old())
        for table in self._tables:
            table.rearrange()
        if status is not None:
            self.deploy.show(status, self.trouble)
        if self.trouble:
            left_s = max(0, round(self._again_s - now_s))
            when = f"trying again in {left_s}s" if left_s > 1 else "trying again"
            self.status_bar.tell(f"{self.trouble}; {when}", silent_s=silent_s)
        else:
            self.status_bar.tell("", silent_s=silent_s)
        if self.key_bar.message.text and now_s - self._said_s > MESSAGE_S:
            self.key_bar.say("")
        self.title_panels()

    def say(self, message: str, now_s: float, *, is_ok: bool = True) -> None:
        """Show a sentence in the last line for a few seconds."""
        self._said_s = now_s
        self.key_bar.say(message, is_ok=is_ok)

    def title_panels(self) -> None:
        """Write each panel's name and what it adds up to on its border."""
        count, pnl = self.positions.open_pnl()
        is_on = [row.is_enabled for row in self.traders.rows.values()]
        held = f"{count} open  {words.signed(pnl)}" if count else "0 open"
        notes: Sequence[str] = (
            self.markets.arrangement.note(f"{len(self.markets.rows)}"),
            self.traders.arrangement.note(f"{sum(is_on)} of {len(is_on)} on" if is_on else "0"),
            self.signals.arrangement.note(f"{len(self.signals.rows)}"),
            self.positions.arrangement.note(held),
            self.analyses.arrangement.note(self._analyst()),
            self.log.note(),
            "distant" if self.deploy.place is Place.DISTANT else "local",
        )
        for number, (panel, name, note) in enumerate(
            zip(self.panels, PANELS, notes, strict=True), 1
        ):
            title, below = f"{number} {name}", words.clean(note).replace("[", "(")
            below = plain(below) if panel.is_ascii else below
            if panel.border_title != title:
                panel.border_title = title
            if panel.border_subtitle != below:
                panel.border_subtitle = below

    def _analyst(self) -> str:
        status = self.status_bar.status
        return status.analyst if status and status.analyst else "no model"
