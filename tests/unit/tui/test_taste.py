"""What a person may have otherwise."""

from __future__ import annotations

from aitrader.tui.taste import Taste


def test_two_tastes_do_not_share_their_keys() -> None:
    assert Taste() == Taste()
    assert Taste().keys is not Taste().keys
