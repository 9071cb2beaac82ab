"""Errors say what was expected, what was found and what to do."""

from __future__ import annotations

import pytest

from aitrader.model.errors import FilterFault, OutcomeUnknown, Refused, Transient


def test_a_transient_may_say_when_to_come_back() -> None:
    error = Transient("too many requests", retry_after_s=2.0)
    assert (str(error), error.retry_after_s) == ("too many requests", 2.0)
    assert Transient("gone").retry_after_s is None


@pytest.mark.parametrize(
    ("code", "told"), [(-1013, "too small (-1013)"), (0, "too small")], ids=["code", "no code"]
)
def test_a_refusal_shows_the_exchanges_code_where_there_is_one(code: int, told: str) -> None:
    assert str(Refused(code, "too small")) == told


def test_an_unknown_outcome_names_the_order() -> None:
    error = OutcomeUnknown("at1-x", "timeout")
    assert str(error) == "order at1-x: timeout"
    assert (error.client_order_id, error.reason) == ("at1-x", "timeout")


@pytest.mark.parametrize(
    ("line", "hint", "told"),
    [
        (3, "write rsi", "line 3: unknown name; write rsi"),
        (3, "", "line 3: unknown name"),
        (None, "write rsi", "unknown name; write rsi"),
        (None, "", "unknown name"),
    ],
)
def test_a_filter_fault_says_where_and_what_instead(line: int | None, hint: str, told: str) -> None:
    assert str(FilterFault("unknown name", line=line, hint=hint)) == told
