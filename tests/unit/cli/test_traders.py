from __future__ import annotations

import pytest
from click.testing import CliRunner

from aitrader.cli.traders import traders


@pytest.mark.parametrize("name", ["check", "explain"])
def test_every_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(traders, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output
