"""The reference on paper is the language as it runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.filter_worlds import answers, compiled, walk, with_intervals

from aitrader.filters.catalog import FUNCTIONS
from aitrader.filters.reference import page
from aitrader.filters.traderfile import compile_trader

ROOT = Path(__file__).parents[3]


def test_the_document_is_the_page_of_the_tables() -> None:
    made = (ROOT / "docs/filters.md").read_text()
    assert made == page(), "write it anew as aitrader.filters.reference says"


def test_every_function_is_in_the_document() -> None:
    text = page()
    assert all(f"`{function.signature}`" in text for function in FUNCTIONS.values())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_of_every_function_runs(name: str) -> None:
    trader = compiled(FUNCTIONS[name].example)
    bars = max(700, *(n * (12 if i == "1h" else 1) for i, n in trader.lookback.items())) + 20
    panels = with_intervals(walk(("AAAUSDT", "BTCUSDT"), bars), trader.lookback)
    assert answers(trader, panels, 2).ready[:, -1].all()


def test_the_file_in_the_document_compiles() -> None:
    blocks = re.findall(r"```python\n(.*?)```", page(), re.DOTALL)
    assert compile_trader(blocks[0]).conditions


def test_the_page_for_people_from_elsewhere_compiles() -> None:
    text = (ROOT / "docs/filters-coming-from.md").read_text()
    rows = re.findall(r"^\|[^|]*\|[^|]*\| `([^`]+)` \|$", text, re.MULTILINE)
    assert len(rows) > 25
    for condition in rows:
        assert compiled(condition).conditions, condition
