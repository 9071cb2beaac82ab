"""TA-Lib on the rows of a block, with one rule for what is unknown.

TA-Lib answers numbers for ever after one NaN (RSI: 0.0). Here a value that is not finite ends a
run: the indicator is computed on each run of known rows by itself, and what is not known, and the
warm-up of each run, is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from types import ModuleType
from typing import Any

import msgspec
import numpy as np

from aitrader.filters.panel import Bools, Floats
from aitrader.guests import barred


def _load_talib() -> ModuleType:
    """Import TA-Lib's core without the data-frame libraries it would drag in (90 MB, 0.1 s)."""
    with barred("pandas", "polars"):
        from talib import _ta_lib as core  # noqa: PLC0415 - the guests must be barred first
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


class Kernel(msgspec.Struct, frozen=True):
    """One TA-Lib function with its parameters, looked up once."""

    function: Callable[..., Any]
    arguments: tuple[float, ...]
    outputs: int
    skipped: int
    is_zero_at_first: bool


@lru_cache(maxsize=4096)
def kernel(name: str, arguments: tuple[float, ...]) -> Kernel:
    """Return TA-Lib's function `name` with parameters in TA-Lib's order."""
    return Kernel(
        getattr(TALIB, name),
        arguments,
        _count(name),
        warmup(name, arguments),
        name in ZERO_WHILE_WARMING or name.startswith("CDL"),
    )


def indicator_rows(
    name: str, arguments: tuple[float, ...], inputs: Sequence[Floats]
) -> tuple[Floats, ...]:
    """Return TA-Lib's outputs for every row of the inputs, each (n, T) float64.

    Args:
        name: TA-Lib's function name.
        arguments: Its parameters in TA-Lib's order.
        inputs: (n, T) or (1, T) arrays; rows of one are used for all.
    """
    return rows_of(kernel(name, arguments), inputs)


def rows_of(kernel: Kernel, inputs: Sequence[Floats]) -> tuple[Floats, ...]:
    """Return the outputs for every row of the inputs, as `indicator_rows`."""
    shape = inputs[0].shape
    if any(x.shape != shape for x in inputs):
        shape = np.broadcast_shapes(*[x.shape for x in inputs])
    rows, bars = shape
    spread = [_contiguous(x, (rows, bars)) for x in inputs]
    if not bars:
        return tuple(np.empty((rows, 0)) for _ in range(kernel.outputs))
    known = _known(spread)
    is_whole = known is None or (not kernel.is_zero_at_first and _is_late(known, spread))
    if is_whole and rows == 1:
        outputs = _single(kernel.function(*[x[0] for x in spread], *kernel.arguments))
    else:
        outputs = tuple(np.empty((rows, bars)) for _ in range(kernel.outputs))
        if is_whole:
            for row in range(rows):
                answer = kernel.function(*[x[row] for x in spread], *kernel.arguments)
                _write(outputs, row, slice(0, bars), answer=answer)
        else:
            assert known is not None
            _torn_rows(kernel, spread, outputs=outputs, known=known)
    if kernel.skipped and kernel.is_zero_at_first:
        _clear_warmups(outputs, known, kernel.skipped)
    return outputs


def _single(answer: Any) -> tuple[Floats, ...]:  # noqa: ANN401
    """Return TA-Lib's fresh arrays of one row as (1, T) float64 rows."""
    arrays = answer if isinstance(answer, tuple) else (answer,)
    return tuple(np.asarray(values, np.float64)[np.newaxis, :] for values in arrays)


def _contiguous(values: Floats, shape: tuple[int, int]) -> Floats:
    spread = values if values.shape == shape else np.broadcast_to(values, shape)
    return spread if spread.strides[-1] == spread.itemsize else np.ascontiguousarray(spread)


def _is_late(known: Bools, inputs: Sequence[Floats]) -> bool:
    """Return whether every row is merely unknown at first: TA-Lib skips leading NaNs itself."""
    if bool((known[:, :-1] & ~known[:, 1:]).any()) or not bool(known[:, -1].all()):
        return False
    return not any(bool(np.isinf(x[:, 0]).any()) for x in inputs)


def _torn_rows(
    kernel: Kernel, inputs: Sequence[Floats], *, outputs: tuple[Floats, ...], known: Bools
) -> None:
    """Compute each run of known rows longer than the warm-up by itself; all else is NaN."""
    for output in outputs:
        output[:] = np.nan
    for row in range(len(known)):
        for start, stop in runs(known[row], longer_than=kernel.skipped):
            answer = kernel.function(*[x[row, start:stop] for x in inputs], *kernel.arguments)
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


def runs(known: Bools, *, longer_than: int = 0) -> list[tuple[int, int]]:
    """Return the (start, stop) of each run of True of more than so many rows."""
    edges = np.flatnonzero(np.diff(known.astype(np.int8), prepend=0, append=0))
    starts, stops = edges[::2], edges[1::2]
    wanted = stops - starts > longer_than
    return list(zip(starts[wanted].tolist(), stops[wanted].tolist(), strict=True))


def _write(outputs: tuple[Floats, ...], row: int, where: slice, *, answer: Any) -> None:  # noqa: ANN401
    """Put TA-Lib's one array or several into the row."""
    if isinstance(answer, tuple):
        for output, values in zip(outputs, answer, strict=True):
            output[row, where] = values
    else:
        outputs[0][row, where] = answer
