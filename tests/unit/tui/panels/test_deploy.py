"""Where the engine runs."""

from __future__ import annotations

from msgspec.structs import replace
from tests.fake_engine import NEW_STATUS

from aitrader.tui.panels.deploy import facts


def text(trouble: str = "", **changes: object) -> str:
    lines = facts(replace(NEW_STATUS, **changes), trouble)
    return "\n".join("".join(cell.text for cell in line) for line in lines)


def test_the_process_is_named_and_the_cloud_is_not_claimed() -> None:
    shown = text()
    assert "● local" in shown
    assert "version 0.1.0 · process 4711 · up 2h04" in shown
    assert "○ cloud     not configured" in shown


def test_an_engine_that_is_gone_and_one_that_says_little() -> None:
    assert "○ local     the engine has ended" in text("the engine has ended")
    assert "version — · process —" in text(version="", process_id=0)


def test_a_distant_engine_is_not_called_local() -> None:
    lines = facts(NEW_STATUS, "", is_distant=True)
    shown = "\n".join("".join(cell.text for cell in line) for line in lines)
    assert "● distant   the engine of another computer" in shown
    assert "leaving does not stop it" in shown
