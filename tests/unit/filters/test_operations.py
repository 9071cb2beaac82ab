"""The table of operations is consistent with the functions that compute them."""

from __future__ import annotations

from aitrader.filters.arrays import ELEMENTWISE
from aitrader.filters.operations import EITHER_KIND, OPERATIONS, Kind


def test_every_elementwise_operation_is_in_the_table_without_parameters() -> None:
    assert all(not OPERATIONS[name].parameters for name in ELEMENTWISE)


def test_what_tells_false_from_unknown_takes_a_condition_and_its_negation() -> None:
    for name in ("count", "since", "when", "pick"):
        assert OPERATIONS[name].inputs[:2] == (Kind.CONDITION, Kind.CONDITION)


def test_every_operation_has_a_cost() -> None:
    assert all(rule.ns >= 0 for rule in OPERATIONS.values())
    assert set(OPERATIONS) >= EITHER_KIND
