"""A trader file's text becomes a plan and a graph, or a fault with its line."""

from __future__ import annotations

import pytest
from tests.data.filters.spellings import COMPILE, REFUSED
from tests.data.filters.wishes import WISHES
from tests.filter_worlds import EXAMPLES, HEAD, compiled, conditions_text, trader_text

from aitrader.filters.traderfile import compile_trader
from aitrader.model.errors import FilterFault
from aitrader.model.trader import PositionSide, SizeKind

MACD = '''"""MACD turns up below zero while the hour is in an uptrend."""
NAME = "MACD crossover"
SYMBOLS = "top 50 USDT"
INTERVAL = "5m"
SIDE = "LONG"
EXITS = {"stop_loss": "1.5 atr", "take_profit": [("2%", 0.5), ("4%", 0.5)],
         "trailing": "1%", "max_age": "12h"}
RISK = {"risk": "1%", "max_open": 3}
ANALYST = None

def conditions(m):
    line, signal, hist = macd(m.close, 12, 26, 9)
    h = m.at("1h")
    return {"MACD crosses up": crosses_above(line, signal),
            "below the zero line": line < 0,
            "1h uptrend": h.close > ema(h.close, 50)}

def exit_conditions(m):
    return {"overbought": rsi(m.close, 14) > 75}
'''
OK = "def conditions(m):\n    return {'a': m.close > m.open}\n"


def fault_of(text: str) -> FilterFault:
    with pytest.raises(FilterFault) as caught:
        compile_trader(text)
    return caught.value


def test_a_file_gives_its_plan_and_what_it_needs() -> None:
    trader = compile_trader(MACD)
    plan = trader.plan
    assert plan.name == "MACD crossover" and plan.universe.top == 50
    assert plan.side is PositionSide.LONG and plan.limits.kind is SizeKind.RISK
    assert plan.analyst is None and plan.description.startswith("MACD turns up")
    assert trader.conditions == ("MACD crosses up", "below the zero line", "1h uptrend")
    assert trader.exit_conditions == ("overbought",)
    assert set(trader.lookback) == {"5m", "1h"}
    assert set(trader.graph.levels) == {"atr 14"}
    assert trader.warnings == ()
    assert dict(trader.findings["below the zero line"]).keys() == {"macd(close, 12, 26, 9).macd"}


def test_the_same_text_is_compiled_once() -> None:
    assert compile_trader(MACD) is compile_trader(MACD)


def test_the_digest_follows_the_meaning() -> None:
    assert compile_trader(MACD).digest == compile_trader(MACD + "\n# a remark\n").digest
    assert compile_trader(MACD).digest != compile_trader(MACD.replace("75", "76")).digest
    assert compile_trader(MACD).digest != compile_trader(MACD.replace('"12h"', '"13h"')).digest


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_compiles_within_its_means(path) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    trader = compile_trader(path.read_text())
    assert max(trader.lookback.values()) <= 600
    assert trader.cost < 100 and trader.warnings == () and trader.plan.description


@pytest.mark.parametrize("text", COMPILE)
def test_a_spelling_compiles(text: str) -> None:
    assert compiled(text).conditions == ("c0",)


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_is_refused_with_line_and_hint(text: str) -> None:
    fault = fault_of(conditions_text(text))
    assert fault.line == 8 and fault.hint


@pytest.mark.parametrize("wish", WISHES)
def test_what_a_language_model_writes_compiles_untouched(wish: str) -> None:
    assert compile_trader(trader_text(WISHES[wish])).conditions


@pytest.mark.parametrize("name", ["NAME", "SYMBOLS", "INTERVAL", "RISK"])
def test_a_missing_constant_is_named(name: str) -> None:
    text = "".join(
        line + "\n" for line in trader_text(OK).splitlines() if not line.startswith(name)
    )
    fault = fault_of(text)
    assert fault.reason == f"{name} is missing" and name in fault.hint


def test_a_mistyped_constant_is_suggested() -> None:
    assert "SYMBOL" in fault_of(trader_text(OK).replace("SYMBOLS", "SYMBOL")).hint


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("INTERVAL = 5", 3),
        ('INTERVAL = "7m"', 3),
        ('NAME = ""', 1),
        ('SYMBOLS = "?"', 2),
        ("RISK = {}", 5),
    ],
)
def test_a_wrong_constant_is_shown_at_its_line(line: str, number: int) -> None:
    lines = trader_text(OK).splitlines()
    lines[number - 1] = line
    assert fault_of("\n".join(lines)).line == number


def test_an_analyst_is_a_sentence() -> None:
    assert compile_trader('ANALYST = "Look for exhaustion."\n' + trader_text(OK)).plan.analyst
    assert fault_of("ANALYST = 5\n" + trader_text(OK)).line == 1


def test_a_side_may_be_short() -> None:
    assert compile_trader('SIDE = "SHORT"\n' + trader_text(OK)).plan.side is PositionSide.SHORT


def test_a_way_out_is_required() -> None:
    assert "EXITS" in fault_of(trader_text(OK, exits="{}")).reason
    assert "EXITS" in fault_of(trader_text(OK, exits="None")).reason
    assert "EXITS" in fault_of(trader_text(OK, exits='{"break_even": "1%"}')).reason


def test_risk_needs_a_stop() -> None:
    text = trader_text(OK, exits='{"take_profit": "2%"}').replace(
        '{"size": "5%"}', '{"risk": "1%"}'
    )
    assert fault_of(text).line == 5


def test_a_stop_by_function_is_a_price() -> None:
    trader = compile_trader(
        trader_text(OK + "def stop_loss(m):\n    return lowest(m.at('1h').low, 5)\n", exits="None")
    )
    assert trader.exits.stop_loss is not None and trader.exits.stop_loss.root == "stop_loss"
    assert trader.graph.levels.keys() == {"stop_loss"}
    both = compile_trader(trader_text(OK + "def take_profit(m):\n    return highest(m.high, 5)\n"))
    assert both.exits.targets[0][0].root == "take_profit"


@pytest.mark.parametrize("name", ["stop_loss", "take_profit"])
def test_the_same_exit_twice_is_refused(name: str) -> None:
    text = trader_text(OK + f"def {name}(m):\n    return m.low\n", exits='{"' + name + '": "1%"}')
    assert "both" in fault_of(text).reason


@pytest.mark.parametrize("returned", ["m", "5", "m.close > 1", "None", "macd(m.close)"])
def test_a_level_must_be_a_price_series(returned: str) -> None:
    text = trader_text(OK + f"def stop_loss(m):\n    return {returned}\n", exits="None")
    assert "price series" in fault_of(text).reason


def test_a_level_cannot_count_from_the_first_candle() -> None:
    fault = fault_of(trader_text(OK + "def stop_loss(m):\n    return obv(m)\n", exits="None"))
    assert "does not depend" in fault.reason or "first candle" in fault.reason


def test_a_range_of_no_length_is_refused() -> None:
    assert "atr(9999)" in fault_of(trader_text(OK, exits='{"stop_loss": "1 atr(9999)"}')).reason


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "conditions(m) is missing"),
        ("def condition(m):\n    return {}\n", "conditions(m) is missing"),
        ("conditions = 5\n", "conditions(m) is missing"),
        ("def conditions(m):\n    return {}\n", "dict of 1 to"),
        ("def conditions(m):\n    return None\n", "dict of 1 to"),
        ("def conditions(m):\n    return []\n", "dict of 1 to"),
        ("def conditions(m):\n    return {'': m.close > 1}\n", "1 to 80 characters"),
        ("def conditions(m):\n    return {'a': True}\n", "always True"),
        ("def conditions(m):\n    return {'a': 5}\n", "is a number, not a condition"),
        ("def conditions(m):\n    return {f'{1}': m.close}\n", "is a series, not a condition"),
        ("def conditions(m, n):\n    return {}\n", "needs 'n'"),
        (OK + "exit_conditions = 5\n", "must be a function"),
    ],
)
def test_functions_of_the_file_must_fit(body: str, said: str) -> None:
    assert said in str(fault_of(trader_text(body)))


@pytest.mark.parametrize("name", ["a\\nb", "\\x1b[2J", "\\ud800", "\\u202e"])
def test_a_condition_name_can_be_shown_anywhere(name: str) -> None:
    fault = fault_of(trader_text(f"def conditions(m):\n    return {{'{name}': m.close > 1}}\n"))
    assert fault.line and str(fault).isprintable()


def test_a_fault_that_quotes_the_text_stays_one_line() -> None:
    text = trader_text("def conditions(m):\n    return {'a': m.at('1\\n2').close > 1}\n")
    assert str(fault_of(text)).isprintable()


def test_a_condition_alone_or_in_a_list_gets_a_name() -> None:
    assert compile_trader(
        trader_text("def conditions(m):\n    return m.close > 1\n")
    ).conditions == ("signal",)
    listed = trader_text("def conditions(m):\n    return [m.close > 1, m.open > 1]\n")
    assert compile_trader(listed).conditions == ("condition 1", "condition 2")
    leaving = trader_text(OK + "def exit_conditions(m):\n    return m.close > 1\n")
    assert compile_trader(leaving).exit_conditions == ("exit",)


def test_a_condition_of_a_slower_interval_is_seen_on_every_candle() -> None:
    trader = compiled("m.at('1h').close > 1")
    assert trader.graph.nodes[trader.graph.conditions["c0"]][0] == "align"


def test_warnings_say_what_a_person_should_know() -> None:
    warned = compile_trader(trader_text(OK, exits='{"take_profit": [("1%", 0.5)]}')).warnings
    assert any("stop loss" in text for text in warned) and any("rest" in text for text in warned)
    assert any("closed bars" in text for text in compiled("ema(m.close, 200) > 1").warnings)


def test_the_head_of_the_tests_is_whole() -> None:
    assert (
        compile_trader(HEAD.format(interval="1d", exits='{"max_age": "2d"}') + OK).plan.interval
        == "1d"
    )


@pytest.mark.parametrize(
    ("side", "exits", "is_legal"),
    [
        ("LONG", '{"stop_loss": "100%"}', False),
        ("LONG", '{"stop_loss": "200%"}', False),
        ("LONG", '{"stop_loss": "99.9%", "take_profit": "300%"}', True),
        ("SHORT", '{"stop_loss": "200%"}', True),
        ("SHORT", '{"stop_loss": "5%", "take_profit": [("50%", 0.5), ("100%", 0.5)]}', False),
    ],
)
def test_a_level_must_be_a_price_above_zero(side: str, exits: str, is_legal: bool) -> None:
    text = trader_text("def conditions(m):\n    return {'a': m.close > 1}\n", exits=exits)
    text += f'SIDE = "{side}"\n'
    if is_legal:
        assert compile_trader(text).plan.side.value == side
        return
    with pytest.raises(FilterFault, match="price of 0") as found:
        compile_trader(text)
    assert found.value.line == 4 and found.value.hint


def test_a_byte_order_mark_is_a_habit_of_editors() -> None:
    text = trader_text("def conditions(m):\n    return {'a': m.close > 1}\n")
    assert compile_trader("\ufeff" + text).digest == compile_trader(text).digest


def test_what_people_read_has_no_control_characters() -> None:
    text = '"""Buy\\x1b[31m\n\ttwice."""\n' + trader_text(
        "ANALYST = 'look\\x07 at\\nvolume'\ndef conditions(m):\n    return {'a': m.close > 1}\n"
    )
    plan = compile_trader(text).plan
    assert plan.description == "Buy [31m\ntwice." and plan.analyst == "look  at\nvolume"
