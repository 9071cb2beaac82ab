"""The books on the screen, as CSV and as JSON."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path

import pytest
from tests.builders import AT_MS, a_position, a_trader, an_order

from aitrader.config import Settings, read_settings
from aitrader.model.errors import ConfigError
from aitrader.model.events import OrderPlanned, PositionOpened, TraderSaved
from aitrader.modes.books import show_books
from aitrader.modes.build import open_store

Said = pytest.CaptureFixture[str]
NOTE = "=1+1 \x07\n" * 20
"""What an exchange may say of an order, at worst."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A folder with a trader, its open position and three orders."""
    settings = read_settings(data_folder=tmp_path, environ={})

    async def story() -> None:
        store = await open_store(settings)
        orders = [an_order(attempt=n, note=NOTE) for n in (1, 2, 3)]
        await store.record(
            [
                TraderSaved(at_ms=AT_MS, trader=a_trader()),
                PositionOpened(at_ms=AT_MS, position=a_position()),
                *[OrderPlanned(at_ms=AT_MS, order=order) for order in orders],
            ]
        )
        await store.close()

    asyncio.run(story())
    return settings


def test_what_is_held_is_a_table_with_times_to_read(settings: Settings, capsys: Said) -> None:
    show_books(settings, "positions", most=50, csv=None, as_json=False)
    heads, line = capsys.readouterr().out.splitlines()
    assert heads.split()[:5] == ["opened", "trader", "account", "symbol", "side"]
    assert a_trader().plan.name in line and " paper " in line


def test_a_long_cell_is_cut_on_the_screen_and_whole_in_a_file(
    settings: Settings, tmp_path: Path, capsys: Said
) -> None:
    show_books(settings, "orders", most=1, csv=None, as_json=False)
    said = capsys.readouterr().out
    assert said.rstrip().endswith("...")
    assert said.replace("\n", "").isprintable() and len(said.splitlines()) == 2
    file = tmp_path / "orders.csv"
    show_books(settings, "orders", most=1, csv=file, as_json=False)
    assert capsys.readouterr().out == f"3 orders in {file}\n"
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    assert len(rows) == 3
    assert rows[0]["note"] == f"'{NOTE}"
    assert rows[0]["planned"].startswith("20")


def test_a_program_gets_json(settings: Settings, capsys: Said) -> None:
    show_books(settings, "orders", most=2, csv=None, as_json=True)
    assert len(json.loads(capsys.readouterr().out)) == 2
    show_books(settings, "orders", most=0, csv=None, as_json=True)
    assert len(json.loads(capsys.readouterr().out)) == 3


def test_empty_books_are_said_so(settings: Settings, capsys: Said) -> None:
    show_books(settings, "trades", most=50, csv=None, as_json=False)
    assert capsys.readouterr().out == "no trades yet\n"


def test_a_file_that_cannot_be_written_is_said_so(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written: "):
        show_books(settings, "orders", most=1, csv=tmp_path, as_json=False)
