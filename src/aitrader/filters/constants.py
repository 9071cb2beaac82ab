"""A trader file's constants: `NAME SYMBOLS INTERVAL SIDE ... NOTIFY` as values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from aitrader.filters.compiled import ExitPlan, LevelPlan
from aitrader.filters.values import Value, is_number, kind_of
from aitrader.filters.words import listed, nearest
from aitrader.model.candle import DAY_MS, MINUTE_MS
from aitrader.model.errors import FilterFault
from aitrader.model.trader import (
    NOTICES,
    Brakes,
    EntryPlan,
    LevelKind,
    Limits,
    PositionSide,
    SizeKind,
    Universe,
)

MAX_NAME = 60
MAX_ANALYST = 2000
MAX_SYMBOLS = 1000
MAX_TARGETS = 5
MAX_OPEN = 100
MAX_AGE_DAYS = 365
MAX_COOLDOWN_DAYS = 7
MAX_LIMIT_PCT = 50
MAX_GOOD_FOR_DAYS = 7
ATR_LENGTH = 14

_UNIVERSE = re.compile(
    r"(?:top\s+(?P<top>[0-9]{1,4})|(?P<all>all))\s+(?P<quote>[A-Za-z0-9]{2,10})"
    r"(?:\s+(?:except|without|but)\s+(?P<excluded>[A-Za-z0-9][A-Za-z0-9,/ ]*))?\Z",
    re.IGNORECASE,
)
"""For a stripped text; no two neighbors may take the same character, so that it is linear."""

_SYMBOL = re.compile(r"[A-Z0-9]{4,24}\Z")
_PERCENT = re.compile(r"\s*([0-9]{1,4}(?:\.[0-9]{1,6})?)\s*%\s*\Z")
_ATR = re.compile(
    r"\s*([0-9]{1,3}(?:\.[0-9]{1,6})?)\s*(?:\*|x)?\s*atr(?:\s*\(\s*([0-9]{1,4})\s*\))?\s*\Z",
    re.IGNORECASE,
)
_AGE = re.compile(
    r"\s*([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*(m|min|minutes?|h|hours?|d|days?)\s*\Z", re.IGNORECASE
)
_AGE_MS = {"m": MINUTE_MS, "h": 60 * MINUTE_MS, "d": DAY_MS}

ENTRY_KEYS = ("limit", "good_for")
EXIT_KEYS = ("stop_loss", "take_profit", "trailing", "max_age", "break_even")
BRAKE_KEYS = (
    "max_exposure",
    "max_daily_loss",
    "max_drawdown",
    "cooldown",
    "loss_streak",
    "max_per_minute",
)
RISK_KEYS = ("risk", "size", "amount", "max_open", *BRAKE_KEYS)


def symbols_of(value: Value) -> Universe:
    """Return the universe: a list of symbols, `"top 50 USDT"`, `"all USDT except BTCUSDT"`."""
    if isinstance(value, str):
        found = _UNIVERSE.match(value.strip())
        if found is not None:
            return _ranked(found)
        value = [part for part in re.split(r"[,\s]+", value.strip()) if part]
    if not isinstance(value, list | tuple) or not value:
        raise FilterFault(
            f'SYMBOLS must be a list or a text such as "top 50 USDT", found {kind_of(value)}',
            hint='write SYMBOLS = ["BTCUSDT", "ETHUSDT"] or SYMBOLS = "top 50 USDT"',
        )
    if len(value) > MAX_SYMBOLS:
        raise FilterFault(f"SYMBOLS has more than {MAX_SYMBOLS} entries")
    return Universe(symbols=tuple(dict.fromkeys(_symbol(each) for each in value)))


def _ranked(found: re.Match[str]) -> Universe:
    top = int(found["top"]) if found["top"] else 0
    if found["top"] and not 1 <= top <= MAX_SYMBOLS:
        raise FilterFault(f"SYMBOLS: expected top 1 to {MAX_SYMBOLS}, found {top}")
    quote = found["quote"].upper()
    excluded = tuple(
        name if name.endswith(quote) and name != quote else name + quote
        for name in (
            word.upper().replace("/", "") for word in re.split(r"[,\s]+", found["excluded"] or "")
        )
        if name and name != "AND"
    )
    return Universe(quote=quote, top=top, excluded=excluded)


def _symbol(value: Value) -> str:
    word = value.upper().replace("/", "").replace("-", "") if isinstance(value, str) else ""
    if not _SYMBOL.match(word):
        shown = value[:30] if isinstance(value, str) else kind_of(value)
        raise FilterFault(
            f"SYMBOLS: '{shown}' is not a symbol",
            hint='write "BTCUSDT", or a universe: "top 50 USDT", "all USDT except BTCUSDT"',
        )
    return word


def side_of(value: Value) -> PositionSide:
    """Return LONG or SHORT."""
    word = value.upper() if isinstance(value, str) else ""
    word = {"BUY": "LONG", "SELL": "SHORT"}.get(word, word)
    if word not in ("LONG", "SHORT"):
        raise FilterFault('SIDE must be "LONG" or "SHORT"', hint='write SIDE = "LONG"')
    return PositionSide(word)


def entry_of(value: Value) -> EntryPlan:
    """Return how an entry is ordered: at a limit, and for how long."""
    entries = _entries("ENTRY", value, ENTRY_KEYS)
    limit, good_for = entries.get("limit"), entries.get("good_for")
    if limit is None:
        raise FilterFault(
            "ENTRY says at which limit to enter, and 'limit' is missing",
            hint='write ENTRY = {"limit": "0.2%", "good_for": "10m"}, or leave ENTRY out',
        )
    return EntryPlan(
        percent_of_text("limit", limit, most=MAX_LIMIT_PCT),
        0
        if good_for is None
        else _span_ms("ENTRY: good_for", good_for, most_days=MAX_GOOD_FOR_DAYS),
    )


def exits_of(value: Value) -> ExitPlan:
    """Return what EXITS says; levels that depend on the candle name their root `atr <length>`."""
    entries = _entries("EXITS", value, EXIT_KEYS)
    stop, profit = entries.get("stop_loss"), entries.get("take_profit")
    trailing, age = entries.get("trailing"), entries.get("max_age")
    even = entries.get("break_even")
    return ExitPlan(
        None if stop is None else level_of("stop_loss", stop),
        () if profit is None else _targets(profit),
        None if trailing is None else percent_of_text("trailing", trailing),
        None if age is None else _span_ms("EXITS: max_age", age, most_days=MAX_AGE_DAYS),
        None if even is None else percent_of_text("break_even", even),
    )


def _entries(name: str, value: Value, keys: tuple[str, ...]) -> Mapping[str, Value]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise FilterFault(
            f"{name} must be a dict, found {kind_of(value)}", hint=f"its keys are {listed(keys)}"
        )
    for key in value:
        if key not in keys:
            raise FilterFault(
                f"{name} has no '{key[:40]}'",
                hint=nearest(key, keys) or f"its keys are {listed(keys)}",
            )
    return value


def level_of(name: str, value: Value) -> LevelPlan:
    """Return a level from `"2%"` or `"1.5 atr"`."""
    if isinstance(value, str):
        percent, atr = _PERCENT.match(value), _ATR.match(value)
        if percent is not None:
            return LevelPlan(LevelKind.PERCENT, _positive(name, percent[1], most=1000))
        if atr is not None:
            length = int(atr[2] or ATR_LENGTH)
            return LevelPlan(LevelKind.DISTANCE, _positive(name, atr[1], most=100), f"atr {length}")
    shown = (
        repr(value[:30])
        if isinstance(value, str)
        else f"{value}"
        if is_number(value)
        else kind_of(value)
    )
    raise FilterFault(f"EXITS: {name} cannot be {shown}", hint=f'write "{name}": "2%" or "1.5 atr"')


def percent_of_text(name: str, value: Value, *, most: int = 100) -> Decimal:
    """Return the number of `"1%"`."""
    found = _PERCENT.match(value) if isinstance(value, str) else None
    if found is None:
        raise FilterFault(
            f"{name} must be a percentage, found {kind_of(value)}", hint=f'write "{name}": "1%"'
        )
    return _positive(name, found[1], most=most)


def _positive(name: str, text: str, *, most: int) -> Decimal:
    number = Decimal(text)
    if not 0 < number <= most:
        raise FilterFault(f"{name} must be above 0 and at most {most}, found {number}")
    return number


def _targets(value: Value) -> tuple[tuple[LevelPlan, Decimal], ...]:
    if not isinstance(value, list | tuple):
        return ((level_of("take_profit", value), Decimal(1)),)
    if not 1 <= len(value) <= MAX_TARGETS:
        raise FilterFault(f"EXITS: take_profit takes 1 to {MAX_TARGETS} targets")
    targets = []
    for each in value:
        if not isinstance(each, list | tuple) or len(each) != 2 or not is_number(each[1]):
            raise FilterFault(
                "EXITS: a target is a level and a share",
                hint='write "take_profit": [("2%", 0.5), ("4%", 0.5)]',
            )
        share = Decimal(repr(each[1]))
        if share.is_nan() or not 0 < share <= 1:
            raise FilterFault(
                f"EXITS: a target's share must be above 0 and at most 1, found {share}"
            )
        targets.append((level_of("take_profit", each[0]), share))
    total = sum(share for _, share in targets)
    if total > 1:
        raise FilterFault(f"EXITS: the shares of take_profit add up to {total}, the most is 1")
    return tuple(targets)


def _span_ms(name: str, value: Value, *, most_days: int) -> int:
    """Return the milliseconds of `"90m"`, `"12h"` or `"2d"`; `name` as in `EXITS: max_age`."""
    key = name.partition(": ")[2]
    found = _AGE.match(value) if isinstance(value, str) else None
    if found is None:
        raise FilterFault(
            f"{name} cannot be {kind_of(value)}", hint=f'write "{key}": "12h", "90m" or "2d"'
        )
    span = int(Decimal(found[1]) * _AGE_MS[found[2][0].lower()])
    if not MINUTE_MS <= span <= most_days * DAY_MS:
        raise FilterFault(f"{name} must be 1 minute to {most_days} days")
    return span


def limits_of(value: Value) -> Limits:
    """Return how large an entry is: exactly one of risk, size and amount, and `max_open`."""
    entries = _entries("RISK", value, RISK_KEYS)
    chosen = [key for key in ("risk", "size", "amount") if entries.get(key) is not None]
    if len(chosen) != 1:
        raise FilterFault(
            f"RISK must have exactly one of risk, size, amount, found {listed(chosen) or 'none'}",
            hint='write RISK = {"risk": "1%", "max_open": 3}',
        )
    key = chosen[0]
    if key == "amount":
        amount = entries[key]
        if not is_number(amount) or not 0 < amount <= 10**9:  # type: ignore[operator]
            raise FilterFault(
                "RISK: amount must be a number of quote units above 0", hint='write "amount": 100'
            )
        number = Decimal(repr(amount))
    else:
        number = percent_of_text(key, entries[key])
    max_open = _count(entries, "max_open", default=1)
    return Limits(SizeKind(key.upper()), number, max_open, _brakes(entries))


def _brakes(entries: Mapping[str, Value]) -> Brakes:
    """Return what holds the trader's entries back; what is not named is no limit."""
    cooldown = entries.get("cooldown")
    return Brakes(
        max_exposure_pct=_percent_or_zero(entries, "max_exposure"),
        max_daily_loss_pct=_percent_or_zero(entries, "max_daily_loss"),
        max_drawdown_pct=_percent_or_zero(entries, "max_drawdown"),
        cooldown_ms=0
        if cooldown is None
        else _span_ms("RISK: cooldown", cooldown, most_days=MAX_COOLDOWN_DAYS),
        loss_streak=_count(entries, "loss_streak", default=0),
        max_entries_per_min=_count(entries, "max_per_minute", default=0),
    )


def _percent_or_zero(entries: Mapping[str, Value], key: str) -> Decimal:
    value = entries.get(key)
    return Decimal(0) if value is None else percent_of_text(key, value)


def _count(entries: Mapping[str, Value], key: str, *, default: int) -> int:
    value = entries.get(key)
    if value is None:
        return default
    if type(value) is not int or not 1 <= value <= MAX_OPEN:
        raise FilterFault(f"RISK: {key} must be a whole number from 1 to {MAX_OPEN}")
    return value


def notices_of(value: Value) -> tuple[str, ...]:
    """Return which of its own a trader has told: some of NOTICES, or none."""
    words = [value] if isinstance(value, str) else value
    hint = 'write NOTIFY = ["signals", "analyses"], or [] for none'
    if not isinstance(words, list | tuple):
        raise FilterFault(f"NOTIFY must be a list, found {kind_of(value)}", hint=hint)
    for word in words:
        if word not in NOTICES:
            shown = word[:30] if isinstance(word, str) else kind_of(word)
            raise FilterFault(f"NOTIFY takes {listed(NOTICES)}, found '{shown}'", hint=hint)
    return tuple(name for name in NOTICES if name in words)


def name_of(value: Value) -> str:
    """Return the trader's name: one line that can be shown anywhere."""
    name = text_of("NAME", value, longest=MAX_NAME)
    if not name.isprintable():
        raise FilterFault("NAME must be one line of plain characters", hint='write NAME = "..."')
    return name


def text_of(name: str, value: Value, *, longest: int) -> str:
    """Return a text constant of 1 to `longest` characters on one or several lines."""
    if not isinstance(value, str) or not 0 < len(value.strip()) <= longest:
        raise FilterFault(
            f"{name} must be a text of 1 to {longest} characters", hint=f'write {name} = "..."'
        )
    return value.strip()
