"""Signals as rows."""

from __future__ import annotations

import math

from tests.builders import AT_MS, SIGNAL, a_signal

from aitrader.model.decision import Choice, Decision
from aitrader.model.events import DecisionMade, SignalRaised
from aitrader.model.signal import Finding
from aitrader.storage.rows.signals import save_decision, save_signal, signal_from_row
from aitrader.storage.rows.statement import Owner

ME = Owner("me", "paper")


def test_a_row_makes_the_same_signal_again() -> None:
    (written,) = save_signal(SignalRaised(at_ms=AT_MS, signal=a_signal()), ME)
    assert signal_from_row(written.values) == a_signal()


def test_a_value_that_is_not_finite_comes_back_as_no_number() -> None:
    signal = a_signal(findings=(Finding(condition="c", values=(("x", math.inf),)),))
    (written,) = save_signal(SignalRaised(at_ms=AT_MS, signal=signal), ME)
    assert math.isnan(signal_from_row(written.values).findings[0].values[0][1])


def test_a_decision_is_put_beside_its_signal() -> None:
    decision = Decision(signal_id=SIGNAL, choice=Choice.ENTER, reason="all hold")
    (written,) = save_decision(DecisionMade(at_ms=AT_MS, decision=decision), ME)
    assert written.values["signal_id"] == SIGNAL
    assert '"ENTER"' in str(written.values["decision"])
