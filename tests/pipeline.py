"""The stages joined by the engine's rule, without engine, disk or venue: events in, facts out.

`Pipeline.post` works out all consequences of one event as the engine does. `saved` is what a store
would give back after these facts, so `restarted` is the same account after a crash in which every
command that was not yet answered is lost. The venue is the test itself: it answers with `fill`,
`cancel` and so on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol, TypeVar

from tests.builders import AT_MS, a_match, a_trader, an_instrument

from aitrader.execution.risk import ExecutionSettings
from aitrader.execution.stage import ExecutionStage
from aitrader.model.account import PAPER
from aitrader.model.commands import ArmBand, Command, StartTimer, SubmitOrder
from aitrader.model.events import (
    CashChanged,
    CloseAllAsked,
    EntriesPaused,
    Event,
    FilterMatched,
    InstrumentsLoaded,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderPlanned,
    OrderUpdated,
    PositionClosed,
    PositionOpened,
    PositionUpdated,
    PriceLeft,
    Saved,
    SavedAccount,
    SignalRaised,
    SignalUpdated,
    Started,
    TimerDue,
    TraderSaved,
)
from aitrader.model.ids import ClientOrderId, FillId, PositionId, SignalId, TraderId
from aitrader.model.instrument import Instrument
from aitrader.model.order import Fill, Leg, Order, OrderKind
from aitrader.model.position import Position, PositionStatus
from aitrader.model.signal import Match, Signal, SignalStatus
from aitrader.model.trader import Trader
from aitrader.positions.stage import PositionStage
from aitrader.signals.stage import SignalStage

FactT = TypeVar("FactT", bound=Event | Command)


class Stage(Protocol):
    """One stage."""

    def handle(self, event: Event) -> Iterable[Event | Command]:
        """Return what follows."""
        ...


class FixedPrices:
    """Last prices that the test sets."""

    def __init__(self) -> None:
        self.by_symbol: dict[str, float] = {}

    def last_price(self, symbol: str) -> float | None:
        """Return the price set."""
        return self.by_symbol.get(symbol)


class Pipeline:
    """Signals, execution and positions, and what is put before them, from one event to the next."""

    def __init__(
        self,
        saved: Saved | None = None,
        *,
        traders: Iterable[Trader] = (),
        instruments: Iterable[Instrument] = (),
        settings: ExecutionSettings | None = None,
        before: Iterable[Stage] = (),
        at_ms: int = AT_MS,
    ) -> None:
        """Load the exchange's rules, start with what was saved, then save the traders."""
        self.now_ms = at_ms
        self.prices = FixedPrices()
        self.settings = settings or ExecutionSettings()
        self._stages: tuple[Stage, ...] = (
            *before,
            SignalStage(),
            ExecutionStage(self.settings, self.prices),
            PositionStage(self.prices),
        )
        self._instruments = tuple(instruments) or (an_instrument(),)
        self._fills = 0
        self.facts: list[Event] = []
        self.commands: list[Command] = []
        self._memory = _Memory()
        if saved is not None:
            self._memory.remember(saved)
        self.post(InstrumentsLoaded(at_ms=at_ms, instruments=self._instruments))
        self.post(Started(at_ms=at_ms, saved=saved or Saved()))
        for trader in traders:
            self.post(TraderSaved(at_ms=at_ms, trader=trader))

    # -- the engine's rule --------------------------------------------------------------------

    def post(self, event: Event) -> list[Event | Command]:
        """Work an event out to its end; return everything that followed."""
        self.now_ms = max(self.now_ms, event.at_ms)
        pending: deque[Event] = deque([event])
        followed: list[Event | Command] = []
        while pending:
            fact = pending.popleft()
            self.facts.append(fact)
            self._memory.keep(fact)
            for stage in self._stages:
                for message in stage.handle(fact):
                    followed.append(message)
                    if isinstance(message, Command):
                        self.commands.append(message)
                    else:
                        pending.append(message)
        assert len(followed) < 1000
        return followed

    def saved(self) -> Saved:
        """Return what a store would have kept of it all."""
        return self._memory.saved(self.now_ms)

    def restarted(self, *, after_ms: int = 1) -> Pipeline:
        """Return the account after a crash: only what was saved, the same rules, later."""
        again = Pipeline(
            self.saved(),
            instruments=self._instruments,
            settings=self.settings,
            at_ms=self.now_ms + after_ms,
        )
        again._fills = self._fills
        again._memory = self._memory.joined(again._memory)
        again.prices.by_symbol.update(self.prices.by_symbol)
        return again

    # -- what the venue and the clock say -----------------------------------------------------

    def match(self, match: Match | None = None) -> list[Event | Command]:
        """A trader's conditions became true."""
        return self.post(FilterMatched(at_ms=self.now_ms, match=match or a_match()))

    def accept(self, order: Order) -> list[Event | Command]:
        """The venue has the order."""
        return self.post(OrderAccepted(at_ms=self.now_ms, client_order_id=order.client_order_id))

    def fill(
        self,
        order: Order,
        price: str | Decimal,
        quantity: str | Decimal | None = None,
        *,
        fee_asset: str = "USDT",
        fee: Decimal | None = None,
    ) -> list[Event | Command]:
        """The venue fills an order in part or (without `quantity`) for the rest, fee 0.1 %."""
        self._fills += 1
        order = self.order(order.client_order_id)
        base = Decimal(quantity) if quantity is not None else order.remaining
        paid = base * Decimal(price) if fee_asset == "USDT" else base
        fill = Fill(
            fill_id=FillId(f"fill-{self._fills}"),
            at_ms=self.now_ms,
            quantity=base,
            price=Decimal(price),
            fee=paid / 1000 if fee is None else fee,
            fee_asset=fee_asset,
        )
        return self.post(
            OrderFilled(at_ms=self.now_ms, client_order_id=order.client_order_id, fill=fill)
        )

    def cancel(self, order: Order) -> list[Event | Command]:
        """The venue takes the rest of an order off."""
        return self.post(OrderCanceled(at_ms=self.now_ms, client_order_id=order.client_order_id))

    def price_left(self, price: str) -> list[Event | Command]:
        """The newest band fires."""
        band = self.newest(ArmBand)
        return self.post(PriceLeft(at_ms=self.now_ms, band_id=band.band_id, price=Decimal(price)))

    def timers(self, until_ms: int) -> list[Event | Command]:
        """Every timer started so far that is due by then comes, in its order, once."""
        started = {row.timer_id: row for row in self.commands if isinstance(row, StartTimer)}
        self.commands = [row for row in self.commands if not isinstance(row, StartTimer)]
        followed = []
        for timer in sorted(started.values(), key=lambda row: row.due_ms):
            if timer.due_ms <= until_ms:
                followed += self.post(TimerDue(at_ms=timer.due_ms, timer_id=timer.timer_id))
            else:
                self.commands.append(timer)
        self.now_ms = max(self.now_ms, until_ms)
        return followed

    # -- what there is ------------------------------------------------------------------------

    def of(self, kind: type[FactT]) -> list[FactT]:
        """Return all facts or commands of a kind, oldest first."""
        rows: list[Event | Command] = [*self.facts, *self.commands]
        return [row for row in rows if isinstance(row, kind)]

    def newest(self, kind: type[FactT]) -> FactT:
        """Return the newest fact or command of a kind."""
        return self.of(kind)[-1]

    def submitted(self) -> list[Order]:
        """Return every order that was sent, as it was when it was sent."""
        return [order for row in self.of(SubmitOrder) for order in row.orders]

    def order(self, client_order_id: ClientOrderId) -> Order:
        """Return an order as it stands."""
        return self._memory.orders[client_order_id]

    def live(self, *kinds: OrderKind, leg: Leg = Leg.EXIT) -> list[Order]:
        """Return the orders that are not done, of these kinds or of all."""
        return [
            row
            for row in self._memory.orders.values()
            if not row.is_done and row.leg is leg and (not kinds or row.kind in kinds)
        ]

    @property
    def cash(self) -> Decimal:
        """The account's balance."""
        assert self._memory.cash is not None
        return self._memory.cash

    @property
    def position(self) -> Position:
        """The newest position, whatever its status."""
        return list(self._memory.positions.values())[-1]

    def known_positions(self) -> list[Position]:
        """Return every position since the beginning, closed ones too."""
        return list(self._memory.positions.values())

    @property
    def signal(self) -> Signal:
        """The newest signal."""
        return list(self._memory.signals.values())[-1]


class _Memory:
    """What a store keeps."""

    def __init__(self) -> None:
        self.traders: dict[TraderId, Trader] = {}
        self.signals: dict[SignalId, Signal] = {}
        self.orders: dict[ClientOrderId, Order] = {}
        self.positions: dict[PositionId, Position] = {}
        self.cash: Decimal | None = None
        self.is_paused = self.is_closing_all = False

    def remember(self, saved: Saved) -> None:
        self.traders = {row.trader_id: row for row in saved.traders}
        self.signals = {row.signal_id: row for row in saved.signals}
        self.orders = {row.client_order_id: row for row in saved.orders}
        self.positions = {row.position_id: row for row in saved.positions}
        self.cash = saved.account(PAPER).cash
        self.is_paused, self.is_closing_all = saved.is_paused, saved.is_closing_all

    def joined(self, newer: _Memory) -> _Memory:
        """Return what was kept before a crash and since."""
        for kind in ("traders", "signals", "orders", "positions"):
            setattr(newer, kind, {**getattr(self, kind), **getattr(newer, kind)})
        return newer

    def keep(self, fact: Event) -> None:
        match fact:
            case TraderSaved():
                self.traders[fact.trader.trader_id] = fact.trader
            case SignalRaised() | SignalUpdated():
                self.signals[fact.signal.signal_id] = fact.signal
            case OrderPlanned() | OrderUpdated():
                self.orders[fact.order.client_order_id] = fact.order
            case PositionOpened() | PositionUpdated() | PositionClosed():
                self.positions[fact.position.position_id] = fact.position
            case CashChanged():
                self.cash = fact.cash
            case EntriesPaused():
                self.is_paused = fact.is_paused
                self.is_closing_all = self.is_closing_all and fact.is_paused
            case CloseAllAsked():
                self.is_closing_all = True
            case _:
                pass

    def saved(self, now_ms: int) -> Saved:
        open_now = {
            key: row
            for key, row in self.positions.items()
            if row.status is not PositionStatus.CLOSED
        }
        alive = (SignalStatus.RAISED, SignalStatus.WAITING)
        return Saved(
            traders=tuple(self.traders.values()),
            signals=tuple(row for row in self.signals.values() if row.status in alive),
            orders=tuple(
                row
                for row in self.orders.values()
                if row.position_id in open_now or not row.is_done
            ),
            positions=tuple(open_now.values()),
            accounts=(SavedAccount(cash=self.cash),),
            last_event_ms=now_ms,
            is_paused=self.is_paused,
            is_closing_all=self.is_closing_all,
        )


def an_open_position(
    trader: Trader | None = None, match: Match | None = None, **settings: object
) -> Pipeline:
    """Return a pipeline whose trader bought at 100 and whose protection rests, if it has one."""
    pipeline = Pipeline(
        traders=(trader or a_trader(),),
        settings=ExecutionSettings(**settings),  # type: ignore[arg-type]
    )
    pipeline.match(match)
    entry = pipeline.submitted()[0]
    pipeline.accept(entry)
    pipeline.fill(entry, "100")
    for order in pipeline.live():
        pipeline.accept(order)
    return pipeline
