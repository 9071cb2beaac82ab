"""Plain functions fold at once on numbers and lists, and refuse what has no bars yet."""

# ruff: noqa: E501 -- a table of cases reads best with one case per line

from __future__ import annotations

import pytest
from tests.filter_worlds import compiled

from aitrader.model.errors import FilterFault


def number(expression: str) -> float:
    """Return what a plain expression folds to: the constant its comparison holds."""
    nodes = compiled(f"m.close > {expression}").graph.nodes
    return next(float(params[0]) for op, _, params in nodes if op == "const")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("abs(-3)", 3),
        ("sqrt(9)", 3),
        ("log(1)", 0),
        ("exp(0)", 1),
        ("sign(-5)", -1),
        ("floor(2.7)", 2),
        ("ceil(2.1)", 3),
        ("float(3)", 3),
        ("int(3.9)", 3),
        ("round(2.567, 1)", 2.6),
        ("round(2.567)", 3),
        ("len('abc')", 3),
        ("len([1, 2])", 2),
        ("len(str(12.5))", 4),
        ("len(str(True))", 4),
        ("sum([1, 2, True, False])", 4),
        ("sum(range(4))", 6),
        ("sum(range(1, 4))", 6),
        ("sum(range(4, 0, -2))", 6),
        ("enumerate([5, 6])[1][1]", 6),
        ("zip([1, 2], [3, 4])[1][0]", 2),
        ("list((1, 2))[1]", 2),
        ("reversed([1, 2])[0]", 2),
        ("sorted([3, 1])[0]", 1),
        ("len(sorted(['b', 'a'])[0])", 1),
        ("len(list({'a': 1}))", 1),
        ("5 // 2", 2),
        ("-5 // 2", -3),
        ("7 % 4", 3),
        ("2 ** 3", 8),
        ("+5", 5),
        ("max(1, 2)", 2),
        ("min(1, 2)", 1),
        ("math.pi", 3.141592653589793),
    ],
)
def test_plain_values_are_computed_while_the_text_is_read(expression: str, value: float) -> None:
    assert number(expression) == pytest.approx(value)


@pytest.mark.parametrize("expression", ["sqrt(-1)", "log(0)", "floor(np.nan)", "ceil(np.nan)"])
def test_an_undefined_number_is_undefined(expression: str) -> None:
    assert any(op == "undefined" for op, _, _ in compiled(f"m.close > {expression}").graph.nodes)


@pytest.mark.parametrize(
    "expression",
    [
        "range()", "range(1, 2, 3, 4)", "range(1, 5, 0)", "range(10**9)", "range('a')", "range(np.nan)", "int('5')",
        "int(np.nan)", "float('1')", "len(5)", "len(m.close)", "zip(5)", "enumerate(m)", "list(m.close)", "sorted(['a', 1])",
        "sum(m.close)", "sum(['a'])", "str(m)", "str([1])", "round('a')", "abs('a')", "reversed(5)", "round(1.5, 99)",
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(expression: str) -> None:
    with pytest.raises(FilterFault):
        compiled(f"m.close > {expression}")


def test_series_take_part_where_numbers_do() -> None:
    for text in (
        "sqrt(m.close)",
        "log(m)",
        "round(m.close, 2)",
        "sum([m.close, m.open])",
        "abs(m.body)",
    ):
        assert compiled(f"{text} > 1").conditions


def test_not_has_a_function_form() -> None:
    assert compiled("logical_not(m.close > 1)").digest == compiled("not (m.close > 1)").digest
