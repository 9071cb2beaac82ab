"""What a setting takes, in words and as a bound."""

from __future__ import annotations

from typing import Annotated

import msgspec
import pytest

from aitrader import takes


def test_a_whole_number_names_and_keeps_its_range() -> None:
    meta = takes.whole(1, 5, "So many.")
    assert (meta.title, meta.description) == ("a whole number from 1 to 5", "So many.")
    assert msgspec.convert("5", Annotated[int, meta], strict=False) == 5
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("6", Annotated[int, meta], strict=False)


@pytest.mark.parametrize(
    ("or_else", "text", "is_taken"),
    [
        ("", "http://h", True),
        ("", "https://h/x", True),
        ("", "ws://h", False),
        ("", "http:// h", False),
        ("", "", False),
        (takes.NOTHING, "", True),
    ],
)
def test_an_address_has_one_scheme_plain_or_secure(or_else: str, text: str, is_taken: bool) -> None:
    meta = takes.address("http", "Where it is.", or_else=or_else)
    assert meta.title == "an address that begins with http:// or https://"
    try:
        msgspec.convert(text, Annotated[str, meta])
    except msgspec.ValidationError:
        assert not is_taken
    else:
        assert is_taken


def test_a_percentage_says_what_no_limit_is() -> None:
    assert takes.percent("So much.").title == "0 (no limit) to 100"
