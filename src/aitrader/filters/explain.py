"""Why a trader did or did not raise a signal: each condition at one candle and its values.

Three answers are told apart: true, false and unknown. A condition's graph says where it is
certainly true; its negation, built beside it, says where it is certainly false.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec
import numpy as np

from aitrader.filters.answers import Answers
from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.document import FilterGraph, Roots, rebuild, to_document
from aitrader.filters.evaluate import Program
from aitrader.filters.graph import Graph, Node
from aitrader.filters.panel import Panel, only, until
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.ids import TraderId


class Truth(Enum):
    """What is known of a condition at one candle."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class ConditionState(msgspec.Struct, frozen=True):
    """One condition at one candle and the values it was decided by; None is unknown."""

    name: str
    truth: Truth
    values: tuple[tuple[str, float | None], ...]


class Explanation(msgspec.Struct, frozen=True):
    """One trader on one symbol at one closed candle.

    `is_ready`: its whole lookback is there. `is_signal`: a signal is raised on this candle.
    `held_before`: all conditions held on the candle before, so nothing *became* true.
    """

    symbol: str
    interval: str
    candle_open_ms: int
    is_ready: bool
    is_signal: bool
    held_before: bool
    conditions: tuple[ConditionState, ...]
    exit_conditions: tuple[ConditionState, ...]
    levels: tuple[tuple[str, float | None], ...]


def explain(
    compiled: CompiledTrader, panels: Mapping[str, Panel], symbol: str, *, row: int = -1
) -> Explanation:
    """Return what the trader sees on one row of the base panel (-1: the newest).

    Raises:
        ValueError: No such row or symbol.
    """
    base = panels[compiled.graph.interval]
    if not -base.bars <= row < base.bars:
        raise ValueError(f"expected a row below {base.bars}, found {row}")
    open_ms = int(base.open_ms[row])
    seen = {name: until(p, open_ms + INTERVAL_MS[base.interval]) for name, p in panels.items()}
    seen[base.interval] = only(seen[base.interval], symbol, *compiled.symbols_named)
    key = TraderId("explained")
    answers = Program({key: _with_negations(compiled)}).run(seen)[key]
    names = (*compiled.conditions, *compiled.exit_conditions)
    states = tuple(_state(answers, compiled, place, name) for place, name in enumerate(names))
    count = len(compiled.conditions)
    plain = Program({key: compiled}).run(seen)[key]
    return Explanation(
        symbol=symbol,
        interval=base.interval,
        candle_open_ms=open_ms,
        is_ready=bool(plain.ready[0, -1]),
        is_signal=plain.matched(0),
        held_before=bool(plain.holding[0, -2]) if plain.holding.shape[1] > 1 else False,
        conditions=states[:count],
        exit_conditions=states[count:],
        levels=tuple((k, _number(float(v[0, -1]))) for k, v in plain.level_rows.items()),
    )


def _with_negations(compiled: CompiledTrader) -> CompiledTrader:
    """Return the trader with every condition as a condition and its negation as an exit."""
    graph = Graph(compiled.graph.interval, max_nodes=2 * len(compiled.graph.nodes) + 2000)
    roots = rebuild(graph, compiled.graph)
    named = [*roots.conditions.values(), *roots.exits.values()]
    values = _values(graph, compiled)
    entered = {str(i): node for i, node in enumerate(named)}
    negated = {str(i): graph.negate(node) for i, node in enumerate(named)}
    made = to_document(compiled.graph.interval, Roots(entered, negated))
    place = _places(made, graph)
    findings = {
        name: tuple((text, place[values[i].index]) for text, i in texts)
        for name, texts in compiled.findings.items()
    }
    return msgspec.structs.replace(compiled, graph=made, findings=findings)


def _values(graph: Graph, compiled: CompiledTrader) -> list[Node]:
    made: list[Node] = []
    for op, args, params in compiled.graph.nodes:
        made.append(graph.add(op, [made[i] for i in args], params))
    return made


def _places(document: FilterGraph, graph: Graph) -> dict[int, int]:
    """Return for each of the graph's nodes its place in the document."""
    made: list[Node] = []
    for op, args, params in document.nodes:
        made.append(graph.add(op, [made[i] for i in args], params))
    return {node.index: place for place, node in enumerate(made)}


def _state(answers: Answers, compiled: CompiledTrader, place: int, name: str) -> ConditionState:
    is_true = bool(answers.condition_rows[place][0, -1])
    is_false = bool(answers.exit_rows[place][0, -1])
    truth = Truth.TRUE if is_true else Truth.FALSE if is_false else Truth.UNKNOWN
    texts = answers.trader.findings.get(name, ())
    values = tuple((text, _number(float(answers.finding_rows[i][0, -1]))) for text, i in texts)
    return ConditionState(name, truth, values)


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
