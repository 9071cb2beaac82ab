"""Evaluation: many traders' graphs as one program, each distinct node computed once per block.

Symbols are worked through in blocks, a node's rows are freed after their last use, and what
depends on named symbols alone (`m.of("BTCUSDT")`) is computed once for all blocks. Answers are
taken from the last rows only.

A trader's answer counts on a row when every candle of its lookback is there (`ready`); then an
unknown value can only be an undefined one, such as a division by zero. A signal is raised on the
row where all conditions hold, every level of its exits is a price, and on the row before they did
not all hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from aitrader.filters.answers import Answers
from aitrader.filters.arrays import Array
from aitrader.filters.blocks import Value, compute
from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.document import Roots, rebuild
from aitrader.filters.graph import Graph, Node
from aitrader.filters.operations import Kind
from aitrader.filters.panel import Bools, Floats, Panel
from aitrader.filters.readiness import Readiness
from aitrader.filters.scene import Scene
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.ids import TraderId

BLOCK = 25
"""Symbols per block: small enough that a block's rows stay in the processor's cache."""

MERGED_NODES = 1_000_000

Key = TypeVar("Key", str, int)


class Program:
    """The merged graphs of traders that share one base interval; immutable once made."""

    def __init__(self, traders: Mapping[TraderId, CompiledTrader]) -> None:
        bases = {trader.graph.interval for trader in traders.values()}
        if len(bases) != 1:
            raise ValueError(f"expected traders of one interval, found {sorted(bases)}")
        self.interval = bases.pop()
        self._graph = Graph(self.interval, max_nodes=MERGED_NODES)
        self._traders = dict(traders)
        self._roots = {key: rebuild(self._graph, t.graph) for key, t in traders.items()}
        self.lookback: Mapping[str, int] = _most(trader.lookback for trader in traders.values())
        self._plan = _plan(self._graph, self._roots, traders)

    @property
    def size(self) -> int:
        """Number of distinct nodes."""
        return len(self._graph.nodes)

    def run(self, panels: Mapping[str, Panel], last: int = 2) -> Mapping[TraderId, Answers]:
        """Return each trader's answers on the last rows of every symbol of the base panel.

        Args:
            panels: Per interval of `lookback` the rows that closed by the base panel's last close.
            last: How many of the newest rows are answered; 2 tells a signal on the newest.

        Raises:
            ValueError: A panel is missing.
        """
        missing = [interval for interval in self.lookback if interval not in panels]
        if missing:
            raise ValueError(f"expected panels of {list(self.lookback)}, {missing} missing")
        last = min(last, panels[self.interval].bars)
        scene = Scene(panels, self.interval)
        tails, newest = self._tails(scene, last)
        ready = Readiness(scene, self._plan.fields)
        return {
            key: Answers(
                trader=self._traders[key],
                symbols=scene.symbols,
                condition_rows=_stacked(roots.conditions, tails),
                exit_rows=_stacked(roots.exits, tails),
                level_rows=_rows(roots.levels, tails),
                finding_rows=_rows(self._plan.named[key], newest),
                ready=ready.of(self._traders[key], last),
            )
            for key, roots in self._roots.items()
        }

    def _tails(self, scene: Scene, last: int) -> tuple[dict[int, Array], dict[int, Array]]:
        """Return the last rows of every root, and the newest value behind every condition."""
        count, plan = len(scene.symbols), self._plan
        tails: dict[int, Array] = {node.index: _empty(node, count, last) for node in plan.roots}
        newest: dict[int, Array] = {
            node.index: np.full((count, 1), np.nan)
            for nodes in plan.named.values()
            for node in nodes.values()
        }
        if not last:
            return tails, newest
        with np.errstate(all="ignore"):
            keep = _Tails(tails, newest, scene, last)
            shared = compute(plan.shared, {}, scene, rows=slice(0, count), keep=keep, free={})
            for start in range(0, count, BLOCK):
                rows = slice(start, min(start + BLOCK, count))
                compute(plan.own, dict(shared), scene, rows=rows, keep=keep, free=plan.free)
        return tails, newest


def _empty(node: Node, count: int, last: int) -> Array:
    if node.kind is Kind.CONDITION:
        return np.zeros((count, last), np.bool_)
    return np.zeros((count, last), np.float64)


@dataclass(frozen=True, slots=True)
class _Tails:
    """Where the rows that are answered go."""

    tails: dict[int, Array]
    newest: dict[int, Array]
    scene: Scene
    last: int

    def take(self, node: Node, value: Value, rows: slice) -> None:
        """Copy what is asked for of a value about to be freed."""
        if node.index in self.tails:
            self.tails[node.index][rows] = value[:, -self.last :]
        if node.index in self.newest:
            column = self.scene.columns(str(node.interval), self.scene.base)[-1]
            if column >= 0:
                self.newest[node.index][rows] = value[:, column : column + 1]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is computed once, what per block, and after which node a value is dropped."""

    shared: tuple[Node, ...]
    own: tuple[Node, ...]
    free: Mapping[int, tuple[int, ...]]
    roots: tuple[Node, ...]
    named: Mapping[TraderId, Mapping[int, Node]]
    fields: Mapping[str, tuple[str, ...]]


def _plan(
    graph: Graph, roots: Mapping[TraderId, Roots], traders: Mapping[TraderId, CompiledTrader]
) -> _Plan:
    named = {}
    for key, trader in traders.items():
        named[key] = _named_nodes(graph, trader)
    wanted = {n.index: n for r in roots.values() for n in r.all}
    shared_indices: set[int] = set()
    for node in graph.nodes:
        if _is_shared(node, shared_indices):
            shared_indices.add(node.index)
    own = tuple(n for n in graph.nodes if n.index not in shared_indices)
    last_use: dict[int, int] = {}
    for node in own:
        last_use[node.index] = node.index
        for arg in node.args:
            last_use[arg.index] = node.index
    free: dict[int, tuple[int, ...]] = {}
    for index, user in last_use.items():
        free[user] = (*free.get(user, ()), index)
    fields: dict[str, tuple[str, ...]] = {}
    for node in graph.nodes:
        if node.op == "in":
            interval = str(node.interval)
            fields[interval] = tuple(sorted({*fields.get(interval, ()), str(node.params[0])}))
    shared = tuple(graph.nodes[i] for i in sorted(shared_indices))
    return _Plan(shared, own, free, tuple(wanted.values()), named, fields)


def _named_nodes(graph: Graph, trader: CompiledTrader) -> Mapping[int, Node]:
    """Return the nodes whose values explain the conditions, by their place in the graph."""
    made: list[Node] = []
    for op, args, params in trader.graph.nodes:
        made.append(graph.add(op, [made[i] for i in args], params))
    return {index: made[index] for texts in trader.findings.values() for _, index in texts}


def _is_shared(node: Node, shared: set[int]) -> bool:
    if node.op in ("const", "undefined", "time"):
        return True
    if node.op == "in":
        return bool(node.params[1])
    return all(arg.index in shared for arg in node.args)


def _most(lookbacks: Iterable[Mapping[str, int]]) -> dict[str, int]:
    most: dict[str, int] = {}
    for bars in lookbacks:
        for interval, count in bars.items():
            most[interval] = max(most.get(interval, 0), count)
    return dict(sorted(most.items(), key=lambda item: INTERVAL_MS[item[0]]))


def _rows(named: Mapping[Key, Node], kept: Mapping[int, Array]) -> dict[Key, Floats]:
    return {name: kept[node.index] for name, node in named.items()}  # type: ignore[misc]


def _stacked(named: Mapping[str, Node], tails: Mapping[int, Array]) -> tuple[Bools, ...]:
    return tuple(tails[node.index] for node in named.values())  # type: ignore[misc]
