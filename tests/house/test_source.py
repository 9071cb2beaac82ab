"""The rules of the house about files, functions and names. Each failure names the remedy."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from tests.house.places import MODULES, SOURCES, SRC, TESTS, UNIT, label, room, tree

LEFT_FOR_LATER = re.compile(r"#.*\b(TODO|FIXME|XXX)\b")  # the words that this rule refuses
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 50
MAX_CLASS_LINES = 200
MAX_FIRST_LINE = 90
EMPTY_NAMES = {"utils", "util", "helpers", "common", "core", "base", "manager", "misc"}
SPEAKS_BINANCE = {"exchange"}
"""Rooms whose wire words are the exchange's own."""
NOT_SAID = {
    "kline": "candle",
    "ohlcv": "candle",
    "timeframe": "interval",
    "strategy": "trader",
    "broker": "venue",
    "commission": "fee",
    "stoploss": "stop_loss",
    "takeprofit": "take_profit",
    "dryrun": "paper",
    "dry_run": "paper",
    "orderbook": "order table, or the exchange's book",
    "cancelled": "canceled",
}


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_every_module_has_its_test_file(path: Path) -> None:
    twin = UNIT / path.relative_to(SRC).with_name(f"test_{path.name}")
    assert twin.exists(), f"write {label(twin)}"


def test_every_unit_test_has_its_module() -> None:
    strays = [
        label(path)
        for path in UNIT.rglob("test_*.py")
        if not (SRC / path.relative_to(UNIT).with_name(path.name.removeprefix("test_"))).exists()
    ]
    assert not strays, f"not the twin of a module: {strays}; merge them, or tests/property"


@pytest.mark.parametrize("path", MODULES + TESTS, ids=label)
def test_no_file_is_too_long(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_FILE_LINES, f"{lines} lines: split it by responsibility"


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_no_function_or_class_is_too_long(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            limit = MAX_CLASS_LINES if isinstance(node, ast.ClassDef) else MAX_FUNCTION_LINES
            assert body_lines(node) <= limit, f"{node.name}: {body_lines(node)} lines; split it"


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    """Return the lines of a definition without its decorators and its own docstring."""
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


@pytest.mark.parametrize("path", SOURCES, ids=label)
def test_a_function_says_what_it_gives_in_one_short_line(path: Path) -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree(path)):
        if isinstance(node, kinds):
            first = (ast.get_docstring(node) or "").split("\n", 1)[0]
            assert len(first) <= MAX_FIRST_LINE, f"at most {MAX_FIRST_LINE} characters: {first}"


def test_every_folder_is_a_package_that_says_what_it_is() -> None:
    folders = {path.parent for path in MODULES}
    for folder in sorted(folders):
        init = folder / "__init__.py"
        assert init.exists(), f"import-linter does not see {label(folder)}: add __init__.py"
        assert ast.get_docstring(tree(init)), f"{label(init)}: say in one line what the room is for"


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_no_name_is_empty(path: Path) -> None:
    names = {part.removesuffix(".py") for part in path.relative_to(SRC).parts}
    assert not names & EMPTY_NAMES, "name it for what it holds"


@pytest.mark.parametrize(
    "path", [path for path in MODULES if room(path) not in SPEAKS_BINANCE], ids=label
)
def test_names_are_the_glossarys(path: Path) -> None:
    for name in sorted(defined_names(path)):
        for word, ours in NOT_SAID.items():
            found = re.search(rf"(^|_){word}", snake_case(name))
            assert not found, f"{name}: we say {ours} (docs/glossary.md)"


def snake_case(name: str) -> str:
    """Return `OpenCandles` as `open_candles`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def defined_names(path: Path) -> set[str]:
    """Return what a file names: its classes, functions, arguments and assigned variables."""
    found: set[str] = {path.stem}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_nothing_is_left_for_later_without_a_place(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not LEFT_FOR_LATER.search(text), "do it, or write it down elsewhere"


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_only_the_supervisor_catches_everything(path: Path) -> None:
    if label(path).endswith("engine/supervisor.py"):
        return
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else ""
            assert caught not in {"", "Exception"}, f"line {node.lineno}: name what is expected"


@pytest.mark.parametrize("path", [p for p in TESTS if "house" not in p.parts], ids=label)
def test_no_test_patches_our_code(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for patch in ("monkeypatch.setattr", "mock.patch", "mocker."):
        assert patch not in text, f"{patch}: a port is missing, pass a fake through it"
