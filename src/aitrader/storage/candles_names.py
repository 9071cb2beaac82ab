"""What a candle file's name says: whose candles, of which interval, of which day."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import msgspec

from aitrader.model.candle import INTERVAL_MS

FORMATS = (".csv", ".csv.gz", ".zip", ".json", ".json.gz", ".feather", ".arrow", ".parquet")
"""The endings of files that can be imported."""

_SUBJECT = re.compile(
    r"(?P<symbol>[^\W_]{2,}(?:_[^\W_]{2,})?)[-_](?P<interval>\d+[a-zA-Z]+)(?:[-_.].*)?"
)
_DAY = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")
_NOT_SPOT = ("-futures", "-mark", "-funding_rate", "-index", "-premiumIndex")


class Subject(msgspec.Struct, frozen=True):
    """What a name says; "" where it says nothing. `day`: for files that count from midnight."""

    symbol: str = ""
    interval: str = ""
    day: date | None = None

    def or_else(self, other: Subject) -> Subject:
        """Return this, with what it does not say taken from `other`."""
        return Subject(
            self.symbol or other.symbol, self.interval or other.interval, self.day or other.day
        )


def format_of(name: str) -> str:
    """Return which of FORMATS a file is by its name, "" for none."""
    return next((ending for ending in FORMATS if name.lower().endswith(ending)), "")


def subject_of(name: str) -> Subject:
    """Return what a file name says.

    Known forms: `BTCUSDT-5m-2025-01.zip` (Binance), `BTC_USDT-5m.feather` (freqtrade),
    `ETHUSDT_5m_2024-12.csv`, `20221213_btcbusd_minute_trade.csv` (only the day is taken).
    Candles of futures have another price than those of the spot market and say nothing here.
    """
    stem = Path(name).name
    stem = stem[: len(stem) - len(format_of(stem))]
    found = _SUBJECT.fullmatch(stem)
    day = _day_of(stem)
    if found is None or stem.endswith(_NOT_SPOT) or found["interval"] not in INTERVAL_MS:
        return Subject(day=day)
    symbol = found["symbol"].replace("_", "").upper()
    return Subject(symbol, found["interval"], day)


def _day_of(stem: str) -> date | None:
    found = _DAY.search(stem)
    try:
        return date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        return None


def files_below(path: Path) -> list[Path]:
    """Return the file itself, or every candle file of spot markets below a folder, by name."""
    if not path.is_dir():
        return [path]
    found = (entry for entry in path.rglob("*") if entry.is_file() and format_of(entry.name))
    return sorted(entry for entry in found if subject_of(entry.name).symbol)
