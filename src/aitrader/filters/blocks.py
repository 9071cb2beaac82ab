"""The nodes of a program computed for one block of symbols, each by its operation's function.

A node is prepared once (`Step`): with one symbol the looking up would cost more than the work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from aitrader.filters import arrays
from aitrader.filters.graph import Node, numbers_of
from aitrader.filters.indicators import ALL_INDICATORS
from aitrader.filters.kernels import Kernel, kernel, rows_of
from aitrader.filters.scene import Scene

Value = Any
"""Rows of a block, a tuple of them for an indicator with several outputs, or a plain number."""


class Keeper(Protocol):
    """Who wants values before they are freed."""

    def take(self, node: Node, value: Value, rows: slice) -> None:
        """See a fresh value of a block's rows."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """One node ready to be computed: `fold` from its arguments, or `read` from the scene.

    `is_kept`: the keeper wants to see it. `free`: the nodes whose rows end here.
    """

    node: Node
    index: int
    args: tuple[int, ...]
    fold: Callable[..., Value] | None
    read: Callable[[Sequence[Value], Scene, slice], Value] | None
    is_kept: bool
    free: tuple[int, ...]


def step_of(node: Node, *, is_kept: bool, free: tuple[int, ...] = ()) -> Step:
    """Return the node prepared."""
    args = tuple(arg.index for arg in node.args)
    fold = arrays.ELEMENTWISE.get(node.op)
    if fold is None and node.op in _FOLDS:
        fold = _FOLDS[node.op](node)
    read = None if fold is not None else _reader(node)
    return Step(node, node.index, args, fold, read, is_kept, free)


def compute(
    steps: Sequence[Step], values: dict[int, Value], scene: Scene, *, rows: slice, keep: Keeper
) -> dict[int, Value]:
    """Compute the nodes in order; drop what is not needed any more."""
    for step in steps:
        args = [values[index] for index in step.args]
        if step.fold is not None:
            value = step.fold(*args)
        else:
            assert step.read is not None
            value = step.read(args, scene, rows)
        values[step.index] = value
        if step.is_kept:
            keep.take(step.node, value, rows)
        for index in step.free:
            del values[index]
    return values


def _reader(node: Node) -> Callable[[Sequence[Value], Scene, slice], Value]:
    op = node.op
    interval = str(node.interval)
    if op == "in":
        name, symbol, _ = (str(p) for p in node.params)
        return lambda _, scene, rows: scene.read(name, symbol, interval, rows=rows)
    if op == "time":
        unit = str(node.params[0])
        return lambda _, scene, __: arrays.time_values(unit, scene.panels[interval].open_ms)
    if op == "align":
        slow = str(node.args[0].interval)
        return lambda args, scene, _: arrays.aligned(args[0], scene.columns(slow, interval))
    if op == "vwap":
        return partial(_vwap, interval)
    constant = float(node.params[0]) if node.params else float("nan")
    return lambda _, __, ___: constant


def _vwap(interval: str, args: Sequence[Value], scene: Scene, rows: slice) -> Value:
    panel = scene.panels[interval]
    return arrays.session_vwap(args[0], args[1], panel.open_ms) if panel.bars else args[0]


def _ta(node: Node) -> Callable[..., Value]:
    name = str(node.params[0])
    numbers = ALL_INDICATORS[name].arguments(numbers_of(node))
    prepared = kernel(name, numbers)
    return partial(_several if prepared.outputs > 1 else _one, prepared)


def _one(prepared: Kernel, *args: Value) -> Value:
    return rows_of(prepared, args)[0]


def _several(prepared: Kernel, *args: Value) -> Value:
    return rows_of(prepared, args)


def _whole(node: Node, position: int = 0) -> int:
    return int(node.params[position])


def _with_bars(function: Callable[..., Value]) -> Callable[[Node], Callable[..., Value]]:
    """Return how to prepare an operation whose last argument is a number of bars."""
    return lambda node: lambda *args: function(*args, _whole(node))


def _out(node: Node) -> Callable[..., Value]:
    place = _whole(node)
    return lambda several: several[place]


_FOLDS: Mapping[str, Callable[[Node], Callable[..., Value]]] = {
    "ta": _ta,
    "out": _out,
    "lag": _with_bars(arrays.lag),
    "round": _with_bars(np.round),
    "any": _with_bars(arrays.window_any),
    "all": _with_bars(arrays.window_all),
    "count": _with_bars(arrays.known_count),
    "since": _with_bars(arrays.bars_since),
    "when": lambda n: partial(arrays.value_when, occurrence=_whole(n), limit=_whole(n, 1)),
    "pick": lambda _: arrays.pick,
    "fill": lambda n: partial(arrays.fill, value=float(n.params[0])),
    "cum": lambda _: arrays.running_sum,
}
"""Operations that need the node's parameters, and nothing of the scene."""
