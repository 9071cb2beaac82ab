"""TA-Lib on the rows of a block, with one rule for what is unknown.

TA-Lib answers numbers for ever after one NaN (RSI: 0.0). Here a value that is not finite ends a
run: the indicator is computed on each run of known rows by itself, and what is not known, and the
warm-up of each run, is NaN.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np

from aitrader.filters.panel import Bools, Floats

HEAVY_GUESTS = ("pandas", "polars")


def _load_talib() -> ModuleType:
    """Import TA-Lib's core without the data-frame libraries it would drag in (90 MB, 0.1 s)."""
    kept = {name: sys.modules[name] for name in HEAVY_GUESTS if name in sys.modules}
    for name in HEAVY_GUESTS:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        from talib import _ta_lib as core  # noqa: PLC0415 -- the guests must be barred first
    finally:
        for name in HEAVY_GUESTS:
            sys.modules.pop(name, None)
        sys.modules.update(kept)
    return core


TALIB = _load_talib()

ZERO_WHILE_WARMING = frozenset({"SUPERTREND"})
"""TA-Lib's functions, next to the candle patterns, that answer 0 before they know."""

PATTERNS = tuple(
    sorted(name[3:].lower() for name in dir(TALIB) if name.startswith("CDL") and name.isupper())
)
"""Candle patterns as TA-Lib names them, lower case without CDL."""


@lru_cache(maxsize=4096)
def warmup(name: str, arguments: tuple[float, ...]) -> int:
    """Return how many leading rows TA-Lib leaves without a value."""
    function = TALIB.Function(name, getattr(TALIB, name))
    function.parameters = dict(zip(function.parameters, arguments, strict=True))
    return int(function.lookback)


def indicator_rows(
    name: str, arguments: tuple[float, ...], inputs: Sequence[Floats]
) -> tuple[Floats, ...]:
    """Return TA-Lib's outputs for every row of the inputs, each (n, T) float64.

    Args:
        name: TA-Lib's function name.
        arguments: Its parameters in TA-Lib's order.
        inputs: (n, T) or (1, T) arrays; rows of one are used for all.
    """
    function: Callable[..., Any] = getattr(TALIB, name)
    rows, bars = np.broadcast_shapes(*[x.shape for x in inputs])
    spread = [_contiguous(x, (rows, bars)) for x in inputs]
    if not bars:
        return tuple(np.empty((rows, 0)) for _ in range(_count(name)))
    skipped = warmup(name, arguments)
    outputs = tuple(np.empty((rows, bars)) for _ in range(_count(name)))
    known = _known(spread)
    zero_starts = name in ZERO_WHILE_WARMING or name.startswith("CDL")
    if known is None or (not zero_starts and _is_late(known, spread)):
        for row in range(rows):
            answer = function(*[x[row] for x in spread], *arguments)
            _write(outputs, row, slice(0, bars), answer=answer)
    else:
        _torn_rows(function, arguments, spread, outputs=outputs, known=known)
    if skipped and zero_starts:
        _clear_warmups(outputs, known, skipped)
    return outputs


def _contiguous(values: Floats, shape: tuple[int, int]) -> Floats:
    spread = values if values.shape == shape else np.broadcast_to(values, shape)
    return spread if spread.strides[-1] == spread.itemsize else np.ascontiguousarray(spread)


def _is_late(known: Bools, inputs: Sequence[Floats]) -> bool:
    """Return whether every row is merely unknown at first: TA-Lib skips leading NaNs itself."""
    if bool((known[:, :-1] & ~known[:, 1:]).any()) or not bool(known[:, -1].all()):
        return False
    return not any(bool(np.isinf(x[:, 0]).any()) for x in inputs)


def _torn_rows(
    function: Callable[..., Any],
    arguments: tuple[float, ...],
    inputs: Sequence[Floats],
    *,
    outputs: tuple[Floats, ...],
    known: Bools,
) -> None:
    """Compute each run of known rows by itself; everything else is NaN."""
    for output in outputs:
        output[:] = np.nan
    for row in range(len(known)):
        for start, stop in runs(known[row]):
            answer = function(*[x[row, start:stop] for x in inputs], *arguments)
            _write(outputs, row, slice(start, stop), answer=answer)


def _clear_warmups(outputs: tuple[Floats, ...], known: Bools | None, skipped: int) -> None:
    """Make the warm-up of each run NaN, where TA-Lib says 0 (patterns, a trend's direction)."""
    for output in outputs:
        if known is None:
            output[:, :skipped] = np.nan
            continue
        for row in range(len(known)):
            for start, stop in runs(known[row]):
                output[row, start : min(start + skipped, stop)] = np.nan


@lru_cache(maxsize=256)
def _count(name: str) -> int:
    return len(TALIB.Function(name, getattr(TALIB, name)).output_names)


def _known(inputs: Sequence[Floats]) -> Bools | None:
    """Return where all inputs are finite, or None when they are everywhere."""
    known: Bools | None = None
    for values in inputs:
        if not np.isfinite(values.sum()):  # a sum is the fastest way to find one NaN
            finite = np.isfinite(values)
            known = finite if known is None else known & finite
    return known


def runs(known: Bools) -> list[tuple[int, int]]:
    """Return the (start, stop) of each run of True."""
    edges = np.flatnonzero(np.diff(known.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _write(outputs: tuple[Floats, ...], row: int, where: slice, *, answer: Any) -> None:  # noqa: ANN401
    """Put TA-Lib's one array or several into the row."""
    if isinstance(answer, tuple):
        for output, values in zip(outputs, answer, strict=True):
            output[row, where] = values
    else:
        outputs[0][row, where] = answer
