"""Plain functions: arithmetic on numbers or series, and lists to loop over at compile time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from aitrader.filters.graph import Graph, Node
from aitrader.filters.library import Function, Parameter, Slot
from aitrader.filters.operands import (
    MAX_ITEMS,
    arithmetic,
    as_series,
    formatted,
    limited_items,
    negate,
)
from aitrader.filters.values import MarketView, Outputs, Value, is_number, kind_of
from aitrader.model.errors import FilterFault


def items_of(value: Value) -> list[Value]:
    """Return what a loop goes over.

    Raises:
        FilterFault: A series cannot be looped over, its bars are not there yet.
    """
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, Outputs):
        return list(value.unpacked)
    if isinstance(value, Node | MarketView):
        raise FilterFault(
            "cannot loop over the candles of a series",
            hint="write it for the whole series: within(...), count(...), series[1]",
        )
    raise FilterFault(f"cannot loop over {kind_of(value)}")


def _root(value: float) -> float:
    return math.sqrt(value) if value >= 0 else math.nan


def _log(value: float) -> float:
    return math.log(value) if value > 0 else math.nan


def _sign(value: float) -> float:
    return float((value > 0) - (value < 0))


_ON_NUMBERS: Mapping[str, Callable[[float], float]] = {
    "abs": abs,
    "sqrt": _root,
    "log": _log,
    "exp": lambda value: math.exp(min(value, 34.0)),
    "sign": _sign,
    "floor": lambda value: float(math.floor(value)) if math.isfinite(value) else value,
    "ceil": lambda value: float(math.ceil(value)) if math.isfinite(value) else value,
}


def _unary(op: str) -> Callable[..., Value]:
    def build(graph: Graph, value: Value) -> Value:
        if is_number(value):
            return _ON_NUMBERS[op](float(value))  # type: ignore[arg-type]
        return graph.apply(op, as_series(graph, value, op))

    return build


def _not(graph: Graph, value: Value) -> Value:
    return negate(graph, value)


def _range(graph: Graph, *numbers: Value) -> Value:
    if not 1 <= len(numbers) <= 3:
        raise FilterFault("range() takes 1 to 3 numbers")
    whole = [_int(graph, number) for number in numbers]
    if len(whole) == 3 and whole[2] == 0:
        raise FilterFault("range() cannot step by 0")
    made = range(*whole)
    if len(made) > MAX_ITEMS:
        raise FilterFault(f"range() is longer than {MAX_ITEMS}")
    return list(made)


def _int(graph: Graph, value: Value) -> int:
    if not is_number(value) or not math.isfinite(value):  # type: ignore[arg-type]
        raise FilterFault(f"expected a number, found {kind_of(value)}")
    return int(value)  # type: ignore[call-overload,no-any-return]


def _float(graph: Graph, value: Value) -> float:
    if not is_number(value):
        raise FilterFault(f"expected a number, found {kind_of(value)}")
    return float(value)  # type: ignore[arg-type]


def _len(graph: Graph, value: Value) -> int:
    if isinstance(value, list | tuple | dict | str):
        return len(value)
    hint = (
        "a series has no length here; conditions see every candle"
        if isinstance(value, Node)
        else ""
    )
    raise FilterFault(f"{kind_of(value)} has no length", hint=hint)


def _zip(graph: Graph, *lists: Value) -> Value:
    return [tuple(group) for group in zip(*[items_of(each) for each in lists], strict=False)]


def _enumerate(graph: Graph, items: Value) -> Value:
    return [(i, item) for i, item in enumerate(items_of(items))]


def _list(graph: Graph, items: Value) -> Value:
    return limited_items(items_of(items))


def _reversed(graph: Graph, items: Value) -> Value:
    return items_of(items)[::-1]


def _sorted(graph: Graph, items: Value) -> Value:
    found = items_of(items)
    if not (all(is_number(x) for x in found) or all(isinstance(x, str) for x in found)):
        raise FilterFault("sorted() takes numbers or texts")
    return sorted(found)  # type: ignore[type-var]


def _sum(graph: Graph, items: Value) -> Value:
    if isinstance(items, Node | MarketView):
        raise FilterFault(
            "sum() of a whole series would need the future", hint="use rolling_sum(series, bars)"
        )
    total: Value = 0
    for item in items_of(items):
        total = arithmetic(graph, "add", total, 1 if item is True else 0 if item is False else item)
    return total


def _round(graph: Graph, value: Value, digits: int) -> Value:
    if is_number(value):
        return round(float(value), digits)  # type: ignore[arg-type]
    return graph.apply("round", as_series(graph, value, "round"), params=(digits,))


def _str(graph: Graph, value: Value) -> str:
    return formatted(value, "")


def _one(names: str, build: Callable[..., Value], summary: str, example: str) -> Function:
    name, *aliases = names.split()
    return Function(
        name=name,
        summary=summary,
        parameters=(Parameter(name="x", slot=Slot.ANY, is_required=True),),
        build=build,
        example=example,
        aliases=tuple(aliases),
    )


def _many(name: str, build: Callable[..., Value], summary: str, example: str) -> Function:
    return Function(
        name=name, summary=summary, parameters=(), build=build, example=example, takes_many=True
    )


PLAIN = (
    _one("abs fabs absolute", _unary("abs"), "Absolute value.", "abs(m.body) > atr(m)"),
    _one("sqrt", _unary("sqrt"), "Square root.", "sqrt(m.volume) > 10"),
    _one("log ln", _unary("log"), "Natural logarithm.", "log(m.close) > 0"),
    _one("exp", _unary("exp"), "e to the power x.", "exp(pct_change(m.close) / 100) > 1.01"),
    _one("sign", _unary("sign"), "-1, 0 or 1.", "sign(m.body) > 0"),
    _one("floor", _unary("floor"), "Largest whole number not above.", "floor(m.close) > 0"),
    _one("ceil", _unary("ceil"), "Smallest whole number not below.", "ceil(m.close) > 0"),
    _one("logical_not", _not, "The same as `not`.", "logical_not(m.close > m.open)"),
    _one("float", _float, "A plain number.", "m.close > float(1)"),
    _one("str", _str, "A plain value as text, for names.", "m.close > len(str(10))"),
    _one("len", _len, "Length of a list, dict or text.", "m.close > len([1, 2])"),
    _one(
        "enumerate",
        _enumerate,
        "Pairs of place and item of a list.",
        "m.close > len(enumerate([1]))",
    ),
    _one("list tuple", _list, "A list of the items.", "m.close > len(list((1, 2)))"),
    _one("reversed", _reversed, "The list backwards.", "m.close > reversed([1, 2])[0]"),
    _one("sorted", _sorted, "The list in order.", "m.close > sorted([2, 1])[0]"),
    _one(
        "sum",
        _sum,
        "Sum of a list of numbers, series or conditions (1 where true).",
        "sum([m.close > m.open, rsi(m.close) < 30]) >= 1",
    ),
    _one("int", _int, "A plain whole number.", "m.close > int(1.5)"),
    _many("range", _range, "A list of whole numbers to loop over.", "m.close > len(range(3))"),
    _many("zip", _zip, "A list of the lists' items in pairs.", "m.close > len(zip([1], [2]))"),
    Function(
        name="round",
        summary="Rounded to `digits` decimals.",
        parameters=(
            Parameter(name="x", slot=Slot.ANY, is_required=True),
            Parameter(name="digits", slot=Slot.WHOLE, default=0, low=0, high=12),
        ),
        build=_round,
        example="round(m.close, 0) > 100",
    ),
)
