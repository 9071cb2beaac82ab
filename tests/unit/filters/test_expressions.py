"""Expressions: what Python says, on the language's values, and nothing more."""

from __future__ import annotations

import ast
import sys

import pytest
from tests.filter_worlds import compiled
from tests.unit.filters.test_plain import number
from tests.unit.filters.test_trend import where_true

from aitrader.filters.expressions import EXPRESSIONS
from aitrader.model.errors import FilterFault

VALUES = [1, 3, 2, 4]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("1 < m.close < 4", [1, 2]),
        ("m.close in [1, 4]", [0, 3]),
        ("m.close not in (1, 4)", [1, 2]),
        ("m.close > 1 and m.close < 4 or m.close == 1", [0, 1, 2]),
        ("not (m.close > 2)", [0, 2]),
        ("~(m.close > 2)", [0, 2]),
        ("(m.close > 2) | (m.close == 1)", [0, 1, 3]),
        ("m.close[0] == 3", [1]),
        ("m.close[1] == 3", [2]),
        ("m.close[1.0] == 3", [2]),
        ("m.close == (2 if m.close[1] == 3 else 4)", [2, 3]),
        ("m.close // 2 == 1", [1, 2]),
        ("-m.close == -3", [1]),
        ("(lambda x, y=3: x == y)(m.close)", [1]),
        ("[m.close == n for n in range(5) if n > 2][0]", [1]),
        ("{'a': m.close == 3, **{'b': 1}}['a']", [1]),
        ("{n: m.close == n for n in [3]}[3]", [1]),
        ("[m.close == 3, 1][-2]", [1]),
        ("(m.close == 3, 1)[0]", [1]),
        ("[1, *[m.close == 3]][1]", [1]),
        ("m['close'] == 3", [1]),
        ("close == 3", [1]),
        ("Close == HIGH / 1.001", [0, 1, 2, 3]),
        ("macd(m.close, 2, 3, 2)['hist'] > -9", [3]),
        ("all_of(*[m.close > 1, m.close < 3])", [2]),
        ("any([m.close == 3 for a in [1, 2] for b in [3, 4]])", [1]),
    ],
)
def test_an_expression_means_what_it_means_in_python(text: str, places: list[int]) -> None:
    assert where_true(text, VALUES) == places


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(1 if 'a' in 'abc' else 2)", 1),
        ("(1 if 2 in [1, 2] else 3)", 1),
        ("(1 if 2 not in {'a': 1} else 3)", 1),
        ("(1 if None is None else 2)", 1),
        ("(1 if 5 is not None else 2)", 1),
        ("(1 if 1 < 2 < 3 else 2)", 1),
        ("[10, 20, 30][1:][0]", 20),
        ("[10, 20, 30][:-1][1]", 20),
        ("len([10, 20, 30][0:2])", 2),
        ("len({'a': 1, 'b': 2})", 2),
        ("len(f'a{1}b{2.50:.1f}')", 6),
        ("(5 and 7)", 7),
        ("(0 or 7)", 7),
        ("(0 and nothing or 7)", 7),
    ],
)
def test_plain_expressions_fold(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("m.close @ m.close > 1", "not available"),
        ("m.close << 1", "did you mean '<'"),
        ("m.close ^ 1", "not available"),
        ("m.close > 1 & m.close < 5", "brackets"),
        ("m.close is 1", "use =="),
        ("1 is 1", "use =="),
        ("~5", "cannot negate"),
        ("-'a'", "cannot negate"),
        ("~m.close", "expected a condition"),
        ("~'a'", "cannot negate"),
        ("m.close[m.close]", "whole number"),
        ("m.close['a']", "whole number"),
        ("m.close[0.5]", "whole number"),
        ("m.close[9999]", "too far"),
        ("m.close[1:2]", "slices"),
        ("m.close[1, 2]", "slices"),
        ("[1][5]", "no such element"),
        ("[1]['a']", "no such element"),
        ("[1, 2][::2]", "no step"),
        ("[1, 2]['a':]", "whole number"),
        ("{'a': 1}['b']", "no such element"),
        ("(5)[0]", "no such element"),
        ("{[1]: 2}", "dict's key"),
        ("{**[1]}", "needs a dict"),
        ("{(1,): 1 for a in [1]}", "dict's key"),
        ("{1, 2}", "use a list"),
        ("{a for a in [1]}", "use a list"),
        ("(a := 1)", "own line"),
        ("b'a'", "of no use"),
        ("1j", "of no use"),
        ("...", "of no use"),
        ("1e400 > m.close", "of no use"),
        ("'" + "a" * 2500 + "'", "of no use"),
        ("f'{1!r}'", "!r"),
        ("f'{1:{5}}'", "cannot be computed"),
        ("f'{1:>20}'", "text format"),
        ("f'{1:%Y}'", "text format"),
        ("nothing > 1", "not known"),
        ("m.close if m.close else 1", "expected a condition"),
        ("[a for a in m.close]", "cannot loop"),
        ("[a for a in 5]", "cannot loop over a number"),
        ("[1 for a in [1] if m.close > 1]", "every candle"),
        ("5 in 5", "cannot loop"),
        ("ema(**{'length': 5})", "name the arguments"),
        ("max(" + "1," * 300 + ")", "too many arguments"),
        ("[a async for a in [1]]", "async"),
        ("lambda *a: 1", "plain parameters"),
        ("lambda __a: 1", "not allowed"),
        ("{n: n for n in range(999) for k in [1, 2000]}", "always"),
        ("{n * 1000 + k: 1 for n in range(40) for k in range(40)}", "too large"),
        ("[n for n in range(40) for k in range(40)]", "longer"),
    ],
)
def test_what_is_not_in_the_language_is_refused_with_a_reason(text: str, said: str) -> None:
    with pytest.raises(FilterFault) as caught:
        compiled(text)
    if said != "always":
        assert said in str(caught.value), str(caught.value)
    assert caught.value.line == 8


def test_a_wide_dict_is_refused() -> None:
    with pytest.raises(FilterFault, match="too large"):
        compiled("{" + ",".join(f"{n}:1" for n in range(1001)) + "}")


@pytest.mark.filterwarnings("ignore")
def test_every_kind_of_expression_python_has_is_known_or_refused() -> None:
    kinds = {k for k in vars(ast).values() if isinstance(k, type) and issubclass(k, ast.expr)}
    unknown = kinds - set(EXPRESSIONS) - {ast.expr}
    names = {
        "Await",
        "Yield",
        "YieldFrom",
        "NamedExpr",
        "Set",
        "SetComp",
        "Starred",
        "Slice",
        "Interpolation",
        "TemplateStr",
    }
    old = {"Num", "Str", "Bytes", "NameConstant", "Ellipsis", "_ast_Ellipsis"}
    assert {k.__name__ for k in unknown} <= names | old, sys.version


@pytest.mark.skipif(sys.version_info < (3, 14), reason="template strings are new in 3.14")
def test_template_strings_are_refused() -> None:
    with pytest.raises(FilterFault):
        compiled("t'{m}'")
