from __future__ import annotations

import pytest
from click.testing import CliRunner

from aitrader.cli.token import token


@pytest.mark.parametrize("name", ["create", "list", "revoke"])
def test_every_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(token, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output
