import msgspec
import numpy as np
from tests.unit.backtest.studies import a_study, some

from aitrader.backtest.batch import outcomes_of
from aitrader.backtest.outcome import Outcome
from aitrader.backtest.parameters import Axis
from aitrader.backtest.sweep_report import (
    SHOWN,
    SweepReport,
    judged,
    sweep_summary,
    table_of,
    warnings_of,
)
from aitrader.backtest.walk import Fold, Walk

AXES = (Axis("FAST", tuple(range(2, 17))), Axis("STOP", ("1%", "2%")))


def some_outcomes(days: int) -> list[Outcome]:
    """Six combinations: two that are wrong, four with so many days of noise."""
    study, loaded = a_study(30)
    (one,) = outcomes_of(study, some({}), loaded)
    assert one.statistics is not None
    rng = np.random.Generator(np.random.PCG64(3))
    found = [Outcome(f"wrong {n}", (("FAST", -n), ("STOP", "1%")), fault="no") for n in (1, 2)]
    for n in (5, 16):
        for stop in ("1%", "2%"):
            returns = rng.normal(0, 0.01, days)
            numbers = msgspec.structs.replace(
                one.statistics,
                sharpe=float(returns.mean() / returns.std()) if days >= 30 else None,
                return_pct=float(returns.sum() * 100),
            )
            values = (("FAST", n), ("STOP", stop))
            found.append(Outcome(f"{n} {stop}", values, numbers, tuple(returns.tolist())))
    return found


def a_report(walk: bool = False, days: int = 40) -> SweepReport:
    study, loaded = a_study(30)
    order, doubts = judged(some_outcomes(days), "sharpe")
    found = None
    if walk:
        numbers = order[0].statistics
        assert numbers is not None
        fold = Fold(study.job.from_ms, study.job.to_ms, order[0].values, 1.5, numbers)
        found = Walk((fold, msgspec.structs.replace(fold, before_sharpe=-1.0)), 12.0)
    return SweepReport(
        trader="Above",
        interval="5m",
        from_time="2025-01-01 00:00",
        to_time="2025-02-10 00:00",
        symbols=loaded.history.symbols,
        objective="sharpe",
        axes=AXES,
        possible=30,
        outcomes=order,
        overfitting=doubts,
        walk=found,
        warnings=warnings_of(order, doubts, "sharpe"),
    )


def test_a_summary_shows_the_best_and_the_doubts() -> None:
    report = a_report(walk=True)
    text = sweep_summary(report)
    assert "Above: 6 of 30 combinations, 2 symbols" in text
    assert "deflated Sharpe ratio" in text and "probability of overfitting" in text
    assert "walk-forward: +12.00 %" in text
    assert "2 combinations could not be run" in text
    assert report.best is report.outcomes[0]


def test_a_long_table_is_cut() -> None:
    report = a_report()
    many = (report.outcomes[0],) * (SHOWN + 3)
    text = sweep_summary(msgspec.structs.replace(report, outcomes=many))
    assert "... 3 more, ordered by sharpe" in text


def test_a_table_has_every_value_and_number() -> None:
    names, rows = table_of(a_report())
    assert names[:2] == ("FAST", "STOP") and names[-1] == "fault"
    assert len(rows) == 6 and {len(row) for row in rows} == {len(names)}
    assert rows[-1][names.index("sharpe")] is None and rows[-1][-1]


def test_luck_is_told() -> None:
    report = a_report()
    doubts = msgspec.structs.replace(report.overfitting, deflated=0.4, luck_sharpe=1.2, pbo=0.7)
    text = " ".join(warnings_of(report.outcomes, doubts, "sharpe"))
    assert "a probability of 40%" in text and "With a probability of 70%" in text
    sure = msgspec.structs.replace(doubts, deflated=0.99, pbo=0.1)
    assert "probability" not in " ".join(warnings_of(report.outcomes, sure, "sharpe"))


def test_without_numbers_the_order_is_that_of_the_return() -> None:
    report = a_report(days=2)
    assert any("no number" in text or "has a number" in text for text in report.warnings)
    assert "too few days" in " ".join(report.warnings)
    assert "-" in sweep_summary(report)


def test_when_nothing_could_be_run_that_is_all_there_is_to_say() -> None:
    faulty = (Outcome("x", (("FAST", -1),), fault="line 3: no"),)
    order, doubts = judged(faulty, "sharpe")
    assert warnings_of(order, doubts, "sharpe") == ("1 combinations could not be run: line 3: no",)
    report = msgspec.structs.replace(a_report(days=2), outcomes=order)
    assert report.best is None
    assert msgspec.structs.replace(report, outcomes=()).best is None
