"""The nearest word is suggested, never a far one."""

from __future__ import annotations

from aitrader.filters.words import listed, nearest, plain_lines, printable


def test_the_nearest_word_is_suggested_in_its_own_spelling() -> None:
    assert nearest("CLOSSE", ["close", "open"]) == "did you mean 'close'?"


def test_a_far_word_suggests_nothing() -> None:
    assert nearest("zebra", ["close", "open"]) == ""


def test_a_message_is_one_line_whatever_it_quotes() -> None:
    assert printable("a\nb\x1b[31m") == "a b [31m"


def test_words_are_listed_with_commas() -> None:
    assert listed(["a", "b"]) == "a, b"


def test_lines_stay_lines() -> None:
    assert plain_lines("a\x1bb\r\nc\td") == "a b\nc    d"
