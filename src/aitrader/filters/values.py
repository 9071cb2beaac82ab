"""The closed world of a filter's text: every value it can ever hold is one of these.

Numbers, text, True/False, None, lists, tuples and dicts of values, series (`Node`), and the few
classes below. None of them leads to an object of the host: the interpreter knows each type and
reads it by its own rules, never by attribute lookup.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from aitrader.filters.graph import Node
from aitrader.filters.operations import Kind

Value = object
Scopes = tuple[dict[str, Value], ...]


@dataclass(frozen=True, eq=False, slots=True)
class MarketView:
    """`m`: one symbol ("" is the screened one) on one interval; `replaced` holds other candles."""

    symbol: str
    interval: str
    replaced: Mapping[str, Node] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class Outputs:
    """The named series of one indicator; unpacks in TA-Lib's order."""

    function: str
    series: Mapping[str, Node]
    unpacks: tuple[str, ...]

    @property
    def unpacked(self) -> list[Node]:
        """The series that `a, b = ...` gives."""
        return [self.series[name] for name in self.unpacks]


@dataclass(frozen=True, eq=False, slots=True)
class UserFunction:
    """A function or lambda of the text, with the scopes it was made in."""

    name: str
    node: ast.FunctionDef | ast.Lambda
    scopes: Scopes


@dataclass(frozen=True, eq=False, slots=True)
class LibraryFunction:
    """A function of the language by its name; `first` is the value before the dot, if any."""

    name: str
    first: Value = None
    has_first: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Member:
    """A method of a market, list, dict, text, or series window, not yet called."""

    owner: Value
    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Namespace:
    """`np`, `ta`, `math`, ...: a prefix that some people write before a function's name."""

    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Window:
    """`x.rolling(20)` or `x.ewm(span=20)`, waiting for its `.mean()`."""

    series: Node
    bars: int
    is_exponential: bool = False


def whole_number(value: Value) -> int | None:
    """Return the whole number that this is, None for anything else (NaN too)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if math.isfinite(value) and value == int(value) else None


def is_number(value: Value) -> bool:
    """Return whether this is a plain number (True and False are not)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


_NAMES: tuple[tuple[type, str], ...] = (
    (bool, "True/False"),
    (int, "a number"),
    (float, "a number"),
    (str, "a text"),
    (list, "a list"),
    (tuple, "a tuple"),
    (dict, "a dict"),
    (MarketView, "the market"),
    (Outputs, "an indicator with several outputs"),
    (Window, "a rolling window"),
    (Namespace, "a module"),
    (UserFunction, "a function"),
    (LibraryFunction, "a function"),
    (Member, "a method that was not called"),
)


def kind_of(value: Value) -> str:
    """Return what a person would call this value."""
    if value is None:
        return "None"
    if isinstance(value, Node):
        return "a condition" if value.kind is Kind.CONDITION else "a series"
    if isinstance(value, Outputs):
        return f"an indicator with several outputs (pick one of .{', .'.join(value.series)})"
    return next((name for known, name in _NAMES if isinstance(value, known)), "something else")
