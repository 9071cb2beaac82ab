"""Decisions: three answers and their reason."""

from __future__ import annotations

from aitrader.model.decision import Choice, Decision
from aitrader.model.ids import SignalId


def test_there_are_three_answers() -> None:
    assert [choice.value for choice in Choice] == ["ENTER", "WAIT", "SKIP"]


def test_a_decision_by_rule_costs_nothing() -> None:
    decision = Decision(SignalId("s-1"), Choice.ENTER, "no analyst")
    assert (decision.cost_usd, decision.recheck_after_ms) == ("0", None)
