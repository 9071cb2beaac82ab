"""Where the engine runs."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.fake_engine import NEW_STATUS

from aitrader.model.view import AccountRow, CoinRow, Status
from aitrader.tui.panels.deploy import Place, ends_with_terminal, facts


def text(trouble: str = "", **changes: object) -> str:
    lines = facts(replace(NEW_STATUS, **changes), trouble, Place.OURS)
    return "\n".join("".join(cell.text for cell in line) for line in lines)


def test_the_process_is_named_and_the_cloud_is_not_claimed() -> None:
    shown = text()
    assert "● local" in shown
    assert "version 0.1.0 · process 4711 · up 2h04" in shown
    assert "○ cloud     not configured" in shown
    assert "· up <1m" in text(uptime_s=59)


def test_an_engine_that_is_gone_and_one_that_says_little() -> None:
    assert "○ local     the engine has ended" in text("the engine has ended")
    assert "version — · process —" in text(version="", process_id=0)


def test_a_distant_engine_is_not_called_local() -> None:
    lines = facts(NEW_STATUS, "", Place.DISTANT)
    shown = "\n".join("".join(cell.text for cell in line) for line in lines)
    assert "● distant   the engine of another computer" in shown
    assert "leaving does not stop it" in shown


LIVE = replace(NEW_STATUS, mode="LIVE")


@pytest.mark.parametrize(
    ("status", "place", "is_over", "said"),
    [
        (NEW_STATUS, Place.OURS, True, "closing the window stops it"),
        (LIVE, Place.OURS, False, "closing the window leaves it: it trades live money"),
        (NEW_STATUS, Place.FOUND, False, "closing the window leaves it: it ran before"),
        (LIVE, Place.FOUND, False, "closing the window leaves it: it ran before"),
        (NEW_STATUS, Place.DISTANT, False, "leaving does not stop it"),
    ],
)
def test_a_closed_terminal_ends_its_own_engine_unless_that_trades_live_money(
    status: Status, place: Place, is_over: bool, said: str
) -> None:
    assert ends_with_terminal(status, place) is is_over
    assert said in facts(status, "", place)[2][1].text


def test_a_terminal_closed_before_the_first_frame_ends_its_own_engine() -> None:
    assert ends_with_terminal(None, Place.OURS)


def test_coins_that_are_not_ours_are_named() -> None:
    coins = (CoinRow("BTC", "1.5"), CoinRow("ETH", "2"))
    paper = AccountRow("paper", "10", "10", "0", "0", 0)
    live = AccountRow("live", "10", "10", "0", "0", 0, coins)
    shown = text(accounts=(paper, live))
    assert "○ live      not ours, left alone: 1.5 BTC  2 ETH" in shown
    assert "paper" not in shown
