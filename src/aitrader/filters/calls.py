"""Calls: of the language's functions, of the text's own functions, of the few methods there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aitrader.filters.averages import talib
from aitrader.filters.catalog import FUNCTIONS
from aitrader.filters.graph import Graph, Node, is_symbol_or_own
from aitrader.filters.library import MAX_ARGUMENTS, Function, bind
from aitrader.filters.operands import MAX_ITEMS, as_series, limited_text
from aitrader.filters.plain import items_of
from aitrader.filters.values import (
    LibraryFunction,
    MarketView,
    Member,
    UserFunction,
    Value,
    Window,
    kind_of,
    whole_number,
)
from aitrader.filters.walker import Walker, is_key
from aitrader.filters.words import listed, nearest
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.errors import FilterFault

FUNCTION_STEPS = 10
"""A function of the language costs as much as ten steps, for it may add several nodes."""

WINDOW_FUNCTIONS = {
    "mean": "SMA",
    "max": "MAX",
    "min": "MIN",
    "sum": "SUM",
    "std": "STDDEV",
    "var": "VAR",
}

Named = Mapping[str, Value]


def call(walker: Walker, function: Value, given: Sequence[Value], named: Named) -> Value:
    """Return what the call gives.

    Raises:
        FilterFault: Not callable, or wrong arguments.
    """
    if len(given) + len(named) > MAX_ARGUMENTS:
        raise FilterFault("too many arguments")
    if isinstance(function, UserFunction):
        return walker.call_user(function, given, named)
    if isinstance(function, LibraryFunction):
        first = [function.first] if function.has_first else []
        return call_library(walker, FUNCTIONS[function.name], [*first, *given], named)
    if isinstance(function, Member):
        walker.spend(FUNCTION_STEPS)
        return _call_member(walker, function, given, named)
    hint = ""
    if isinstance(function, Node):
        hint = "a series is not called; the value one bar ago is series[1]"
    raise FilterFault(f"{kind_of(function)} cannot be called", hint=hint)


def call_library(walker: Walker, function: Function, given: Sequence[Value], named: Named) -> Value:
    """Return the value of one of the language's functions."""
    walker.spend(FUNCTION_STEPS + sum(len(x) for x in given if isinstance(x, list | tuple | dict)))
    arguments = bind(function, given, named, graph=walker.graph, default_view=walker.view)
    result = function.build(walker.graph, *arguments)
    if isinstance(result, list):
        walker.spend(len(result))
    return result


def _call_member(walker: Walker, member: Member, given: Sequence[Value], named: Named) -> Value:
    owner = member.owner
    if isinstance(owner, MarketView):
        return _other_market(walker.graph, owner, member.name, given=[*given, *named.values()])
    if isinstance(owner, Node):
        return _SERIES_METHODS[member.name](walker, owner, given, named)
    if isinstance(owner, Window):
        return _window_value(walker.graph, owner, member.name)
    if isinstance(owner, dict):
        return _dict_method(walker, owner, member.name, given)
    if isinstance(owner, list):
        return _list_method(walker, owner, member.name, given)
    return _text_method(owner, member.name)


def _other_market(
    graph: Graph, view: MarketView, name: str, *, given: Sequence[Value]
) -> MarketView:
    """Return `m.at("1h")` or `m.of("BTCUSDT")`."""
    if len(given) != 1 or not isinstance(given[0], str):
        example = 'm.at("1h")' if name == "at" else 'm.of("BTCUSDT")'
        raise FilterFault(f".{name}(...) takes one text", hint=f"write {example}")
    if name == "of":
        symbol = given[0].upper().replace("/", "")
        if not symbol or not is_symbol_or_own(symbol):
            raise FilterFault(f"'{given[0][:30]}' is not a symbol", hint='write m.of("BTCUSDT")')
        return MarketView(symbol, view.interval)
    interval = interval_of(given[0])
    if INTERVAL_MS[interval] < INTERVAL_MS[graph.base]:
        raise FilterFault(
            f"m.at('{interval}') is faster than the trader's own {graph.base}",
            hint="set INTERVAL to the fastest interval you use",
        )
    return MarketView(view.symbol, interval)


_INTERVAL_WORDS = {
    "minute": "1m", "hour": "1h", "hourly": "1h", "60": "1h", "60m": "1h", "60min": "1h",
    "daily": "1d", "day": "1d", "d": "1d", "weekly": "1w", "week": "1w", "w": "1w",
    "5": "5m", "15": "15m", "30": "30m", "240": "4h", "120": "2h", "24h": "1d",
}  # fmt: skip


def interval_of(text: str) -> str:
    """Return the interval that a text means: `1H`, `60m`, `4 h` and `daily` are understood.

    Raises:
        FilterFault: No known interval.
    """
    word = text[:20].lower().replace(" ", "").replace("min", "m")
    word = _INTERVAL_WORDS.get(word, word)
    if word not in INTERVAL_MS:
        raise FilterFault(
            f"'{text[:20]}' is not an interval", hint=f"use one of {listed(INTERVAL_MS)}"
        )
    return word


def _bars(method: str, given: Sequence[Value], named: Named, *, default: int | None = None) -> int:
    """Return the one number a series method takes."""
    accepted = {"window", "periods", "period", "span", "bars", "n", "com", "min_periods", "adjust"}
    unknown = [name for name in named if name not in accepted]
    if unknown:
        raise FilterFault(
            f".{method}() has no parameter '{unknown[0][:40]}'", hint=nearest(unknown[0], accepted)
        )
    plain = [*given, *(v for k, v in named.items() if k not in ("min_periods", "adjust"))]
    value = plain[0] if plain else default
    bars = whole_number(value)
    if len(plain) > 1 or bars is None:
        raise FilterFault(f".{method}() takes one whole number of bars")
    return bars


def _library_method(name: str, default: int = 1) -> Callable[..., Value]:
    def run(walker: Walker, owner: Node, given: Sequence[Value], named: Named) -> Value:
        bars = _bars(name, given, named, default=default)
        return call_library(walker, FUNCTIONS[name], [owner, bars], {})

    return run


def _rolling(walker: Walker, owner: Node, given: Sequence[Value], named: Named) -> Value:
    return Window(as_series(walker.graph, owner, "rolling"), _bars("rolling", given, named))


def _ewm(walker: Walker, owner: Node, given: Sequence[Value], named: Named) -> Value:
    return Window(
        as_series(walker.graph, owner, "ewm"), _bars("ewm", given, named), is_exponential=True
    )


def _plain_method(name: str) -> Callable[..., Value]:
    def run(walker: Walker, owner: Node, given: Sequence[Value], named: Named) -> Value:
        return call_library(walker, FUNCTIONS[name], [owner, *given], named)

    return run


_SERIES_METHODS: Mapping[str, Callable[..., Value]] = {
    "shift": _library_method("shift"),
    "diff": _library_method("change"),
    "pct_change": _library_method("pct_change"),
    "rolling": _rolling,
    "ewm": _ewm,
    "abs": _plain_method("abs"),
    "round": _plain_method("round"),
    "fillna": _plain_method("nz"),
    "between": _plain_method("between"),
}  # fmt: skip


def _window_value(graph: Graph, window: Window, name: str) -> Value:
    if window.is_exponential:
        if name != "mean":
            raise FilterFault(
                f".ewm(...).{name}() is not available", hint="use ema(series, length)"
            )
        return talib(graph, "EMA", [window.series], window.bars)
    return talib(graph, WINDOW_FUNCTIONS[name], [window.series], window.bars)


def _dict_method(
    walker: Walker, owner: dict[Value, Value], name: str, given: Sequence[Value]
) -> Value:
    walker.spend(len(owner))
    if name == "get":
        if not given or not is_key(given[0]) or len(given) > 2:
            raise FilterFault("get() takes a key and a default")
        return owner.get(given[0], given[1] if len(given) == 2 else None)
    if name == "update":
        other = given[0] if len(given) == 1 else None
        if not isinstance(other, dict) or len(owner) + len(other) > MAX_ITEMS:
            raise FilterFault("update() takes one dict")
        owner.update(other)
        return None
    if name == "items":
        return list(owner.items())
    return list(owner) if name == "keys" else list(owner.values())


def _list_method(walker: Walker, owner: list[Value], name: str, given: Sequence[Value]) -> Value:
    if len(given) != 1:
        raise FilterFault(f"{name}() takes one value")
    added = [given[0]] if name == "append" else items_of(given[0])
    walker.spend(len(added))
    if len(owner) + len(added) > MAX_ITEMS:
        raise FilterFault(f"the list is longer than {MAX_ITEMS}")
    owner.extend(added)
    return None


def _text_method(owner: Value, name: str) -> str:
    text = limited_text(str(owner)) if isinstance(owner, str) else ""
    made = {"upper": text.upper, "lower": text.lower, "title": text.title, "strip": text.strip}
    return limited_text(made[name]())
