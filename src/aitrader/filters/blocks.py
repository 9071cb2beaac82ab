"""The nodes of a program computed for one block of symbols, each by its operation's function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from aitrader.filters import arrays
from aitrader.filters.graph import Node, numbers_of
from aitrader.filters.indicators import ALL_INDICATORS
from aitrader.filters.kernels import indicator_rows
from aitrader.filters.scene import Scene

Value = Any
"""Rows of a block, a tuple of them for an indicator with several outputs, or a plain number."""


class Keeper(Protocol):
    """Who wants values before they are freed."""

    def take(self, node: Node, value: Value, rows: slice) -> None:
        """See a fresh value of a block's rows."""
        ...


def compute(
    nodes: Sequence[Node],
    values: dict[int, Value],
    scene: Scene,
    *,
    rows: slice,
    keep: Keeper,
    free: Mapping[int, tuple[int, ...]],
) -> dict[int, Value]:
    """Compute the nodes in order; drop what is not needed any more."""
    for node in nodes:
        value = _value(node, [values[arg.index] for arg in node.args], scene, rows=rows)
        values[node.index] = value
        keep.take(node, value, rows)
        for index in free.get(node.index, ()):
            del values[index]
    return values


def _value(node: Node, args: Sequence[Value], scene: Scene, *, rows: slice) -> Value:
    op = node.op
    simple = arrays.ELEMENTWISE.get(op)
    if simple is not None:
        return simple(*args)
    if op in _FOLDS:
        return _FOLDS[op](node, args)
    if op == "in":
        name, symbol, interval = (str(p) for p in node.params)
        return scene.read(name, symbol, interval, rows=rows)
    interval = str(node.interval)
    if op == "time":
        return arrays.time_values(str(node.params[0]), scene.panels[interval].open_ms)
    if op == "align":
        slow = str(node.args[0].interval)
        return arrays.aligned(args[0], scene.columns(slow, interval))
    if op == "vwap" and scene.panels[interval].bars:
        return arrays.session_vwap(args[0], args[1], scene.panels[interval].open_ms)
    return args[0] if op == "vwap" else _constant(node)


def _constant(node: Node) -> float:
    return float(node.params[0]) if node.params else float("nan")


def _ta(node: Node, args: Sequence[Value]) -> Value:
    name = str(node.params[0])
    indicator = ALL_INDICATORS[name]
    numbers = indicator.arguments(numbers_of(node))
    outputs = indicator_rows(name, numbers, args)
    return outputs if len(outputs) > 1 else outputs[0]


def _whole(node: Node, position: int = 0) -> int:
    return int(node.params[position])


_FOLDS: Mapping[str, Callable[[Node, Sequence[Value]], Value]] = {
    "ta": _ta,
    "out": lambda n, a: a[0][_whole(n)],
    "lag": lambda n, a: arrays.lag(a[0], _whole(n)),
    "round": lambda n, a: np.round(a[0], _whole(n)),
    "any": lambda n, a: arrays.window_any(a[0], _whole(n)),
    "all": lambda n, a: arrays.window_all(a[0], _whole(n)),
    "count": lambda n, a: arrays.known_count(a[0], a[1], _whole(n)),
    "since": lambda n, a: arrays.bars_since(a[0], a[1], _whole(n)),
    "when": lambda n, a: arrays.value_when(
        a[0], a[1], a[2], occurrence=_whole(n), limit=_whole(n, 1)
    ),
    "pick": lambda _, a: arrays.pick(*a),
    "fill": lambda n, a: arrays.fill(a[0], a[1], value=float(n.params[0])),
    "cum": lambda _, a: arrays.running_sum(a[0]),
}
"""Operations that need the node's parameters."""
