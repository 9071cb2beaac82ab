"""Helpers in time: crossings, windows, counts, what was when."""

from __future__ import annotations

import math
from collections.abc import Callable

from aitrader.filters.averages import talib
from aitrader.filters.graph import Graph, Node
from aitrader.filters.library import (
    Function,
    Parameter,
    Slot,
    condition,
    operand,
    real,
    source,
    whole,
)
from aitrader.filters.lookback import lookback
from aitrader.filters.operands import as_operand, as_series, choose, compare, field, lag, logic
from aitrader.filters.operations import BIGGEST, MAX_SHIFT
from aitrader.filters.values import MarketView, Value, is_number, whole_number
from aitrader.model.errors import FilterFault

Builder = Callable[..., Value]


def _crosses_above(graph: Graph, a: Value, b: Value) -> Value:
    return _cross(graph, a, b, now="gt", before="le")


def _crosses_below(graph: Graph, a: Value, b: Value) -> Value:
    return _cross(graph, a, b, now="lt", before="ge")


def _cross(graph: Graph, a: Value, b: Value, *, now: str, before: str) -> Value:
    if is_number(a) and is_number(b):
        raise FilterFault("two numbers never cross")
    same = graph.together([v if isinstance(v, Node) else graph.constant(float(v)) for v in (a, b)])  # type: ignore[arg-type]
    left, right = same
    return logic(
        graph,
        "and",
        [
            compare(graph, now, left, right),
            compare(graph, before, lag(graph, left, 1), lag(graph, right, 1)),
        ],
    )


def _crosses(graph: Graph, a: Value, b: Value) -> Value:
    return logic(graph, "or", [_crosses_above(graph, a, b), _crosses_below(graph, a, b)])


def _window(op: str) -> Builder:
    def build(graph: Graph, yes: Node, bars: int) -> Value:
        return graph.apply(op, yes, params=(bars,))

    return build


def _count(graph: Graph, yes: Node, bars: int) -> Value:
    return graph.apply("count", yes, graph.negate(yes), params=(bars,))


def _bars_since(graph: Graph, yes: Node, limit: int) -> Value:
    return graph.apply("since", yes, graph.negate(yes), params=(limit,))


def _value_when(graph: Graph, yes: Node, series: Node, *whole_numbers: int) -> Value:
    return graph.apply("when", yes, graph.negate(yes), series, params=whole_numbers)


def _became(graph: Graph, yes: Node) -> Value:
    before = lag(graph, yes, 1)
    return logic(graph, "and", [yes, graph.negate(before)])  # type: ignore[arg-type]


def _moves(op: str) -> Builder:
    def build(graph: Graph, series: Node, bars: int) -> Value:
        step = graph.apply(op, series, lag(graph, series, 1))  # type: ignore[arg-type]
        return step if bars == 1 else graph.apply("all", step, params=(bars,))

    return build


def _change(graph: Graph, series: Node, bars: int) -> Value:
    return graph.apply("sub", series, graph.add("lag", (series,), (bars,)))


def _pct_change(graph: Graph, series: Node, bars: int) -> Value:
    ratio = graph.apply("div", series, graph.add("lag", (series,), (bars,)))
    return graph.apply("mul", graph.apply("sub", ratio, 1.0), 100.0)


def _shift(graph: Graph, value: Value, bars: int) -> Value:
    if isinstance(value, MarketView):
        value = field(graph, value, "close")
    if not isinstance(value, Node):
        raise FilterFault("shift: expected a series")
    return lag(graph, value, bars)


def _extreme(indicator: str, name: str) -> Builder:
    def build(graph: Graph, value: Value, bars: int) -> Value:
        if isinstance(value, MarketView):
            value = field(graph, value, name)
        series = as_series(graph, value, "highest" if indicator == "MAX" else "lowest")
        return series if bars == 1 else talib(graph, indicator, [series], bars)

    return build


def _rolling_sum(graph: Graph, series: Node, bars: int) -> Value:
    return series if bars == 1 else talib(graph, "SUM", [series], bars)


def _cumulative(graph: Graph, series: Node) -> Value:
    return graph.add("cum", (series,))


def _where(graph: Graph, test: Value, a: Value, b: Value) -> Value:
    return choose(graph, test, a, b)


def _nz(graph: Graph, series: Node, value: float) -> Value:
    """Replace what is undefined, but only where every candle behind it is there."""
    if series.origin:
        raise FilterFault("nz: this value counts from the first candle and has no level")
    graph.charge(2 * len(graph.nodes))
    present: Value = True
    for interval, bars in lookback([series], edge_bars=0).items():
        for symbol in _symbols(series, interval):
            known = graph.add("known", (graph.add("in", (), ("close", symbol, interval)),))
            whole_window = known if bars == 1 else _all_of_many(graph, known, bars)
            present = logic(
                graph, "and", [present, graph.to_interval(whole_window, str(series.interval))]
            )
    if not isinstance(present, Node):
        return series
    return graph.apply("fill", series, present, params=(float(value),))


def _all_of_many(graph: Graph, known: Node, bars: int) -> Node:
    """Return "the last `bars` rows are known", in windows of a legal length."""
    longest = 2000
    result = graph.apply("all", known, params=(min(bars, longest),))
    if bars <= longest:
        return result
    earlier = graph.add("lag", (_all_of_many(graph, known, bars - longest),), (longest,))
    return graph.apply("and", result, earlier)


def _symbols(series: Node, interval: str) -> list[str]:
    seen: dict[int, Node] = {}
    waiting = [series]
    while waiting:
        node = waiting.pop()
        if node.index not in seen:
            seen[node.index] = node
            waiting.extend(node.args)
    return sorted(
        {str(n.params[1]) for n in seen.values() if n.op == "in" and n.interval == interval}
    )


def _any_all(op: str) -> Builder:
    def build(graph: Graph, *values: Value) -> Value:
        if len(values) == 1 and isinstance(values[0], dict):
            values = tuple(values[0].values())
        elif len(values) == 1 and isinstance(values[0], list | tuple):
            values = tuple(values[0])
        elif len(values) == 2 and isinstance(values[0], Node) and is_number(values[1]):
            bars = whole_number(values[1])
            if bars is None:
                raise FilterFault("expected a whole number of bars, or another condition")
            return graph.apply("any" if op == "or" else "all", values[0], params=(bars,))
        return logic(graph, op, list(values))

    return build


def _extremum(op: str) -> Builder:
    def build(graph: Graph, *values: Value) -> Value:
        items = (
            list(values[0])
            if len(values) == 1 and isinstance(values[0], list | tuple)
            else list(values)
        )
        if not items:
            raise FilterFault(f"{op}() needs at least one value")
        longer = "highest" if op == "max" else "lowest"
        if len(items) == 1 and isinstance(items[0], Node | MarketView):
            raise FilterFault(
                f"{op}() of a whole series would need the future",
                hint=f"use {longer}(series, bars)",
            )
        result = as_operand(graph, items[0], op)
        for item in items[1:]:
            other = as_operand(graph, item, op)
            plain = isinstance(result, float) and isinstance(other, float)
            result = _plain(op, result, other) if plain else graph.apply(op, result, other)  # type: ignore[arg-type]
        return result

    return build


def _plain(op: str, a: float, b: float) -> float:
    if math.isnan(a) or math.isnan(b):
        return math.nan
    return max(a, b) if op == "max" else min(a, b)


def _between(graph: Graph, value: Value, low: Value, high: Value) -> Value:
    return logic(
        graph, "and", [compare(graph, "ge", value, low), compare(graph, "le", value, high)]
    )


def _many(names: str, build: Builder, summary: str, example: str) -> Function:
    name, *aliases = names.split()
    return Function(
        name=name,
        summary=summary,
        parameters=(),
        build=build,
        example=example,
        aliases=tuple(aliases),
        takes_many=True,
    )


def _function(
    names: str,
    parameters: tuple[Parameter, ...],
    build: Builder,
    summary: str,
    *,
    example: str,
) -> Function:
    name, *aliases = names.split()
    return Function(
        name=name,
        summary=summary,
        parameters=parameters,
        build=build,
        example=example,
        aliases=tuple(aliases),
    )


_ANY_SERIES = Parameter(name="source", slot=Slot.ANY, is_required=True)
_SHIFT = whole("bars", 1, low=0, high=MAX_SHIFT)
_STEP = whole("bars", 1, high=MAX_SHIFT)
_WHERE = tuple(Parameter(name=n, slot=Slot.ANY, is_required=True) for n in ("condition", "a", "b"))

TIMING = (
    _function(
        "crosses_above crossover cross_above crossed_above cross_over cross_up",
        (operand("a"), operand("b")),
        _crosses_above,
        "a was at or below b and is now above.",
        example="crosses_above(m.close, ema(m.close, 50))",
    ),
    _function(
        "crosses_below crossunder cross_below crossed_below cross_under cross_down",
        (operand("a"), operand("b")),
        _crosses_below,
        "a was at or above b and is now below.",
        example="crosses_below(rsi(m.close), 70)",
    ),
    _function(
        "crosses cross",
        (operand("a"), operand("b")),
        _crosses,
        "a crosses b either way.",
        example="crosses(m.close, vwap(m))",
    ),
    _function(
        "within any_in happened",
        (condition(), whole("bars")),
        _window("any"),
        "True on at least one of the last `bars` candles.",
        example="within(rsi(m.close) < 30, 10)",
    ),
    _function(
        "always all_in",
        (condition(), whole("bars")),
        _window("all"),
        "True on each of the last `bars` candles.",
        example="always(m.close > ema(m.close, 50), 10)",
    ),
    _function(
        "count count_true",
        (condition(), whole("bars")),
        _count,
        "On how many of the last `bars` candles it was true.",
        example="count(m.close > m.open, 10) >= 7",
    ),
    _function(
        "bars_since barssince",
        (condition(), whole("limit", 200)),
        _bars_since,
        "Candles since it was last true, `limit` when longer ago.",
        example="bars_since(rsi(m.close) < 30) < 10",
    ),
    _function(
        "value_when valuewhen",
        (condition(), source(), whole("occurrence", 0, low=0, high=20), whole("limit", 500)),
        _value_when,
        "The value on the candle where it was last true (`occurrence` times before that).",
        example="m.close > value_when(crosses_above(ema(m.close, 9), ema(m.close, 21)), m.high)",
    ),
    _function(
        "became just turned",
        (condition(),),
        _became,
        "True now and not on the candle before.",
        example="became(m.at('1h').close > ema(m.at('1h').close, 50))",
    ),
    _function(
        "rising",
        (source(), whole("bars", 1)),
        _moves("gt"),
        "Higher than the candle before, `bars` times in a row.",
        example="rising(m.close, 3)",
    ),
    _function(
        "falling",
        (source(), whole("bars", 1)),
        _moves("lt"),
        "Lower than the candle before, `bars` times in a row.",
        example="falling(m.close, 3)",
    ),
    _function(
        "change diff",
        (source(), _STEP),
        _change,
        "Difference to the value `bars` candles ago.",
        example="change(m.close, 5) > 0",
    ),
    _function(
        "pct_change",
        (source(), _STEP),
        _pct_change,
        "Change since `bars` candles ago in percent.",
        example="pct_change(m.close, 12) < -3",
    ),
    _function(
        "shift prev lag ref delay",
        (_ANY_SERIES, _SHIFT),
        _shift,
        "The value `bars` candles ago; the same as source[bars].",
        example="m.close > shift(m.high, 1)",
    ),
    _function(
        "highest rolling_max",
        (_ANY_SERIES, whole("bars", 20)),
        _extreme("MAX", "high"),
        "Highest value of the last `bars` candles, this one included; of m: of the highs.",
        example="m.close > highest(m.high, 20)[1]",
    ),
    _function(
        "lowest rolling_min",
        (_ANY_SERIES, whole("bars", 20)),
        _extreme("MIN", "low"),
        "Lowest value of the last `bars` candles, this one included; of m: of the lows.",
        example="m.close < lowest(m.low, 20)[1]",
    ),
    _function(
        "rolling_sum",
        (source(), whole("bars", 20)),
        _rolling_sum,
        "Sum of the last `bars` values.",
        example="rolling_sum(m.delta, 20) > 0",
    ),
    _function(
        "cumulative cum cumsum",
        (source(),),
        _cumulative,
        "Running sum since the first candle; its level is arbitrary.",
        example="cumulative(m.delta) > sma(cumulative(m.delta), 50)",
    ),
    _function(
        "where iff",
        _WHERE,
        _where,
        "a where the condition is true, else b.",
        example="where(m.close > m.open, m.volume, 0) > 1000",
    ),
    _function(
        "nz fillna",
        (source(), real("value", 0.0, low=-BIGGEST, high=BIGGEST)),
        _nz,
        "The value, or `value` where it is undefined although all candles are there.",
        example="nz(bbands(m.close).percent_b, 0.5) < 0.2",
    ),
    _function(
        "between",
        tuple(operand(n) for n in ("value", "low", "high")),
        _between,
        "low <= value <= high.",
        example="between(rsi(m.close), 40, 60)",
    ),
    _many(
        "all_of all logical_and",
        _any_all("and"),
        "True where every condition is true; takes a list or dict too.",
        "all_of(m.close > m.open, m.volume > 0)",
    ),
    _many(
        "any_of any logical_or",
        _any_all("or"),
        "True where at least one condition is true; takes a list or dict too.",
        "any_of(rsi(m.close) < 30, mfi(m) < 20)",
    ),
    _many(
        "max maximum fmax",
        _extremum("max"),
        "The larger of its arguments, candle by candle.",
        "max(m.open, m.close) > ema(m.close, 20)",
    ),
    _many(
        "min minimum fmin",
        _extremum("min"),
        "The smaller of its arguments, candle by candle.",
        "min(m.open, m.close) > ema(m.close, 20)",
    ),
)
