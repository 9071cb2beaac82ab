"""What TA-Lib's streaming handles would give for one new bar, against evaluating the window anew.

Unit of work: the close of one candle, 50 traders x 100 symbols. The handles keep one state per
indicator and symbol and are fed the new candle; every other operation is computed on a few newest
rows. No target: it is not built (decision 0005); this is the measurement behind that.
"""

# ruff: noqa: E402 -- the path comes first

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import numpy as np
from screening import panel, sources

from aitrader.filters.arrays import ELEMENTWISE, lag
from aitrader.filters.document import rebuild
from aitrader.filters.evaluate import Program
from aitrader.filters.graph import Graph, Node, numbers_of
from aitrader.filters.indicators import ALL_INDICATORS
from aitrader.filters.kernels import TALIB, indicator_rows
from aitrader.filters.panel import Floats, Panel, newest
from aitrader.filters.traderfile import compile_trader
from aitrader.model.ids import TraderId

SYMBOLS, BARS, NEW, KEPT = 100, 500, 40, 4


class Streams:
    """Every indicator's handles and the newest `KEPT` rows of every node."""

    def __init__(self, nodes: Sequence[Node], past: Mapping[int, Any]) -> None:
        self.nodes = nodes
        self.rows = {n.index: past[n.index][..., -KEPT:].copy() for n in nodes if _is_row(n, past)}
        self.several: dict[int, list[Floats]] = {}
        self.handles = {n.index: _handles(n, past) for n in nodes if n.op == "ta"}

    def update(self, candle: Mapping[str, Floats]) -> None:
        """Take one closed candle of every symbol."""
        with np.errstate(all="ignore"):
            for node in self.nodes:
                self._take(node, candle)

    def _take(self, node: Node, candle: Mapping[str, Floats]) -> None:
        if node.op == "ta":
            fed = [self.rows[a.index][:, -1].tolist() for a in node.args]
            made = [
                h.update(*x)
                for h, x in zip(self.handles[node.index], zip(*fed, strict=True), strict=True)
            ]
            values = np.array(made, np.float64)
            if values.ndim == 2:
                self.several[node.index] = list(values.T)
                return
        elif node.op == "in":
            values = candle[str(node.params[0])]
        elif node.op == "out":
            values = self.several[node.args[0].index][int(node.params[0])]
        elif node.op == "lag":
            values = self.rows[node.args[0].index][:, -1 - int(node.params[0])]
        elif node.op == "const":
            return
        else:
            values = ELEMENTWISE[node.op](*[self._newest(a) for a in node.args])
        rows = self.rows[node.index]
        rows[:, :-1] = rows[:, 1:]
        rows[:, -1] = values

    def _newest(self, node: Node) -> Any:  # noqa: ANN401
        return float(node.params[0]) if node.op == "const" else self.rows[node.index][:, -1]


def _is_row(node: Node, past: Mapping[int, Any]) -> bool:
    return node.op != "const" and not isinstance(past[node.index], tuple)


def _handles(node: Node, past: Mapping[int, Any]) -> list[Any]:
    kind = getattr(TALIB, f"{node.params[0]}_Stream")
    numbers = ALL_INDICATORS[str(node.params[0])].arguments(numbers_of(node))
    inputs = [past[a.index] for a in node.args]
    first = max((int(np.isnan(x[0]).sum()) for x in inputs), default=0)  # its input's warm-up
    return [
        kind(*[np.ascontiguousarray(x[s, first:]) for x in inputs], *numbers)
        for s in range(SYMBOLS)
    ]


def history(nodes: Sequence[Node], whole: Panel) -> dict[int, Any]:
    """Return every node's rows over a whole panel, by the array path's own functions."""
    made: dict[int, Any] = {}
    with np.errstate(all="ignore"):
        for node in nodes:
            args = [made[a.index] for a in node.args]
            if node.op == "in":
                made[node.index] = whole.values[str(node.params[0])]
            elif node.op == "const":
                made[node.index] = float(node.params[0])
            elif node.op == "ta":
                name = str(node.params[0])
                numbers = ALL_INDICATORS[name].arguments(numbers_of(node))
                outputs = indicator_rows(name, numbers, args)
                made[node.index] = outputs if len(outputs) > 1 else outputs[0]
            elif node.op == "out":
                made[node.index] = args[0][int(node.params[0])]
            elif node.op == "lag":
                made[node.index] = lag(args[0], int(node.params[0]))
            else:
                made[node.index] = ELEMENTWISE[node.op](*args)
    return made


def measure(*, is_diverse: bool) -> dict[str, float]:
    """Return milliseconds of both paths and how many newest values differ."""
    traders = {
        TraderId(str(i)): compile_trader(text)
        for i, text in enumerate(sources(50, is_diverse=is_diverse))
    }
    graph = Graph("5m")
    for trader in traders.values():
        rebuild(graph, trader.graph)
    whole = panel(SYMBOLS, BARS + NEW)
    before = Panel("5m", whole.symbols, whole.open_ms[:BARS], _until(whole, BARS))
    begun = time.process_time()
    streams = Streams(graph.nodes, history(graph.nodes, before))
    opened = time.process_time() - begun
    candles = [{k: v[:, BARS + n].copy() for k, v in whole.values.items()} for n in range(NEW)]
    begun = time.process_time()
    for candle in candles:
        streams.update(candle)
    streamed = (time.process_time() - begun) / NEW
    program = Program(traders)
    window = newest(whole, program.lookback["5m"] + 1)
    begun = time.process_time()
    for _ in range(5):
        program.run({"5m": window})
    arrays = (time.process_time() - begun) / 5
    full, slid = history(graph.nodes, whole), history(graph.nodes, window)
    rows = {i: x[:, -1] for i, x in streams.rows.items()}
    return {
        "arrays_ms": arrays * 1000,
        "streams_ms": streamed * 1000,
        "opening_ms": opened * 1000,
        "values": float(sum(len(x) for x in rows.values())),
        "differ_from_the_whole_history": _differing(rows, full),
        "differ_from_the_window": _differing(rows, slid),
    }


def _until(whole: Panel, bars: int) -> dict[str, Floats]:
    return {name: np.ascontiguousarray(rows[:, :bars]) for name, rows in whole.values.items()}


def _differing(rows: Mapping[int, Any], other: Mapping[int, Any]) -> float:
    return float(sum(int((x != other[i][:, -1]).sum()) for i, x in rows.items()))


def main() -> int:
    """Print the figures of both sets of traders."""
    for name, is_diverse in (("popular", False), ("diverse", True)):
        found = measure(is_diverse=is_diverse)
        ratio = found["arrays_ms"] / found["streams_ms"]
        rounded = {key: round(value, 2) for key, value in found.items()}
        print(json.dumps({"bench": f"streaming_{name}", "times": round(ratio, 1), **rounded}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
