"""Statements, scopes and budgets of the interpreter."""

# ruff: noqa: E501 -- a table of cases reads best with one case per line

from __future__ import annotations

import pytest
from tests.filter_worlds import compile_trader, compiled, trader_text
from tests.unit.filters.test_plain import number

from aitrader.filters.graph import Graph
from aitrader.filters.interpret import Interpreter, parse
from aitrader.model.errors import FilterFault


def value_of(setup: str) -> float:
    """Return what the name x is after these lines."""
    nodes = compiled("m.close > x", setup=setup).graph.nodes
    return next(float(params[0]) for op, _, params in nodes if op == "const")


@pytest.mark.parametrize(
    ("setup", "value"),
    [
        ("x = 5", 5),
        ("x: int = 5", 5),
        ("y: int\nx = 5", 5),
        ("x = y = 5", 5),
        ("x = 5\nx += 2", 7),
        ("y, x = 1, 2", 2),
        ("[y, x] = [1, 2]", 2),
        ("(y, (z, x)) = (1, (2, 3))", 3),
        ("x = 0\nfor i in range(4):\n    x = x + i", 6),
        (
            "x = 0\nfor i in range(9):\n    if i == 2:\n        continue\n    if i == 4:\n        break\n    x = x + i",
            4,
        ),
        ("for i in []:\n    pass\nelse:\n    x = 3", 3),
        ("for a, b in {'k': 7}.items():\n    x = b", 7),
        ("if 1 > 2:\n    x = 1\nelif 2 > 1:\n    x = 2\nelse:\n    x = 3", 2),
        ("def f(a, b=2):\n    return a + b\nx = f(1)", 3),
        ("def f(a, b=2):\n    return a + b\nx = f(b=5, a=1)", 6),
        ("def f():\n    def g():\n        return 4\n    return g()\nx = f()", 4),
        ("def f():\n    pass\nx = 1 if f() is None else 2", 1),
        ("def f():\n    return\nx = 1 if f() is None else 2", 1),
        ("import numpy as np\nx = np.abs(-5)", 5),
        ("import talib.abstract as ta\nx = ta.abs(-5)", 5),
        ("import pandas_ta\nx = pandas_ta.abs(-5)", 5),
        ("from talib import abs\nx = abs(-5)", 5),
        ("'a remark'\nx = 1", 1),
        ("_, x, _ = 1, 2, 3", 2),
    ],
)
def test_a_statement_does_what_python_does(setup: str, value: float) -> None:
    assert value_of(setup) == value


@pytest.mark.parametrize(
    ("setup", "said"),
    [
        ("while True:\n    pass", "for ... in range"),
        ("try:\n    pass\nexcept ValueError:\n    pass", "handled for you"),
        ("with m as x:\n    pass", "'With'"),
        ("class A:\n    pass", "use functions"),
        ("async def f():\n    pass", "AsyncFunctionDef"),
        ("global x", "'Global'"),
        ("del m", "'Delete'"),
        ("raise m", "'Raise'"),
        ("assert m", "'Assert'"),
        ("match m:\n    case 1:\n        pass", "'Match'"),
        ("if m.close > 1:\n    x = 1", "every candle has its own answer"),
        ("if m:\n    x = 1", "every candle has its own answer"),
        ("for i in m.close:\n    pass", "cannot loop over the candles"),
        ("x, y = 1, 2, 3", "expected 2 values, found 3"),
        ("x, y = 5", "cannot loop over a number"),
        ("line, signal = macd(m.close)", "expected 2 values, found 3"),
        ("m.close = 1", "cannot be assigned"),
        ("m.close[0] = 1", "changed in place"),
        ("x = [1]\nx[5] = 1", "changed in place"),
        ("x = {}\nx[[1]] = 1", "changed in place"),
        ("x = [1]\nx[0] += 1", "only a name"),
        ("__x = 1", "not allowed"),
        ("x" * 80 + " = 1", "not allowed"),
        ("def f(*a):\n    pass", "plain parameters"),
        ("@f\ndef g():\n    pass", "decorators"),
        ("def f(a):\n    pass\nf()", "needs 'a'"),
        ("def f(a):\n    pass\nf(1, 2)", "takes 1 arguments"),
        ("def f(a):\n    pass\nf(1, a=2)", "no free parameter"),
        ("def f(a):\n    pass\nf(b=2)", "no free parameter"),
        ("def f(n):\n    return f(n)\nf(1)", "too deeply"),
        ("import os", "cannot be imported"),
        ("from os import path", "cannot be imported"),
        ("from . import a", "cannot be imported"),
        ("from numpy import abs as a", "own name"),
        ("break", "wrong place"),
        ("for i in range(999):\n    for j in range(999):\n        pass", "steps"),
        ("x = {}\nfor i in range(1000):\n    x[i] = 1\nx['a'] = 1\nx['b'] = 1", "too large"),
        ("x = " + "(" * 150 + "1" + ")" * 150 + " + " + "-" * 150 + "1", "nested too deeply"),
    ],
)
def test_another_statement_is_refused(setup: str, said: str) -> None:
    with pytest.raises(FilterFault) as caught:
        compiled("m.close > 1", setup=setup)
    assert said in str(caught.value), str(caught.value)


def test_the_line_of_a_fault_is_the_innermost() -> None:
    text = trader_text(
        "def helper(m):\n    return nothing\ndef conditions(m):\n    return {'a': helper(m)}\n"
    )
    with pytest.raises(FilterFault) as caught:
        compile_trader(text)
    assert caught.value.line == 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x" * 11_000, "longer than"),
        ("def f(:", "syntax error"),
        ("x = '\0'", "control"),
        ("x = " + "-" * 9000 + "1", "read"),
        ("return 5", "wrong place"),
        ("x = ema(close, 5)", "not known"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_text_that_cannot_be_read_is_refused(text: str, said: str) -> None:
    with pytest.raises(FilterFault) as caught:
        compile_trader(text)
    assert said in str(caught.value) or "syntax" in str(caught.value)


def test_a_function_that_is_none_is_refused() -> None:
    interpreter = Interpreter(Graph("5m"))
    interpreter.run_module(parse("x = 5"))
    with pytest.raises(FilterFault, match="must be a function"):
        interpreter.run_function("x", None)  # type: ignore[arg-type]


def test_deep_python_recursion_is_a_plain_refusal() -> None:
    def deeper(left: int) -> None:
        if left:
            deeper(left - 1)
        else:
            compile_trader(
                trader_text(
                    "def conditions(m):\n    x = "
                    + "abs(" * 60
                    + "1"
                    + ")" * 60
                    + "\n    return {'a': m.close > x + 77}\n"
                )
            )

    with pytest.raises(FilterFault, match="deeply"):
        deeper(800)


def test_a_module_may_unpack() -> None:
    text = "A, B = 3, 4\n" + trader_text("def conditions(m):\n    return {'a': m.close > A + B}\n")
    assert compile_trader(text).conditions == ("a",)


def test_constants_of_the_module_are_seen_in_functions() -> None:
    text = "LEVEL = 7\n" + trader_text("def conditions(m):\n    return {'a': m.close > LEVEL}\n")
    assert compile_trader(text).digest == compile_trader(text.replace("LEVEL}", "7}")).digest
    assert number("7") == 7
