"""The person's traders, kept from a shell while no engine runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aitrader.config import Settings, read_settings
from aitrader.model.errors import ConfigError
from aitrader.model.view import TraderRow
from aitrader.modes.trader_book import (
    add_traders,
    find_trader,
    list_traders,
    remove_traders,
    show_trader,
    switch_traders,
)

EXAMPLES = Path(__file__).parents[3] / "examples" / "traders"
FILE = EXAMPLES / "dip_buyer.py"
Said = pytest.CaptureFixture[str]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(data_folder=tmp_path, environ={})


def name_of(settings: Settings, capsys: Said) -> str:
    list_traders(settings, as_json=True)
    [row] = json.loads(capsys.readouterr().out)
    return str(row["name"])


def test_a_trader_is_added_listed_shown_switched_and_removed(
    settings: Settings, capsys: Said
) -> None:
    list_traders(settings, as_json=False)
    assert capsys.readouterr().out == "no trader yet: aitrader traders add FILE\n"
    assert add_traders(settings, [FILE])
    capsys.readouterr()
    name = name_of(settings, capsys)
    show_trader(settings, name.upper())
    assert capsys.readouterr().out.strip() == FILE.read_text().strip()
    switch_traders(settings, [name], is_enabled=False)
    assert capsys.readouterr().out == f"{name} is off\n"
    list_traders(settings, as_json=False)
    line = capsys.readouterr().out.splitlines()[1]
    assert line.startswith(name)
    assert " no " in line and line.endswith("no engine runs")
    switch_traders(settings, [name], is_enabled=True)
    remove_traders(settings, [name], is_sure=True)
    capsys.readouterr()
    list_traders(settings, as_json=True)
    assert json.loads(capsys.readouterr().out) == []


def test_a_file_that_is_no_trader_is_said_so_and_the_others_are_taken(
    settings: Settings, tmp_path: Path, capsys: Said
) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text("NAME = 1\n")
    assert not add_traders(settings, [wrong, FILE])
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"{wrong}: ")
    assert name_of(settings, capsys)


def test_nothing_is_added_when_a_file_cannot_be_read(settings: Settings, capsys: Said) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        add_traders(settings, [FILE, FILE.with_name("nowhere.py")])
    list_traders(settings, as_json=True)
    assert json.loads(capsys.readouterr().out) == []


def a_row(name: str) -> TraderRow:
    return TraderRow(name.lower(), name, "PAPER", True, "", "5m", 1, 0, 0, "0.00", 0)


def test_a_name_is_found_whatever_its_letters() -> None:
    rows = [a_row("Dip buyer"), a_row("Trend")]
    assert find_trader(rows, "TREND").name == "Trend"
    assert find_trader(rows, "dip buyer").name == "Dip buyer"


def test_the_nearest_name_is_offered() -> None:
    with pytest.raises(ConfigError, match="there is no trader dip byer: did you mean Dip buyer"):
        find_trader([a_row("Dip buyer")], "dip byer")
    with pytest.raises(ConfigError, match="there is no trader x: see aitrader traders list"):
        find_trader([a_row("Dip buyer")], "x")
