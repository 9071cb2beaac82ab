"""The table of TA-Lib indicators: what each takes, how fast its seed fades, what it costs.

A recursive indicator starts from a seed made of the first rows it sees. `seed_bars` is how many
rows beyond TA-Lib's own warm-up it takes until the seed's share is below `SEED_ERROR`, so that a
window of the lookback's length answers like the whole history does.

`level` says what a constant added to the input does to the output: KEPT (an average of it moves
along), LOST (a slope does not see it), MIXED (anything else), ORIGIN (the indicator sums from
the first row it sees, so its own level is arbitrary).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from enum import Enum
from functools import lru_cache

import msgspec

from aitrader.filters.kernels import PATTERNS

SEED_ERROR = 1e-6
MAX_LENGTH = 2000

Numbers = tuple[float, ...]


class LevelRule(Enum):
    """What a constant added to the input does to the output."""

    KEPT = "KEPT"
    LOST = "LOST"
    MIXED = "MIXED"
    ORIGIN = "ORIGIN"


class Bound(msgspec.Struct, frozen=True):
    """One parameter's legal range; `is_whole` for counts of bars."""

    low: float
    high: float
    is_whole: bool = True


class Indicator(msgspec.Struct, frozen=True, kw_only=True):
    """One TA-Lib function as the graph may use it; times are nanoseconds per row."""

    inputs: int
    bounds: tuple[Bound, ...] = ()
    outputs: int = 1
    level: LevelRule = LevelRule.MIXED
    seed_bars: Callable[[Numbers], int] = lambda _: 0
    base_ns: float = 8.0
    ns_per_length: float = 0.0
    arguments: Callable[[Numbers], Numbers] = lambda numbers: numbers


@lru_cache(maxsize=4096)
def fading_bars(weight: float, times: int) -> int:
    """Return the rows until `times` chained averages of smoothing `weight` forget their seed.

    The seed's share after t rows is the chance that fewer than `times` of t draws of chance
    `weight` came: an upper bound for averages of different lengths when the slowest is taken.
    """
    if weight >= 1.0:
        return times
    keep = math.log1p(-weight)
    bars = math.ceil(math.log(SEED_ERROR) / keep)
    while True:
        share = sum(
            math.comb(bars, k) * weight**k * math.exp(keep * (bars - k)) for k in range(times)
        )
        if share < SEED_ERROR:
            return bars
        bars += max(1, bars // 50)


def _ema(position: int = 0, times: int = 1) -> Callable[[Numbers], int]:
    return lambda p: fading_bars(2.0 / (p[position] + 1.0), times)


def _wilder(times: int = 1) -> Callable[[Numbers], int]:
    return lambda p: fading_bars(1.0 / p[0], times)


def _slowest_ema(times: int) -> Callable[[Numbers], int]:
    return lambda p: fading_bars(2.0 / (max(p) + 1.0), times)


def _keltner_seed(p: Numbers) -> int:
    return max(fading_bars(2.0 / (p[0] + 1.0), 1), fading_bars(1.0 / p[1], 1))


def _adxr_seed(p: Numbers) -> int:
    return fading_bars(1.0 / p[0], 2)


KAMA_WEIGHT = (0.1 * (2 / 3 - 2 / 31) + 2 / 31) ** 2
"""KAMA's smoothing while a tenth of the movement is progress; choppier for long is rare."""

FLIP_BARS = 400
"""Rows until a trend follower (SAR, supertrend) started anywhere has turned with all others."""

LENGTH = Bound(2, MAX_LENGTH)
ANY_LENGTH = Bound(1, MAX_LENGTH)
FACTOR = Bound(0.01, 20.0, is_whole=False)

KEPT, LOST, ORIGIN = LevelRule.KEPT, LevelRule.LOST, LevelRule.ORIGIN
_I = Indicator

INDICATORS: Mapping[str, Indicator] = {
    "SMA": _I(inputs=1, bounds=(ANY_LENGTH,), level=KEPT, base_ns=5),
    "EMA": _I(inputs=1, bounds=(ANY_LENGTH,), level=KEPT, seed_bars=_ema(), base_ns=6),
    "RMA": _I(inputs=1, bounds=(ANY_LENGTH,), level=KEPT, seed_bars=_wilder(), base_ns=6),
    "WMA": _I(inputs=1, bounds=(ANY_LENGTH,), level=KEPT, base_ns=6),
    "HMA": _I(inputs=1, bounds=(LENGTH,), level=KEPT, base_ns=18),
    "DEMA": _I(inputs=1, bounds=(LENGTH,), level=KEPT, seed_bars=_ema(times=3), base_ns=14),
    "TEMA": _I(inputs=1, bounds=(LENGTH,), level=KEPT, seed_bars=_ema(times=4), base_ns=20),
    "T3": _I(
        inputs=1,
        bounds=(LENGTH, Bound(0, 1, is_whole=False)),
        level=KEPT,
        seed_bars=_ema(times=7),
        base_ns=20,
    ),
    "KAMA": _I(
        inputs=1,
        bounds=(LENGTH,),
        level=KEPT,
        seed_bars=lambda _: fading_bars(KAMA_WEIGHT, 1),
        base_ns=8,
    ),
    "TRIMA": _I(inputs=1, bounds=(LENGTH,), level=KEPT, base_ns=8),
    "ZLEMA": _I(inputs=1, bounds=(LENGTH,), level=KEPT, seed_bars=_ema(times=2), base_ns=10),
    "VWMA": _I(inputs=2, bounds=(ANY_LENGTH,), base_ns=8),
    "MIDPOINT": _I(inputs=1, bounds=(LENGTH,), level=KEPT, base_ns=8, ns_per_length=0.8),
    "LINEARREG": _I(inputs=1, bounds=(LENGTH,), level=KEPT, base_ns=8, ns_per_length=1.0),
    "LINEARREG_SLOPE": _I(inputs=1, bounds=(LENGTH,), level=LOST, base_ns=8, ns_per_length=1.0),
    "LINEARREG_ANGLE": _I(inputs=1, bounds=(LENGTH,), level=LOST, base_ns=20, ns_per_length=1.0),
    "TSF": _I(inputs=1, bounds=(LENGTH,), level=KEPT, base_ns=8, ns_per_length=1.0),
    "RSI": _I(inputs=1, bounds=(LENGTH,), level=LOST, seed_bars=_wilder(), base_ns=8),
    "CMO": _I(inputs=1, bounds=(LENGTH,), level=LOST, seed_bars=_wilder(), base_ns=8),
    "ROC": _I(inputs=1, bounds=(ANY_LENGTH,), base_ns=4),
    "MOM": _I(inputs=1, bounds=(ANY_LENGTH,), level=LOST, base_ns=4),
    "TRIX": _I(inputs=1, bounds=(ANY_LENGTH,), seed_bars=_ema(times=3), base_ns=22),
    "TSI": _I(inputs=1, bounds=(LENGTH, LENGTH), level=LOST, seed_bars=_slowest_ema(3), base_ns=30),
    "COPPOCK": _I(inputs=1, bounds=(LENGTH, ANY_LENGTH, ANY_LENGTH), base_ns=16),
    "MACD": _I(
        inputs=1,
        bounds=(LENGTH, LENGTH, ANY_LENGTH),
        outputs=3,
        level=LOST,
        seed_bars=_slowest_ema(2),
        base_ns=9,
    ),
    "PPO": _I(
        inputs=1,
        bounds=(LENGTH, LENGTH),
        seed_bars=_slowest_ema(1),
        base_ns=14,
        arguments=lambda p: (*p, 1),
    ),
    "APO": _I(
        inputs=1,
        bounds=(LENGTH, LENGTH),
        level=LOST,
        seed_bars=_slowest_ema(1),
        base_ns=14,
        arguments=lambda p: (*p, 1),
    ),
    "PVO": _I(
        inputs=1,
        bounds=(LENGTH, LENGTH),
        seed_bars=_slowest_ema(1),
        base_ns=14,
        arguments=lambda p: (*p, 1),
    ),
    "STOCH": _I(
        inputs=3,
        bounds=(ANY_LENGTH, ANY_LENGTH, ANY_LENGTH),
        outputs=2,
        base_ns=20,
        arguments=lambda p: (p[0], p[1], 0, p[2], 0),
    ),
    "WILLR": _I(inputs=3, bounds=(LENGTH,), base_ns=12),
    "CCI": _I(inputs=3, bounds=(LENGTH,), base_ns=8, ns_per_length=0.8),
    "MFI": _I(inputs=4, bounds=(LENGTH,), base_ns=17),
    "ULTOSC": _I(inputs=3, bounds=(ANY_LENGTH,) * 3, base_ns=22),
    "ADX": _I(inputs=3, bounds=(LENGTH,), seed_bars=_wilder(2), base_ns=18),
    "ADXR": _I(inputs=3, bounds=(LENGTH,), seed_bars=_adxr_seed, base_ns=20),
    "DX": _I(inputs=3, bounds=(LENGTH,), seed_bars=_wilder(), base_ns=18),
    "PLUS_DI": _I(inputs=3, bounds=(LENGTH,), seed_bars=_wilder(), base_ns=16),
    "MINUS_DI": _I(inputs=3, bounds=(LENGTH,), seed_bars=_wilder(), base_ns=16),
    "AROON": _I(inputs=2, bounds=(LENGTH,), outputs=2, base_ns=12, ns_per_length=0.4),
    "AROONOSC": _I(inputs=2, bounds=(LENGTH,), base_ns=12, ns_per_length=0.4),
    "BOP": _I(inputs=4, base_ns=4),
    "VORTEX": _I(inputs=3, bounds=(LENGTH,), outputs=2, base_ns=16),
    "AO": _I(inputs=2, bounds=(LENGTH, LENGTH), base_ns=10),
    "DPO": _I(inputs=1, bounds=(LENGTH,), level=LOST, base_ns=8),
    "ATR": _I(inputs=3, bounds=(ANY_LENGTH,), seed_bars=_wilder(), base_ns=8),
    "NATR": _I(inputs=3, bounds=(ANY_LENGTH,), seed_bars=_wilder(), base_ns=9),
    "TRANGE": _I(inputs=3, base_ns=5),
    "BBANDS": _I(
        inputs=1,
        bounds=(LENGTH, FACTOR),
        outputs=3,
        level=KEPT,
        base_ns=11,
        arguments=lambda p: (p[0], p[1], p[1], 0),
    ),
    "KC": _I(
        inputs=3,
        bounds=(LENGTH, ANY_LENGTH, FACTOR),
        outputs=3,
        seed_bars=_keltner_seed,
        base_ns=16,
    ),
    "DONCHIAN": _I(inputs=2, bounds=(LENGTH,), outputs=3, base_ns=16, ns_per_length=0.2),
    "STDDEV": _I(
        inputs=1, bounds=(LENGTH,), level=LOST, base_ns=8, arguments=lambda p: (p[0], 1.0)
    ),
    "VAR": _I(inputs=1, bounds=(LENGTH,), level=LOST, base_ns=7, arguments=lambda p: (p[0], 1.0)),
    "AVGDEV": _I(inputs=1, bounds=(LENGTH,), level=LOST, base_ns=8, ns_per_length=0.8),
    "PERCENTRANK": _I(inputs=1, bounds=(LENGTH,), level=LOST, base_ns=8, ns_per_length=0.8),
    "MASSI": _I(
        inputs=2,
        bounds=(LENGTH, LENGTH),
        seed_bars=lambda p: fading_bars(2.0 / (p[0] + 1.0), 2),
        base_ns=18,
    ),
    "RVI": _I(inputs=1, bounds=(LENGTH, LENGTH), level=LOST, seed_bars=_wilder(), base_ns=20),
    "ADR": _I(inputs=2, bounds=(ANY_LENGTH,), base_ns=6),
    "OBV": _I(inputs=2, level=ORIGIN, base_ns=4),
    "AD": _I(inputs=4, level=ORIGIN, base_ns=6),
    "PVT": _I(inputs=2, level=ORIGIN, base_ns=6),
    "ADOSC": _I(inputs=4, bounds=(LENGTH, LENGTH), seed_bars=_slowest_ema(2), base_ns=10),
    "CMF": _I(inputs=4, bounds=(LENGTH,), base_ns=12),
    "RVOL": _I(inputs=1, bounds=(ANY_LENGTH,), base_ns=6),
    "EFI": _I(inputs=2, bounds=(ANY_LENGTH,), seed_bars=_ema(), base_ns=8),
    "SUM": _I(inputs=1, bounds=(LENGTH,), base_ns=5),
    "MAX": _I(inputs=1, bounds=(LENGTH,), level=KEPT, base_ns=7),
    "MIN": _I(inputs=1, bounds=(LENGTH,), level=KEPT, base_ns=7),
    "CORREL": _I(inputs=2, bounds=(LENGTH,), level=LOST, base_ns=10),
    "BETA": _I(inputs=2, bounds=(ANY_LENGTH,), base_ns=12),
    "SUPERTREND": _I(
        inputs=3,
        bounds=(LENGTH, FACTOR),
        outputs=2,
        seed_bars=lambda p: fading_bars(1.0 / p[0], 1) + FLIP_BARS,
        base_ns=18,
    ),
    "SAR": _I(
        inputs=2,
        bounds=(Bound(0.0001, 1, is_whole=False), Bound(0.001, 1, is_whole=False)),
        seed_bars=lambda _: FLIP_BARS,
        base_ns=9,
    ),
    "HA": _I(inputs=4, outputs=4, seed_bars=lambda _: fading_bars(0.5, 1), base_ns=10),
}

PENETRATION = {
    "ABANDONEDBABY": 0.3,
    "DARKCLOUDCOVER": 0.5,
    "EVENINGDOJISTAR": 0.3,
    "EVENINGSTAR": 0.3,
    "MATHOLD": 0.5,
    "MORNINGDOJISTAR": 0.3,
    "MORNINGSTAR": 0.3,
}
"""TA-Lib's defaults for the patterns that take how far a body reaches into another."""


def _pattern(name: str) -> Indicator:
    depth = PENETRATION.get(name.upper())
    return Indicator(inputs=4, base_ns=12, arguments=lambda _: () if depth is None else (depth,))


PATTERN_INDICATORS: Mapping[str, Indicator] = {
    "CDL" + name.upper(): _pattern(name) for name in PATTERNS
}

ALL_INDICATORS: Mapping[str, Indicator] = {**INDICATORS, **PATTERN_INDICATORS}
