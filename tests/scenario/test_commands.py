"""The commands of a shell on an engine that runs and trades."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.processes import LIMIT_S, Ended, aitrader, started

EXAMPLE = Path(__file__).parents[2] / "examples" / "traders" / "dip_buyer.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of a demo that runs at high speed and holds a position."""
    base = tmp_path_factory.mktemp("demo")
    folder = base / "seed-5"
    words = ("--symbols", 20, "--seed", 5, "--speed", 120, "--data-folder", base)
    with started("demo", "--headless", *words):
        until(lambda: aitrader("positions", "--json", "--data-folder", folder).stdout[:2] == "[{")
        yield folder


def until(is_so: object) -> None:
    """Wait until something is so."""
    assert callable(is_so)
    end_s = time.perf_counter() + LIMIT_S
    while not is_so():
        assert time.perf_counter() < end_s, "it never was so"


def ask(folder: Path, *words: object) -> Ended:
    """Run a command that must succeed."""
    ended = aitrader(*words, "--data-folder", folder)
    assert ended.returncode == 0, ended.stderr
    return ended


def traders(folder: Path, *words: object) -> str:
    ended = aitrader("traders", "--data-folder", folder, *words)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def rows(folder: Path, book: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(ask(folder, book, "--json", "--last", 0).stdout)
    return found


def test_a_trader_of_the_running_engine_is_switched_and_shown(folder: Path) -> None:
    name = json.loads(traders(folder, "list", "--json"))[0]["name"]
    assert traders(folder, "disable", name) == f"{name} is off\n"
    [row] = [r for r in json.loads(traders(folder, "list", "--json")) if r["name"] == name]
    assert row["is_enabled"] is False
    traders(folder, "enable", name)
    assert "def conditions" in traders(folder, "show", name)


def test_a_trader_is_added_to_the_running_engine_and_removed(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    text = EXAMPLE.read_text().splitlines()
    file.write_text("\n".join('NAME = "Mine"' if x.startswith("NAME") else x for x in text))
    traders(folder, "add", file)
    assert "Mine" in traders(folder, "list")
    traders(folder, "remove", "mine", "--yes")
    assert "Mine" not in traders(folder, "list")


def test_a_backup_of_the_running_engine_holds_its_orders(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy" / "aitrader.sqlite"
    before = {row["client_order_id"] for row in rows(folder, "orders")}
    ask(folder, "backup", copy)
    assert before
    assert before <= {row["client_order_id"] for row in rows(copy.parent, "orders")}


def test_the_doctor_finds_the_engine(folder: Path) -> None:
    ended = aitrader("doctor", "--json", "--data-folder", folder)
    found = {row["thing"]: row for row in json.loads(ended.stdout)}
    assert found["engine"]["health"] == "ok"
    assert "positions open" in found["engine"]["text"]


def test_the_switch_closes_everything_and_nothing_enters_after_it(
    folder: Path, tmp_path: Path
) -> None:
    assert "closing" in ask(folder, "stop", "--close", "--yes").stdout
    until(lambda: rows(folder, "positions") == [])
    traded = len(rows(folder, "trades"))
    assert traded
    doctor = json.loads(aitrader("doctor", "--json", "--data-folder", folder).stdout)
    assert "entries" in {row["thing"] for row in doctor}
    file = tmp_path / "trades.csv"
    ask(folder, "trades", "--csv", file)
    records = list(csv.DictReader(io.StringIO(file.read_text())))
    assert len(records) == traded == len(rows(folder, "trades"))
    assert any(record["exit_reason"] == "MANUAL" for record in records)
    ask(folder, "resume")


def test_the_engine_is_ended_from_a_shell(folder: Path) -> None:
    assert "the engine ends" in ask(folder, "stop", "--end").stdout
    until(lambda: not (folder / "engine.json").exists())
    assert "no engine runs" in traders(folder, "list")
