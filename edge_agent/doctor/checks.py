"""Checks a node, and says for each finding what to do about it.

It may run beside the agent. Then the agent has the hubs, and the age of the outbox's oldest record
shows for how long ingest has not acknowledged.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from contract.errors import DecodeError
from contract.finding import Finding
from contract.mqtt.broker_check import connection_findings, retained
from contract.topics import Topic, ingest_state
from contract.wire.messages import Birth, IngestState, Timebase, decode_state
from edge_agent.doctor.hubs import hub_findings
from edge_agent.fault_note import read_faults
from edge_agent.identity import boot_id
from edge_agent.outbox.format import Record, scan, unpack_body
from edge_agent.outbox.run_book import read_notes
from edge_agent.publishing.link_note import LinkState, read_link_state
from edge_agent.settings import EdgeSettings
from edge_agent.sources import look_over_source
from edge_agent.timebase import QualitySource, system_quality

__all__ = ["broker_findings", "clock_finding", "is_running", "look_over", "outbox_findings"]

_WAIT_S: Final = 5.0
_RETAINED_S: Final = 1.0
_OLD_S: Final = 120.0
_MIN_FREE: Final = 64 << 20
_NO_INGEST: Final = (
    "check `roomtone ingest` on the server: `roomtone doctor` there says more; until it is up, "
    "data waits here"
)
_IF_EXPIRED: Final = "without it nothing is delivered, and data waits here"


def look_over(settings: EdgeSettings) -> Iterator[Finding]:
    """Check everything, from the hubs to the broker."""
    runs = is_running(settings.outbox.dir)
    yield Finding(
        about="agent", state="fine" if runs else "note",
        said="it runs" if runs else "it does not run",
        advice="" if runs else "start it: systemctl start roomtone-edge, or `roomtone edge`",
    )  # fmt: skip
    yield from hub_findings(settings.hub, is_running=runs)
    yield from _source_findings(settings, is_running=runs)
    yield clock_finding()
    yield from outbox_findings(settings.outbox.dir, settings.outbox.max_bytes, is_running=runs)
    yield from broker_findings(settings, is_running=runs)


def is_running(outbox: Path) -> bool:
    """Whether an agent holds this outbox."""
    try:
        fd = os.open(outbox / "lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def _source_findings(settings: EdgeSettings, *, is_running: bool) -> Iterator[Finding]:
    """Check the other sources. While the agent runs only it may ask them, and it has noted faults."""
    for source in settings.sources:
        if source.kind == "hub" or (is_running and source.kind != "microphone"):
            continue
        yield from look_over_source(source)
    for fault in (read_faults(settings.outbox.dir) or ()) if is_running else ():
        yield Finding(
            about=fault.hub, state="wrong", said=fault.said,
            advice="`roomtone doctor` asks the sensors themselves while the agent is stopped",
        )  # fmt: skip


def clock_finding(quality: QualitySource = system_quality) -> Finding:
    """Check whether the machine's clock is set."""
    known = quality()
    if known.synchronised:
        return Finding(
            about="clock", state="fine",
            said=f"it is synchronised, within {known.error_ns / 1e6:.0f} ms",
        )  # fmt: skip
    return Finding(
        about="clock", state="wrong",
        said=f"it is not synchronised; it shows {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        advice="install chrony and make sure that it reaches a time server; until then planned lessons follow "
        "the time that it shows, and readings are dated later",
    )  # fmt: skip


def outbox_findings(directory: Path, max_bytes: int, *, is_running: bool) -> Iterator[Finding]:
    """Check that the outbox can be written and has room, and what waits in it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(b"x")
            file.flush()
        free = shutil.disk_usage(directory).free
        waiting = sorted(directory.glob("*.outbox"))
        used = sum(path.stat().st_size for path in waiting)
    except OSError as error:
        yield Finding(
            about="outbox", state="wrong", said=f"{directory} can't be written ({error.strerror})",
            advice="give it to the agent's user, make room, or name another [outbox] dir",
        )  # fmt: skip
        return
    is_short = free < min(max_bytes - used, _MIN_FREE)
    yield Finding(
        about="outbox", state="wrong" if is_short else "fine",
        said=f"{directory} can be written; {free / 1e6:.0f} MB of the disk are free",
        advice="make room: when the disk is full, what can't be delivered stays in memory alone"
        if is_short else "",
    )  # fmt: skip
    if not waiting:
        said = "nothing waits: all was acknowledged" if is_running else "nothing waits"
        yield Finding(about="acknowledgements", state="fine", said=said)
        return
    # A segment is deleted once all of it is acknowledged, so the oldest one waits longest.
    age_s = _waits_since(waiting[0])
    is_old = is_running and age_s > _OLD_S
    yield Finding(
        about="acknowledgements", state="wrong" if is_old else "note",
        said=f"{used / 1e6:.1f} MB wait for ingest, the oldest for {_span(age_s)}",
        advice="see what is said of the broker; nothing is lost while there is room"
        if is_old else "",
    )  # fmt: skip


def _waits_since(segment: Path) -> float:
    """How long its first record has waited, in seconds; if unknown, the time since the last write.

    For a record of this boot the boot clock is used, because UTC may have been wrong then.
    """
    try:
        data = segment.read_bytes()
        written_s = time.time() - segment.stat().st_mtime
    except OSError:  # it has just been acknowledged
        return 0.0
    is_of_this_boot = False
    for record in scan(data):
        if not isinstance(record, Record):
            continue
        if record.head.kind == "timebase":
            body = data[record.offset : record.offset + record.length]
            with suppress(DecodeError):
                timebase = Timebase.decode(unpack_body(body, record.crc) or b"")
                is_of_this_boot = timebase.boot == boot_id()
        elif is_of_this_boot:
            ended_ns = record.head.boot_ns + record.head.period_ns
            return max(0.0, (time.monotonic_ns() - ended_ns) / 1e9)
    return max(0.0, written_s)


def broker_findings(settings: EdgeSettings, *, is_running: bool) -> Iterator[Finding]:
    """Check the certificates, the connection to the broker, and what is retained there."""
    for finding in connection_findings(settings.broker, owner="this node", if_expired=_IF_EXPIRED):
        yield finding
        if finding.about == "broker":
            return
    yield from _access_findings(settings, is_running=is_running)


def _access_findings(settings: EdgeSettings, *, is_running: bool) -> Iterator[Finding]:
    where = f"{settings.broker.host}:{settings.broker.port}"
    if is_running and settings.broker.certificate_file is not None:
        # A school's broker allows one connection for each certificate, and the agent has it.
        yield from _agent_findings(settings, where, read_link_state(settings.outbox.dir))
        return
    own = str(Topic(settings.site, settings.room, settings.node, "state"))
    ingest_topic = ingest_state(settings.site)
    said, fault = retained(settings.broker, (own, ingest_topic))
    if fault is not None:
        yield Finding(
            about="broker", state="wrong", said=f"{where} refuses this node: {fault}",
            advice="check the broker's log, its ACL and this node's certificate",
        )  # fmt: skip
        return
    is_up: bool | None = None
    with suppress(DecodeError, KeyError):
        is_up = IngestState.decode(said[ingest_topic]).is_up
    words = {True: "ingest is up", False: "ingest is down", None: "there is no word from ingest"}
    yield Finding(
        about="broker", state="fine" if is_up else "wrong", said=f"{where} answers; {words[is_up]}",
        advice="" if is_up else _NO_INGEST,
    )  # fmt: skip
    with suppress(DecodeError, KeyError):
        state = decode_state(said[own])
        runs = {note.run for note in read_notes(settings.outbox.dir / "runs")}
        if isinstance(state, Birth) and state.run not in runs:
            yield Finding(
                about="name", state="wrong" if is_running else "note",
                said=f"the broker knows another kit as {settings.room}/{settings.node}",
                advice="if it is still in use, give one of the two another node name",
            )  # fmt: skip


def _agent_findings(
    settings: EdgeSettings, where: str, link: LinkState | None
) -> Iterator[Finding]:
    """What the running agent has noted about its connection."""
    if link is None:
        yield Finding(
            about="broker", state="note", said=f"the agent has not said yet how it reaches {where}",
            advice="ask again in a few seconds, or look at the agent's log",
        )  # fmt: skip
        return
    if not link.is_linked:
        yield Finding(
            about="broker", state="wrong",
            said=f"the agent has no connection to {where}: {link.reason}",
            advice="check the broker's log, its ACL and this node's certificate",
        )  # fmt: skip
    else:
        words = "ingest is up" if link.ingest_is_up else "ingest is not up"
        yield Finding(
            about="broker", state="fine" if link.ingest_is_up else "wrong",
            said=f"the agent is connected to {where}; {words}",
            advice="" if link.ingest_is_up else _NO_INGEST,
        )  # fmt: skip
    if link.twins or link.is_pushed_out:
        name = f"{settings.room}/{settings.node}"
        yield Finding(
            about="name", state="wrong",
            said=f"another client connects with the certificate of {name}"
            if link.is_pushed_out else f"the broker knows another kit as {name}",
            advice="give each kit a node name and a certificate of its own; if none is a copy of "
            "this one, somebody else has its key",
        )  # fmt: skip


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
