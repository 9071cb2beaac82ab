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
    function: Callable[..., object] = getattr(TALIB, name)
    rows, bars = np.broadcast_shapes(*[x.shape for x in inputs])
    spread = [np.broadcast_to(x, (rows, bars)) for x in inputs]
    skipped = warmup(name, arguments)
    outputs = tuple(np.empty((rows, bars)) for _ in range(_count(name)))
    known = _known(spread)
    for row in range(rows):
        columns = [np.ascontiguousarray(x[row]) for x in spread]
        if known is None or known[row].all():
            _write(
                outputs,
                row,
                slice(0, bars),
                answer=_call(function, columns, arguments),
                skipped=skipped,
            )
            continue
        for output in outputs:
            output[row] = np.nan
        for start, stop in runs(known[row]):
            part = [column[start:stop] for column in columns]
            if stop - start > skipped:
                answer = _call(function, part, arguments)
                _write(outputs, row, slice(start, stop), answer=answer, skipped=skipped)
    return outputs


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


def _call(
    function: Callable[..., object], columns: Sequence[Floats], arguments: tuple[float, ...]
) -> tuple[Floats, ...]:
    if columns[0].shape[0] == 0:
        return ()
    answer = function(*columns, *arguments)
    return answer if isinstance(answer, tuple) else (answer,)


def _write(
    outputs: tuple[Floats, ...], row: int, where: slice, *, answer: tuple[Floats, ...], skipped: int
) -> None:
    for output, values in zip(outputs, answer, strict=False):
        output[row, where] = values
        if values.dtype != np.float64 or skipped:  # integer outputs say 0 while they warm up
            output[row, where.start : min(where.start + skipped, where.stop)] = np.nan
