"""What is kept of something impossible: the facts that led to it and where the code stood."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from pathlib import Path

import msgspec

from aitrader.engine.health import Health
from aitrader.model.events import Event
from aitrader.model.ids import TraderId

log = logging.getLogger(__name__)

MOST_DUMPS = 20
"""Per run: a bug that repeats itself says nothing new."""

CARRIERS = ("order", "position", "signal", "match")
"""The fields of events that name a trader and a symbol."""


class Dump(msgspec.Struct, frozen=True):
    """One dump file's content."""

    error: str
    traceback: str
    fact: Event
    facts: tuple[Event, ...]


class Dumps:
    """Writes dump files into a folder (None: nowhere), at most 20 in a run, and counts them all."""

    def __init__(self, folder: Path | None, health: Health) -> None:
        self._health = health
        self._folder = folder
        self._written = 0

    def write(self, fact: Event, facts: Sequence[Event], error: Exception) -> None:
        """Keep what led to `error`, log it and count it."""
        self._health.count_error("impossible")
        place = self._keep(fact, facts, error)
        kind = type(fact).__name__
        log.error("something impossible at %s: %s (%s)", kind, error, place, exc_info=error)

    def _keep(self, fact: Event, facts: Sequence[Event], error: Exception) -> str:
        if self._folder is None or self._written >= MOST_DUMPS:
            return "no dump"
        self._written += 1
        dump = Dump(
            error=f"{type(error).__name__}: {error}",
            traceback="".join(traceback.format_exception(error)),
            fact=fact,
            facts=tuple(facts[-1000:]),
        )
        path = self._folder / f"dump-{fact.at_ms}-{self._written}.json"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(msgspec.json.encode(dump))
        except OSError as exc:
            return f"no dump: {exc.strerror}"
        return str(path)


def subject_of(fact: Event) -> tuple[TraderId, str] | None:
    """Return the trader and the symbol a fact is about, None where it names neither."""
    for name in CARRIERS:
        carrier = getattr(fact, name, None)
        if carrier is not None:
            return carrier.trader_id, carrier.symbol
    trader_id, symbol = getattr(fact, "trader_id", None), getattr(fact, "symbol", None)
    if trader_id is None or symbol is None:
        return None
    return trader_id, symbol
