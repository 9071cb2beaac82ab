"""Expressions of a filter's text, one function per kind of syntax; what is not here is refused."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence

from aitrader.filters.calls import call
from aitrader.filters.catalog import NAMES, find_function
from aitrader.filters.graph import Graph, Node
from aitrader.filters.members import NAMESPACES, attribute
from aitrader.filters.operands import (
    MARKET_FIELDS,
    MAX_ITEMS,
    MAX_TEXT,
    arithmetic,
    as_series,
    choose,
    compare,
    find_field,
    fold,
    formatted,
    lag,
    limited_items,
    limited_text,
    logic,
    negate,
)
from aitrader.filters.operations import BIGGEST, Kind
from aitrader.filters.plain import items_of
from aitrader.filters.values import (
    LibraryFunction,
    MarketView,
    Outputs,
    Scopes,
    UserFunction,
    Value,
    is_number,
    kind_of,
    whole_number,
)
from aitrader.filters.walker import Walker, bind, checked_name, is_key, refuse
from aitrader.filters.words import nearest
from aitrader.model.errors import FilterFault

MAX_SOURCE_TEXT = 2000
FORMAT = re.compile(r"[+ ,]?[0-9]{0,2}(\.[0-9])?[dfg%]?\Z")

_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half a character: it could not be stored or shown."""

NOT_AVAILABLE: Mapping[str, str] = {
    "Await": "there is nothing to wait for",
    "Yield": "return a dict of conditions instead",
    "YieldFrom": "return a dict of conditions instead",
    "NamedExpr": "put the assignment on its own line",
    "Set": "use a list",
    "SetComp": "use a list",
    "Starred": "write the values out",
    "Slice": "series[1] is the value one bar ago",
}


def unavailable(node: ast.AST, words: Mapping[str, str]) -> None:
    """Raise for syntax that the language does not have."""
    name = type(node).__name__
    refuse(f"'{name}' is not part of the filter language", node, hint=words.get(name, ""))


def _constant(walker: Walker, node: ast.Constant, scopes: Scopes) -> Value:
    value = node.value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) <= BIGGEST:
        return value
    if isinstance(value, str) and len(value) <= MAX_SOURCE_TEXT and not _SURROGATE.search(value):
        return value
    return refuse("this constant is too large or of no use here", node)


def _name(walker: Walker, node: ast.Name, scopes: Scopes) -> Value:
    name = node.id
    for scope in reversed(scopes):
        if name in scope:
            return scope[name]
    found = find_function(name)
    if found is not None:
        return LibraryFunction(found.name)
    if name in NAMESPACES:
        return NAMESPACES[name]
    if walker.view is not None:
        series = find_field(walker.graph, walker.view, name)
        if series is not None:
            return series
    known = [*NAMES, *MARKET_FIELDS, *(key for scope in scopes for key in scope)]
    return refuse(f"'{name[:60]}' is not known", node, hint=nearest(name, known))


def _list(walker: Walker, node: ast.List | ast.Tuple, scopes: Scopes) -> Value:
    made = _elements(walker, node.elts, scopes)
    return made if isinstance(node, ast.List) else tuple(made)


def _elements(walker: Walker, elements: list[ast.expr], scopes: Scopes) -> list[Value]:
    made: list[Value] = []
    for element in elements:
        if isinstance(element, ast.Starred):
            made.extend(items_of(walker.evaluate(element.value, scopes)))
        else:
            made.append(walker.evaluate(element, scopes))
    walker.spend(len(made))
    return limited_items(made)


def _dict(walker: Walker, node: ast.Dict, scopes: Scopes) -> Value:
    made: dict[Value, Value] = {}
    for key, element in zip(node.keys, node.values, strict=True):
        value = walker.evaluate(element, scopes)
        if key is None:
            if not isinstance(value, dict):
                refuse("** needs a dict", element)
            walker.spend(len(value))
            made.update(value)
        else:
            made[_key(walker.evaluate(key, scopes), key)] = value
    if len(made) > MAX_ITEMS:
        refuse("the dict is too large", node)
    return made


def _key(value: Value, node: ast.AST) -> Value:
    if not is_key(value):
        refuse(f"a dict's key must be a text or a number, found {kind_of(value)}", node)
    return value


def _joined_text(walker: Walker, node: ast.JoinedStr, scopes: Scopes) -> Value:
    parts = [walker.evaluate(part, scopes) for part in node.values]
    return limited_text("".join(str(part) for part in parts if isinstance(part, str)))


def _formatted_text(walker: Walker, node: ast.FormattedValue, scopes: Scopes) -> Value:
    if node.conversion != -1:
        refuse("!r, !s and !a are not available in a text", node)
    spec = ""
    if node.format_spec is not None:
        parts = node.format_spec.values if isinstance(node.format_spec, ast.JoinedStr) else []
        if not all(isinstance(part, ast.Constant) for part in parts):
            refuse("a text format cannot be computed", node)
        spec = "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
    if not FORMAT.match(spec):
        refuse("this text format is not available", node, hint="use forms such as {x:.2f} or {x:d}")
    return formatted(walker.evaluate(node.value, scopes), spec)


def _unary(walker: Walker, node: ast.UnaryOp, scopes: Scopes) -> Value:
    value = walker.evaluate(node.operand, scopes)
    if isinstance(node.op, ast.Not) or (
        isinstance(node.op, ast.Invert) and isinstance(value, Node | bool)
    ):
        return negate(walker.graph, value)
    if is_number(value) and not isinstance(node.op, ast.Invert):
        return -value if isinstance(node.op, ast.USub) else value  # type: ignore[operator]
    if isinstance(value, Node | MarketView) and not isinstance(node.op, ast.Invert):
        series = as_series(walker.graph, value, "minus")
        return walker.graph.apply("neg", series) if isinstance(node.op, ast.USub) else series
    return refuse(f"cannot negate {kind_of(value)}", node)


BINARY: Mapping[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Mod: "mod",
    ast.Pow: "pow",
}


def binary(walker: Walker, operator: ast.operator, a: Value, b: Value) -> Value:
    """Return `a operator b`."""
    graph = walker.graph
    walker.spend(2)
    if type(operator) in BINARY:
        made = arithmetic(graph, BINARY[type(operator)], a, b)
        walker.spend(len(made) if isinstance(made, list) else 0)
        return made
    if isinstance(operator, ast.FloorDiv):
        return _floored(graph, a, b)
    if isinstance(operator, ast.BitAnd | ast.BitOr):
        return logic(
            graph, "and" if isinstance(operator, ast.BitAnd) else "or", [_yes_no(a), _yes_no(b)]
        )
    hint = "did you mean '<'?" if isinstance(operator, ast.LShift) else ""
    raise FilterFault(f"the operator '{type(operator).__name__}' is not available", hint=hint)


def _yes_no(value: Value) -> Value:
    """Refuse `a > 1 & b < 2`, where Python binds `1 & b` first."""
    if isinstance(value, bool) or (isinstance(value, Node) and value.kind is Kind.CONDITION):
        return value
    raise FilterFault(
        f"'&' and '|' need conditions, found {kind_of(value)}",
        hint="put brackets around each comparison, or write 'and' / 'or'",
    )


def _floored(graph: Graph, a: Value, b: Value) -> Value:
    if is_number(a) and is_number(b):
        return float(fold("div", a, b) // 1)  # type: ignore[arg-type]
    quotient = arithmetic(graph, "div", a, b)
    return graph.apply("floor", quotient) if isinstance(quotient, Node) else quotient


def _binary(walker: Walker, node: ast.BinOp, scopes: Scopes) -> Value:
    left = walker.evaluate(node.left, scopes)
    return binary(walker, node.op, left, walker.evaluate(node.right, scopes))


def _boolean(walker: Walker, node: ast.BoolOp, scopes: Scopes) -> Value:
    op = "and" if isinstance(node.op, ast.And) else "or"
    values: list[Value] = []
    for part in node.values:
        value = walker.evaluate(part, scopes)
        if not values and not isinstance(value, Node) and bool(value) != (op == "and"):
            return logic(walker.graph, op, [value])  # as in Python: what follows is not looked at
        values.append(value)
    return logic(walker.graph, op, values)


COMPARE: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}


def _compare(walker: Walker, node: ast.Compare, scopes: Scopes) -> Value:
    left = walker.evaluate(node.left, scopes)
    results: list[Value] = []
    for operator, element in zip(node.ops, node.comparators, strict=True):
        right = walker.evaluate(element, scopes)
        results.append(_compared(walker, operator, left, right))
        left = right
    return results[0] if len(results) == 1 else logic(walker.graph, "and", results)


def _compared(walker: Walker, operator: ast.cmpop, a: Value, b: Value) -> Value:
    walker.spend(2)
    if type(operator) in COMPARE:
        return compare(walker.graph, COMPARE[type(operator)], a, b)
    if isinstance(operator, ast.In | ast.NotIn):
        found = _contained(walker, a, b)
        return found if isinstance(operator, ast.In) else negate(walker.graph, found)
    if (a is None or b is None) and not isinstance(a, Node) and not isinstance(b, Node):
        return (a is b) == isinstance(operator, ast.Is)
    raise FilterFault("'is' is not available", hint="use == or !=; a series is never None")


def _contained(walker: Walker, value: Value, container: Value) -> Value:
    if isinstance(container, str) and isinstance(value, str):
        return value in container
    items = items_of(container)
    walker.spend(len(items))
    if isinstance(value, Node):
        return logic(walker.graph, "or", [compare(walker.graph, "eq", value, x) for x in items])
    return any(type(x) is type(value) and is_key(x) and x == value for x in items)


def _conditional(walker: Walker, node: ast.IfExp, scopes: Scopes) -> Value:
    test = walker.evaluate(node.test, scopes)
    if isinstance(test, Node):
        yes, no = walker.evaluate(node.body, scopes), walker.evaluate(node.orelse, scopes)
        return choose(walker.graph, test, yes, no)
    return walker.evaluate(node.body if test else node.orelse, scopes)


def _lambda(walker: Walker, node: ast.Lambda, scopes: Scopes) -> Value:
    check_parameters(node.args, node)
    return UserFunction("lambda", node, scopes)


def check_parameters(arguments: ast.arguments, node: ast.AST) -> None:
    """Refuse parameters beyond plain ones with defaults."""
    if arguments.vararg or arguments.kwarg or arguments.posonlyargs or arguments.kwonlyargs:
        refuse("only plain parameters are available", node, hint="write f(a, b=1)")
    for argument in arguments.args:
        checked_name(argument.arg, node)


def _list_comprehension(
    walker: Walker, node: ast.ListComp | ast.GeneratorExp, scopes: Scopes
) -> Value:
    made: list[Value] = []

    def take(inner: Scopes) -> None:
        made.append(walker.evaluate(node.elt, inner))
        limited_items(made)

    _loop(walker, node.generators, (*scopes, {}), take)
    return made


def _dict_comprehension(walker: Walker, node: ast.DictComp, scopes: Scopes) -> Value:
    made: dict[Value, Value] = {}

    def take(inner: Scopes) -> None:
        made[_key(walker.evaluate(node.key, inner), node)] = walker.evaluate(node.value, inner)
        if len(made) > MAX_ITEMS:
            refuse("the dict is too large", node)

    _loop(walker, node.generators, (*scopes, {}), take)
    return made


def _loop(
    walker: Walker,
    generators: list[ast.comprehension],
    scopes: Scopes,
    take: Callable[[Scopes], None],
) -> None:
    if not generators:
        take(scopes)
        return
    first = generators[0]
    if first.is_async:
        refuse("async is not available", first.iter)
    for item in items_of(walker.evaluate(first.iter, scopes)):
        walker.spend(1)
        bind(first.target, item, scopes, walker=walker)
        if all(plain_test(walker.evaluate(test, scopes), test) for test in first.ifs):
            _loop(walker, generators[1:], scopes, take)


def plain_test(value: Value, node: ast.AST) -> bool:
    """Return the truth of a plain value; a series has another truth on every candle."""
    if isinstance(value, Node | MarketView | Outputs):
        refuse(
            f"'if' cannot test {kind_of(value)}, because every candle has its own answer",
            node,
            hint="use where(condition, a, b), or combine conditions with 'and' / 'or'",
        )
    return bool(value)


def _attribute(walker: Walker, node: ast.Attribute, scopes: Scopes) -> Value:
    return attribute(walker, walker.evaluate(node.value, scopes), node.attr)


FUTURE_HINT = "series[0] is the current candle, series[1] the one before it"


def _subscript(walker: Walker, node: ast.Subscript, scopes: Scopes) -> Value:
    owner = walker.evaluate(node.value, scopes)
    if isinstance(node.slice, ast.Slice) and isinstance(owner, list | tuple):
        return _part(walker, node.slice, owner, scopes)
    if isinstance(node.slice, ast.Slice | ast.Tuple):
        refuse("slices are not available", node, hint="series[1] is the value one bar ago")
    key = walker.evaluate(node.slice, scopes)
    if isinstance(owner, Node):
        return _bars_ago(walker, node, owner, key)
    if isinstance(owner, MarketView) and isinstance(key, str):
        return attribute(walker, owner, key)
    return _element(node, owner, key)


def _part(walker: Walker, node: ast.Slice, owner: Sequence[Value], scopes: Scopes) -> list[Value]:
    """Return `items[1:]`, `items[:-1]` of a list; steps do not exist."""
    if node.step is not None:
        refuse("a list's part has no step", node)
    ends: list[int | None] = []
    for end in (node.lower, node.upper):
        value = None if end is None else walker.evaluate(end, scopes)
        if value is not None and type(value) is not int:
            refuse(f"a list's place must be a whole number, found {kind_of(value)}", node)
        ends.append(value if type(value) is int else None)
    walker.spend(len(owner))
    return list(owner[ends[0] : ends[1]])


def _bars_ago(walker: Walker, node: ast.Subscript, series: Node, key: Value) -> Value:
    bars = whole_number(key)
    if bars is None:
        refuse("the number of bars ago must be a whole number", node, hint="write series[1]")
    if bars < 0:
        refuse(f"series[{bars}] would look into the future", node, hint=FUTURE_HINT)
    if bars > 5000:
        refuse(f"series[{bars}] reaches back too far, the most is 5000", node)
    return lag(walker.graph, series, bars)


def _element(node: ast.Subscript, owner: Value, key: Value) -> Value:
    if isinstance(owner, Outputs):
        if isinstance(key, str) and key in owner.series:
            return owner.series[key]
        owner = owner.unpacked
    if isinstance(owner, list | tuple) and type(key) is int and -len(owner) <= key < len(owner):
        return owner[key]
    if isinstance(owner, dict) and is_key(key) and key in owner:
        return owner[key]
    return refuse(f"{kind_of(owner)} has no such element", node)


def _call(walker: Walker, node: ast.Call, scopes: Scopes) -> Value:
    function = walker.evaluate(node.func, scopes)
    given = _elements(walker, node.args, scopes)
    named: dict[str, Value] = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            refuse("** is not available in calls", node, hint="name the arguments")
        named[keyword.arg] = walker.evaluate(keyword.value, scopes)
    if len(given) + len(named) > MAX_TEXT:
        refuse("too many arguments", node)
    return call(walker, function, given, named)


EXPRESSIONS: Mapping[type[ast.expr], Callable[..., Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.List: _list,
    ast.Tuple: _list,
    ast.Dict: _dict,
    ast.JoinedStr: _joined_text,
    ast.FormattedValue: _formatted_text,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.Lambda: _lambda,
    ast.ListComp: _list_comprehension,
    ast.GeneratorExp: _list_comprehension,
    ast.DictComp: _dict_comprehension,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Call: _call,
}
"""Every expression there is; the type of the syntax decides, nothing else."""
