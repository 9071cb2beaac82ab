"""Binding: names, several names, elements."""

from __future__ import annotations

import ast

import pytest

from aitrader.filters.walker import checked_name, is_key, refuse
from aitrader.model.errors import FilterFault


def test_a_fault_has_the_nodes_line() -> None:
    with pytest.raises(FilterFault) as caught:
        refuse("no", ast.parse("\n\nx").body[0], hint="yes")
    assert str(caught.value) == "line 3: no; yes"


def test_dunder_names_are_not_bound() -> None:
    node = ast.parse("x").body[0]
    assert checked_name("_x", node) == "_x"
    for name in ("__x", "x" * 61):
        with pytest.raises(FilterFault):
            checked_name(name, node)


def test_keys_are_plain() -> None:
    assert is_key("a") and is_key(1) and is_key(1.5) and not is_key([]) and not is_key(None)
