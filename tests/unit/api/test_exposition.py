from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families as read

from aitrader.api.exposition import Histogram, counter_lines, gauge_lines, text_of


def samples(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (row.name, tuple(sorted(row.labels.items()))): row.value
        for family in read(text.decode())
        for row in family.samples
    }


def test_the_library_reads_what_grows_and_what_falls() -> None:
    lines = [
        *counter_lines("seen", "How many", [({"name": 'a "b"\\c\nd'}, 2.0)]),
        *gauge_lines("worth", "In quote", -1.5),
    ]
    families = {family.name: family.type for family in read(text_of(lines).decode())}
    assert families == {"seen": "counter", "worth": "gauge"}
    assert samples(text_of(lines)) == {
        ("seen_total", (("name", 'a "b"\\c\nd'),)): 2.0,
        ("worth", ()): -1.5,
    }


def test_the_library_reads_a_histogram() -> None:
    histogram = Histogram("took", "Seconds", (0.1, 1.0), labels=("leg",))
    for value in (0.1, 0.5, 7.0):
        histogram.timer("ENTRY").observe(value)
    found = samples(text_of(histogram.lines()))
    leg = ("leg", "ENTRY")
    assert found == {
        ("took_bucket", (("le", "0.1"), leg)): 1.0,
        ("took_bucket", (("le", "1.0"), leg)): 2.0,
        ("took_bucket", (("le", "+Inf"), leg)): 3.0,
        ("took_count", (leg,)): 3.0,
        ("took_sum", (leg,)): pytest.approx(7.6),
    }


def test_a_histogram_without_labels_is_there_from_the_start() -> None:
    found = samples(text_of(Histogram("took", "Seconds", (1.0,)).lines()))
    assert found["took_count", ()] == 0.0
