from __future__ import annotations

import pytest
from click.testing import CliRunner

from aitrader.cli.data import data


@pytest.mark.parametrize("name", ["download", "import", "list", "verify", "export"])
def test_every_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(data, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output
