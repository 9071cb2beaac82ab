"""A paper account lives through a wild market: the stages on the real paper venue, with crashes.

Seeded and synchronous: prices walk, bands and timers fire, candles close, the process dies now and
then between two events and starts from what was saved. At the end everything is closed, no order
is left, and the books of the account and of the venue say the same to the last digit.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from decimal import Decimal

import pytest
from tests.builders import AT_MS, a_match, a_plan, a_trader, an_instrument
from tests.pipeline import Pipeline

from aitrader.exchange.paper import PaperSettings, PaperVenue
from aitrader.model.commands import (
    ArmBand,
    CancelOrders,
    Command,
    DisarmBand,
    QueryOrder,
    StartTimer,
    StopTimer,
    SubmitOrder,
)
from aitrader.model.events import (
    CandlesClosed,
    CloseAsked,
    Event,
    PriceLeft,
    Quarantined,
    TimerDue,
)
from aitrader.model.ids import BandId, TimerId
from aitrader.model.position import PositionStatus
from aitrader.model.trader import Exits, Level, LevelKind, Limits, PositionSide, SizeKind, Target

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
RULES = {symbol: an_instrument(symbol) for symbol in SYMBOLS}
START_CASH = Decimal(10_000)


def pct(value: str) -> Level:
    return Level(LevelKind.PERCENT, Decimal(value))


EXITS = (
    Exits(stop_loss=pct("1"), take_profit=(Target(pct("1"), Decimal(1)),)),
    Exits(
        stop_loss=Level(LevelKind.DISTANCE, Decimal("0.777")),
        take_profit=(
            Target(pct("0.8"), Decimal("0.5")),
            Target(pct("1.6"), Decimal("0.3")),
        ),
        max_age_ms=600_000,
    ),
    Exits(stop_loss=pct("2"), trailing_pct=Decimal(1)),
    Exits(
        take_profit=(Target(pct("1"), Decimal(1)),), max_age_ms=300_000, trailing_pct=Decimal("0.7")
    ),
)


class Market:
    """The clock, the prices, the bands, the timers and the inbox around an account."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.at_ms = AT_MS
        self.prices = dict.fromkeys(SYMBOLS, 100.0)
        self.inbox: deque[Event] = deque()
        self.bands: dict[BandId, ArmBand] = {}
        self.timers: dict[TimerId, int] = {}
        plan = a_plan(
            side=self.dice.choice(list(PositionSide)),
            limits=Limits(SizeKind.RISK, Decimal(1), max_open=3),
        )
        self.account = Pipeline(traders=(a_trader(plan=plan),), instruments=RULES.values())
        self.venue = self._venue()
        self._seen = 0

    def _venue(self) -> PaperVenue:
        return PaperVenue(self, self, find_instrument=RULES.get, settings=PaperSettings())

    def now_ms(self) -> int:
        return self.at_ms

    def post(self, event: Event) -> None:
        self.inbox.append(event)

    async def crash(self) -> None:
        """Forget everything but what was saved."""
        self.inbox.clear()
        self.bands.clear()
        self.timers.clear()
        self.account = self.account.restarted(after_ms=0)
        self._seen = 0
        self.venue = self._venue()
        await self.venue.recover(self.account.saved())

    async def second(self) -> None:
        """A second passes: every symbol has a new price."""
        self.at_ms += 1_000
        for symbol in SYMBOLS:
            walked = self.prices[symbol] * (1 + self.dice.gauss(0, 0.003))
            self.prices[symbol] = round(walked, 2)
            self.account.prices.by_symbol[symbol] = self.prices[symbol]
            self.venue.on_price(symbol, self.prices[symbol], self.at_ms)
            await self.settle()

    def close_candle(self) -> None:
        self.account.post(CandlesClosed(at_ms=self.at_ms, intervals=("5m",)))
        symbol = self.dice.choice(SYMBOLS)
        if symbol not in {row.symbol for row in self.account.saved().positions}:
            match = a_match(
                symbol=symbol,
                candle_open_ms=self.at_ms - 300_000,
                close=self.prices[symbol],
                exits=self.dice.choice(EXITS),
            )
            self.account.match(match)

    async def settle(self) -> None:
        """Work everything out: commands, bands, timers, answers, until nothing follows."""
        while True:
            commands = self.account.commands[self._seen :]
            self._seen = len(self.account.commands)
            for command in commands:
                await self._obey(command)
            self._fire()
            if not self.inbox and len(self.account.commands) == self._seen:
                return
            while self.inbox:
                self.account.post(self.inbox.popleft())

    async def _obey(self, command: Command) -> None:
        match command:
            case SubmitOrder():
                await self.venue.submit(command)
            case CancelOrders():
                await self.venue.cancel(command)
            case QueryOrder():
                await self.venue.query(command)
            case ArmBand():
                self.bands[command.band_id] = command
            case DisarmBand():
                self.bands.pop(command.band_id, None)
            case StartTimer():
                self.timers[command.timer_id] = command.due_ms
            case StopTimer():
                self.timers.pop(command.timer_id, None)
            case _:
                raise AssertionError(command)

    def _fire(self) -> None:
        for band in list(self.bands.values()):
            price = self.prices[band.symbol]
            below, above = band.below or 0.0, band.above or math.inf
            if not below < price < above:
                del self.bands[band.band_id]
                self.post(
                    PriceLeft(at_ms=self.at_ms, band_id=band.band_id, price=Decimal(repr(price)))
                )
        for timer_id, due_ms in list(self.timers.items()):
            if due_ms <= self.at_ms:
                del self.timers[timer_id]
                self.post(TimerDue(at_ms=self.at_ms, timer_id=timer_id))


async def live(seed: int, seconds: int) -> Pipeline:
    market = Market(seed)
    for second in range(seconds):
        await market.second()
        if second % 20 == 0:
            market.close_candle()
            if market.dice.random() < 0.7:
                await market.settle()
        if market.dice.random() < 0.02:
            await market.crash()
            await market.settle()
    for _ in range(30):
        for position in market.account.saved().positions:
            wish = CloseAsked(at_ms=market.at_ms, position_id=position.position_id)
            market.account.post(wish)
        await market.second()
    return market.account


def check(account: Pipeline) -> None:
    positions = account.known_positions()
    saved = account.saved()
    assert {row.status for row in positions} == {PositionStatus.CLOSED}
    assert (saved.orders, saved.positions, saved.signals) == ((), (), ())
    assert sum((row.realized_pnl for row in positions), Decimal(0)) == account.cash - START_CASH
    assert not account.of(Quarantined)


@pytest.mark.parametrize("seed", range(4))
def test_the_books_agree_after_a_wild_day(seed: int) -> None:
    account = asyncio.run(live(seed, 400))
    assert len(account.known_positions()) > 3
    check(account)


@pytest.mark.slow
def test_the_books_agree_after_many_wild_days() -> None:
    for seed in range(100, 140):
        check(asyncio.run(live(seed, 600)))
