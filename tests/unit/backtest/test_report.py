from decimal import Decimal

import msgspec
from tests.unit.backtest.worlds import FREE, Candle, a_job, a_series, a_trader, flat

from aitrader.backtest.job import Terms
from aitrader.backtest.report import Report, iso, report_of, summary
from aitrader.backtest.run import run

WINS: list[Candle] = [
    *[flat(100.0)] * 3,
    (100.0, 101.0, 100.0, 101.0),
    (101.0, 106.0, 101.0, 105.0),
]


def a_report(symbols: int = 1, terms: Terms = FREE, **changes: object) -> Report:
    series = [a_series([*WINS, flat(105.0)], f"S{n}USDT") for n in range(symbols)]
    job, history = a_job(series, a_trader(), terms=terms)
    job = msgspec.structs.replace(job, **changes)
    return report_of(job, history, run(job, history))[0]


def test_a_report_holds_trades_and_numbers_of_the_run() -> None:
    report = a_report(2)
    assert report.candles == 2 * 6
    assert report.signals == report.statistics.trades == len(report.trades) == 2
    assert report.trades[0].entry_time == "2025-01-01 00:20"
    assert (report.trades[0].exit_price, report.trades[0].exit_reason) == ("105.04", "TAKE_PROFIT")
    assert [row.name for row in report.by_symbol] == ["S0USDT", "S1USDT"]
    assert report.by_reason[0].trades == 2
    assert iso(0) == "1970-01-01 00:00"


def test_the_same_run_is_the_same_document() -> None:
    assert msgspec.json.encode(a_report(3)) == msgspec.json.encode(a_report(3))


def test_a_person_is_warned_of_what_fools_people() -> None:
    warnings = " ".join(a_report(notes=("Warms up.",)).warnings)
    for words in ("1 trades are few", "Warms up.", "looks better"):
        assert words in warnings
    dear = msgspec.structs.replace(FREE, fee_bps=Decimal(150))
    assert "Fees took" in " ".join(a_report(terms=dear).warnings)


def test_an_open_position_is_told() -> None:
    series = [a_series([*WINS[:4], flat(101.0)])]
    job, history = a_job(series)
    report, curve = report_of(job, history, run(job, history))
    assert report.still_open == 1
    assert "still open" in " ".join(report.warnings)
    assert curve.equity[-1] == float(job.terms.start_cash)


def test_one_symbol_that_made_it_all_is_told() -> None:
    lost: list[Candle] = [*WINS[:4], (101.0, 101.0, 90.0, 90.0)]
    series = [a_series(WINS, "AUSDT"), a_series(lost, "BUSDT"), a_series(lost, "CUSDT")]
    job, history = a_job(series)
    report, _curve = report_of(job, history, run(job, history))
    assert "AUSDT alone made 100 %" in " ".join(report.warnings)


def test_the_summary_names_what_counts_and_cuts_long_tables() -> None:
    text = summary(a_report(12))
    for words in ("12 symbols", "final equity", "Sharpe", "TAKE_PROFIT", "S0USDT", "  ...", "! "):
        assert words in text
    assert "S0USDT, 5m candles" in summary(a_report())


def test_the_summary_says_why_entries_were_refused() -> None:
    poor = msgspec.structs.replace(FREE, start_cash=Decimal(50))
    assert "not enough cash" in summary(a_report(terms=poor))
