"""What may stand behind a dot: fields of the market, outputs, and a few known methods.

The word behind the dot is looked up in tables of this package; it is never an attribute of a
Python object.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from aitrader.filters.catalog import NAMES, find_function
from aitrader.filters.graph import Node
from aitrader.filters.library import Function, Slot
from aitrader.filters.operands import MARKET_FIELDS, find_field
from aitrader.filters.values import (
    LibraryFunction,
    MarketView,
    Member,
    Namespace,
    Outputs,
    Value,
    Window,
    kind_of,
)
from aitrader.filters.walker import Walker
from aitrader.filters.words import listed, nearest
from aitrader.model.errors import FilterFault

NAMESPACES: Mapping[str, Namespace] = {
    name: Namespace(name)
    for name in ("np", "numpy", "ta", "talib", "math", "pd", "pandas", "pta", "qtpylib", "tulipy")
}
"""Prefixes that may stand before a function's name; what follows is our function of that name."""

IMPORTABLE = {"numpy", "talib", "math", "pandas", "pandas_ta", "ta", "talib.abstract"}

CONSTANTS: Mapping[str, float] = {"nan": math.nan, "pi": math.pi, "e": math.e, "na": math.nan}

OUTPUT_ALIASES: Mapping[str, str] = {
    "histogram": "hist",
    "macdsignal": "signal",
    "macdhist": "hist",
    "upperband": "upper",
    "middleband": "middle",
    "lowerband": "lower",
    "mid": "middle",
    "basis": "middle",
    "bandwidth": "width",
    "pctb": "percent_b",
    "percentb": "percent_b",
    "slowk": "k",
    "slowd": "d",
    "fastk": "k",
    "fastd": "d",
    "aroonup": "up",
    "aroondown": "down",
    "supertrend": "line",
    "trend": "direction",
    "senkou_a": "span_a",
    "senkou_b": "span_b",
    "conversion": "tenkan",
    "base": "kijun",
}

SERIES_METHODS = frozenset(
    {"shift", "rolling", "ewm", "diff", "pct_change", "abs", "fillna", "between", "round"}
)
WINDOW_METHODS = frozenset({"mean", "max", "min", "sum", "std", "var"})
LIST_METHODS = frozenset({"append", "extend"})
DICT_METHODS = frozenset({"items", "keys", "values", "get", "update"})
TEXT_METHODS = frozenset({"upper", "lower", "title", "strip"})

WHOLE_SERIES = frozenset(
    {
        "mean",
        "max",
        "min",
        "std",
        "sum",
        "median",
        "iloc",
        "loc",
        "values",
        "tail",
        "last",
        "quantile",
        "rank",
        "cumsum",
        "iat",
        "item",
    }
)
WHOLE_SERIES_HINT = (
    "m.close is the current candle's close, m.close[1] the one before; "
    "for a window use sma, highest, lowest, stdev"
)


AFTER_SERIES = frozenset({Slot.SERIES, Slot.OPERAND, Slot.CONDITION})
AFTER_MARKET = AFTER_SERIES | {Slot.MARKET, Slot.VIEW, Slot.ANY}
"""What a function's first parameter must be for `m.rsi(14)` or `x.ema(9)` to make sense."""


def _starts_with(function: Function, slots: frozenset[Slot]) -> bool:
    return bool(function.parameters) and function.parameters[0].slot in slots


def attribute(walker: Walker, owner: Value, name: str) -> Value:
    """Return what `owner.name` means.

    Raises:
        FilterFault: Nothing of that name, with the nearest one.
    """
    if isinstance(owner, MarketView):
        return _of_market(walker, owner, name)
    if isinstance(owner, Outputs):
        return _of_outputs(owner, name)
    if isinstance(owner, Namespace):
        return _of_namespace(owner, name)
    if isinstance(owner, Node):
        return _of_series(owner, name)
    for kind, methods in _METHODS:
        if isinstance(owner, kind) and name in methods:
            return Member(owner, name)
    raise FilterFault(f"'.{name[:60]}' is not available on {kind_of(owner)}")


_METHODS: tuple[tuple[type, frozenset[str]], ...] = (
    (Window, WINDOW_METHODS),
    (list, LIST_METHODS),
    (dict, DICT_METHODS),
    (str, TEXT_METHODS),
)


def _of_market(walker: Walker, view: MarketView, name: str) -> Value:
    found = find_field(walker.graph, view, name)
    if found is not None:
        return found
    if name in ("at", "of", "timeframe"):
        return Member(view, name) if name != "timeframe" else view.interval
    if name == "interval":
        return view.interval
    if name == "symbol":
        raise FilterFault(
            "m.symbol is not known here: one graph serves every symbol",
            hint="choose symbols in SYMBOLS",
        )
    function = find_function(name)
    if function is not None and _starts_with(function, AFTER_MARKET):
        return LibraryFunction(function.name, view, has_first=True)
    known = (*MARKET_FIELDS, "at", "of", "interval", *NAMES)
    raise FilterFault(f"the market has no '{name[:60]}'", hint=nearest(name, known))


def _of_outputs(owner: Outputs, name: str) -> Value:
    word = name.lower()
    word = OUTPUT_ALIASES.get(word, word) if word not in owner.series else word
    if word in owner.series:
        return owner.series[word]
    raise FilterFault(
        f"{owner.function} has no output '{name[:60]}'",
        hint=nearest(name, owner.series) or f"it has {listed(owner.series)}",
    )


def _of_namespace(owner: Namespace, name: str) -> Value:
    if name.lower() in CONSTANTS:
        return CONSTANTS[name.lower()]
    function = find_function(name)
    if function is not None:
        return LibraryFunction(function.name)
    raise FilterFault(f"{owner.name}.{name[:60]} is not available", hint=nearest(name, NAMES))


def _of_series(owner: Node, name: str) -> Value:
    if name in SERIES_METHODS:
        return Member(owner, name)
    if name in WHOLE_SERIES:
        raise FilterFault(
            f"'.{name}' of a whole series would look into the future", hint=WHOLE_SERIES_HINT
        )
    function = find_function(name)
    if function is not None and _starts_with(function, AFTER_SERIES):
        return LibraryFunction(function.name, owner, has_first=True)
    raise FilterFault(
        f"a series has no '.{name[:60]}'", hint=nearest(name, (*SERIES_METHODS, *NAMES))
    )
