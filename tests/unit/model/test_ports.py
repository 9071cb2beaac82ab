"""Ports: contracts that say what they promise; `tests/contract` holds each edge to them."""

from __future__ import annotations

import inspect

import pytest

from aitrader.model import ports

PORTS = [
    port
    for name, port in vars(ports).items()
    if inspect.isclass(port) and port.__module__ == ports.__name__ and not name.startswith("_")
]


@pytest.mark.parametrize("port", PORTS)
def test_a_port_is_a_protocol_that_says_what_it_is(port: type) -> None:
    assert getattr(port, "_is_protocol", False)
    assert port.__doc__


@pytest.mark.parametrize("port", PORTS)
def test_each_promise_of_a_port_is_written_down(port: type) -> None:
    promises = [value for name, value in vars(port).items() if inspect.isfunction(value)]
    unsaid = [
        value.__name__ for value in promises if value.__name__[0] != "_" and not value.__doc__
    ]
    assert not unsaid
