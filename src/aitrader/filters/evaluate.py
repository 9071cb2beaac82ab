"""Evaluation: many traders' graphs as one program, each distinct node computed once per block.

Traders with a long lookback are computed apart from the others (`WINDOWS`): merged, the cheap ones
would be computed over windows that only the others need. Symbols are worked through in blocks, a
node's rows are freed after their last use, and what depends on named symbols alone
(`m.of("BTCUSDT")`) is computed once for all blocks. Answers are taken from the last rows only.

A trader's answer counts on a row when every candle of its lookback is there (`ready`); then an
unknown value can only be an undefined one, such as a division by zero. A signal is raised on the
row where all conditions hold, every level of its exits is a price, and on the row before they did
not all hold.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from aitrader.filters.answers import Answers
from aitrader.filters.arrays import Array
from aitrader.filters.blocks import Value, compute
from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.document import rebuild
from aitrader.filters.graph import Graph, Node
from aitrader.filters.lookback import MAX_LOOKBACK
from aitrader.filters.operations import Kind
from aitrader.filters.panel import Bools, Floats, Panel, newest
from aitrader.filters.readiness import Readiness
from aitrader.filters.scene import Scene
from aitrader.filters.schedule import schedule
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.ids import TraderId

BLOCK = 25
"""Symbols per block: small enough that a block's rows stay in the processor's cache."""

BLOCK_BYTES = 64 * 2**20
"""What a block's rows may take; a graph that keeps many rows is computed in smaller blocks."""

WINDOWS = (1000, 2500, MAX_LOOKBACK)
"""Traders are computed together up to these lookbacks: none need bear a much longer window."""

MERGED_NODES = 1_000_000

Key = TypeVar("Key", str, int)


class Program:
    """The merged graphs of traders that share one base interval; immutable once made."""

    def __init__(self, traders: Mapping[TraderId, CompiledTrader]) -> None:
        bases = {trader.graph.interval for trader in traders.values()}
        if len(bases) != 1:
            raise ValueError(f"expected traders of one interval, found {sorted(bases)}")
        self.interval = bases.pop()
        self.lookback: Mapping[str, int] = _most(trader.lookback for trader in traders.values())
        apart: dict[int, dict[TraderId, CompiledTrader]] = {}
        for key, trader in traders.items():
            longest = max(trader.lookback.values())
            apart.setdefault(bisect_left(WINDOWS, longest), {})[key] = trader
        self._parts = tuple(_Part(self.interval, each) for _, each in sorted(apart.items()))
        self._order = tuple(traders)

    @property
    def size(self) -> int:
        """Number of distinct nodes."""
        return sum(len(part.graph.nodes) for part in self._parts)

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
        if len(self._parts) == 1:
            return self._parts[0].run(panels, last)
        found: dict[TraderId, Answers] = {}
        for part in self._parts:
            found.update(part.run(part.cut(panels, last), last))
        return {key: found[key] for key in self._order}


class _Part:
    """Traders that are computed together."""

    def __init__(self, interval: str, traders: Mapping[TraderId, CompiledTrader]) -> None:
        self.graph = Graph(interval, max_nodes=MERGED_NODES)
        self._interval = interval
        self._traders = dict(traders)
        self._lookback = {interval: 1, **_most(trader.lookback for trader in traders.values())}
        self._roots = {key: rebuild(self.graph, t.graph) for key, t in traders.items()}
        self._plan = schedule(self.graph, self._roots, traders)

    def cut(self, panels: Mapping[str, Panel], last: int) -> dict[str, Panel]:
        """Return the newest rows of the panels, as many as these traders' last rows need."""
        base = INTERVAL_MS[self._interval]
        return {
            name: newest(panels[name], bars + math.ceil(last * base / INTERVAL_MS[name]) + 1)
            for name, bars in self._lookback.items()
        }

    def run(self, panels: Mapping[str, Panel], last: int) -> dict[TraderId, Answers]:
        """Return the answers on the last rows."""
        scene = Scene(panels, self._interval)
        tails, findings = self._tails(scene, last)
        ready = Readiness(scene, self._plan.fields)
        return {
            key: Answers(
                trader=self._traders[key],
                symbols=scene.symbols,
                condition_rows=_stacked(roots.conditions, tails),
                exit_rows=_stacked(roots.exits, tails),
                level_rows=_rows(roots.levels, tails),
                finding_rows=_rows(self._plan.named[key], findings),
                ready=ready.of(self._traders[key], last),
            )
            for key, roots in self._roots.items()
        }

    def _tails(self, scene: Scene, last: int) -> tuple[dict[int, Array], dict[int, Array]]:
        """Return the last rows of every root, and the newest value behind every condition."""
        count, plan = len(scene.symbols), self._plan
        tails: dict[int, Array] = {node.index: _empty(node, count, last) for node in plan.roots}
        found = {node.index for nodes in plan.named.values() for node in nodes.values()}
        unknown = np.full((len(found), count, 1), np.nan)
        findings: dict[int, Array] = dict(zip(found, unknown, strict=True))
        if not last:
            return tails, findings
        with np.errstate(all="ignore"):
            keep = _Tails(tails, findings, scene, last)
            shared = compute(plan.shared, {}, scene, rows=slice(0, count), keep=keep)
            size = self._block(scene)
            for start in range(0, count, size):
                rows = slice(start, min(start + size, count))
                compute(plan.own, dict(shared), scene, rows=rows, keep=keep)
        return tails, findings

    def _block(self, scene: Scene) -> int:
        """Return how many symbols are computed at once."""
        bars = max(panel.bars for panel in scene.panels.values())
        most = BLOCK_BYTES // (8 * max(1, bars * self._plan.alive))
        return max(1, min(BLOCK, most))


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
        tail, newest = self.tails.get(node.index), self.newest.get(node.index)
        if tail is not None:
            tail[rows] = value[:, -self.last :]
        if newest is not None:
            column = int(self.scene.columns(str(node.interval), self.scene.base)[-1])
            if column >= 0:
                newest[rows] = value[:, column : column + 1]


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
