"""Every value has a name that a person understands."""

from __future__ import annotations

import ast

import pytest

from aitrader.filters.graph import Graph
from aitrader.filters.values import (
    LibraryFunction,
    MarketView,
    Member,
    Namespace,
    Outputs,
    UserFunction,
    Window,
    is_number,
    kind_of,
)

GRAPH = Graph("5m")
CLOSE = GRAPH.add("in", (), ("close", "", "5m"))
LAMBDA = ast.parse("lambda: 1", mode="eval").body


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "None"),
        (True, "True/False"),
        (1, "a number"),
        (1.5, "a number"),
        ("a", "a text"),
        ([], "a list"),
        ((), "a tuple"),
        ({}, "a dict"),
        (CLOSE, "a series"),
        (GRAPH.apply("gt", CLOSE, 1.0), "a condition"),
        (MarketView("", "5m"), "the market"),
        (
            Outputs("macd", {"hist": CLOSE}, ("hist",)),
            "an indicator with several outputs (pick one of .hist)",
        ),
        (Window(CLOSE, 3), "a rolling window"),
        (Namespace("np"), "a module"),
        (LibraryFunction("ema"), "a function"),
        (UserFunction("f", LAMBDA, ()), "a function"),  # type: ignore[arg-type]
        (Member([], "append"), "a method that was not called"),
        (object(), "something else"),
    ],
)
def test_a_value_is_called_by_its_name(value: object, name: str) -> None:
    assert kind_of(value) == name


def test_true_is_no_number() -> None:
    assert is_number(1) and is_number(1.0) and not is_number(True) and not is_number("1")
