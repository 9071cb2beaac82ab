from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.processes import aitrader

from aitrader import __version__
from aitrader.cli import cli
from aitrader.model.errors import ConfigError

COMMANDS = (
    *("backtest", "backup", "data", "demo", "doctor", "exchange", "orders", "positions"),
    *("restore", "resume", "screen", "stop", "token", "traders", "trades"),
)


def invoke(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words], standalone_mode=False)


def test_it_says_its_version() -> None:
    ended = aitrader("--version")
    assert (ended.returncode, ended.stdout) == (0, f"aitrader {__version__}\n")


def test_help_names_every_command() -> None:
    ended = aitrader("-h")
    assert ended.returncode == 0
    for name in COMMANDS:
        assert name in ended.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    result = invoke(name, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.output


@pytest.mark.parametrize("speed", ["fast", "0", "-3", "nan", "inf", "100001", ""])
def test_a_speed_that_cannot_be_is_one_sentence(speed: str, tmp_path: Path) -> None:
    result = invoke("demo", "--speed", speed, "--data-folder", tmp_path / "demo")
    assert isinstance(result.exception, ConfigError)
    expected = f"--speed takes a number above 0 such as 60, or max; found {speed!r}"
    assert str(result.exception) == expected
    assert not (tmp_path / "demo").exists()


def test_what_a_person_gets_wrong_ends_with_2_and_one_sentence(tmp_path: Path) -> None:
    ended = aitrader("exchange", "--speed", "fast")
    assert ended.returncode == 2
    assert ended.stderr == (
        "aitrader: --speed takes a number above 0 such as 60, or max; found 'fast'\n"
    )


def test_a_port_in_use_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = invoke("exchange", "--port", port, "--symbols", 1)
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception) == f"port {port} is in use; choose another with --port"


@pytest.mark.parametrize("words", [(), ("demo",), ("--monitor", "http://127.0.0.1:1")])
def test_without_a_terminal_there_is_no_terminal_app(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    folder = ("--data-folder", tmp_path / "new")
    result = invoke(*words, *folder) if "demo" in words else invoke(*folder, *words)
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception).startswith("the terminal app needs a terminal to show itself")
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_a_demo_without_a_terminal_runs_here(tmp_path: Path) -> None:
    words = ("--symbols", 2, "--seed", 3, "--speed", 300, "--for", 0.5, "--json")
    result = invoke("demo", "--headless", *words, "--data-folder", tmp_path)
    assert result.exception is None
    assert json.loads(result.stdout)["errors"] == 0


@pytest.mark.slow
def test_only_its_user_can_read_what_an_engine_writes(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "demo"
    words = ("--symbols", 2, "--speed", 300, "--for", 0.5, "--data-folder", folder)
    assert aitrader("demo", "--headless", *words).returncode == 0
    found = [folder.parent, *folder.parent.rglob("*")]
    assert {"aitrader.sqlite", "aitrader.log", "market.json"} <= {path.name for path in found}
    for path in found:
        assert not path.stat().st_mode & 0o077, path


def test_without_a_market_the_command_says_so_and_leaves_nothing_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARKET_REST_URL", "http://127.0.0.1:9")
    result = invoke("--headless", "--data-folder", tmp_path)
    assert isinstance(result.exception, ConfigError)
    assert not (tmp_path / "engine.json").exists()
