"""Families of metrics, built from a program's own figures at each scrape."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from prometheus_client import Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, Sample

__all__ = ["counter", "gauge", "without_created"]

Values: TypeAlias = float | Iterable[tuple[dict[str, str], float]]
"""One value; or each value with its labels, which many families may share."""


def counter(name: str, about: str, values: Values) -> Metric:
    """A counter, whose name ends in `_total`."""
    return _filled(CounterMetricFamily(name, about), name, values)


def gauge(name: str, about: str, values: Values) -> Metric:
    return _filled(GaugeMetricFamily(name, about), name, values)


def without_created(histogram: Histogram) -> Metric:
    """The histogram without its time of creation, which the library can hide only globally."""
    (family,) = histogram.collect()
    family.samples = [each for each in family.samples if not each.name.endswith("_created")]
    return family


def _filled(family: Metric, name: str, values: Values) -> Metric:
    each = values if isinstance(values, Iterable) else [({}, values)]
    family.samples = [Sample(name, labels, value) for labels, value in each]
    return family
