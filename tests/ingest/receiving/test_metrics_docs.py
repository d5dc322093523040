"""docs/metrics.md lists every metric, as the programs declare it."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from dashboard_api.settings import DashboardSettings
from ingest.replicas.settings import ReplicateSettings
from ingest.settings import IngestSettings, ScoreSettings
from tests.ingest.monitoring.scraped import GOLDEN

TEXT = (Path(__file__).parents[3] / "docs/metrics.md").read_text(encoding="utf-8")


def metrics() -> list[Metric]:
    return [
        metric
        for program in ("ingest", "score", "dashboard", "replicate")
        for metric in text_string_to_metric_families(
            (GOLDEN / f"{program}.txt").read_text(encoding="utf-8")
        )
    ]


def full_name(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def test_the_tables_are_the_golden_pages() -> None:
    rows = re.findall(r"^\| `(roomtone_\w+)` \| (\w+) \| (.*?) \| (.*) \|$", TEXT, re.MULTILINE)
    assert sorted(rows) == sorted(
        (
            full_name(metric),
            metric.type,
            ", ".join(f"`{label}`" for label in metric.samples[0].labels if label != "le") or "–",
            metric.documentation,
        )
        for metric in metrics()
    )


def test_names_follow_the_custom_of_prometheus() -> None:
    names = [metric.name for metric in metrics()]
    assert len(set(names)) == len(names)
    for metric in metrics():
        assert not metric.name.endswith("_total"), metric.name
        assert metric.documentation.endswith("."), metric.name


def test_every_metric_that_is_named_exists_and_ports_are_the_defaults() -> None:
    assert set(re.findall(r"`(roomtone_\w+)`", TEXT)) == set(map(full_name, metrics()))
    for table, settings in (
        ("ingest", IngestSettings()),
        ("score", ScoreSettings()),
        ("replicate", ReplicateSettings()),
    ):
        assert f"127.0.0.1:{settings.health_port}> | `{table}.health_port`" in TEXT
        assert f"`{table}.stall_s` ({settings.stall_s:.0f})" in TEXT
    assert f"127.0.0.1:{DashboardSettings().port}> | `dashboard.port`" in TEXT
    assert f"`ingest.max_counted` ({IngestSettings().max_counted})" in TEXT
