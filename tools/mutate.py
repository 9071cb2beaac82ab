"""Break the code on purpose, one small change at a time, and see whether a test notices.

    python tools/mutate.py execution positions model/money.py
    python tools/mutate.py execution/protect.py --show

Each mutant is one change of a module's syntax tree: a comparison, a sum, a constant, a condition or
a returned value becomes another one. It is tried in a forked process in which the module is loaded
changed: its twin test first, then the tests of its package, then the quick stories of a position
and the property tests. A mutant that
all of them accept survives; each survivor is listed, and is either a missing test or named in
`tools/mutants.txt` with the reason why it makes no difference. What does not end within a minute is
noticed too.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType

import hypothesis  # noqa: F401 - loaded once, before the forks
import msgspec  # noqa: F401
import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "aitrader"
KNOWN = Path(__file__).with_name("mutants.txt")
LIMIT_S = 60
LOADED = "ignore::pytest.PytestAssertRewriteWarning"
"""Of hypothesis, which is loaded before pytest begins: for the forks' sake."""

COMPARES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
SUMS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}


class Mutant:
    """One change: what it makes of a module, and how it is called."""

    def __init__(self, path: Path, line: int, change: str, code: CodeType) -> None:
        self.path = path
        self.change = change
        self.line = line
        self.code = code

    @property
    def name(self) -> str:
        """What stands in `mutants.txt`: the module and the change, without the line's number."""
        return f"{self.path.relative_to(SOURCE)}: {self.change}"


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield every change of one module, in the order of its text."""
    text = path.read_text(encoding="utf-8")
    for number in range(len(_places(ast.parse(text)))):
        tree = ast.parse(text)
        node = _places(tree)[number]
        before = ast.unparse(node)
        function = _name_around(tree, node)
        _change(node)
        change = f"{function}: {before} -> {ast.unparse(node)}"
        code = compile(ast.fix_missing_locations(tree), str(path), "exec")
        yield Mutant(path, node.lineno, " ".join(change.split()), code)


def _unchanged(path: Path) -> Mutant:
    """Return the module as it is: whoever notices that notices nothing."""
    return Mutant(path, 1, "nothing", compile(path.read_bytes(), str(path), "exec"))


def _places(tree: ast.Module) -> list[ast.expr | ast.stmt]:
    """Return the nodes that can be changed: inside functions, apart from docstrings and texts."""
    return [
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for statement in function.body
        for node in ast.walk(statement)
        if isinstance(node, ast.expr | ast.stmt) and _can_change(node)
    ]


def _can_change(node: ast.expr | ast.stmt) -> bool:
    match node:
        case ast.Compare(ops=[op]):
            return type(op) in COMPARES
        case ast.BinOp(op=op):
            return type(op) in SUMS
        case ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.Constant(value=value):
            return isinstance(value, bool | int)
        case ast.Return(value=ast.expr() as value):
            return not isinstance(value, ast.Constant)
        case ast.Expr(value=ast.Call()) | ast.AugAssign():
            return True
        case _:
            return False


def _change(node: ast.expr | ast.stmt) -> None:
    match node:
        case ast.Compare():
            node.ops = [COMPARES[type(node.ops[0])]()]
        case ast.BinOp():
            node.op = SUMS[type(node.op)]()
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.UnaryOp():
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        case ast.Constant(value=bool() as value):
            node.value = not value
        case ast.Constant(value=int() as value):
            node.value = value + 1
        case ast.Return():
            node.value = ast.Constant(None)
        case ast.Expr():
            node.value = ast.Constant(None)
        case ast.AugAssign(op=op):
            node.op = SUMS.get(type(op), ast.Mult)()


def _name_around(tree: ast.Module, node: ast.AST) -> str:
    return next(
        function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and any(node is row for row in ast.walk(function))
    )


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module changed."""

    def __init__(self, name: str, mutant: Mutant) -> None:
        self._name = name
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: object, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return this loader for that module."""
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._mutant.path, loader=self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """Leave it to the import system."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed code."""
        exec(self._mutant.code, module.__dict__)


def tests_of(path: Path) -> list[list[str]]:
    """Return the tests that should notice a change of this module, the quickest first."""
    package = path.parent.relative_to(SOURCE)
    folder = ROOT / "tests" / "unit" / package
    twin = folder / f"test_{path.stem}.py"
    near = ["tests/unit/execution", "tests/unit/positions"] if package.name == "model" else []
    properties = [
        f"tests/property/{name}"
        for name in ("test_positions.py", "test_sizing.py", "test_money_rounding.py")
    ]
    stories = [
        f"tests/scenario/{name}"
        for name in ("test_signal_to_closed_position.py", "test_restart_in_each_step.py")
    ]
    return [[str(twin)] if twin.exists() else [], [str(folder)], [*near, *stories, *properties]]


def is_noticed(mutant: Mutant, module: str) -> bool:
    """Return whether some test fails, or never ends, with this change."""
    pid = os.fork()
    if pid == 0:
        _run_child(mutant, module)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) != 0


def _run_child(mutant: Mutant, module: str) -> None:
    signal.alarm(LIMIT_S)  # whoever is still running then is ended, and that is noticed
    silent = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(silent, descriptor)
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(ROOT))
    sys.meta_path.insert(0, Changed(module, mutant))
    options = [
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-m",
        "not slow",
        "-W",
        LOADED,
    ]
    code = 0
    for tests in tests_of(mutant.path):
        if tests and code == 0:
            code = int(pytest.main([*options, *tests]))
    os._exit(1 if code else 0)


def known() -> dict[str, str]:
    """Return the survivors that are explained, and why."""
    rows: dict[str, str] = {}
    if KNOWN.exists():
        reason = ""
        for line in KNOWN.read_text(encoding="utf-8").splitlines():
            if line.startswith("# "):
                reason = line.removeprefix("# ")
            elif line.strip():
                rows[line.strip()] = reason
    return rows


def main() -> int:
    """Try every mutant of what is named; return 0 when no survivor is unexplained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", help="packages or modules below src/aitrader")
    parser.add_argument("--show", action="store_true", help="print each mutant as it is tried")
    asked = parser.parse_args()
    os.chdir(ROOT)
    explained, tried, survivors = known(), 0, []
    for name in asked.names:
        place = SOURCE / name
        for path in [place] if place.suffix else sorted(place.glob("*.py")):
            module = ".".join(("aitrader", *path.relative_to(SOURCE).with_suffix("").parts))
            if is_noticed(_unchanged(path), module):
                print(
                    f"the tests of {path.relative_to(SOURCE)} do not pass as it is: mend that first"
                )
                return 2
            for mutant in mutants_of(path):
                tried += 1
                alive = not is_noticed(mutant, module)
                if asked.show or (alive and mutant.name not in explained):
                    print(f"{'SURVIVED' if alive else 'noticed '} {mutant.line} {mutant.name}")
                    sys.stdout.flush()
                if alive:
                    survivors.append(mutant.name)
    unexplained = [name for name in survivors if name not in explained]
    print(
        json.dumps({"mutants": tried, "survivors": len(survivors), "unexplained": len(unexplained)})
    )
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
