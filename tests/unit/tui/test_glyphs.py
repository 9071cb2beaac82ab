"""Plain signs."""

from __future__ import annotations

from aitrader.tui.glyphs import ASCII, plain


def test_every_sign_has_a_plain_one_of_the_same_width() -> None:
    for code in ASCII:
        assert plain(chr(code)).isascii()
        assert len(plain(chr(code))) == 1


def test_what_has_no_sign_of_its_own_is_a_question() -> None:
    assert plain("5 € ▲") == "5 ? ^"
