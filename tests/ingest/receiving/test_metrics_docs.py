"""docs/metrics.md lists every metric, as the programs declare it."""

from __future__ import annotations

import re
from pathlib import Path

from dashboard_api.health.routes import METRICS as OF_DASHBOARD
from dashboard_api.settings import DashboardSettings
from ingest.receiving.metrics import METRICS as OF_INGEST
from ingest.scoring.metrics import METRICS as OF_SCORE
from ingest.settings import IngestSettings, ScoreSettings

TEXT = (Path(__file__).parents[3] / "docs/metrics.md").read_text(encoding="utf-8")
METRICS = (*OF_INGEST, *OF_SCORE, *OF_DASHBOARD)


def test_the_tables_are_the_declarations() -> None:
    rows = re.findall(r"^\| `(roomtone_\w+)` \| (\w+) \| (.*?) \| (.*) \|$", TEXT, re.MULTILINE)
    assert rows == [
        (
            metric.name,
            metric.kind,
            ", ".join(f"`{label}`" for label in metric.labels) or "–",
            metric.help,
        )
        for metric in METRICS
    ]


def test_names_follow_the_custom_of_prometheus() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert metric.help.endswith("."), metric.name


def test_every_metric_that_is_named_exists_and_ports_are_the_defaults() -> None:
    assert set(re.findall(r"`(roomtone_\w+)`", TEXT)) == {metric.name for metric in METRICS}
    for table, settings in (
        ("ingest", IngestSettings()),
        ("score", ScoreSettings()),
    ):
        assert f"127.0.0.1:{settings.health_port}> | `{table}.health_port`" in TEXT
        assert f"`{table}.stall_s` ({settings.stall_s:.0f})" in TEXT
    assert f"127.0.0.1:{DashboardSettings().port}> | `dashboard.port`" in TEXT
    assert f"`ingest.most_counted` ({IngestSettings().most_counted})" in TEXT
