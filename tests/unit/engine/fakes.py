"""Small stand-ins for the engine's neighbors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

from tests.builders import AT_MS
from tests.memory_store import MemoryStore

from aitrader.engine.clock import FrameClock
from aitrader.engine.dispatch import Dispatch, Handler
from aitrader.engine.dump import Dumps
from aitrader.engine.engine import Engine, Observer
from aitrader.engine.health import Health
from aitrader.engine.inbox import BoundedInbox
from aitrader.engine.journal import Journal
from aitrader.engine.routing import Stage
from aitrader.engine.supervisor import Supervisor
from aitrader.model import events
from aitrader.model.candle import Candle
from aitrader.model.commands import Command
from aitrader.model.control import ConditionRow, ExplanationRow, LineRow
from aitrader.model.errors import FilterFault
from aitrader.model.events import Event
from aitrader.model.ports import Store
from aitrader.model.trader import Trader
from aitrader.model.view import LogRow


class ListInbox:
    """An inbox that keeps what is posted."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def post(self, event: Event) -> None:
        self.events.append(event)


class RuleStage:
    """A stage whose answers to each kind of fact are given by a function; it remembers nothing."""

    def __init__(self, **rules: Callable[[Event], Iterable[Event | Command]]) -> None:
        self.handlers = {getattr(events, name): rule for name, rule in rules.items()}


class Witness:
    """An observer and a handler of every command: one list of what happened, in order."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def update(self, facts: Sequence[Event]) -> None:
        self.seen += facts

    def do(self, command: Command) -> None:
        self.seen.append(command)

    def kinds(self) -> list[str]:
        return [type(thing).__name__ for thing in self.seen]

    def commands(self) -> list[Command]:
        return [thing for thing in self.seen if isinstance(thing, Command)]


class Parts:
    """An engine on fakes."""

    def __init__(
        self,
        *stages: Stage,
        store: Store | None = None,
        handlers: Mapping[type[Command], Handler] | None = None,
        observers: Sequence[Observer] = (),
        capacity: int = 100,
    ) -> None:
        self.clock = FrameClock(AT_MS)
        self.health = Health()
        self.supervisor = Supervisor(self.health, first_pause_s=0.0)
        self.inbox = BoundedInbox(self.health, capacity=capacity)
        self.store = store or MemoryStore()
        self.witness = Witness()
        everything = dict.fromkeys(Command.__subclasses__(), self.witness.do)
        self.dispatch = Dispatch(
            {**everything, **(handlers or {})},
            self.supervisor,
            inbox=self.inbox,
            clock=self.clock,
        )
        self.engine = Engine(
            self.inbox,
            stages,
            journal=Journal(self.store, self.health),
            dispatch=self.dispatch,
            observers=(self.witness, *observers),
            dumps=Dumps(None, self.health),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Engine]:
        """Run the loop for the length of a story; what is in the inbox at its end is handled."""
        self.supervisor.spawn("engine", self.engine.run())
        try:
            yield self.engine
            await self.engine.settled()
        finally:
            self.engine.stop()
            await self.supervisor.close()


class ATicker:
    """One symbol's ticker."""

    def __init__(self, last: float, at_ms: int = AT_MS) -> None:
        self.last = last
        self.at_ms = at_ms
        self.change_24h_pct = 1.5
        self.volume_24h = 1e6


class FakeMarket:
    """The market as readers see it."""

    def __init__(self, **prices: float) -> None:
        self.messages = 0
        self.candles_closed = 0
        self.age_ms = 0
        self.table: dict[str, ATicker] = {s: ATicker(price) for s, price in prices.items()}
        self.trend: tuple[float, ...] = (1.0, 2.0)
        self.kept: tuple[Candle, ...] = ()

    @property
    def candles(self) -> int:
        return self.candles_closed

    def feed_age_ms(self) -> int:
        return self.age_ms

    def tickers(self) -> Mapping[str, ATicker]:
        return self.table

    def closes(self, symbol: str, bars: int) -> Sequence[float]:
        return self.trend


class FakeLog:
    """Lines of a log, all kept."""

    def __init__(self) -> None:
        self.rows: list[LogRow] = []

    def since(self, count: int) -> tuple[int, Sequence[LogRow]]:
        return len(self.rows), self.rows[count:]


CANDLE = Candle(symbol="BTCUSDT", interval="1m", open_ms=AT_MS, row=(1.0,) * 8, closed=True)


class KeptCandles:
    """A market with one candle of BTCUSDT."""

    def candles(self, symbol: str, interval: str, bars: int) -> Sequence[Candle]:
        return (CANDLE,) if symbol == "BTCUSDT" else ()


class ToldExplainer:
    """Says of each symbol that one condition is missing; knows nothing of LOSTUSDT."""

    async def explain(
        self, trader: Trader, symbols: Sequence[str], now_ms: int
    ) -> tuple[ExplanationRow, ...]:
        if trader.source == "bad":
            raise FilterFault("unknown name 'rsj'", line=3, hint="did you mean 'rsi'?")
        missing = (ConditionRow("RSI is low", "false", (("rsi(close, 14)", 51.0),)),)
        return tuple(
            ExplanationRow(symbol, now_ms, True, False, False, missing)
            for symbol in symbols
            if symbol != "LOSTUSDT"
        )

    async def lines(
        self, trader: Trader, symbol: str, *, bars: int, now_ms: int
    ) -> tuple[LineRow, ...] | None:
        if trader.source == "bad":
            raise FilterFault("unknown name 'rsj'", line=3, hint="did you mean 'rsi'?")
        row = LineRow("ema(close, 9)", "", "5m", now_ms, (1.0,) * bars)
        return None if symbol == "LOSTUSDT" else (row,)
