import pytest

from aitrader.backtest.parameters import Axis, axes_in, axis_of, base_values, with_values
from aitrader.filters.traderfile import compile_trader
from aitrader.model.errors import ConfigError

SOURCE = '''"""Äpfel and é."""
NAME = "é"; FAST = 12  # fast
SLOW = FAST * 2
LOW = -1.5
LONG_TEXT = ("one "
             "two")
SYMBOLS = "all USDT"
INTERVAL = "5m"
EXITS = {"stop_loss": "2%", "take_profit": "4%"}
RISK = {"amount": 100, "max_open": 3}


def conditions(m):
    return {"up": ema(m.close, FAST) > ema(m.close, SLOW), "low": m.close > LOW}
'''


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("FAST=5..8", (5, 6, 7, 8)),
        ("FAST=5..20:5", (5, 10, 15, 20)),
        ("FAST=0.5..1.5:0.5", (0.5, 1, 1.5)),
        ("FAST=0.1..0.3:0.1", (0.1, 0.2, 0.3)),
        ("FAST=30,50,30", (30, 50)),
        ("FAST=1..2, 7 ,-3", (1, 2, 7, -3)),
        ("FAST=1%,'2%',1.5 atr", ("1%", "2%", "1.5 atr")),
        ("FAST=nan", ("nan",)),
    ],
)
def test_values_are_counted_through_or_named(text: str, values: tuple[object, ...]) -> None:
    assert axis_of(text) == Axis("FAST", values)


@pytest.mark.parametrize(
    "text", ["FAST", "=5", "FAST=", "FAST=9..5", "FAST=1..5:0", "FAST=a..b", "FAST=1..999999"]
)
def test_what_is_no_range_is_one_sentence(text: str) -> None:
    with pytest.raises(ConfigError, match=r"expected|more than"):
        axis_of(text)


def test_many_short_lists_are_too_many_too() -> None:
    with pytest.raises(ConfigError, match="more than 10,000 values"):
        axis_of("FAST=1..9000,10001..19000")


def test_a_file_may_name_what_to_vary() -> None:
    found = axes_in('SWEEP = {"FAST": "5..7", "SLOW": [30, 50], "STOP": "1%"}\n' + SOURCE)
    assert found == (Axis("FAST", (5, 6, 7)), Axis("SLOW", (30, 50)), Axis("STOP", ("1%",)))
    assert axes_in(SOURCE) == ()
    compile_trader('SWEEP = {"FAST": "5..7"}\n' + SOURCE)


@pytest.mark.parametrize("wrong", ["SWEEP = 5", "SWEEP = {5: 6}", "SWEEP = {x: 1}"])
def test_a_sweep_that_is_no_dict_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigError, match="SWEEP must be a dict"):
        axes_in(wrong)


def test_constants_are_set_where_they_stand_and_nothing_else_moves() -> None:
    values = {"FAST": 7, "LOW": 2.5, "EXITS.stop_loss": "3%", "RISK.max_open": 5}
    text = with_values(SOURCE, values)
    assert 'NAME = "é"; FAST = 7  # fast\n' in text
    assert "LOW = 2.5\n" in text
    assert '"stop_loss": \'3%\', "take_profit": "4%"' in text
    assert text.count("\n") == SOURCE.count("\n")
    assert compile_trader(text).plan.limits.max_open == 5
    assert with_values(text, base_values(SOURCE, tuple(values))).replace("'2%'", '"2%"') == SOURCE


def test_a_text_over_several_lines_keeps_the_lines_of_what_follows() -> None:
    text = with_values("\ufeff" + SOURCE, {"LONG_TEXT": "new"})
    assert text.count("\n") == SOURCE.count("\n")
    assert "LONG_TEXT = ('new'\n" not in text
    compile_trader(text)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("FASTER", "did you mean FAST"), ("SLOW", "no constant SLOW"), ("Q", "it has")],
)
def test_a_constant_that_is_not_there_is_named(name: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        with_values(SOURCE, {name: 1})
    with pytest.raises(ConfigError, match=hint):
        base_values(SOURCE, (name,))
