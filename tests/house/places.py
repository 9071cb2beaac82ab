"""Where things stand, for the tests of the house."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "aitrader"
UNIT = ROOT / "tests" / "unit"
DOCS = ROOT / "docs"
SOURCES = sorted(SRC.rglob("*.py"))
MODULES = [path for path in SOURCES if path.name not in {"__init__.py", "__main__.py"}]
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def label(path: Path) -> str:
    """Return a path as failures name it."""
    return path.relative_to(ROOT).as_posix()


def room(path: Path) -> str:
    """Return the package of `aitrader` a source file is in, "" for a file at the top."""
    parts = path.relative_to(SRC).parts
    return parts[0] if len(parts) > 1 else ""


@cache
def tree(path: Path) -> ast.Module:
    """Return a source file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
