"""What the parts of the interpreter need from each other."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import NoReturn, Protocol

from aitrader.filters.graph import Graph
from aitrader.filters.plain import items_of
from aitrader.filters.values import MarketView, Scopes, UserFunction, Value
from aitrader.model.errors import FilterFault

MAX_NAME = 60


class Walker(Protocol):
    """The running interpreter."""

    graph: Graph
    view: MarketView | None

    def evaluate(self, node: ast.expr, scopes: Scopes) -> Value:
        """Return the value of an expression."""
        ...

    def spend(self, steps: int) -> None:
        """Count steps; refuse when there are too many."""
        ...

    def call_user(
        self, function: UserFunction, given: Sequence[Value], named: Mapping[str, Value]
    ) -> Value:
        """Run a function of the text."""
        ...


def refuse(reason: str, node: ast.AST, *, hint: str = "") -> NoReturn:
    """Raise the fault at this node's line."""
    raise FilterFault(reason, line=getattr(node, "lineno", None), hint=hint)


def checked_name(name: str, node: ast.AST) -> str:
    """Return a name a text may bind.

    Raises:
        FilterFault: Dunder or endless.
    """
    if name.startswith("__") or len(name) > MAX_NAME:
        refuse(f"the name '{name[:MAX_NAME]}' is not allowed", node)
    return name


def bind(target: ast.expr, value: Value, scopes: Scopes, *, walker: Walker) -> None:
    """Assign a value to a name, to several names, or to a list's or dict's element."""
    if isinstance(target, ast.Name):
        scopes[-1][checked_name(target.id, target)] = value
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(target, value, scopes, walker=walker)
    elif isinstance(target, ast.Subscript):
        _set_element(target, value, scopes, walker=walker)
    else:
        refuse("this cannot be assigned to", target, hint="assign to a name of your own")


def _unpack(target: ast.Tuple | ast.List, value: Value, scopes: Scopes, *, walker: Walker) -> None:
    items = items_of(value)
    if len(items) != len(target.elts):
        refuse(f"expected {len(target.elts)} values, found {len(items)}", target)
    walker.spend(len(items))
    for element, item in zip(target.elts, items, strict=True):
        bind(element, item, scopes, walker=walker)


def _set_element(target: ast.Subscript, value: Value, scopes: Scopes, *, walker: Walker) -> None:
    owner, key = walker.evaluate(target.value, scopes), walker.evaluate(target.slice, scopes)
    if isinstance(owner, dict) and is_key(key):
        owner[key] = value
        if len(owner) > 1000:
            refuse("the dict is too large", target)
    elif isinstance(owner, list) and type(key) is int and -len(owner) <= key < len(owner):
        owner[key] = value
    else:
        refuse(
            "a series cannot be changed in place", target, hint="use where(condition, a, b) instead"
        )


def is_key(value: Value) -> bool:
    """Return whether this may be a dict's key."""
    return isinstance(value, str | int | float)
