"""A trader's filter as lines on a chart: the series that its conditions compare.

What stands on two sides of one comparison has one scale, so it shares a pane; the pane of whatever
is compared with the symbol's own price is the price itself. A number on the other side becomes a
level of that pane. Candles are drawn already, so the own open, high, low and close are no lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.describe import unlagged, value_text
from aitrader.filters.document import Roots, rebuild, to_document
from aitrader.filters.evaluate import Program
from aitrader.filters.graph import COMPARISONS, Graph, Node
from aitrader.filters.indicators import ALL_INDICATORS, LevelRule
from aitrader.filters.operations import Kind
from aitrader.filters.panel import Floats, Panel, only
from aitrader.model.ids import TraderId

PRICES = frozenset({"open", "high", "low", "close"})
CHANNELS = frozenset({"KC", "DONCHIAN", "SAR", "SUPERTREND", "HA", "VWMA"})
"""Indicators of the price that have its scale though a constant does not pass through them."""

PRICE_WEIGHT = (0.5, 2.0)
ON_PRICE = ""
MOST_LINES = 12
MOST_PANES = 4
DIGITS = 9
"""Significant digits of a value: more than a screen can show."""


class Line(msgspec.Struct, frozen=True):
    """One series at the closes of the base candles, oldest first; None is unknown.

    `pane`: lines of one pane share a scale, "" is the price's. `levels`: the numbers that this
    line is compared with.
    """

    name: str
    pane: str
    values: tuple[float | None, ...]
    levels: tuple[float, ...] = ()


class _Group:
    """Nodes that are compared with each other, and the numbers each is compared with."""

    def __init__(self) -> None:
        self.nodes: dict[int, Node] = {}
        self.levels: dict[int, list[float]] = {}

    def take(self, other: _Group) -> None:
        self.nodes.update(other.nodes)
        for index, levels in other.levels.items():
            self.levels.setdefault(index, []).extend(levels)


class _Traced(NamedTuple):
    """A line before it has values."""

    node: Node
    pane: str
    levels: tuple[float, ...]


def draw(
    compiled: CompiledTrader, panels: Mapping[str, Panel], symbol: str, *, bars: int
) -> tuple[Line, ...]:
    """Return the lines of one symbol over the newest rows of the base panel.

    Where the rows do not reach back far enough for a value it is unknown; the oldest known values
    of a recursive average may still bear the mark of its seed.

    Raises:
        ValueError: The base panel has no such symbol.
    """
    base = compiled.graph.interval
    graph = Graph(base, max_nodes=2 * len(compiled.graph.nodes) + 100)
    roots = rebuild(graph, compiled.graph)
    traced = _traced(roots)
    if not traced:
        return ()
    levels = {str(i): graph.to_interval(line.node, base) for i, line in enumerate(traced)}
    document = to_document(base, Roots(roots.conditions, {}, levels))
    plain = msgspec.structs.replace(compiled, graph=document, findings={})
    seen = dict(panels)
    seen[base] = only(panels[base], symbol, *compiled.symbols_named)
    key = TraderId("drawn")
    rows = Program({key: plain}).run(seen, last=bars)[key].level_rows
    return tuple(
        Line(value_text(line.node, base), line.pane, _values(rows[str(i)][0]), line.levels)
        for i, line in enumerate(traced)
    )


def _traced(roots: Roots) -> list[_Traced]:
    """Return what there is to draw: exits that are prices, then the groups of the comparisons."""
    lines = [
        _Traced(unlagged(node), ON_PRICE, ())
        for name, node in roots.levels.items()
        if name in ("stop_loss", "take_profit")
    ]
    groups = _groups([*roots.conditions.values(), *roots.exits.values()])
    panes = 0
    for group in sorted(groups, key=lambda each: not _is_of_price(each)):
        pane = ON_PRICE
        if not _is_of_price(group):
            panes += 1
            pane = f"pane {panes}"
        if panes > MOST_PANES:
            break
        for index, node in group.nodes.items():
            if not _is_candle(node) and all(line.node.index != index for line in lines):
                lines.append(_Traced(node, pane, tuple(dict.fromkeys(group.levels.get(index, ())))))
    return lines[:MOST_LINES]


def _groups(conditions: Iterable[Node]) -> list[_Group]:
    """Return the connected groups of what is compared, in the order of the conditions."""
    groups: list[_Group] = []
    for left, right in _comparisons(conditions):
        made = _Group()
        for node, other in ((left, right), (right, left)):
            if node.is_constant or node.origin or node.kind is not Kind.NUMBER or _is_jagged(node):
                continue
            made.nodes[node.index] = node
            if other.op == "const":
                made.levels[node.index] = [float(other.params[0])]
        known = [each for each in groups if each.nodes.keys() & made.nodes.keys()]
        if known:
            known[0].take(made)
            for each in known[1:]:
                known[0].take(each)
                groups.remove(each)
        elif made.nodes:
            groups.append(made)
    return groups


def _comparisons(conditions: Iterable[Node]) -> Sequence[tuple[Node, Node]]:
    waiting, seen = list(conditions), set[int]()
    found: list[tuple[Node, Node]] = []
    while waiting:
        node = waiting.pop(0)
        if node.index in seen:
            continue
        seen.add(node.index)
        if node.op in COMPARISONS:
            found.append((unlagged(node.args[0]), unlagged(node.args[1])))
        else:
            waiting += [arg for arg in node.args if arg.kind is Kind.CONDITION]
    return found


def _is_of_price(group: _Group) -> bool:
    return any(_is_price(node) for node in group.nodes.values())


def _is_jagged(node: Node) -> bool:
    """Whether a node says when rather than how much: the time, a candle pattern."""
    return node.op == "time" or (node.op == "ta" and str(node.params[0]).startswith("CDL"))


def _is_candle(node: Node) -> bool:
    """Whether the node is the own price itself."""
    return node.op == "in" and node.params[0] in PRICES and not node.params[1]


def _is_price(node: Node) -> bool:
    """Whether the node has the scale of the own price."""
    return PRICE_WEIGHT[0] <= _weight(node) <= PRICE_WEIGHT[1]


def _weight(node: Node) -> float:
    """Return how many own prices a node adds up to: 1 for an average, 0 for a distance."""
    if node.op == "in":
        return 1.0 if _is_candle(node) else 0.0
    if node.op in ("lag", "align", "fill", "vwap"):
        return _weight(node.args[0])
    if node.op == "out":
        return 0.0 if _is_direction(node) else _weight(node.args[0])
    if node.op == "ta":
        name = str(node.params[0])
        keeps = ALL_INDICATORS[name].level is LevelRule.KEPT or name in CHANNELS
        return _weight(node.args[0]) if keeps else 0.0
    return _weight_of_sum(node)


def _weight_of_sum(node: Node) -> float:
    """Return the weight of arithmetic: sums of prices, and prices times a number."""
    if node.op not in ("add", "sub", "mul", "div", "min", "max"):
        return 0.0
    first, second = (_weight(arg) for arg in node.args)
    if node.op in ("add", "sub"):
        return first + (second if node.op == "add" else -second)
    if node.op in ("min", "max"):
        return first if second else 0.0
    left, right = node.args
    if right.op == "const":
        number = float(right.params[0])
        return first * number if node.op == "mul" else first / number if number else 0.0
    return second * float(left.params[0]) if left.op == "const" and node.op == "mul" else 0.0


def _is_direction(node: Node) -> bool:
    return node.args[0].params[0] == "SUPERTREND" and node.params[0] == 1


def _values(row: Floats) -> tuple[float | None, ...]:
    return tuple(
        float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None for value in row.tolist()
    )
