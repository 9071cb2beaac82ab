"""What each operation does to the rows of a block: plain numpy on (n, T) arrays.

Every function is causal by its own shape (a row is made of rows at or before it) and answers NaN
or False where it does not know. Division by zero is undefined, not infinite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from aitrader.filters.panel import Bools, Floats, Times
from aitrader.model.candle import DAY_MS, MINUTE_MS

Array = Floats | Bools
Counts = npt.NDArray[np.int32]
HOUR_MS = 60 * MINUTE_MS
MONDAY_OFFSET_DAYS = 3
"""The epoch was a Thursday; Monday is weekday 0."""


def lag(values: Array, bars: int) -> Array:
    """Return the values `bars` rows ago; before the first row unknown."""
    moved = np.empty_like(values)
    empty = min(bars, values.shape[-1])
    moved[..., :empty] = False if values.dtype == np.bool_ else np.nan
    moved[..., empty:] = values[..., : values.shape[-1] - empty]
    return moved


def finite(values: Floats) -> Floats:
    """Turn infinities of a fresh result into NaN, in place."""
    if values.size and not np.isfinite(values.sum()):
        values[np.isinf(values)] = np.nan
    return values


def divide(a: Floats, b: Floats) -> Floats:
    """Return a / b, NaN where b is zero."""
    return finite(np.divide(a, b))


def power(a: Floats, b: Floats) -> Floats:
    """Return a to the power b, NaN where it is not a finite number."""
    return finite(np.power(a, b))


def modulo(a: Floats, b: Floats) -> Floats:
    """Return the rest of a / b with the sign of b, as Python does; NaN where b is zero."""
    return finite(np.mod(a, b))


def not_equal(a: Floats, b: Floats) -> Bools:
    """Return where both are known and differ."""
    return np.less(a, b) | np.greater(a, b)


def window_count(condition: Bools, bars: int) -> Counts:
    """Return how many of the last `bars` rows are True; rows before the first count as False."""
    total = np.cumsum(condition, -1, dtype=np.int32)
    counted = total.copy()
    counted[..., bars:] -= total[..., :-bars]
    return counted


def window_any(condition: Bools, bars: int) -> Bools:
    """Return where at least one of the last `bars` rows is True."""
    return np.greater(window_count(condition, bars), 0)


def window_all(condition: Bools, bars: int) -> Bools:
    """Return where all of the last `bars` rows are True."""
    return np.equal(window_count(condition, bars), bars)


def known_count(condition: Bools, negation: Bools, bars: int) -> Floats:
    """Return how many of the last `bars` rows are True, NaN unless each row is known."""
    counted = window_count(condition, bars)
    known = counted + window_count(negation, bars) == bars
    return np.where(known, counted, np.nan)


def bars_since(condition: Bools, negation: Bools, limit: int) -> Floats:
    """Return the rows since the condition was last true, `limit` when longer ago.

    NaN where an unknown row lies between.
    """
    bars = condition.shape[-1]
    place = np.arange(bars, dtype=np.int32)
    last_true = np.maximum.accumulate(np.where(condition, place, -1), -1)
    last_unknown = np.maximum.accumulate(np.where(condition | negation, -1, place), -1)
    passed = place - last_true
    seen = (last_true >= 0) & (passed < limit)
    whole = place - last_unknown >= limit  # `limit` known rows in which it was not true
    whole &= place + 1 >= limit
    answer = np.where(seen & (last_unknown < last_true), passed.astype(np.float64), np.nan)
    return np.where(~seen & whole, float(limit), answer)


def value_when(
    condition: Bools, negation: Bools, values: Floats, *, occurrence: int, limit: int
) -> Floats:
    """Return the value where the condition was true, `occurrence` times before the last time.

    NaN where that is `limit` rows ago or more, or an unknown row lies between.
    """
    rows, bars = np.broadcast_shapes(condition.shape, values.shape)
    condition, negation = (
        np.broadcast_to(condition, (rows, bars)),
        np.broadcast_to(negation, (rows, bars)),
    )
    values = np.broadcast_to(values, (rows, bars))
    answer = np.full((rows, bars), np.nan)
    place = np.arange(bars)
    for row in range(rows):
        found = np.flatnonzero(condition[row])
        if len(found) <= occurrence:
            continue
        last_unknown = np.maximum.accumulate(np.where(condition[row] | negation[row], -1, place))
        number = np.cumsum(condition[row]) - 1 - occurrence
        source = found[np.maximum(number, 0)]
        usable = (number >= 0) & (place - source < limit) & (last_unknown < source)
        answer[row, usable] = values[row, source[usable]]
    return answer


def session_vwap(price: Floats, volume: Floats, open_ms: Times) -> Floats:
    """Return the volume-weighted price since 00:00 UTC; NaN until a day's first row is there."""
    day = open_ms // DAY_MS
    starts = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    lengths = np.diff(starts, append=len(day))
    first = np.repeat(starts, lengths)
    paid = price * volume
    unknown = np.isnan(paid)
    traded = np.where(unknown, 0.0, volume)
    answer = divide(_since(np.where(unknown, 0.0, paid), first), _since(traded, first))
    if unknown.any():
        answer[_since(unknown.astype(np.float64), first) > 0] = np.nan
    if open_ms[0] % DAY_MS:
        answer[..., : lengths[0]] = np.nan
    return answer


def _since(values: Floats, first: Times) -> Floats:
    """Return the sum of the values since the column `first` of each column."""
    total = np.cumsum(values, -1)
    return total - total[..., first] + values[..., first]


def aligned(values: Array, place: Times) -> Array:
    """Return the slower values at these columns; -1 is a bar that has not closed yet."""
    if values.shape[-1] == 0:
        shape = (*values.shape[:-1], len(place))
        return np.zeros(shape, np.bool_) if values.dtype == np.bool_ else np.full(shape, np.nan)
    taken = values[..., np.maximum(place, 0)]
    taken[..., place < 0] = False if values.dtype == np.bool_ else np.nan
    return taken


def time_values(unit: str, open_ms: Times) -> Floats:
    """Return minute, hour or weekday (Monday 0) of each candle's opening, UTC; (1, T)."""
    if unit == "minute":
        number = open_ms // MINUTE_MS % 60
    elif unit == "hour":
        number = open_ms // HOUR_MS % 24
    else:
        number = (open_ms // DAY_MS + MONDAY_OFFSET_DAYS) % 7
    return number.astype(np.float64)[np.newaxis, :]


def _log(values: Floats) -> Floats:
    return finite(np.log(values))


def _exp(values: Floats) -> Floats:
    return finite(np.exp(values))


ELEMENTWISE: Mapping[str, Callable[..., Array]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": divide,
    "mod": modulo,
    "pow": power,
    "min": np.minimum,
    "max": np.maximum,
    "neg": np.negative,
    "abs": np.abs,
    "sqrt": np.sqrt,
    "log": _log,
    "exp": _exp,
    "sign": np.sign,
    "floor": np.floor,
    "ceil": np.ceil,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": not_equal,
    "known": np.isfinite,
    "and": np.logical_and,
    "or": np.logical_or,
}
"""Operations whose row depends on the same row of the inputs alone."""


def pick(condition: Bools, negation: Bools, a: Floats, b: Floats) -> Floats:
    """Return `a` where the condition is true, `b` where it is certainly false, else NaN."""
    return np.where(condition, a, np.where(negation, b, np.nan))


def fill(values: Floats, present: Bools, *, value: float) -> Floats:
    """Return the values, and `value` where they are undefined although the candles are there."""
    return np.where(np.isnan(values) & present, value, values)


def running_sum(values: Floats) -> Floats:
    """Return the sum since the start of each run of known rows, NaN where unknown."""
    unknown = np.isnan(values)
    if not unknown.any():
        return np.cumsum(values, -1)
    total = np.cumsum(np.where(unknown, 0.0, values), -1)
    before = np.maximum.accumulate(np.where(unknown, np.arange(values.shape[-1]), -1), -1)
    offset = np.take_along_axis(total, np.maximum(before, 0), -1) * (before >= 0)
    return np.where(unknown, np.nan, total - offset)
