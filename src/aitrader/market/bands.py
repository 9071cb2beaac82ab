"""Watch bands: prices at which somebody wants to be told, once.

Per symbol the tightest edges of all its bands are kept, so that a price which touches nothing
costs two comparisons.
"""

from __future__ import annotations

from collections.abc import Collection

from aitrader.model.commands import ArmBand
from aitrader.model.ids import BandId

_INFINITY = float("inf")


class _Watch:
    """The bands of one symbol and the tightest edges among them."""

    __slots__ = ("above", "bands", "below")

    def __init__(self) -> None:
        self.bands: dict[BandId, ArmBand] = {}
        self.below = -_INFINITY
        self.above = _INFINITY

    def add(self, band: ArmBand) -> None:
        """Take a band in; one with this id is gone already."""
        self.bands[band.band_id] = band
        self._tighten(band)

    def remove(self, band_id: BandId) -> None:
        """Forget a band and look for the tightest edges of the others."""
        del self.bands[band_id]
        self.below, self.above = -_INFINITY, _INFINITY
        for band in self.bands.values():
            self._tighten(band)

    def _tighten(self, band: ArmBand) -> None:
        if band.below is not None and band.below > self.below:
            self.below = band.below
        if band.above is not None and band.above < self.above:
            self.above = band.above


class BandTable:
    """All armed bands. A band fires once: firing disarms it."""

    def __init__(self) -> None:
        self._watches: dict[str, _Watch] = {}
        self._symbols: dict[BandId, str] = {}

    def __len__(self) -> int:
        return len(self._symbols)

    @property
    def symbols(self) -> Collection[str]:
        """The symbols with a band."""
        return self._watches.keys()

    def arm(self, command: ArmBand) -> None:
        """Watch a band; the same id again replaces it, also on another symbol."""
        self.disarm(command.band_id)
        watch = self._watches.get(command.symbol)
        if watch is None:
            watch = self._watches[command.symbol] = _Watch()
        watch.add(command)
        self._symbols[command.band_id] = command.symbol

    def disarm(self, band_id: BandId) -> str | None:
        """Forget a band and return its symbol; unknown ids are nothing."""
        symbol = self._symbols.pop(band_id, None)
        if symbol is None:
            return None
        watch = self._watches[symbol]
        watch.remove(band_id)
        if not watch.bands:
            del self._watches[symbol]
        return symbol

    def edges(self, symbol: str) -> tuple[float, float]:
        """Return (below, above): a price between them fires nothing; infinite without a band."""
        watch = self._watches.get(symbol)
        return (-_INFINITY, _INFINITY) if watch is None else (watch.below, watch.above)

    def check(self, symbol: str, price: float) -> tuple[BandId, ...]:
        """Return, and disarm, the bands of `symbol` that `price` is at or beyond an edge of."""
        watch = self._watches.get(symbol)
        if watch is None or watch.below < price < watch.above:
            return ()
        fired = tuple(band_id for band_id, band in watch.bands.items() if is_out(band, price))
        for band_id in fired:
            self.disarm(band_id)
        return fired


def is_out(band: ArmBand, price: float) -> bool:
    """Return whether a price is at or beyond an edge of a band."""
    return (band.below is not None and price <= band.below) or (
        band.above is not None and price >= band.above
    )
