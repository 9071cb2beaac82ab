"""A symbol's candles over the whole screen, with what this account did there, and its facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Static

from aitrader.model.candle import INTERVAL_MS, Candle
from aitrader.model.control import Control, LineRow, ReadCandles, ReadLines
from aitrader.model.errors import Refused, Transient
from aitrader.model.view import PositionRow
from aitrader.tui.candlestick import Mark, PriceLine, draw
from aitrader.tui.columns import Cell, Pairs
from aitrader.tui.curves import STYLES, Curve
from aitrader.tui.dialogs import Deed, labelled
from aitrader.tui.glyphs import plain
from aitrader.tui.lines import Lines
from aitrader.tui.text import clean

INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "4h", "1d")
BARS = 300
LINE_BARS = 1000
FRESH_S = 1.0
"""How often the chart is asked for anew."""


class Watcher(NamedTuple):
    """A trader whose filter may be drawn."""

    trader_id: str
    name: str


class Scene(NamedTuple):
    """What one chart shows besides candles; of the `watchers` the first is drawn at first."""

    title: str
    pairs: Pairs
    marks: Sequence[Mark] = ()
    lines: Sequence[PriceLine] = ()
    watchers: Sequence[Watcher] = ()


def position_scene(positions: Sequence[PositionRow]) -> tuple[list[Mark], list[PriceLine]]:
    """Return the entries and exits of positions, and the prices that guard those that are open."""
    marks, lines = [], []
    for row in positions:
        is_long = row.side == "LONG"
        marks.append(Mark(row.opened_ms, row.entry_price, "note", is_below=is_long))
        if row.closed_ms is not None:
            marks.append(Mark(row.closed_ms, row.mark_price, "key", is_below=not is_long))
            continue
        lines.append(PriceLine(row.entry_price, "note"))
        lines += [PriceLine(row.stop_price, "down")] if row.stop_price else []
        lines += [PriceLine(row.target_price, "up")] if row.target_price else []
    return marks, lines


def curves_of(rows: Sequence[LineRow], candles: Sequence[Candle]) -> list[Curve]:
    """Return a filter's lines with a value for each candle: the newest that was known by then."""
    return [
        Curve(row.name, row.pane, _aligned(row, candles), STYLES[n % len(STYLES)], row.levels)
        for n, row in enumerate(rows)
    ]


def _aligned(row: LineRow, candles: Sequence[Candle]) -> list[float | None]:
    step = INTERVAL_MS[row.interval]
    places = [(candle.close_ms - row.open_ms) // step - 1 for candle in candles]
    return [row.values[place] if 0 <= place < len(row.values) else None for place in places]


class Canvas(Lines):
    """The chart itself."""

    def __init__(self) -> None:
        super().__init__(classes="canvas")
        self._candles: Sequence[Candle] = ()
        self._scene = Scene("", ())
        self._curves: Sequence[Curve] = ()
        self._note = "fetching candles …"
        self._drawn: list[list[Cell]] | None = None

    def show(
        self, candles: Sequence[Candle], scene: Scene, *, curves: Sequence[Curve], note: str
    ) -> None:
        """Take what there is to draw; `note` stands where there are no candles."""
        given = (candles, scene, curves, note)
        if given != (self._candles, self._scene, self._curves, self._note):
            self._candles, self._scene, self._curves, self._note = given
            self._drawn = None
            self.refresh()

    def on_resize(self) -> None:
        """Draw anew."""
        self._drawn = None

    def render_line(self, y: int) -> Strip:
        """Return a line of the chart, or the note where there is none."""
        width, height = self.size
        if self._drawn is None:
            self._drawn = draw(
                self._candles,
                width,
                height=height,
                marks=self._scene.marks,
                lines=self._scene.lines,
                curves=self._curves,
            )
        if not self._drawn:
            return self.strip([Cell(f" {clean(self._note)}" if y == 0 else "", "dim")], width)
        return self.strip(self._drawn[y] if y < len(self._drawn) else (), width)


class ChartScreen(ModalScreen[None]):
    """Candles of one symbol, asked for once a second while it is looked at."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "Close"),
        Binding("i,right_square_bracket", "interval(1)", "Longer"),
        Binding("I,left_square_bracket", "interval(-1)", "Shorter"),
        Binding("t", "watcher", "Another trader's lines"),
    ]

    def __init__(
        self,
        control: Control,
        symbol: str,
        interval: str,
        *,
        scene: Callable[[], Scene],
        deeds: Mapping[str, Deed] | None = None,
    ) -> None:
        """`scene` is asked for what is true now whenever the chart is drawn anew.

        `deeds` are what may be done while it is looked at, by key.
        """
        super().__init__()
        self._deeds = deeds or {}
        self._control = control
        self._symbol = symbol
        self._interval = interval
        self._scene = scene
        self._chosen = 0
        self._rows: tuple[LineRow, ...] = ()
        self._rows_of: tuple[str, int] = ("", 0)
        self._canvas = Canvas()
        self._facts = Static(classes="facts")
        self._frame = Horizontal(self._canvas, self._facts, classes="chart")

    def compose(self) -> ComposeResult:
        """Show the candles and beside them the facts."""
        yield self._frame

    def on_mount(self) -> None:
        """Ask for candles now and from now on."""
        keys = ["i interval", "t trader", *(f"{k} {deed.title}" for k, deed in self._deeds.items())]
        self._frame.border_subtitle = self._signs(" · ".join((*keys, "esc")))
        self.set_interval(FRESH_S, self._ask)
        self._ask()

    async def on_key(self, event: events.Key) -> None:
        """Do what there is for this key."""
        deed = self._deeds.get(event.character or "")
        if deed is not None:
            event.stop()
            await deed.do()

    def _ask(self) -> None:
        self.run_worker(self._fetch(self._interval), group="candles", exclusive=True)

    async def _fetch(self, interval: str) -> None:
        scene = self._scene()
        watcher = self._watcher(scene)
        candles: Sequence[Candle] = ()
        try:
            answer = await self._control.ask(ReadCandles(self._symbol, interval, BARS))
            candles, note = answer.candles, answer.text
            if candles:
                await self._fetch_lines(watcher, candles[-1].close_ms)
        except (Transient, Refused) as exc:
            note = exc.reason
        named = f" · {watcher.name}" if watcher else ""
        title = f"{clean(scene.title)} · {interval}{clean(named)}".replace("[", "(")
        self._frame.border_title = self._signs(title)
        self._facts.update(self._text(scene.pairs))
        curves = curves_of(self._rows, candles) if watcher else ()
        self._canvas.show(candles, scene, curves=curves, note=note)

    def _watcher(self, scene: Scene) -> Watcher | None:
        """Return the trader whose lines are shown; after the last comes none."""
        known = scene.watchers
        place = self._chosen % (len(known) + 1)
        return known[place] if place < len(known) else None

    async def _fetch_lines(self, watcher: Watcher | None, closed_ms: int) -> None:
        """Ask for the lines of a filter once per candle: between closes they do not change."""
        if watcher is None or (watcher.trader_id, closed_ms) == self._rows_of:
            return
        asked = ReadLines(watcher.trader_id, self._symbol, LINE_BARS)
        self._rows = (await self._control.ask(asked)).lines
        self._rows_of = (watcher.trader_id, closed_ms)

    def _text(self, pairs: Pairs) -> Text:
        pairs = [(label, self._signs(value)) for label, value in pairs]
        return labelled(pairs, self.app.theme_variables)

    def _signs(self, text: str) -> str:
        return plain(text) if self.app.has_class("-ascii") else text

    def action_interval(self, step: int) -> None:
        """Show longer or shorter candles."""
        here = INTERVALS.index(self._interval) if self._interval in INTERVALS else 0
        self._interval = INTERVALS[(here + step) % len(INTERVALS)]
        self._ask()

    def action_watcher(self) -> None:
        """Show the lines of another trader's filter, or of none."""
        self._chosen += 1
        self._ask()
