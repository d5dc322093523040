"""The text that Prometheus reads."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.monitoring.exposition import Exposition, Histogram, Metric

PLAIN = Metric(name="roomtone_a_total", kind="counter", help="What it is.")
LABELLED = Metric(name="roomtone_b", kind="gauge", help='Two\nlines, "\\".', labels=("x", "y"))
TIMES = Metric(name="roomtone_c_seconds", kind="histogram", help="How long.")


def test_values_of_a_metric_stand_together_under_its_help() -> None:
    told = Exposition()
    told.say(LABELLED, 0.5, "1", "2")
    told.say(PLAIN, 12)
    told.say(LABELLED, math.inf, 'a"b\\\n', "")
    assert told.text() == (
        '# HELP roomtone_b Two\\nlines, "\\\\".\n'
        "# TYPE roomtone_b gauge\n"
        'roomtone_b{x="1",y="2"} 0.5\n'
        'roomtone_b{x="a\\"b\\\\\\n",y=""} +Inf\n'
        "# HELP roomtone_a_total What it is.\n"
        "# TYPE roomtone_a_total counter\n"
        "roomtone_a_total 12\n"
    )


def test_a_label_that_is_missing_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        Exposition().say(LABELLED, 1, "1")


@given(st.lists(st.floats(0, 10), max_size=40))
def test_a_histogram_counts_each_value_in_every_bucket_that_reaches_it(values: list[float]) -> None:
    histogram = Histogram(bounds=(0.1, 1.0, 5.0))
    for value in values:
        histogram.add(value)
    told = Exposition()
    told.say_histogram(TIMES, histogram)
    lines = dict(line.rsplit(" ", 1) for line in told.text().splitlines() if line[0] != "#")
    for bound in (0.1, 1.0, 5.0, math.inf):
        name = "+Inf" if math.isinf(bound) else repr(bound)
        reached = sum(value <= bound for value in values)
        assert lines[f'roomtone_c_seconds_bucket{{le="{name}"}}'] == str(reached)
    assert lines["roomtone_c_seconds_count"] == str(len(values))
    assert float(lines["roomtone_c_seconds_sum"]) == pytest.approx(sum(values))
