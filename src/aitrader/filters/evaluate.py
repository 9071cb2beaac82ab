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

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aitrader.filters import arrays
from aitrader.filters.answers import Answers
from aitrader.filters.arrays import Array
from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.document import Roots, rebuild
from aitrader.filters.graph import Graph, Node
from aitrader.filters.indicators import ALL_INDICATORS
from aitrader.filters.kernels import indicator_rows
from aitrader.filters.operations import Kind
from aitrader.filters.panel import Bools, Floats, Panel, Times
from aitrader.filters.readiness import Readiness
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.ids import TraderId

BLOCK = 25
"""Symbols per block: small enough that a block's rows stay in the processor's cache."""

MERGED_NODES = 1_000_000

Value = Any
"""Rows of a block, a tuple of them for an indicator with several outputs, or a plain number."""


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
        tails: dict[int, Array] = {
            node.index: np.zeros((count, last), _dtype(node)) for node in plan.roots
        }
        newest: dict[int, Array] = {
            node.index: np.full((count, 1), np.nan)
            for nodes in plan.named.values()
            for node in nodes.values()
        }
        if not last:
            return tails, newest
        with np.errstate(all="ignore"):
            keep = _Tails(tails, newest, scene, last)
            shared = _compute(plan.shared, {}, scene, rows=slice(0, count), keep=keep, free={})
            for start in range(0, count, BLOCK):
                rows = slice(start, min(start + BLOCK, count))
                _compute(plan.own, dict(shared), scene, rows=rows, keep=keep, free=plan.free)
        return tails, newest


def _dtype(node: Node) -> type[np.bool_] | type[np.float64]:
    return np.bool_ if node.kind is Kind.CONDITION else np.float64


@dataclass(frozen=True, slots=True)
class _Tails:
    """Where the rows that are answered go."""

    tails: dict[int, Array]
    newest: dict[int, Array]
    scene: Scene
    last: int

    def take(self, node: Node, value: Any, rows: slice) -> None:
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
    named: Mapping[TraderId, Mapping[str, Node]]
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


def _named_nodes(graph: Graph, trader: CompiledTrader) -> Mapping[str, Node]:
    """Return the nodes whose values explain the trader's conditions, by their text."""
    made: list[Node] = []
    for op, args, params in trader.graph.nodes:
        made.append(graph.add(op, [made[i] for i in args], params))
    return {text: made[index] for texts in trader.findings.values() for text, index in texts}


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


def _rows(named: Mapping[str, Node], kept: Mapping[int, Array]) -> dict[str, Floats]:
    return {name: kept[node.index] for name, node in named.items()}  # type: ignore[misc]


def _stacked(named: Mapping[str, Node], tails: Mapping[int, Array]) -> tuple[Bools, ...]:
    return tuple(tails[node.index] for node in named.values())  # type: ignore[misc]


@dataclass(slots=True)
class Scene:
    """The panels of one run and how their rows and columns correspond."""

    panels: Mapping[str, Panel]
    base: str
    _columns: dict[tuple[str, str], Times] = field(default_factory=dict)
    _rows: dict[str, Times | None] = field(default_factory=dict)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that are answered, in order."""
        return self.panels[self.base].symbols

    def columns(self, slow: str, fast: str) -> Times:
        """Return for each bar of `fast` the newest column of `slow` that had closed by its close."""
        found = self._columns.get((slow, fast))
        if found is None:
            slow_close = self.panels[slow].open_ms + INTERVAL_MS[slow]
            fast_close = self.panels[fast].open_ms + INTERVAL_MS[fast]
            found = np.searchsorted(slow_close, fast_close, side="right") - 1
            self._columns[slow, fast] = found
        return found

    def rows_of(self, interval: str) -> Times | None:
        """Return the panel's row of each answered symbol (-1: none), None when they are the same."""
        if interval not in self._rows:
            panel = self.panels[interval]
            place = {symbol: i for i, symbol in enumerate(panel.symbols)}
            same = panel.symbols == self.symbols
            self._rows[interval] = (
                None
                if same
                else np.array([place.get(symbol, -1) for symbol in self.symbols], np.int64)
            )
        return self._rows[interval]

    def read(self, name: str, symbol: str, interval: str, *, rows: slice) -> Floats:
        """Return one field of a block, or of a named symbol as (1, T)."""
        panel = self.panels[interval]
        values = panel.values[name]
        if symbol:
            if symbol not in panel.symbols:
                return np.full((1, panel.bars), np.nan)
            return values[panel.symbols.index(symbol)][np.newaxis, :]
        wanted = self.rows_of(interval)
        if wanted is None:
            return values[rows]
        chosen = wanted[rows]
        taken = (
            values[np.maximum(chosen, 0)] if len(values) else np.empty((len(chosen), panel.bars))
        )
        taken[chosen < 0] = np.nan
        return taken


def _compute(
    nodes: Sequence[Node],
    values: dict[int, Value],
    scene: Scene,
    *,
    rows: slice,
    keep: _Tails,
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
    numbers = indicator.arguments(node.params[1:])
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
