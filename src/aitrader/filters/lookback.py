"""How many closed bars a graph needs, per interval, and what one check of it costs.

Derived, never declared: a root wants its own row and the row before (a signal is a change from
false to true); every operation adds the rows it reaches back, every recursive indicator the rows
until its seed is forgotten. On the way to a slower interval the bars are converted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from aitrader.filters.graph import Graph, Node, numbers_of
from aitrader.filters.indicators import ALL_INDICATORS
from aitrader.filters.kernels import warmup
from aitrader.filters.operations import OPERATIONS, Kind
from aitrader.model.candle import DAY_MS, INTERVAL_MS
from aitrader.model.errors import FilterFault

MAX_LOOKBACK = 5000
MAX_COST_US = 2000.0
"""Budget of one trader: microseconds of one core per symbol and check.

Common traders cost 20 to 200; at the limit 500 symbols take 1 s of one core per close.
"""

USUAL_BARS = 500
"""Rows that a cost is counted over at least."""

RUN_NS = 2500.0
"""One call of an indicator; undefined rows cut a series into as many runs as they please."""

TEARING = frozenset({"undefined", "pow", "sqrt", "log", "when", "vwap"})
"""Operations that are undefined for some numbers; so is a division by what may be zero."""

PRICES = frozenset({"open", "high", "low", "close"})

EDGE_BARS = 1
"""The row before the newest one is needed too: conditions must *become* true."""


def reach(node: Node) -> int:
    """Return how many bars before its own row the node's inputs must be known."""
    if node.op == "lag":
        return int(node.params[0])
    if node.op in ("any", "all", "count"):
        return int(node.params[0]) - 1
    if node.op == "since":
        return int(node.params[0])
    if node.op == "when":
        return int(node.params[1])
    if node.op == "vwap":
        return max(0, math.ceil(DAY_MS / INTERVAL_MS[str(node.interval)]) - 1)
    if node.op == "ta":
        indicator = ALL_INDICATORS[str(node.params[0])]
        numbers = numbers_of(node)
        skipped = warmup(str(node.params[0]), indicator.arguments(numbers))
        return skipped + indicator.seed_bars(numbers)
    return 0


def lookback(roots: Iterable[Node], *, edge_bars: int = EDGE_BARS) -> dict[str, int]:
    """Return per interval how many closed bars the roots' newest rows need, at least 1.

    Raises:
        FilterFault: More than `MAX_LOOKBACK` bars of one interval.
    """
    wanted = {node.index: edge_bars for node in roots}
    nodes = _reachable(roots)
    bars: dict[str, int] = {}
    for node in sorted(nodes.values(), key=lambda n: n.index, reverse=True):
        if node.interval is None:
            continue
        back = wanted.get(node.index, 0)
        bars[node.interval] = max(bars.get(node.interval, 0), back + 1)
        for arg in node.args:
            wanted[arg.index] = max(wanted.get(arg.index, 0), _before(node, arg, back))
    for interval, count in bars.items():
        if count > MAX_LOOKBACK:
            raise FilterFault(
                f"the filter needs {count} closed bars of {interval}, the most is {MAX_LOOKBACK}",
                hint="use shorter lengths, or a slower interval through m.at(...)",
            )
    return bars


def _before(node: Node, arg: Node, back: int) -> int:
    """Return the bars of `arg`'s interval that `back` bars of `node` plus its reach come to."""
    if node.op == "align" and arg.interval is not None:
        return math.ceil(back * INTERVAL_MS[str(node.interval)] / INTERVAL_MS[arg.interval])
    return back + reach(node)


def _reachable(roots: Iterable[Node]) -> dict[int, Node]:
    found: dict[int, Node] = {}
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node.index not in found:
            found[node.index] = node
            waiting.extend(node.args)
    return found


def cost_us(graph: Graph, bars: Mapping[str, int]) -> float:
    """Return the most microseconds of one core that the graph takes for one symbol.

    Counted over at least `USUAL_BARS` rows, for traders are evaluated together on the longest
    window among them.
    """
    torn = _torn(graph)
    total = 0.0
    for node in graph.nodes:
        rows = bars.get(str(node.interval), 0)
        if rows:
            total += max(rows, USUAL_BARS) * (_ns(node) + _tear_ns(node, torn))
    return round(total / 1000, 1)


def _ns(node: Node) -> float:
    if node.op != "ta":
        return OPERATIONS[node.op].ns
    indicator = ALL_INDICATORS[str(node.params[0])]
    length = max((float(p) for p in node.params[1:]), default=0.0)
    return indicator.base_ns + indicator.ns_per_length * length


def _torn(graph: Graph) -> set[int]:
    """Return the nodes that may be undefined on any row in the middle of known candles."""
    torn: set[int] = set()
    for node in graph.nodes:
        may_tear = node.op in TEARING or (
            node.op in ("div", "mod") and not _is_never_zero(node.args[1])
        )
        inherits = node.kind is not Kind.CONDITION and node.op != "fill"
        if may_tear or (inherits and any(arg.index in torn for arg in node.args)):
            torn.add(node.index)
    return torn


def _is_never_zero(node: Node) -> bool:
    if node.op == "const":
        return float(node.params[0]) != 0
    while node.op in ("lag", "align"):
        node = node.args[0]
    return node.op == "in" and node.params[0] in PRICES


def _tear_ns(node: Node, torn: set[int]) -> float:
    """Return what it costs per row that an indicator is computed run by run."""
    if node.op != "ta" or not any(arg.index in torn for arg in node.args):
        return 0.0
    indicator = ALL_INDICATORS[str(node.params[0])]
    return RUN_NS / (warmup(str(node.params[0]), indicator.arguments(numbers_of(node))) + 2)
