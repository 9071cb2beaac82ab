from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aitrader.cli.main import cli
from aitrader.cli.traders import traders


@pytest.mark.parametrize(
    "name", ["add", "list", "show", "enable", "disable", "remove", "check", "explain"]
)
def test_every_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(traders, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


def invoke(folder: Path, *words: str, said: str = "") -> Result:
    arguments = ["traders", "--data-folder", str(folder), *words]
    return CliRunner().invoke(cli, arguments, input=said, standalone_mode=False)


SOURCE = """\"\"\"Buys.\"\"\"
NAME = "Buyer"
SYMBOLS = ["BTCUSDT"]
INTERVAL = "5m"
EXITS = {"stop_loss": "1%"}
RISK = {"amount": 100}

def conditions(m):
    return {"up": m.close > m.open}
"""


def test_a_trader_lives_from_add_to_remove(tmp_path: Path) -> None:
    file = tmp_path / "buyer.py"
    file.write_text(SOURCE)
    folder = tmp_path / "data"
    assert invoke(folder, "add", str(file)).exception is None
    assert "Buyer" in invoke(folder, "list").output
    assert invoke(folder, "show", "buyer").output.strip() == SOURCE.strip()
    assert invoke(folder, "disable", "buyer").output == "Buyer is off\n"
    assert invoke(folder, "enable", "buyer").output == "Buyer is on\n"
    assert "PAPER already" in invoke(folder, "paper", "buyer").output
    assert "no engine runs" in str(invoke(folder, "live", "buyer").exception)
    assert invoke(folder, "remove", "buyer", said="n\n").exception is not None
    assert "Buyer" in invoke(folder, "list").output
    assert "is removed" in invoke(folder, "remove", "buyer", said="y\n").output
    assert invoke(folder, "list", "--json").output == "[]\n"


def test_a_file_that_is_refused_ends_with_2(tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text("NAME = 1")
    result = invoke(tmp_path / "data", "add", str(file))
    assert isinstance(result.exception, SystemExit)
    assert result.exception.code == 2
