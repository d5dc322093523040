"""Checks what a server knows of its nodes, and how far storing and scoring are behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from contract.finding import Finding, State
from contract.language import N_, _
from ingest.clocks.words import claim_said, when
from ingest.doctor.checks import Page
from ingest.doctor.sensors import sensor_findings
from ingest.stores.notices import Notice, NoticeKind
from ingest.stores.protocol import PeriodReader
from ingest.stores.records import Stream

__all__ = [
    "clock_findings",
    "kept_findings",
    "node_findings",
    "notice_advice",
    "notice_findings",
    "score_findings",
    "stream_findings",
]

_SILENT_S: Final = 180
_LONG_UNACKED_MS: Final = 60_000
_BACKLOG_S: Final = 600
_LATE_S: Final = 30
_ADVICE: Final[dict[NoticeKind, str]] = {
    "limit": N_(
        "check that kit: it is broken, or another kit than it claims; its new data is put aside, all "
        "other kits continue"
    ),
    "aside": N_("see what it sends with `roomtone aside list`, and check that kit"),
    "connections": N_(
        "check its network and its power; the cause may also be a copy of its card in another kit, or "
        "somebody who has its key: then give it a new certificate (docs/mosquitto.md)"
    ),
}


def clock_findings(reader: PeriodReader, utc_ns: int) -> Iterator[Finding]:
    """Whether the server's own clock was set a short while ago."""
    note = reader.clock_note()
    if note is not None and utc_ns < note.retention_from_utc_ns:
        yield Finding(
            about="server's clock", state="note",
            said=_(
                "was set; retention removes nothing before {time}",
                time=when(note.retention_from_utc_ns),
            ),
            advice=_("check that it is right: `timedatectl`"),
        )  # fmt: skip


def node_findings(reader: PeriodReader, metrics: Page | None) -> Iterator[Finding]:
    """Check the newest run of each node; without `metrics`, ingest's page, ages are unknown."""
    newest = {(stream.room, stream.node): stream for stream in reader.streams()}
    if not newest:
        yield Finding(
            about="nodes", state="note", said="no node has ever sent anything",
            advice="check `site` and the broker's address in the kits' edge.toml",
        )  # fmt: skip
    ages = metrics.values("roomtone_node_health_age_seconds") if metrics is not None else {}
    for (room, node), stream in sorted(newest.items()):
        about = f"node {node} in {room}"
        if not reader.is_up(stream.id):
            yield Finding(about=about, state="note", said="is off, or its network is",
                          advice="nothing, if no lesson is on; else switch it on")  # fmt: skip
            continue
        found = list(stream_findings(reader, stream, ages.get((node, room, f"{stream.run:x}"))))
        if not found:
            yield Finding(about=about, state="fine", said="sends, and its data is acknowledged")
        for state, said, advice in found:
            yield Finding(about=about, state=state, said=said, advice=advice)


def stream_findings(
    reader: PeriodReader, stream: Stream, age_s: float | None, *, of_sensors: bool = True
) -> Iterator[tuple[State, str, str]]:
    """What is wrong with a node that is up, and what to do; `age_s` is that of its last health.

    `ingest/fleet/trouble.py` has sentences of its own on what a kit says of its sensors.
    """
    if age_s is not None and age_s > _SILENT_S:
        yield (
            "wrong", _("has sent no health report for {s} s", s=f"{age_s:.0f}"),
            _("run `roomtone doctor` on it, or restart it"),
        )  # fmt: skip
    claim = reader.clock_claim(stream)
    if claim is not None:
        advice = _("set its clock: its stored readings get dates once its clock is right")
        yield "wrong", claim_said(claim), advice
    elif not reader.timebases(stream, from_boot_ns=0, to_boot_ns=0):
        yield (
            "wrong", _("has no synchronised clock, so its readings can't be dated or scored"),
            _("give it access to a time server (UDP port 123); stored readings get dates afterwards"),
        )  # fmt: skip
    health = reader.health(stream.id)
    if health is None:
        return
    yield from sensor_findings(health.faults if of_sensors else ())
    birth = reader.birth(stream.id)
    hubs = birth.hubs if birth is not None else ()
    seats = len({seat for hub in hubs for seat in hub.seats}) or 1
    if health.waiting and health.ack_age_ms is not None and health.ack_age_ms > _LONG_UNACKED_MS:
        yield (
            "wrong",
            _("has had no ack for {s} s while data waits", s=f"{health.ack_age_ms / 1e3:.0f}"),
            _("see the findings about ingest and the broker; the node holds its data meanwhile"),
        )  # fmt: skip
    elif health.waiting > _BACKLOG_S * seats:
        minutes, megabytes = health.waiting / seats / 60, health.outbox_bytes / 1e6
        yield (
            "note",
            _(
                "has {minutes} minutes of data to send, {size} MB in its outbox",
                minutes=f"{minutes:.0f}",
                size=f"{megabytes:.1f}",
            ),
            _("nothing, if its network has just come back; else check the network"),
        )
    if health.gap:
        yield (
            "note", _("dropped {s} s that it had sampled", s=f"{health.gap / seats:.0f}"),
            _("see the gaps on the lesson's page; a larger outbox would have held more"),
        )  # fmt: skip
    due = health.sampled + health.unsampled
    if due and health.unsampled > 0.01 * due:
        yield (
            "note",
            _("missed {share} of its readings on the serial lines",
              share=f"{health.unsampled / due:.0%}"),
            _("run `roomtone doctor` on it; check the hubs' cables"),
        )  # fmt: skip


def notice_advice(notice: Notice) -> str:
    """What to do about what is held against a node."""
    return _(_ADVICE[notice.kind])


def notice_findings(reader: PeriodReader) -> Iterator[Finding]:
    """What ingest has noted about nodes that misbehave."""
    for notice in reader.notices():
        yield Finding(
            about=f"node {notice.node} in {notice.room}", state="wrong",
            said=f"{notice.sentence} ({notice.count} times, last {when(notice.last_utc_ns)})",
            advice=notice_advice(notice),
        )  # fmt: skip


def kept_findings(reader: PeriodReader, metrics: Page | None) -> Iterator[Finding]:
    """Messages kept aside, and whether ingest keeps up."""
    aside = reader.count_aside()
    if aside:
        yield Finding(
            about="messages", state="note", said=f"{aside} are kept aside because they are invalid",
            advice="see why with `roomtone aside list`; after an update, `roomtone aside replay`",
        )  # fmt: skip
    if metrics is None:
        return
    limits = metrics.values("roomtone_ingest_queue_limit")
    for labels, length in metrics.values("roomtone_ingest_queue_length").items():
        limit = limits.get(labels, 0)
        if labels != ("counted",) and limit and length > 0.8 * limit:
            yield Finding(
                about="ingest", state="wrong",
                said=f"its queue of {labels[0]} holds {length:.0f} of {limit:.0f}",
                advice="see docs/ingest.md for what happens at that limit; the disk may be slow",
            )  # fmt: skip
    if sum(metrics.values("roomtone_ingest_same_name_total").values()):
        yield Finding(
            about="nodes", state="wrong", said="two have the same name",
            advice="ingest's log says which; give one another name in its edge.toml",
        )  # fmt: skip


def score_findings(metrics: Page | None) -> Iterator[Finding]:
    """Whether scoring keeps up."""
    if metrics is None:
        return
    behind_s = max(metrics.values("roomtone_score_lag_seconds").values(), default=0.0)
    if behind_s > _LATE_S:
        yield Finding(
            about="score", state="wrong", said=f"is {behind_s:.0f} s behind the stored data",
            advice="give the server more processor time; scores this late raise no alert",
        )  # fmt: skip
