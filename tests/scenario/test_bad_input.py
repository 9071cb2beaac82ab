"""What a person gets wrong: one sentence on stderr, exit code 2, no traceback, nothing lost."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
from pathlib import Path

import pytest
from tests.processes import Screen, aitrader, command, started

from aitrader.modes.door import FILE_NAME as DOOR_NAME

NOWHERE = "http://127.0.0.1:9"
"""The discard port: nobody listens there."""


def sentence(*words: object) -> str:
    """Return the one sentence that this command ends with."""
    ended = aitrader(*words)
    said = ended.stderr.splitlines()
    sentences = [line for line in said if line.startswith("aitrader: ")]
    assert ended.returncode == 2, ended.stderr
    assert len(sentences) == 1, ended.stderr
    assert said[-1] == sentences[0]
    assert "Traceback" not in ended.stderr + ended.stdout
    assert "Error" not in sentences[0]
    return sentences[0].removeprefix("aitrader: ")


@pytest.fixture(autouse=True)
def _no_market(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing here may reach a real exchange or a real home."""
    monkeypatch.setenv("MARKET_REST_URL", NOWHERE)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def test_an_unknown_flag_names_the_nearest_one() -> None:
    said = sentence("demo", "--symbol", 5)
    assert said.startswith("no such option '--symbol'")
    assert "--symbols" in said
    assert said.endswith("(see aitrader demo --help)")


def test_an_unknown_command_is_named() -> None:
    assert sentence("demonstrate") == "no such command 'demonstrate' (see aitrader --help)"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--symbols", "0"), "--symbols"),
        (("--symbols", "many"), "--symbols"),
        (("--seed", "x"), "--seed"),
        (("--for", "soon"), "--for"),
        (("--for", "-1"), "--for"),
        (("--speed", "fast"), "--speed"),
    ],
)
def test_a_value_that_cannot_be_names_its_flag(
    words: tuple[str, str], expected: str, tmp_path: Path
) -> None:
    said = sentence("demo", "--headless", *words, "--data-folder", tmp_path / "demo")
    assert expected in said
    assert words[1] in said
    assert not (tmp_path / "demo").exists()


def test_a_wrong_setting_in_the_file_names_the_file_and_what_is_expected(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('fee_bps = "much"\n')
    said = sentence("--headless", "--data-folder", tmp_path)
    assert said == f"fee_bps in {file} takes 0 to 1000, found 'much'"


def test_an_unknown_setting_in_the_file_suggests_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("fee_bp = 10\n")
    assert sentence("--headless", "--data-folder", tmp_path).endswith("did you mean fee_bps?")


def test_a_wrong_setting_in_the_environment_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_SYMBOLS", "-1")
    said = sentence("--headless", "--data-folder", tmp_path)
    assert said == "MAX_SYMBOLS takes a whole number from 1 to 1000, found '-1'"


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = sentence("exchange", "--port", port, "--symbols", 1)
    assert said == f"port {port} is in use; choose another with --port"


@pytest.mark.parametrize("command", [("--headless",), ("demo", "--headless"), ("stop",)])
def test_a_data_folder_that_cannot_be_written_is_named(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    folder = tmp_path / "a-file"
    folder.write_text("precious")
    said = sentence(*command, "--data-folder", folder / "below")
    assert "a-file" in said
    assert "cannot be" in said or "is not a folder" in said
    assert folder.read_text() == "precious"


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    database = tmp_path / "aitrader.sqlite"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table theirs (word text)")
        connection.execute("pragma user_version = 999")
    before = database.read_bytes()
    said = sentence("--headless", "--data-folder", tmp_path)
    assert "version 999" in said
    assert "install a newer aitrader" in said
    assert database.read_bytes() == before


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    database = tmp_path / "aitrader.sqlite"
    database.write_text("this is my diary " * 100)
    before = database.read_bytes()
    said = sentence("--headless", "--data-folder", tmp_path)
    assert str(database) in said
    assert database.read_bytes() == before


def test_without_a_network_the_demo_is_offered(tmp_path: Path) -> None:
    with Screen(command(("--data-folder", tmp_path))) as screen:
        screen.wait_for("to see it work without a network: aitrader demo")
    assert not (tmp_path / DOOR_NAME).exists()


@pytest.mark.parametrize("mode", [("demo",), ()])
def test_without_a_terminal_nothing_is_started_and_the_way_is_named(
    mode: tuple[str, ...], tmp_path: Path
) -> None:
    said = sentence(*mode, "--data-folder", tmp_path / "new")
    assert said == "the terminal app needs a terminal to show itself; without one add --headless"
    assert not (tmp_path / "new").exists()


def test_a_replay_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ETHUSDT_5m.csv"
    said = sentence("demo", "--headless", "--replay", path, "--data-folder", tmp_path / "demo")
    assert said == f"--replay takes a file of candles; there is none at {path}"
    assert not (tmp_path / "demo").exists()


def test_a_replay_that_is_no_candles_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ETHUSDT_5m.csv"
    path.write_text("what,is,this\n1,2,3\n")
    said = sentence("demo", "--headless", "--replay", path, "--data-folder", tmp_path / "demo")
    assert path.name in said


@pytest.mark.slow
def test_a_second_engine_on_a_folder_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    words = ("demo", "--headless", "--symbols", 3, "--data-folder", tmp_path)
    with started(*words, "--for", 4, "--json") as first:
        while not list(tmp_path.glob(f"*/{DOOR_NAME}")):
            assert first.poll() is None
        said = sentence(*words)
        told, _ = first.communicate(timeout=30)
    assert f"is used by process {first.pid}: stop that one" in said
    assert first.returncode == 0
    assert '"errors": 0' in told
