"""The interpreter: it walks a filter's syntax tree over the closed set of values.

CPython parses the text and never runs it. Statements are here, expressions in `expressions`; the
type of a syntax node picks its handler from a table, and what has no handler is refused with a
line and a hint. Every step, item and node is counted against a budget, so nothing runs long.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence

from aitrader.filters.expressions import (
    EXPRESSIONS,
    NOT_AVAILABLE,
    binary,
    check_parameters,
    plain_test,
    unavailable,
)
from aitrader.filters.graph import Graph
from aitrader.filters.members import IMPORTABLE, NAMESPACES
from aitrader.filters.plain import items_of
from aitrader.filters.values import MarketView, Namespace, Scopes, UserFunction, Value
from aitrader.filters.walker import bind, checked_name, refuse
from aitrader.model.errors import FilterFault

BYTE_ORDER_MARK = "\ufeff"
"""Some editors begin a file with it."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
"""CPython quotes a text's odd escapes on stderr: none of it may steer a terminal."""

MAX_SOURCE_BYTES = 10_240
MAX_STEPS = 50_000
MAX_CALL_DEPTH = 24
MAX_EXPRESSION_DEPTH = 100

NO_STATEMENT: Mapping[str, str] = {
    "While": "use 'for ... in range(...)'",
    "Try": "it is not needed; missing values are handled for you",
    "TryStar": "it is not needed; missing values are handled for you",
    "With": "nothing can be opened here",
    "ClassDef": "use functions",
    "AsyncFunctionDef": "there is nothing to wait for",
    "AsyncFor": "there is nothing to wait for",
    "Match": "use where(condition, a, b)",
    "Global": "return values instead",
    "Nonlocal": "return values instead",
    "Delete": "it is not needed",
    "Raise": "return conditions instead",
    "Assert": "return conditions instead",
}


class _Return(Exception):
    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


def parse(source: str) -> ast.Module:
    """Return the syntax tree of a text of legal size.

    Raises:
        FilterFault: Too long, or not Python's syntax.
    """
    if len(source.encode("utf-8", "replace")) > MAX_SOURCE_BYTES:
        raise FilterFault(f"the text is longer than {MAX_SOURCE_BYTES} bytes")
    found = _CONTROL.search(source)
    if found is not None:
        line = source.count("\n", 0, found.start()) + 1
        raise FilterFault("the text has a control character", line=line, hint="delete it")
    try:
        return ast.parse(source.removeprefix(BYTE_ORDER_MARK))
    except SyntaxError as fault:
        raise FilterFault(f"syntax error: {fault.msg}", line=fault.lineno) from fault
    except (ValueError, MemoryError, RecursionError, OverflowError) as fault:
        raise FilterFault(f"the text cannot be read: {type(fault).__name__}") from fault


class Interpreter:
    """One run over one text; implements `Walker`."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.view: MarketView | None = None
        self.names: dict[str, Value] = {}
        self.lines: dict[str, int] = {}
        self._steps = 0
        self._depth = 0
        self._calls = 0

    def run_module(self, tree: ast.Module) -> None:
        """Bind the text's constants and functions to `names`.

        Raises:
            FilterFault: With the line.
        """
        for statement in tree.body:
            for target in getattr(statement, "targets", ()):
                if isinstance(target, ast.Name):
                    self.lines[target.id] = statement.lineno
        self._guarded(lambda: self._block(tree.body, (self.names,)))

    def run_function(self, name: str, view: MarketView) -> Value:
        """Return what the text's function `name` returns for this market."""
        function = self.names.get(name)
        if not isinstance(function, UserFunction):
            raise FilterFault(f"'{name}' must be a function", hint=f"write def {name}(m): ...")
        self.view = view
        return self._guarded(lambda: self.call_user(function, [view], {}))

    def _guarded(self, work: Callable[[], Value]) -> Value:
        try:
            return work()
        except (_Return, _Break, _Continue) as fault:
            raise FilterFault(
                "'return', 'break' or 'continue' stands in the wrong place"
            ) from fault
        except RecursionError as fault:
            raise FilterFault("the text is nested too deeply") from fault

    # -- what expressions need (Walker) -----------------------------------------------------------

    def spend(self, steps: int) -> None:
        """Count steps; refuse when there are too many."""
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise FilterFault(
                f"the text takes more than {MAX_STEPS} steps",
                hint="loops are for a few dozen values",
            )

    def evaluate(self, node: ast.expr, scopes: Scopes) -> Value:
        """Return the value of an expression."""
        handler = EXPRESSIONS.get(type(node))
        if handler is None:
            unavailable(node, NOT_AVAILABLE)
        self._depth += 1
        try:
            self.spend(1)
            if self._depth > MAX_EXPRESSION_DEPTH:
                refuse("the text is nested too deeply", node)
            return handler(self, node, scopes)  # type: ignore[misc]
        except FilterFault as fault:
            raise _with_line(fault, node) from fault.__cause__
        finally:
            self._depth -= 1

    def call_user(
        self, function: UserFunction, given: Sequence[Value], named: Mapping[str, Value]
    ) -> Value:
        """Run a function of the text."""
        if self._calls >= MAX_CALL_DEPTH:
            raise FilterFault("functions call each other too deeply")
        scopes = (*function.scopes, self._arguments(function, given, named))
        self._calls += 1
        try:
            if isinstance(function.node, ast.Lambda):
                return self.evaluate(function.node.body, scopes)
            self._block(function.node.body, scopes)
        except _Return as result:
            return result.value
        finally:
            self._calls -= 1
        return None

    def _arguments(
        self, function: UserFunction, given: Sequence[Value], named: Mapping[str, Value]
    ) -> dict[str, Value]:
        names = [argument.arg for argument in function.node.args.args]
        if len(given) > len(names):
            raise FilterFault(f"{function.name}() takes {len(names)} arguments, found {len(given)}")
        bound = dict(zip(names, given, strict=False))
        for name, value in named.items():
            if name not in names or name in bound:
                raise FilterFault(f"{function.name}() has no free parameter '{name[:60]}'")
            bound[name] = value
        defaults = function.node.args.defaults
        for name, default in zip(names[len(names) - len(defaults) :], defaults, strict=True):
            if name not in bound:
                bound[name] = self.evaluate(default, function.scopes)
        missing = [name for name in names if name not in bound]
        if missing:
            raise FilterFault(f"{function.name}() needs '{missing[0]}'")
        return bound

    # -- statements -------------------------------------------------------------------------------

    def _block(self, body: Sequence[ast.stmt], scopes: Scopes) -> None:
        for statement in body:
            handler = _STATEMENTS.get(type(statement))
            if handler is None:
                unavailable(statement, NO_STATEMENT)
            try:
                self.spend(1)
                handler(self, statement, scopes)  # type: ignore[misc]
            except FilterFault as fault:
                raise _with_line(fault, statement) from fault.__cause__

    def _expression(self, node: ast.Expr, scopes: Scopes) -> None:
        self.evaluate(node.value, scopes)

    def _assign(self, node: ast.Assign, scopes: Scopes) -> None:
        value = self.evaluate(node.value, scopes)
        for target in node.targets:
            bind(target, value, scopes, walker=self)

    def _assign_typed(self, node: ast.AnnAssign, scopes: Scopes) -> None:
        if node.value is not None:
            bind(node.target, self.evaluate(node.value, scopes), scopes, walker=self)

    def _assign_again(self, node: ast.AugAssign, scopes: Scopes) -> None:
        if not isinstance(node.target, ast.Name):
            refuse("only a name can be changed by an operator", node)
        name = ast.copy_location(ast.Name(node.target.id, ast.Load()), node)
        before = self.evaluate(name, scopes)
        after = binary(self, node.op, before, self.evaluate(node.value, scopes))
        bind(node.target, after, scopes, walker=self)

    def _return(self, node: ast.Return, scopes: Scopes) -> None:
        raise _Return(self.evaluate(node.value, scopes) if node.value is not None else None)

    def _if(self, node: ast.If, scopes: Scopes) -> None:
        is_true = plain_test(self.evaluate(node.test, scopes), node)
        self._block(node.body if is_true else node.orelse, scopes)

    def _for(self, node: ast.For, scopes: Scopes) -> None:
        try:
            for item in items_of(self.evaluate(node.iter, scopes)):
                self.spend(1)
                bind(node.target, item, scopes, walker=self)
                try:
                    self._block(node.body, scopes)
                except _Continue:
                    continue
        except _Break:
            return
        self._block(node.orelse, scopes)

    def _define(self, node: ast.FunctionDef, scopes: Scopes) -> None:
        if node.decorator_list:
            refuse("decorators are not available", node)
        check_parameters(node.args, node)
        scopes[-1][checked_name(node.name, node)] = UserFunction(node.name, node, scopes)

    def _import(self, node: ast.Import | ast.ImportFrom, scopes: Scopes) -> None:
        """Accept the habit of importing numpy or TA-Lib; nothing is imported."""
        module = node.module if isinstance(node, ast.ImportFrom) else None
        for alias in node.names:
            wanted = module or alias.name
            if wanted not in IMPORTABLE:
                refuse(
                    f"'{wanted[:60]}' cannot be imported",
                    node,
                    hint="every function is in scope already",
                )
            if isinstance(node, ast.Import):
                known = NAMESPACES.get(alias.name.split(".")[0], Namespace(alias.name))
                scopes[-1][checked_name(alias.asname or alias.name.split(".")[0], node)] = known
            elif alias.asname:
                refuse(
                    "'from ... import ... as' is not available",
                    node,
                    hint="use the function's own name",
                )

    def _pass(self, node: ast.Pass, scopes: Scopes) -> None:
        return

    def _break(self, node: ast.Break, scopes: Scopes) -> None:
        raise _Break

    def _continue(self, node: ast.Continue, scopes: Scopes) -> None:
        raise _Continue


_STATEMENTS: Mapping[type[ast.stmt], Callable[..., None]] = {
    ast.Expr: Interpreter._expression,
    ast.Assign: Interpreter._assign,
    ast.AnnAssign: Interpreter._assign_typed,
    ast.AugAssign: Interpreter._assign_again,
    ast.Return: Interpreter._return,
    ast.If: Interpreter._if,
    ast.For: Interpreter._for,
    ast.FunctionDef: Interpreter._define,
    ast.Import: Interpreter._import,
    ast.ImportFrom: Interpreter._import,
    ast.Pass: Interpreter._pass,
    ast.Break: Interpreter._break,
    ast.Continue: Interpreter._continue,
}


def _with_line(fault: FilterFault, node: ast.AST) -> FilterFault:
    if fault.line is None:
        fault.line = getattr(node, "lineno", None)
    return fault
