"""What a function of the language is: its parameters, its limits, how it builds nodes.

The tables in averages, oscillators, volatility, volume, trend, timing and plain are made of
these; the catalog joins them; the reference document is written from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum

import msgspec

from aitrader.filters.graph import Graph, Node
from aitrader.filters.indicators import MAX_LENGTH
from aitrader.filters.operands import as_condition, as_series, field
from aitrader.filters.values import MarketView, Value, is_number, kind_of
from aitrader.filters.words import listed, nearest
from aitrader.model.errors import FilterFault

MAX_ARGUMENTS = 64


class Slot(Enum):
    """What an argument must be."""

    SERIES = "series"
    OPERAND = "series or number"
    CONDITION = "condition"
    MARKET = "market"
    VIEW = "m"
    WHOLE = "whole number"
    REAL = "number"
    TEXT = "text"
    ANY = "anything"


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter; `fields` are the series a MARKET parameter stands for."""

    name: str
    slot: Slot
    default: Value = None
    is_required: bool = False
    low: float = 0
    high: float = 0
    fields: tuple[str, ...] = ()


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """One function of the language. `outputs` names several results; `example` is a condition."""

    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    build: Callable[..., Value]
    example: str = ""
    outputs: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    takes_many: bool = False

    @property
    def signature(self) -> str:
        """The call as documented: `ema(source, length=20)`."""
        if self.takes_many:
            return f"{self.name}(a, b, ...)"
        return f"{self.name}({listed(_shown(p) for p in self.parameters)})"


def _shown(parameter: Parameter) -> str:
    name = "m" if parameter.slot in (Slot.MARKET, Slot.VIEW) else parameter.name
    if parameter.is_required or parameter.default is None:
        return name
    return f"{name}={parameter.default!r}"


def source(name: str = "source") -> Parameter:
    """Return a parameter that takes a series."""
    return Parameter(name=name, slot=Slot.SERIES, is_required=True)


def operand(name: str) -> Parameter:
    """Return a parameter that takes a series or a number."""
    return Parameter(name=name, slot=Slot.OPERAND, is_required=True)


def condition(name: str = "condition") -> Parameter:
    """Return a parameter that takes a condition."""
    return Parameter(name=name, slot=Slot.CONDITION, is_required=True)


def market(*fields: str) -> Parameter:
    """Return a parameter that takes the market, or these series one by one."""
    return Parameter(name="m", slot=Slot.MARKET, is_required=True, fields=fields)


def view() -> Parameter:
    """Return a parameter that takes the market itself."""
    return Parameter(name="m", slot=Slot.VIEW, is_required=True)


def whole(
    name: str, default: int | None = None, *, low: int = 1, high: int = MAX_LENGTH
) -> Parameter:
    """Return a parameter that takes a whole number; required without a default."""
    return Parameter(
        name=name, slot=Slot.WHOLE, default=default, is_required=default is None, low=low, high=high
    )


def real(name: str, default: float, *, low: float = 0.01, high: float = 20.0) -> Parameter:
    """Return a parameter that takes a number."""
    return Parameter(name=name, slot=Slot.REAL, default=default, low=low, high=high)


PARAMETER_ALIASES: Mapping[str, tuple[str, ...]] = {
    "timeperiod": ("length", "bars"),
    "period": ("length", "bars"),
    "periods": ("bars", "length"),
    "window": ("length", "bars"),
    "n": ("length", "bars"),
    "len": ("length", "bars"),
    "lookback": ("length", "bars"),
    "span": ("length",),
    "length": ("bars",),
    "bars": ("length", "limit"),
    "src": ("source",),
    "series": ("source",),
    "x": ("source",),
    "real": ("source",),
    "close": ("source",),
    "fastperiod": ("fast",),
    "slowperiod": ("slow",),
    "signalperiod": ("signal",),
    "fast_period": ("fast",),
    "slow_period": ("slow",),
    "signal_period": ("signal",),
    "fast_length": ("fast",),
    "slow_length": ("slow",),
    "signal_length": ("signal",),
    "nbdevup": ("mult",),
    "nbdevdn": ("mult",),
    "nbdev": ("mult",),
    "std": ("mult",),
    "stddev": ("mult",),
    "num_std": ("mult",),
    "std_dev": ("mult",),
    "multiplier": ("mult",),
    "factor": ("mult",),
    "fastk_period": ("length",),
    "slowk_period": ("smooth_k",),
    "slowd_period": ("smooth_d",),
    "k_period": ("length",),
    "d_period": ("smooth_d",),
    "k": ("smooth_k", "length"),
    "d": ("smooth_d",),
    "atr_period": ("atr_length", "length"),
    "acceleration": ("step",),
    "maximum": ("max_step",),
    "cond": ("condition",),
    "osc": ("oscillator",),
    "lbl": ("left",),
    "lbr": ("right",),
}
"""Names other libraries use for a parameter, with ours in the order they are tried."""

IGNORED_PARAMETERS = frozenset({"matype", "slowk_matype", "slowd_matype", "fastd_matype", "axis"})
"""TA-Lib's choices of average: the default is taken when the value is its default 0."""


def bind(
    function: Function,
    given: Sequence[Value],
    named: Mapping[str, Value],
    *,
    graph: Graph,
    default_view: MarketView | None,
) -> list[Value]:
    """Return the arguments in the function's order, each checked against its parameter.

    Raises:
        FilterFault: A wrong, missing, doubled or unknown argument.
    """
    if function.takes_many:
        if named:
            raise FilterFault(f"{function.name}() takes no named arguments")
        return list(given)
    left, first = list(given), function.parameters[0] if function.parameters else None
    found: dict[str, Value] = {}
    if first is not None and first.slot is Slot.MARKET:
        found[first.name], left = _market(function, first, left, graph=graph, default=default_view)
    elif first is not None and _is_without_view(function, first, left):
        found[first.name] = default_view
    rest = [p for p in function.parameters if p.name not in found]
    if len(left) > len(rest):
        raise FilterFault(
            f"{function.name}() takes at most {len(function.parameters)} arguments",
            hint=f"it is {function.signature}",
        )
    for parameter, value in zip(rest, left, strict=False):
        found[parameter.name] = value
    for name, value in named.items():
        _take_named(function, found, name, value=value)
    return [_checked(function, p, found, graph) for p in function.parameters]


def _is_without_view(function: Function, first: Parameter, given: Sequence[Value]) -> bool:
    """Return whether a function of the market was called without it, as in `vwap()`."""
    if first.slot is not Slot.VIEW or len(given) >= len(function.parameters):
        return False
    return not given or not isinstance(given[0], MarketView)


def _market(
    function: Function,
    parameter: Parameter,
    given: list[Value],
    *,
    graph: Graph,
    default: MarketView | None,
) -> tuple[Value, list[Value]]:
    """Return the series that a market argument stands for, and the arguments after it."""
    fields = parameter.fields
    if given and isinstance(given[0], MarketView):
        return [field(graph, given[0], name) for name in fields], given[1:]
    count = len(fields)
    if len(given) >= count and all(isinstance(value, Node) for value in given[:count]):
        return [as_series(graph, value, function.name) for value in given[:count]], given[count:]
    if default is not None and not any(isinstance(value, Node) for value in given):
        return [field(graph, default, name) for name in fields], given
    series = listed(f"m.{name}" for name in fields)
    raise FilterFault(
        f"{function.name}() takes the market first",
        hint=f"write {function.name}(m, ...) or {function.name}({series}, ...)",
    )


def _take_named(function: Function, found: dict[str, Value], name: str, *, value: Value) -> None:
    names = [p.name for p in function.parameters]
    word = name.lower()
    if word in IGNORED_PARAMETERS and value in (0, None):
        return
    aliases = (word, *PARAMETER_ALIASES.get(word, ()))
    fitting = next((alias for alias in aliases if alias in names), None)
    if fitting is None:
        raise FilterFault(
            f"{function.name}() has no parameter '{name[:40]}'",
            hint=nearest(name, names) or f"it is {function.signature}",
        )
    if fitting in found and not (fitting == "mult" and found[fitting] == value):
        raise FilterFault(f"{function.name}(): '{name[:40]}' is given twice")
    found[fitting] = value


def _checked(
    function: Function, parameter: Parameter, found: Mapping[str, Value], graph: Graph
) -> Value:
    if parameter.name not in found:
        if parameter.is_required:
            raise FilterFault(
                f"{function.name}() needs '{parameter.name}'", hint=f"it is {function.signature}"
            )
        return parameter.default
    return _CHECKS[parameter.slot](f"{function.name}", parameter, found[parameter.name], graph)


def _check_number(what: str, parameter: Parameter, value: Value, graph: Graph) -> float:
    name = f"{what}: {parameter.name}"
    if not is_number(value):
        hint = "a length cannot change from candle to candle" if isinstance(value, Node) else ""
        raise FilterFault(f"{name} must be a number, found {kind_of(value)}", hint=hint)
    number = float(value)  # type: ignore[arg-type]
    if not parameter.low <= number <= parameter.high:
        past = parameter.low == 0 and number < 0 and parameter.name == "bars"
        raise FilterFault(
            f"{name} must be {parameter.low:g} to {parameter.high:g}, found {number:g}",
            hint="a negative shift would look into the future"
            if past
            else f"default {parameter.default}"
            if parameter.default is not None
            else "choose one in that range",
        )
    return number


def _check_whole(what: str, parameter: Parameter, value: Value, graph: Graph) -> int:
    number = _check_number(what, parameter, value, graph)
    if number != int(number):
        raise FilterFault(f"{what}: {parameter.name} must be a whole number, found {number:g}")
    return int(number)


def _check_text(what: str, parameter: Parameter, value: Value, graph: Graph) -> str:
    if not isinstance(value, str):
        raise FilterFault(f"{what}: {parameter.name} must be a text, found {kind_of(value)}")
    return value


def _check_view(what: str, parameter: Parameter, value: Value, graph: Graph) -> MarketView:
    if not isinstance(value, MarketView):
        raise FilterFault(
            f"{what}() takes the market, found {kind_of(value)}", hint=f"write {what}(m)"
        )
    return value


def _check_operand(what: str, parameter: Parameter, value: Value, graph: Graph) -> Node | float:
    if is_number(value):
        return float(value)  # type: ignore[arg-type]
    return as_series(graph, value, what)


_CHECKS: Mapping[Slot, Callable[[str, Parameter, Value, Graph], Value]] = {
    Slot.SERIES: lambda what, _, value, graph: as_series(graph, value, what),
    Slot.OPERAND: _check_operand,
    Slot.CONDITION: lambda what, _, value, __: as_condition(value, what),
    Slot.MARKET: lambda _, __, value, ___: value,
    Slot.VIEW: _check_view,
    Slot.WHOLE: _check_whole,
    Slot.REAL: _check_number,
    Slot.TEXT: _check_text,
    Slot.ANY: lambda _, __, value, ___: value,
}
