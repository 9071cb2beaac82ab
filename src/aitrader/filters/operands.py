"""What operators do to the language's values: numbers fold at once, series become nodes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from aitrader.filters.graph import Graph, Node
from aitrader.filters.operations import BIGGEST, Kind
from aitrader.filters.values import MarketView, Outputs, Value, is_number, kind_of
from aitrader.model.candle import ROW_FIELDS
from aitrader.model.errors import FilterFault

MAX_ITEMS = 1000
MAX_TEXT = 200

TIME_FIELDS = ("minute", "hour", "weekday")
DERIVED_FIELDS = (
    "hl2", "hlc3", "ohlc4", "range", "body", "upper_wick", "lower_wick",
    "buy_volume", "sell_volume", "delta",
)  # fmt: skip
FIELD_ALIASES: Mapping[str, str] = {
    "vol": "volume",
    "quote_asset_volume": "quote_volume",
    "turnover": "quote_volume",
    "number_of_trades": "trades",
    "taker_buy_base": "taker_buy_volume",
    "typical": "hlc3",
    "typical_price": "hlc3",
    "dayofweek": "weekday",
    "day_of_week": "weekday",
}
MARKET_FIELDS = ROW_FIELDS + TIME_FIELDS + DERIVED_FIELDS
PLAIN_FIELDS = ("open", "high", "low", "close")


def find_field(graph: Graph, view: MarketView, name: str) -> Node | None:
    """Return a series of the market by its name (any case), None for an unknown name."""
    word = FIELD_ALIASES.get(name.lower(), name.lower())
    if word in view.replaced:
        return view.replaced[word]
    if word in ROW_FIELDS:
        return graph.add("in", (), (word, view.symbol, view.interval))
    if word in TIME_FIELDS:
        return graph.add("time", (), (word, view.interval))
    return _derived(graph, view, word) if word in DERIVED_FIELDS else None


def field(graph: Graph, view: MarketView, name: str) -> Node:
    """Return a series of the market that is known to exist."""
    found = find_field(graph, view, name)
    assert found is not None, name
    return found


def _derived(graph: Graph, view: MarketView, name: str) -> Node:
    def get(word: str) -> Node:
        return field(graph, view, word)

    apply = graph.apply
    made: Mapping[str, Callable[[], Node]] = {
        "hl2": lambda: apply("div", apply("add", get("high"), get("low")), 2.0),
        "hlc3": lambda: apply(
            "div", apply("add", apply("add", get("high"), get("low")), get("close")), 3.0
        ),
        "ohlc4": lambda: apply(
            "div",
            apply(
                "add",
                apply("add", get("open"), get("high")),
                apply("add", get("low"), get("close")),
            ),
            4.0,
        ),
        "range": lambda: apply("sub", get("high"), get("low")),
        "body": lambda: apply("sub", get("close"), get("open")),
        "upper_wick": lambda: apply("sub", get("high"), apply("max", get("open"), get("close"))),
        "lower_wick": lambda: apply("sub", apply("min", get("open"), get("close")), get("low")),
        "buy_volume": lambda: get("taker_buy_volume"),
        "sell_volume": lambda: apply("sub", get("volume"), get("taker_buy_volume")),
        "delta": lambda: apply("sub", apply("mul", get("taker_buy_volume"), 2.0), get("volume")),
    }
    return made[name]()


def as_number_node(graph: Graph, node: Node) -> Node:
    """Return the node as a number; a condition counts 1 where true and 0 where certainly false."""
    if node.kind is Kind.CONDITION:
        return graph.apply("pick", node, graph.negate(node), 1.0, 0.0)
    return node


def as_series(graph: Graph, value: Value, what: str) -> Node:
    """Return a series from what was given: a series, the market (its close), a condition."""
    if isinstance(value, MarketView):
        return field(graph, value, "close")
    if isinstance(value, Node) and not value.is_constant:
        return as_number_node(graph, value)
    hint = f"write {what}(m.close, ...)" if is_number(value) else ""
    raise FilterFault(
        f"{what}: expected a series such as m.close, found {kind_of(value)}", hint=hint
    )


def as_operand(graph: Graph, value: Value, what: str) -> Node | float:
    """Return a series or a number from one side of an operator."""
    if is_number(value):
        return float(value)  # type: ignore[arg-type]
    if isinstance(value, MarketView):
        return field(graph, value, "close")
    if isinstance(value, Node):
        return as_number_node(graph, value)
    raise FilterFault(f"{what} needs numbers or series, found {kind_of(value)}")


def as_condition(value: Value, what: str) -> Node:
    """Return a condition, refuse a number: `rsi(m.close)` alone is not yes or no."""
    if isinstance(value, Node) and value.kind is Kind.CONDITION:
        return value
    hint = "compare it with something, as in rsi(m.close) < 30"
    raise FilterFault(f"{what}: expected a condition, found {kind_of(value)}", hint=hint)


_FOLDS: Mapping[str, Callable[[float, float], float]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "mod": lambda a, b: a % b,
    "pow": lambda a, b: float(a) ** float(b),
    "min": min,
    "max": max,
}
SIGNS: Mapping[str, str] = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "mod": "%", "pow": "**",
    "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=",
}  # fmt: skip


def arithmetic(graph: Graph, op: str, a: Value, b: Value) -> Value:
    """Return a number, text, list or series from `+ - * / % **`, min or max."""
    if is_number(a) and is_number(b):
        return fold(op, a, b)  # type: ignore[arg-type]
    if op == "add" and isinstance(a, str) and isinstance(b, str):
        return limited_text(a + b)
    if op == "add" and isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return limited_items([*a, *b])
    sign = SIGNS.get(op, op)
    return graph.apply(op, as_operand(graph, a, f"'{sign}'"), as_operand(graph, b, f"'{sign}'"))


def fold(op: str, a: float, b: float) -> float:
    """Return the plain number, refused when it is too large or undefined."""
    try:
        result = _FOLDS[op](a, b)
    except ZeroDivisionError as fault:
        raise FilterFault("division by zero") from fault
    except OverflowError as fault:
        raise FilterFault("the number is too large") from fault
    if isinstance(result, complex):
        raise FilterFault("the root of a negative number is undefined")
    if abs(result) > BIGGEST:
        raise FilterFault("the number is too large")
    return result


def limited_text(text: str) -> str:
    """Return the text, refused when longer than `MAX_TEXT`."""
    if len(text) > MAX_TEXT:
        raise FilterFault(f"the text is longer than {MAX_TEXT} characters")
    return text


def limited_items(items: list[Value]) -> list[Value]:
    """Return the list, refused when longer than `MAX_ITEMS`."""
    if len(items) > MAX_ITEMS:
        raise FilterFault(f"the list is longer than {MAX_ITEMS}")
    return items


_ORDER: Mapping[str, Callable[[object, object], bool]] = {
    "lt": lambda a, b: a < b,  # type: ignore[operator]
    "le": lambda a, b: a <= b,  # type: ignore[operator]
    "gt": lambda a, b: a > b,  # type: ignore[operator]
    "ge": lambda a, b: a >= b,  # type: ignore[operator]
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
}


def compare(graph: Graph, op: str, a: Value, b: Value) -> Value:
    """Return True/False for two plain values, a condition where a series takes part."""
    if isinstance(a, Node | MarketView) or isinstance(b, Node | MarketView):
        return _compared(graph, op, a, b)
    texts = isinstance(a, str) and isinstance(b, str)
    nothing = op in ("eq", "ne") and (a is None or b is None)
    if (_is_plain(a) and _is_plain(b)) or texts:
        return _ORDER[op](a, b)
    if nothing:
        return (a is b) == (op == "eq")
    raise FilterFault(f"cannot compare {kind_of(a)} with {kind_of(b)}")


def _is_plain(value: Value) -> bool:
    return isinstance(value, int | float)


def _compared(graph: Graph, op: str, a: Value, b: Value) -> Node:
    for value in (a, b):
        if isinstance(value, Node) and value.kind is Kind.CONDITION:
            raise FilterFault(
                "a condition cannot be compared, it is already yes or no",
                hint="combine conditions with 'and', 'or', 'not'",
            )
        if not (isinstance(value, Node | MarketView) or is_number(value)):
            raise FilterFault(f"cannot compare a series with {kind_of(value)}")
    left, right = as_operand(graph, a, "comparison"), as_operand(graph, b, "comparison")
    _check_since(left, right)
    return graph.apply(op, left, right)


def _check_since(left: Node | float, right: Node | float) -> None:
    """Refuse `bars_since(c) > 500` where the count stops at its limit."""
    for series, number in ((left, right), (right, left)):
        if isinstance(series, Node) and series.op == "since" and isinstance(number, float):
            limit = int(series.params[0])
            if number >= limit:
                raise FilterFault(
                    f"bars_since counts up to {limit} bars and cannot reach {number:g}",
                    hint=f"write bars_since(condition, limit={int(number) + 1})",
                )


def logic(graph: Graph, op: str, values: list[Value]) -> Value:
    """Return the `and` or `or` of conditions and plain True/False values."""
    result: Value = op == "and"
    for value in values:
        if isinstance(value, MarketView | Outputs) or (
            isinstance(value, Node) and value.kind is not Kind.CONDITION
        ):
            as_condition(value, f"'{op}'")
        result = _joined(graph, op, result, value)
    return result


def _joined(graph: Graph, op: str, a: Value, b: Value) -> Value:
    if isinstance(a, Node) and isinstance(b, Node):
        return graph.apply(op, a, b)
    node, plain = (a, b) if isinstance(a, Node) else (b, a)
    if not isinstance(node, Node):
        return (b if a else a) if op == "and" else (a if a else b)
    if op == "and":
        return node if plain else False
    return True if plain else node


def negate(graph: Graph, value: Value) -> Value:
    """Return `not value`: of a condition, where it is certainly false."""
    if isinstance(value, Node):
        return graph.negate(as_condition(value, "'not'"))
    if isinstance(value, MarketView | Outputs):
        as_condition(value, "'not'")
    return not value


def choose(graph: Graph, condition: Value, a: Value, b: Value) -> Value:
    """Return `a if condition else b`, per candle where the condition is a series."""
    if not isinstance(condition, Node):
        return a if condition else b
    yes = as_condition(condition, "where")
    no = graph.negate(yes)
    if _is_condition(a) or _is_condition(b):
        return logic(graph, "or", [logic(graph, "and", [yes, a]), logic(graph, "and", [no, b])])
    return graph.apply(
        "pick", yes, no, as_operand(graph, a, "where"), as_operand(graph, b, "where")
    )


def _is_condition(value: Value) -> bool:
    return isinstance(value, Node) and value.kind is Kind.CONDITION


def lag(graph: Graph, value: Value, bars: int) -> Value:
    """Return a series `bars` candles ago; a plain number stays itself."""
    if not isinstance(value, Node) or bars == 0 or value.is_constant:
        return value
    return graph.add("lag", (value,), (bars,))


def formatted(value: Value, spec: str) -> str:
    """Return a plain value as text for a name; series have no text."""
    if isinstance(value, bool) or not (is_number(value) or isinstance(value, str)):
        if not isinstance(value, bool):
            raise FilterFault(f"cannot put {kind_of(value)} into a text")
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "nan"
    try:
        return limited_text(format(value, spec))
    except ValueError as fault:
        raise FilterFault("this text format does not fit the value") from fault
