"""The server's settings: what `server.toml` may hold, with every default."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from contract.clock import SECOND_NS
from contract.settings import BrokerSettings, Name, Settings
from school.settings import LessonSettings, SchoolSettings

__all__ = [
    "IngestSettings",
    "RetentionSettings",
    "ScoreSettings",
    "ServerSettings",
]


class IngestSettings(Settings):
    """How messages are kept; docs/ingest.md says what happens at each limit."""

    tick_ms: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Messages are collected this long for one durable commit; 1000 is advised on an SD card."""
    most_in_tick: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    """A commit comes earlier when this many messages are waiting."""
    most_waiting: Annotated[int, Field(ge=1, le=1_000_000)] = 2_000
    """Received messages that wait for a tick; when full, the network thread waits."""
    most_outgoing: Annotated[int, Field(ge=1, le=1_000_000)] = 4_000
    """Acks and configurations that wait for the broker, one a node and run, the newest."""
    most_aside: Annotated[int, Field(ge=0, le=100_000_000)] = 10_000
    """Bad messages kept aside; beyond it they are only counted, and the log says so."""
    max_aside_mb: Annotated[int, Field(ge=1, le=100_000)] = 64
    """… and no more of them than this; one node may take a tenth of either."""
    max_node_burst_mb: Annotated[int, Field(ge=1, le=1_000_000)] = 1024
    """Values that one node may send at once, as after weeks away; 8 kB a second come on top."""
    live_age_s: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    """What waited longer than this before it was sent is historical: it never raises an alert."""
    max_clock_error_s: Annotated[float, Field(ge=0, le=86_400)] = 300.0
    """A kit's clock that is further off is not believed; 0 believes every one, for recordings."""
    seal_after_s: Annotated[int, Field(ge=60, le=86_400)] = 600
    """Periods move from the live table into day files at this age."""
    seal_each_s: Annotated[int, Field(ge=1, le=3_600)] = 30
    """How often that is tried."""
    most_counted: Annotated[int, Field(ge=1, le=1_000_000)] = 4_000
    """Runs of nodes that have figures of their own in the metrics; the longest quiet one goes."""
    health_port: Annotated[int, Field(ge=0, le=65535)] = 8001
    """Where this computer alone may ask for /metrics, /healthz and /readyz; 0 for none."""
    stall_s: Annotated[float, Field(gt=0, le=3_600)] = 15.0
    """/healthz fails when the loop has not come round for this long."""

    @property
    def clock_bound_ns(self) -> int | None:
        """`max_clock_error_s` in nanoseconds; None: every clock is believed."""
        return round(self.max_clock_error_s * SECOND_NS) or None


class ScoreSettings(Settings):
    """How kept periods become epochs and alerts."""

    model_file: Path | None = None
    """An ONNX model of your own; none means the one that is shipped."""
    poll_ms: Annotated[int, Field(ge=1, le=10_000)] = 50
    """How often the store is asked whether something was kept."""
    alert_age_s: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    """A scorer that was held up for longer raises no alert for what was kept meanwhile."""
    settle_s: Annotated[float, Field(gt=0, le=3_600)] = 2.0
    """A lesson whose earlier hole is being filled is scored again after this much quiet."""
    again_s: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    """… and at the latest after this long, while the hole is still being filled."""
    most_open: Annotated[int, Field(ge=1, le=100_000)] = 2_000
    """Lessons whose state is held in memory; another one is built again from the store."""
    health_port: Annotated[int, Field(ge=0, le=65535)] = 8002
    """Where this computer alone may ask for /metrics, /healthz and /readyz; 0 for none."""
    stall_s: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    """/healthz fails when the loop has not come round for this long."""


class RetentionSettings(Settings):
    """How long what is kept stays, in days; docs/retention.md says how it goes."""

    seat_days: Annotated[int, Field(ge=1, le=36_500)] = 30
    """The seats' own values."""
    room_days: Annotated[int, Field(ge=1, le=36_500)] = 365
    """The room's own values, which are sound levels."""
    score_days: Annotated[int, Field(ge=1, le=36_500)] = 365
    """Epochs of zones and rooms, and alerts."""
    aside_days: Annotated[int, Field(ge=1, le=36_500)] = 30
    """Messages that were kept aside because they could not be used."""
    label_days: Annotated[int, Field(ge=1, le=36_500)] = 730
    """What a teacher lets be kept of moments that were confirmed or dismissed, to learn from."""


class ServerSettings(Settings):
    """Everything in `server.toml`, for ingest, score, lesson, aside and dashboard."""

    site: Name
    """The school's name in topics; the same as in its kits' settings."""
    data_dir: Path = Path("roomtone-data")
    """Where main.db, the day files, score.db and school.db are; made when missing."""
    broker: BrokerSettings = BrokerSettings()
    """How to reach the MQTT broker."""
    ingest: IngestSettings = IngestSettings()
    """Keeping what arrives."""
    score: ScoreSettings = ScoreSettings()
    """Scoring what was kept."""
    retention: RetentionSettings = RetentionSettings()
    """How long it stays."""
    lessons: LessonSettings = LessonSettings()
    """Timetables, and lessons."""
    school: SchoolSettings = SchoolSettings()
    """Where lessons, moments and who opted out are kept."""
    dashboard: dict[str, object] = Field(default_factory=dict)
    """The pages; the dashboard checks this table itself."""
