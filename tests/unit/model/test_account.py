"""The accounts there are."""

from __future__ import annotations

from aitrader.model.account import ACCOUNTS, LIVE, PAPER


def test_there_are_two_accounts_and_paper_is_always_there() -> None:
    assert ACCOUNTS == (PAPER, LIVE)
