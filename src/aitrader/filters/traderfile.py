"""A trader file's text, compiled: one interpreter for its constants and its functions.

The result holds everything the engine needs and nothing of the text's own objects. Equal texts
give the same result from a small cache.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

import msgspec

from aitrader.filters.averages import talib
from aitrader.filters.calls import interval_of
from aitrader.filters.compiled import CompiledTrader, ExitPlan, LevelPlan
from aitrader.filters.constants import (
    MAX_ANALYST,
    entry_of,
    exits_of,
    limits_of,
    name_of,
    notices_of,
    side_of,
    symbols_of,
    text_of,
)
from aitrader.filters.describe import value_text, values_behind
from aitrader.filters.document import (
    MAX_CONDITIONS,
    FilterGraph,
    Roots,
    check_cost,
    rebuild,
    to_document,
)
from aitrader.filters.graph import Graph, Node
from aitrader.filters.indicators import MAX_LENGTH
from aitrader.filters.interpret import Interpreter, parse
from aitrader.filters.lookback import cost_us, lookback
from aitrader.filters.operands import field
from aitrader.filters.operations import Kind
from aitrader.filters.values import MarketView, UserFunction, Value, kind_of
from aitrader.filters.words import nearest, plain_lines, printable
from aitrader.model.errors import FilterFault
from aitrader.model.trader import EntryPlan, LevelKind, PositionSide, SizeKind, TraderPlan

CONSTANTS = ("NAME", "SYMBOLS", "INTERVAL", "SIDE", "ENTRY", "EXITS", "RISK", "ANALYST", "NOTIFY")
FUNCTIONS = ("conditions", "exit_conditions", "stop_loss", "take_profit")
MAX_DESCRIPTION = 1000
MAX_CONDITION_NAME = 80

T = TypeVar("T")
ONE = Decimal(1)
WHOLE_PCT = Decimal(100)

_UNKNOWN_BASE = "1m"
"""The graph's interval until INTERVAL is read; constants cannot reach a market."""


@lru_cache(maxsize=512)
def compile_trader(source: str) -> CompiledTrader:
    """Return the trader that this file describes.

    Raises:
        FilterFault: The first thing that is wrong, with its line and what to write instead.
    """
    try:
        tree = parse(source)
        interpreter = Interpreter(Graph(_UNKNOWN_BASE))
        interpreter.run_module(tree)
        reader = _Reader(interpreter.names, interpreter.lines)
        plan, exits = _plan(reader, ast.get_docstring(tree) or "")
        interpreter.graph = Graph(plan.interval)
        return _compiled(interpreter, plan, exits)
    except FilterFault as fault:
        fault.reason = printable(fault.reason)  # it may quote the text
        fault.hint = printable(fault.hint)
        raise


class _Reader:
    """The file's names, each read once, faults at their line."""

    def __init__(self, names: Mapping[str, Value], lines: Mapping[str, int]) -> None:
        self.names = names
        self._lines = lines

    def has(self, name: str) -> bool:
        return self.names.get(name) is not None

    def required(self, name: str, example: str) -> Value:
        if not self.has(name):
            near = nearest(name, [n for n in self.names if n not in CONSTANTS + FUNCTIONS])
            raise FilterFault(f"{name} is missing", hint=near or f"write {name} = {example}")
        return self.names[name]

    def at(self, name: str, fault: FilterFault) -> FilterFault:
        if fault.line is None:
            fault.line = self._lines.get(name)
        return fault


def _plan(reader: _Reader, docstring: str) -> tuple[TraderPlan, ExitPlan]:
    """Return what the constants say."""
    name = _read(reader, "NAME", '"My trader"', name_of)
    universe = _read(reader, "SYMBOLS", '"top 50 USDT"', symbols_of)
    interval = _read(reader, "INTERVAL", '"5m"', _interval)
    side = _read(reader, "SIDE", '"LONG"', side_of) if reader.has("SIDE") else side_of("LONG")
    entry = _read(reader, "ENTRY", "{}", entry_of) if reader.has("ENTRY") else EntryPlan()
    exits = _read(reader, "EXITS", "{}", exits_of) if reader.has("EXITS") else ExitPlan()
    limits = _read(reader, "RISK", '{"risk": "1%", "max_open": 3}', limits_of)
    analyst = None
    if reader.has("ANALYST"):
        analyst = _read(
            reader,
            "ANALYST",
            "None",
            lambda v: plain_lines(text_of("ANALYST", v, longest=MAX_ANALYST)),
        )
    notices = _read(reader, "NOTIFY", "[]", notices_of) if reader.has("NOTIFY") else None
    _check_levels(reader, side, exits)
    exits = _with_functions(reader, exits)
    if limits.kind is SizeKind.RISK and exits.stop_loss is None:
        fault = FilterFault(
            "RISK counts from the stop loss, but there is none",
            hint='add "stop_loss" to EXITS, or use RISK = {"size": "5%"}',
        )
        raise reader.at("RISK", fault)
    description = plain_lines(docstring.strip()[:MAX_DESCRIPTION])
    plan = TraderPlan(name, universe, interval, side, limits, analyst, description, entry, notices)
    return plan, exits


def _read(reader: _Reader, name: str, example: str, convert: Callable[[Value], T]) -> T:
    value = reader.required(name, example)
    try:
        return convert(value)
    except FilterFault as fault:
        raise reader.at(name, fault) from fault.__cause__


def _interval(value: Value) -> str:
    if not isinstance(value, str):
        raise FilterFault(
            f"INTERVAL must be a text, found {kind_of(value)}", hint='write INTERVAL = "5m"'
        )
    return interval_of(value)


def _check_levels(reader: _Reader, side: PositionSide, exits: ExitPlan) -> None:
    """Refuse a level so far below the fill price that it is no price."""
    is_long = side is PositionSide.LONG
    name = "stop_loss" if is_long else "take_profit"
    for level in [exits.stop_loss] if is_long else [level for level, _ in exits.targets]:
        if level is None or level.kind is not LevelKind.PERCENT or level.value < WHOLE_PCT:
            continue
        fault = FilterFault(
            f"{name} of {level.value}% would lie at or below a price of 0",
            hint=f'a {side.value} needs less than "100%"',
        )
        raise reader.at("EXITS", fault)


def _with_functions(reader: _Reader, exits: ExitPlan) -> ExitPlan:
    """Return the exits with those that functions give; the same thing twice is refused."""
    stop, targets = exits.stop_loss, exits.targets
    for name, is_set in (("stop_loss", stop is not None), ("take_profit", bool(targets))):
        if reader.has(name) and is_set:
            raise reader.at(
                "EXITS",
                FilterFault(f"{name} is both in EXITS and a function", hint="keep one of them"),
            )
    if reader.has("stop_loss"):
        stop = LevelPlan(LevelKind.PRICE, root="stop_loss")
    if reader.has("take_profit"):
        targets = ((LevelPlan(LevelKind.PRICE, root="take_profit"), ONE),)
    even_pct = exits.break_even_pct
    made = ExitPlan(stop, targets, exits.trailing_pct, exits.max_age_ms, even_pct)
    if made == ExitPlan(break_even_pct=even_pct):
        raise reader.at(
            "EXITS",
            FilterFault(
                "EXITS must say how a position is left",
                hint='write EXITS = {"stop_loss": "2%", "take_profit": "4%"}',
            ),
        )
    return made


def _compiled(interpreter: Interpreter, plan: TraderPlan, exits: ExitPlan) -> CompiledTrader:
    roots = _roots(interpreter, plan.interval, exits)
    document = to_document(plan.interval, roots)
    graph = Graph(plan.interval)
    fresh = rebuild(graph, document)
    bars = lookback(fresh.all)
    cost = cost_us(graph, bars)
    check_cost(cost)
    reads = frozenset((str(n.interval), str(n.params[1])) for n in graph.nodes if n.op == "in")
    named = tuple(sorted({symbol for _, symbol in reads if symbol}))
    return CompiledTrader(
        plan=plan,
        exits=exits,
        graph=document,
        lookback=bars,
        reads=reads,
        symbols_named=named,
        cost=cost,
        findings=_findings(fresh, plan.interval),
        warnings=_warnings(plan, exits, bars),
        digest=_digest(plan, exits, document),
    )


def _roots(interpreter: Interpreter, interval: str, exits: ExitPlan) -> Roots:
    view = MarketView("", interval)
    graph = interpreter.graph
    if not isinstance(interpreter.names.get("conditions"), UserFunction):
        near = nearest("conditions", [n for n in interpreter.names if n != "exit_conditions"])
        hint = near or 'write def conditions(m): return {"oversold": rsi(m.close) < 30}'
        raise FilterFault("def conditions(m) is missing", hint=hint)
    conditions = _named_conditions(interpreter, "conditions", view)
    leaving: Mapping[str, Node] = {}
    if interpreter.names.get("exit_conditions") is not None:
        leaving = _named_conditions(interpreter, "exit_conditions", view)
    levels: dict[str, Node] = {}
    for level in (exits.stop_loss, *(level for level, _ in exits.targets)):
        if level is None or not level.root:
            continue
        if level.kind is LevelKind.PRICE:
            levels[level.root] = _price(interpreter, level.root, view)
        else:
            levels[level.root] = _atr(graph, view, int(level.root.split()[1]))
    return Roots(conditions, leaving, levels)


def _atr(graph: Graph, view: MarketView, length: int) -> Node:
    if not 1 <= length <= MAX_LENGTH:
        raise FilterFault(f"EXITS: atr({length}) must have a length from 1 to {MAX_LENGTH}")
    return talib(
        graph, "ATR", [field(graph, view, name) for name in ("high", "low", "close")], length
    )


def _price(interpreter: Interpreter, name: str, view: MarketView) -> Node:
    value = interpreter.run_function(name, view)
    if (
        isinstance(value, MarketView)
        or not isinstance(value, Node)
        or value.kind is not Kind.NUMBER
    ):
        raise FilterFault(
            f"{name}(m) must return a price series, found {kind_of(value)}",
            hint="return for example lowest(m.low, 10)",
        )
    return _root(interpreter.graph, value, f"{name}(m)")


def _named_conditions(interpreter: Interpreter, name: str, view: MarketView) -> Mapping[str, Node]:
    result = interpreter.run_function(name, view)
    if isinstance(result, Node):
        result = {"signal" if name == "conditions" else "exit": result}
    if isinstance(result, list | tuple) and result:
        result = {f"condition {i + 1}": value for i, value in enumerate(result)}
    if not isinstance(result, dict) or not 0 < len(result) <= MAX_CONDITIONS:
        raise FilterFault(
            f"{name}(m) must return a dict of 1 to {MAX_CONDITIONS} conditions, "
            f"found {kind_of(result)}",
            line=_line_of(interpreter, name, None),
            hint='write return {"oversold": rsi(m.close) < 30}',
        )
    made: dict[str, Node] = {}
    for key, value in result.items():
        try:
            made[_condition_name(key)] = _condition(interpreter, key, value)
        except FilterFault as fault:
            fault.line = fault.line or _line_of(interpreter, name, key)
            raise
    return made


def _condition_name(key: Value) -> str:
    if not isinstance(key, str) or not 0 < len(key) <= MAX_CONDITION_NAME or not key.isprintable():
        raise FilterFault(
            f"a condition's name must be a text of 1 to {MAX_CONDITION_NAME} characters"
        )
    return key


def _line_of(interpreter: Interpreter, function: str, key: Value) -> int:
    """Return the line on which a function of the text names this condition, or begins."""
    found = interpreter.names[function]
    assert isinstance(found, UserFunction)
    for node in ast.walk(found.node):
        if isinstance(node, ast.Constant) and node.value == key and type(node.value) is type(key):
            return node.lineno
    return found.node.lineno


def _condition(interpreter: Interpreter, key: Value, value: Value) -> Node:
    if isinstance(value, bool):
        raise FilterFault(
            f"the condition '{key}' is always {value}", hint="it would decide nothing; remove it"
        )
    if not isinstance(value, Node) or value.kind is not Kind.CONDITION:
        raise FilterFault(
            f"'{key}' is {kind_of(value)}, not a condition",
            hint="compare it with something, as in rsi(m.close) < 30",
        )
    return _root(interpreter.graph, value, f"'{key}'")


def _root(graph: Graph, node: Node, what: str) -> Node:
    if node.is_constant or node.origin:
        raise FilterFault(f"{what} does not depend on the candles it is shown")
    return graph.to_interval(node, graph.base)


def _findings(roots: Roots, base: str) -> dict[str, tuple[tuple[str, int], ...]]:
    """Return the values behind each condition; the trader's own interval goes without saying."""
    named = {**roots.exits, **roots.conditions}
    return {
        name: tuple((value_text(value, base), value.index) for value in values_behind(node))
        for name, node in named.items()
    }


def _warnings(plan: TraderPlan, exits: ExitPlan, bars: Mapping[str, int]) -> tuple[str, ...]:
    found = []
    if exits.stop_loss is None:
        found.append(
            "there is no stop loss: a falling position is kept until something else ends it"
        )
    if (
        sum(share for _, share in exits.targets) < 1
        and exits.targets
        and exits.trailing_pct is None
    ):
        found.append("take_profit leaves a rest that only the stop loss or max_age will close")
    found += [
        f"{interval} needs {count} closed bars before the first answer"
        for interval, count in bars.items()
        if count > 1000
    ]
    return tuple(found)


def _digest(plan: TraderPlan, exits: ExitPlan, document: FilterGraph) -> str:
    body = msgspec.json.encode((plan, exits, document))
    return hashlib.blake2b(body, digest_size=16).hexdigest()
