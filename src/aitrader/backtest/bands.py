"""Watch bands on whole candles: the market's `ArmBand` where no single prices are known.

A candle is read as open, low, high, close when it rises and as open, high, low, close when it
falls, the order in which the simulated exchange shows it. A band fires at the first of these prices
that is out. Whoever arms it again at once, as a trailing stop does when it is raised, has it tested
on the rest of that candle. So is what is armed for a position that was entered within the candle,
on what is certain to have come after the entry.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from aitrader.exchange.simulated.fills import PriceRange
from aitrader.market.bands import BandTable, is_out
from aitrader.model.commands import ArmBand, DisarmBand
from aitrader.model.events import PriceLeft
from aitrader.model.ids import BandId, PositionId
from aitrader.model.ports import Inbox

INFINITY = float("inf")

FindRest = Callable[[PositionId], PriceRange | None]


def _nothing(_position_id: PositionId) -> None:
    """Return that no position was entered within a candle."""


class CandleBands:
    """All armed bands; `PriceLeft` goes to the inbox."""

    def __init__(self, inbox: Inbox, find_rest: FindRest = _nothing) -> None:
        """`find_rest` knows what is left of the candle for a position entered within it."""
        self._inbox = inbox
        self._find_rest = find_rest
        self._entered: set[BandId] = set()
        self._table = BandTable()
        self._rest: dict[BandId, tuple[Decimal, ...]] = {}
        self._fired: dict[str, list[BandId]] = {}
        self._at_ms = 0

    def arm(self, command: ArmBand) -> None:
        """Watch a band; one that has just fired is tested on what is left of its candle."""
        rest = self._rest.pop(command.band_id, ())
        if command.band_id not in self._entered:
            position_id = PositionId(command.band_id.rpartition(":")[2])
            entered = self._find_rest(position_id)
            if entered is not None:
                self._entered.add(command.band_id)
                rest = path(entered)
        self._table.arm(command)
        for place, price in enumerate(rest):
            if is_out(command, float(price)):
                self._table.disarm(command.band_id)
                self._fire(command.symbol, command.band_id, rest[place:])
                return

    def disarm(self, command: DisarmBand) -> None:
        """Forget a band; unknown ids are nothing."""
        self._table.disarm(command.band_id)
        self._rest.pop(command.band_id, None)

    def edges(self, symbol: str) -> tuple[float, float]:
        """Return (below, above): a candle between them fires nothing; infinite without a band."""
        return self._table.edges(symbol)

    def on_candle(self, symbol: str, candle: PriceRange, at_ms: int) -> None:
        """Let a candle that ends at `at_ms` fire what it touches."""
        for band_id in self._fired.pop(symbol, ()):
            self._rest.pop(band_id, None)
        if at_ms != self._at_ms:
            self._entered.clear()
            self._at_ms = at_ms
        below, above = self._table.edges(symbol)
        is_watched = below != -INFINITY or above != INFINITY
        if is_watched and (float(candle.low) <= below or float(candle.high) >= above):
            prices = path(candle)
            for place, price in enumerate(prices):
                for band_id in self._table.check(symbol, float(price)):
                    self._fire(symbol, band_id, prices[place:])

    def _fire(self, symbol: str, band_id: BandId, prices: tuple[Decimal, ...]) -> None:
        """Say that a band fired at the first of these prices, and keep the others for it."""
        self._rest[band_id] = prices[1:]
        self._fired.setdefault(symbol, []).append(band_id)
        self._inbox.post(PriceLeft(at_ms=self._at_ms, band_id=band_id, price=prices[0]))


def path(candle: PriceRange) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Return the four prices of a candle in the order in which they are taken to come."""
    if candle.close >= candle.open:
        return candle.open, candle.low, candle.high, candle.close
    return candle.open, candle.high, candle.low, candle.close
