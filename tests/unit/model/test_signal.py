"""Signals, matches and what was found."""

from __future__ import annotations

import msgspec
from tests.builders import a_match, a_signal

from aitrader.model.signal import Finding, Match, Signal


def test_a_signal_comes_back_from_its_bytes_as_it_was() -> None:
    signal = a_signal()
    assert msgspec.json.decode(msgspec.json.encode(signal), type=Signal) == signal


def test_a_match_comes_back_from_its_bytes_as_it_was() -> None:
    match = a_match()
    assert msgspec.json.decode(msgspec.json.encode(match), type=Match) == match


def test_a_condition_may_hold_without_named_values() -> None:
    assert Finding("price dipped").values == ()
