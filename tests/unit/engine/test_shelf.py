"""Rows with versions."""

from __future__ import annotations

from aitrader.engine.shelf import MOST_GONE, Shelf


def test_a_newcomer_gets_every_row_in_the_order_they_came() -> None:
    shelf: Shelf[str] = Shelf()
    shelf.put("b", "first")
    shelf.put("a", "second")
    assert shelf.since(0) == ("first", "second")


def test_a_reader_gets_the_newest_of_what_changed_and_only_that() -> None:
    shelf: Shelf[str] = Shelf()
    shelf.put("a", "old")
    shelf.put("b", "stays")
    seen = shelf.version
    shelf.put("a", "new")
    shelf.put("a", "newest")
    assert shelf.since(seen) == ("newest",)
    assert shelf.since(shelf.version) == ()


def test_an_equal_row_is_no_change() -> None:
    shelf: Shelf[str] = Shelf()
    shelf.put("a", "same")
    seen = shelf.version
    shelf.put("a", "same")
    assert shelf.version == seen


def test_rows_that_are_gone_are_told_until_they_come_back() -> None:
    shelf: Shelf[str] = Shelf()
    shelf.put("a", "x")
    shelf.put("b", "y")
    seen = shelf.version
    shelf.keep({"b"})
    assert (shelf.gone_since(seen), len(shelf), shelf.find("a")) == (("a",), 1, None)
    assert shelf.gone_since(shelf.version) == ()
    shelf.put("a", "x")
    assert (shelf.gone_since(seen), shelf.find("a")) == ((), "x")


def test_what_is_gone_is_not_remembered_for_ever() -> None:
    shelf: Shelf[int] = Shelf()
    for number in range(MOST_GONE + 5):
        shelf.put(str(number), number)
    shelf.keep(())
    assert len(shelf.gone_since(0)) == MOST_GONE
