"""The catalog joins the tables; a name means one function."""

from __future__ import annotations

from aitrader.filters.catalog import FUNCTIONS, GROUPS, NAMES, find_function


def test_a_function_is_found_by_name_alias_and_any_case() -> None:
    for word in ("ema", "EMA", "Ema"):
        assert find_function(word) is FUNCTIONS["ema"]
    assert find_function("crossover") is FUNCTIONS["crosses_above"]
    assert find_function("nothing") is None


def test_no_name_is_given_twice() -> None:
    given = [f.name for group in GROUPS.values() for f in group]
    given += [alias for group in GROUPS.values() for f in group for alias in f.aliases]
    assert len(given) == len(set(given)) == len(NAMES)


def test_there_are_sixty_indicators_and_more() -> None:
    assert (
        sum(
            len(group) for name, group in GROUPS.items() if name not in ("Helpers in time", "Plain")
        )
        >= 60
    )


def test_every_function_says_what_it_does_and_shows_it() -> None:
    for function in FUNCTIONS.values():
        assert function.summary.endswith(".") and function.example
