"""What is known about stored candles besides their numbers: sources, and rules of their time.

candles/<SYMBOL>/<interval>/fetched.json   spans taken from a public archive, with their sha256
candles/<SYMBOL>/instrument.json           the symbol's rules, each with the instant it was stated
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from aitrader.model.errors import ConfigError
from aitrader.model.instrument import Instrument
from aitrader.storage.candles_files import replace_bytes, writer_turn

FETCHED_FILE, INSTRUMENT_FILE = "fetched.json", "instrument.json"

T = TypeVar("T")


class KnownRules(msgspec.Struct, frozen=True):
    """A symbol's rules as they were stated at `since_ms`."""

    since_ms: int
    instrument: Instrument


class CandleNotes:
    """The notes below the folder of a candle store."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetched(self, symbol: str, interval: str) -> Mapping[str, str]:
        """Return the spans ("2025-01", "2025-01-31") that were fetched, with their sha256.

        Raises:
            ConfigError: The note is damaged.
        """
        return _read(self._folder / symbol / interval / FETCHED_FILE, dict[str, str]) or {}

    def note_fetched(self, symbol: str, interval: str, spans: Mapping[str, str]) -> None:
        """Remember that these spans are in the archive; to be called after they are.

        Raises:
            ConfigError: The disk refused, or the note is damaged.
        """
        with writer_turn(self._folder):
            known = {**self.fetched(symbol, interval), **spans}
            path = self._folder / symbol / interval / FETCHED_FILE
            replace_bytes(path, msgspec.json.encode(known, order="sorted"))

    def find_instrument(self, symbol: str, at_ms: int) -> Instrument | None:
        """Return the rules at an instant, the oldest known before that; None: none were stated.

        Raises:
            ConfigError: The note is damaged.
        """
        known = self._rules(symbol)
        before = [rules for rules in known if rules.since_ms <= at_ms] or known[:1]
        return before[-1].instrument if before else None

    def note_instruments(self, instruments: Iterable[Instrument], at_ms: int) -> None:
        """Remember rules as stated at `at_ms`; rules like the last known ones add nothing.

        Raises:
            ConfigError: The disk refused, or a note is damaged.
        """
        with writer_turn(self._folder):
            for instrument in instruments:
                known = self._rules(instrument.symbol)
                if known and known[-1].instrument == instrument:
                    continue
                rules = (*known, KnownRules(at_ms, instrument))
                path = self._folder / instrument.symbol / INSTRUMENT_FILE
                replace_bytes(path, msgspec.json.encode(rules))

    def _rules(self, symbol: str) -> tuple[KnownRules, ...]:
        return _read(self._folder / symbol / INSTRUMENT_FILE, tuple[KnownRules, ...]) or ()


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as exc:
        raise ConfigError(f"{path} is not readable ({exc}): remove it") from exc
