"""The table of operations a graph may hold: what each takes, gives, and what it costs.

Conditions are "certainly true": False covers unknown. Every operation that must tell "certainly
false" from "unknown" takes a condition together with its negation (see `Graph.negate`), so
three-valued logic needs nothing but booleans.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec

from aitrader.filters.indicators import Bound
from aitrader.model.candle import INTERVAL_MS, ROW_FIELDS

MAX_SHIFT = 5000
MAX_WINDOW = 2000
BIGGEST = 1e15
"""Numbers in a filter stay below this, so that products stay exact enough to compare."""


class Kind(Enum):
    """What a node's rows are; SEVERAL is an indicator whose outputs are picked by `out`."""

    NUMBER = "NUMBER"
    CONDITION = "CONDITION"
    SEVERAL = "SEVERAL"


class Choice(msgspec.Struct, frozen=True):
    """A text parameter: one of these words, or any symbol."""

    words: tuple[str, ...] = ()
    is_symbol: bool = False


ParameterRule = Bound | Choice


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation; `takes_constants` allows numbers among its inputs (never all of them)."""

    inputs: tuple[Kind, ...] = ()
    result: Kind = Kind.NUMBER
    parameters: tuple[ParameterRule, ...] = ()
    takes_constants: bool = False
    ns: float = 1.5


NUMBER, CONDITION = Kind.NUMBER, Kind.CONDITION
INTERVAL = Choice(tuple(INTERVAL_MS))
TIME_UNITS = ("minute", "hour", "weekday")
WINDOW = Bound(1, MAX_WINDOW)
REAL = Bound(-BIGGEST, BIGGEST, is_whole=False)


def _elementwise(count: int, result: Kind = NUMBER, ns: float = 1.5) -> Operation:
    return Operation(inputs=(NUMBER,) * count, result=result, takes_constants=count > 1, ns=ns)


def _window(result: Kind, *, ns: float) -> Operation:
    return Operation(inputs=(CONDITION,), result=result, parameters=(WINDOW,), ns=ns)


OPERATIONS: Mapping[str, Operation] = {
    "in": Operation(parameters=(Choice(ROW_FIELDS), Choice(is_symbol=True), INTERVAL), ns=0.1),
    "time": Operation(parameters=(Choice(TIME_UNITS), INTERVAL), ns=0.1),
    "const": Operation(parameters=(REAL,), ns=0.0),
    "undefined": Operation(ns=0.0),
    "out": Operation(inputs=(Kind.SEVERAL,), parameters=(Bound(0, 3),), ns=0.0),
    "align": Operation(inputs=(NUMBER,), parameters=(INTERVAL,), ns=2.0),
    "lag": Operation(inputs=(NUMBER,), parameters=(Bound(1, MAX_SHIFT),), ns=1.0),
    **{name: _elementwise(2) for name in ("add", "sub", "mul", "min", "max")},
    **{name: _elementwise(2, ns=3.0) for name in ("div", "mod")},
    "pow": _elementwise(2, ns=20.0),
    **{name: _elementwise(1) for name in ("neg", "abs", "sqrt", "sign", "floor", "ceil")},
    **{name: _elementwise(1, ns=8.0) for name in ("log", "exp")},
    "round": Operation(inputs=(NUMBER,), parameters=(Bound(0, 12),), ns=4.0),
    **{name: _elementwise(2, CONDITION, 1.0) for name in ("lt", "le", "gt", "ge", "eq", "ne")},
    "known": _elementwise(1, CONDITION, 1.0),
    "and": Operation(inputs=(CONDITION, CONDITION), result=CONDITION, ns=0.5),
    "or": Operation(inputs=(CONDITION, CONDITION), result=CONDITION, ns=0.5),
    "any": _window(CONDITION, ns=4.0),
    "all": _window(CONDITION, ns=4.0),
    "count": Operation(inputs=(CONDITION, CONDITION), parameters=(WINDOW,), ns=8.0),
    "since": Operation(inputs=(CONDITION, CONDITION), parameters=(WINDOW,), ns=10.0),
    "when": Operation(
        inputs=(CONDITION, CONDITION, NUMBER), parameters=(Bound(0, 20), WINDOW), ns=25.0
    ),
    "pick": Operation(inputs=(CONDITION, CONDITION, NUMBER, NUMBER), takes_constants=True, ns=4.0),
    "fill": Operation(inputs=(NUMBER, CONDITION), parameters=(REAL,), ns=3.0),
    "cum": Operation(inputs=(NUMBER,), ns=3.0),
    "vwap": Operation(inputs=(NUMBER, NUMBER), ns=12.0),
}
"""Everything but `ta`, whose shape comes from the indicator it names."""

EITHER_KIND = frozenset({"align", "lag"})
"""These take a condition as well as a number and give the same kind back."""
