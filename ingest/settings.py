"""The server's settings: what `server.toml` may hold, with every default."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from contract.addresses import is_safe_address
from contract.clock import SECOND_NS
from contract.errors import ConfigurationError
from contract.settings import BrokerSettings, Name, Settings
from ingest.authority.settings import AuthoritySettings
from ingest.replicas.settings import ReplicaSettings, ReplicateSettings, unique_names
from school.people.settings import OpenIdSettings, SmtpSettings
from school.settings import DebriefSettings, LessonSettings, SchoolSettings
from school.video.settings import VideoSettings

__all__ = [
    "AggregatesSettings",
    "BackupSettings",
    "HealthTopicSettings",
    "IngestSettings",
    "RetentionSettings",
    "ScoreSettings",
    "ServerSettings",
]


class IngestSettings(Settings):
    """How messages are stored; docs/ingest.md describes what happens at each limit."""

    mqtt_client: Literal["auto", "paho", "awscrt"] = "auto"
    """The library for MQTT: awscrt reads what kits send in less time than paho, and needs a broker with
    MQTT 5. With `auto` it is used where it is installed; paho speaks 3.1.1 with other brokers."""
    tick_ms: Annotated[int, Field(ge=1, le=10_000)] = 100
    """How long messages are collected for one durable commit; use 1000 on an SD card."""
    max_in_tick: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    """The commit comes earlier when this many messages are waiting."""
    max_waiting: Annotated[int, Field(ge=1, le=1_000_000)] = 2_000
    """Received messages that wait for a tick; when full, the network thread waits."""
    max_outgoing: Annotated[int, Field(ge=1, le=1_000_000)] = 4_000
    """Acks and configurations that wait for the broker, one a node and run, the newest."""
    max_aside_messages: Annotated[int, Field(ge=0, le=100_000_000)] = 10_000
    """Unusable messages kept aside; more of them are only counted, and the log says so."""
    max_aside_mb: Annotated[int, Field(ge=1, le=100_000)] = 64
    """Their total size; one node may use a tenth of either limit."""
    max_node_burst_mb: Annotated[int, Field(ge=1, le=1_000_000)] = 1024
    """Values that one node may send at once, as after weeks offline; 8 kB more are allowed a second."""
    live_age_s: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    """Data that waited longer than this before it was sent is historical: it never raises an alert."""
    max_clock_error_s: Annotated[float, Field(ge=0, le=86_400)] = 300.0
    """A kit's clock that is wrong by more is not believed; 0 believes every clock, for recordings."""
    seal_after_s: Annotated[int, Field(ge=60, le=86_400)] = 600
    """Periods move from the live table into day files at this age."""
    seal_each_s: Annotated[int, Field(ge=1, le=3_600)] = 30
    """How often ingest looks for such periods."""
    max_counted: Annotated[int, Field(ge=1, le=1_000_000)] = 4_000
    """Runs of nodes with their own figures in the metrics; the one that was quiet longest is dropped."""
    health_port: Annotated[int, Field(ge=0, le=65535)] = 8001
    """The port of /metrics, /healthz and /readyz, for this computer only; 0 for none."""
    stall_s: Annotated[float, Field(gt=0, le=3_600)] = 15.0
    """/healthz fails when the main loop has not run for this long."""

    @property
    def clock_bound_ns(self) -> int | None:
        """`max_clock_error_s` in nanoseconds; None: every clock is believed."""
        return round(self.max_clock_error_s * SECOND_NS) or None


class HealthTopicSettings(Settings):
    """Kits' health as JSON on MQTT, for others' tools; docs/others-tools.md describes it."""

    publish: Literal["nothing", "json", "home_assistant"] = "nothing"
    """`json` for Telegraf and others; `home_assistant` also makes Home Assistant find the kits."""
    prefix: Name = "roomtone-health"
    """The first level of the topics, `prefix/site/room/node/health` and `.../state`."""
    discovery_prefix: Name = "homeassistant"
    """The first level of the topics in which Home Assistant looks for devices."""

    @model_validator(mode="after")
    def _is_apart(self) -> Self:
        """The kits' own topics are for the kits' own messages."""
        for key in ("prefix", "discovery_prefix"):
            if getattr(self, key) == "roomtone":
                raise ConfigurationError(
                    "health_topic", f"health_topic.{key}", "roomtone",
                    "another first level: below roomtone/ are the kits' own messages",
                )  # fmt: skip
        return self


class ScoreSettings(Settings):
    """How stored periods become epochs and alerts."""

    model_file: Path | None = None
    """Your own ONNX model; without it, the shipped one."""
    poll_ms: Annotated[int, Field(ge=1, le=10_000)] = 50
    """How often the scorer asks the store for new data."""
    alert_age_s: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    """After a longer delay the scorer raises no alerts for what was stored meanwhile."""
    rescore_quiet_s: Annotated[float, Field(gt=0, le=3_600)] = 2.0
    """A lesson that receives late data is scored again once none has come for this long."""
    rescore_max_wait_s: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    """The longest that such a lesson waits, while late data still comes."""
    max_open: Annotated[int, Field(ge=1, le=100_000)] = 2_000
    """Lessons whose state is held in memory; the state of others is rebuilt from the store."""
    health_port: Annotated[int, Field(ge=0, le=65535)] = 8002
    """The port of /metrics, /healthz and /readyz, for this computer only; 0 for none."""
    stall_s: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    """/healthz fails when the main loop has not run for this long."""


class RetentionSettings(Settings):
    """How many days data is kept; docs/retention.md describes how it is removed."""

    seat_days: Annotated[int, Field(ge=1, le=36_500)] = 30
    """Values of single seats."""
    room_days: Annotated[int, Field(ge=1, le=36_500)] = 365
    """Values of the room, which are sound levels."""
    score_days: Annotated[int, Field(ge=1, le=36_500)] = 365
    """Epochs of zones and rooms, and alerts."""
    aside_days: Annotated[int, Field(ge=1, le=36_500)] = 30
    """Unusable messages that were kept aside."""
    label_days: Annotated[int, Field(ge=1, le=36_500)] = 730
    """What is kept, with a teacher's leave, of confirmed and dismissed moments, to learn from, and
    what observers saw."""
    debrief_days: Annotated[int, Field(ge=1, le=36_500)] = 730
    """What people write around lessons: notes with replies, from the start of their lesson on;
    guesses, reflections, filled forms, steps that are over, and cycles, from their last change on."""
    video_days: Annotated[int, Field(ge=1, le=36_500)] = 30
    """Videos of lessons, from the end of their lesson on."""
    audit_days: Annotated[int, Field(ge=30, le=36_500)] = 730
    """Entries of the audit log: who saw, shared and changed what."""


class BackupSettings(Settings):
    """Backups off this computer; docs/backups.md describes them."""

    repository: Annotated[str, Field(pattern=r"^[^\s\"'%$\\]+$")] | None = None
    """Where they go, as restic names it: a folder on another disk, or such as
    "sftp:backup@nas.school.example:/roomtone"; it switches them on."""
    key_file: Path = Path("/etc/roomtone/backup-key")
    """The key that encrypts them; without a copy of it elsewhere, nobody can read a backup when this
    computer is gone."""
    keep_days: Annotated[int, Field(ge=1, le=3_650)] = 30
    """How long a backup is kept; what is purged here is gone there only after that."""

    @property
    def is_folder(self) -> bool:
        """Whether they go into a folder of this computer, such as a mounted disk."""
        return self.repository is not None and self.repository.startswith("/")


class AggregatesSettings(Settings):
    """Figures of a month for a collector beyond the school; docs/aggregates.md has all that leaves."""

    collector: str | None = None
    """The collector's https:// address; it switches this on."""
    key_file: Path | None = None
    """The key that signs them; without it, aggregates-key.pem in the data directory. `roomtone aggregates
    key --make` makes it."""
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 30.0
    """How long the collector may take for an answer."""

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.collector is not None and not is_safe_address(self.collector):
            raise ConfigurationError(
                "", "aggregates.collector", self.collector, "an https:// address"
            )
        return self


class ServerSettings(Settings):
    """Everything in `server.toml`, for ingest, score, lesson, aside and dashboard."""

    renamed: ClassVar[dict[str, str]] = {
        "ingest.most_in_tick": "ingest.max_in_tick",
        "ingest.most_waiting": "ingest.max_waiting",
        "ingest.most_outgoing": "ingest.max_outgoing",
        "ingest.most_aside": "ingest.max_aside_messages",
        "ingest.most_counted": "ingest.max_counted",
        "score.settle_s": "score.rescore_quiet_s",
        "score.again_s": "score.rescore_max_wait_s",
        "score.most_open": "score.max_open",
    }

    site: Name
    """The school's name in topics; its kits' settings have the same."""
    more_sites: tuple[Name, ...] = ()
    """Further schools that this server keeps and scores; docs/shards.md says how many servers share them."""
    data_dir: Path = Path("roomtone-data")
    """The directory of main.db, the day files, score.db and school.db; created if it is missing."""
    shards: tuple[Path, ...] = ()
    """Data directories of the district's other servers: their rooms are on these pages too, and purges reach them."""
    broker: BrokerSettings = BrokerSettings()
    """How to reach the MQTT broker."""
    ingest: IngestSettings = IngestSettings()
    """Storing what arrives."""
    authority: AuthoritySettings = AuthoritySettings()
    """Kits' certificates, and the port where kits enrol."""
    health_topic: HealthTopicSettings = HealthTopicSettings()
    """Kits' health for others' tools, such as Telegraf and Home Assistant. Nothing of people."""
    score: ScoreSettings = ScoreSettings()
    """Scoring what was stored."""
    retention: RetentionSettings = RetentionSettings()
    """How long data is kept."""
    backup: BackupSettings = BackupSettings()
    """Backups off this computer, each night, encrypted."""
    aggregates: AggregatesSettings = AggregatesSettings()
    """Figures of a month for a collector beyond the school; nothing leaves unless a collector is named."""
    lessons: LessonSettings = LessonSettings()
    """Timetables and lessons."""
    debrief: DebriefSettings = DebriefSettings()
    """Talking about lessons."""
    school: SchoolSettings = SchoolSettings()
    """Where lessons, moments and who opted out are kept."""
    video: VideoSettings = VideoSettings()
    """Videos of lessons on this server. Both directories switch them on; no backup has them."""
    openid: OpenIdSettings = OpenIdSettings()
    """Signing in with a school account, by OpenID Connect; docs/people.md has examples."""
    smtp: SmtpSettings = SmtpSettings()
    """The mail server that sends links, and how much is new to who asks for it; without it, links are only shown."""
    replicate: ReplicateSettings = ReplicateSettings()
    """Feeding time-series databases beside the store; docs/timeseries.md describes it."""
    replicas: Annotated[tuple[ReplicaSettings, ...], Field(max_length=20)] = ()
    """The databases that get a copy, a table each; without one nothing is copied."""
    dashboard: dict[str, object] = Field(default_factory=dict)
    """The web pages; the dashboard checks this table itself."""

    @property
    def sites(self) -> tuple[str, ...]:
        """Every site that this server keeps."""
        return self.site, *self.more_sites

    @model_validator(mode="after")
    def _names_sites_once(self) -> Self:
        twice = [site for site in self.sites if self.sites.count(site) > 1]
        if twice:
            raise ConfigurationError("", "more_sites", twice[0], "each site once, `site` included")
        return self

    @model_validator(mode="after")
    def _keeps_videos_apart(self) -> Self:
        """No copy of the data directory may bring a deleted video back."""
        self.video.require_apart_from(self.data_dir)
        return self

    @model_validator(mode="after")
    def _names_each_replica(self) -> Self:
        unique_names(self.replicas)
        return self
