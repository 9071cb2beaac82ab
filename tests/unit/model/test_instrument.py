"""Instruments: one symbol's rules."""

from __future__ import annotations

import msgspec
import pytest
from tests.builders import an_instrument


def test_a_symbol_trades_unless_the_exchange_says_otherwise() -> None:
    assert an_instrument().is_trading


def test_rules_cannot_be_changed_in_place() -> None:
    with pytest.raises(AttributeError):
        an_instrument().is_trading = False  # type: ignore[misc]


def test_steps_stay_exact_on_the_wire() -> None:
    found = an_instrument()
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found
