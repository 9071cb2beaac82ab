from __future__ import annotations

from aitrader.exchange.binance.hosts import Hosts


def test_the_next_host_follows_one_that_was_left_and_the_first_the_last() -> None:
    hosts = Hosts("a/", ["b", "c"])
    assert hosts.current == "a"
    hosts.leave("a")
    hosts.leave("a")
    assert hosts.current == "b"
    hosts.leave("b")
    hosts.leave("c")
    assert hosts.current == "a"


def test_a_single_host_stays() -> None:
    hosts = Hosts("a")
    hosts.leave("a")
    assert hosts.current == "a"
