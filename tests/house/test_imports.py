"""What a room may import where import-linter cannot see it, and what start-up must not load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from tests.house.places import MODULES, label, room, tree

PURE = {
    "model", "filters", "authoring", "market", "screening", "signals", "analysis", "execution",
    "positions",
}  # fmt: skip
PURE_MAY_IMPORT = {
    "__future__", "abc", "aitrader", "array", "ast", "base64", "bisect", "collections",
    "contextlib", "dataclasses", "datetime", "decimal", "difflib", "enum", "fractions",
    "functools", "hashlib", "heapq", "itertools", "math", "msgspec", "operator", "re", "string",
    "textwrap", "types", "typing", "unicodedata",
}  # fmt: skip
ALSO = {"filters": {"numpy", "talib", "sys"}, "market": {"numpy"}}
"""`sys`: filters keep pandas and polars away while TA-Lib is imported."""

TUI_ONLY = {"textual", "rich"}
TOO_HEAVY = {"pydantic", "pandas", "polars", "pyarrow", "scipy", "ccxt", "sqlalchemy"}
LIGHT = {
    "aitrader.cli": TUI_ONLY | TOO_HEAVY | {"numpy", "talib", "httpx2", "asyncio", "sqlite3"},
    "aitrader.config": TUI_ONLY | TOO_HEAVY | {"numpy", "talib", "httpx2", "asyncio"},
    "aitrader.engine.engine": TUI_ONLY | TOO_HEAVY,
    "aitrader.modes.daemon": TUI_ONLY | TOO_HEAVY | {"apprise", "requests"},
    "aitrader.modes.sweep": TUI_ONLY | TOO_HEAVY | {"httpx2", "optuna", "distributed"},
    "aitrader.tui.app": TOO_HEAVY | {"numpy", "talib", "httpx2"},
    "aitrader.remote.client": TUI_ONLY | TOO_HEAVY | {"numpy", "talib", "httpx2"},
}


def imported(path: Path) -> set[str]:
    """Return the top names of every import in a file, wherever it stands."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", [p for p in MODULES if room(p) in PURE], ids=label)
def test_pure_rooms_import_only_what_is_allowed(path: Path) -> None:
    extra = imported(path) - PURE_MAY_IMPORT - ALSO.get(room(path), set())
    assert not extra, f"{sorted(extra)}: move what touches the outside to an edge"


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_ta_lib_is_imported_by_filters_alone(path: Path) -> None:
    assert room(path) == "filters" or "talib" not in imported(path)


@pytest.mark.parametrize("module", LIGHT)
def test_an_import_stays_light(module: str) -> None:
    """What coverage has loaded before does not count; `make check` runs without it."""
    code = (
        f"import sys; before = set(sys.modules); import {module}; print(*set(sys.modules) - before)"
    )
    command = [sys.executable, "-X", "utf8", "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=50)
    loaded = LIGHT[module] & set(answer.stdout.split())
    assert not loaded, f"importing {module} loads {sorted(loaded)}"
