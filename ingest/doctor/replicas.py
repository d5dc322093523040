"""Checks the databases that get a copy: their tokens, and whether they take what is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from contract.addresses import LOOPBACK
from contract.errors import UsageError
from contract.finding import Finding
from ingest.doctor.checks import program_finding
from ingest.replicas.progress import progress_files
from ingest.replicas.settings import ReplicaSettings
from ingest.replicas.status import STALE_NS, ReplicaStatus, read_status
from ingest.settings import ServerSettings

__all__ = ["replica_findings"]

_AHEAD_S: Final = 300.0


def replica_findings(settings: ServerSettings, now_utc_ns: int) -> Iterator[Finding]:
    """Nothing for a server without replicas."""
    yield from _left(settings.data_dir, {each.name for each in settings.replicas})
    if not settings.replicas:
        return
    yield program_finding("replicate", settings.replicate.health_port, settings)
    status = read_status(settings.data_dir)
    known: dict[str, ReplicaStatus] = {}
    if status is not None and now_utc_ns - status.utc_ns <= STALE_NS:
        known = {each.name: each for each in status.replicas}
    for replica in settings.replicas:
        yield from _of(replica, known.get(replica.name))


def _left(data_dir: Path, names: set[str]) -> Iterator[Finding]:
    for name in progress_files(data_dir):
        if name not in names:
            yield Finding(
                about=f"replica {name}", state="note", said="is not in the settings any more",
                advice="no purge reaches what it holds: remove that there, then "
                f"replicas/{name}.db in the data directory",
            )  # fmt: skip


def _of(replica: ReplicaSettings, status: ReplicaStatus | None) -> Iterator[Finding]:
    about = f"replica {replica.name}"
    try:
        token = replica.token()
    except UsageError as error:
        yield Finding(
            about=about, state="wrong", said=str(error).rstrip("."),
            advice="correct `token_file` of that replica",
        )  # fmt: skip
        return
    parts = urlsplit(replica.url)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        what = "its token and what is sent" if token is not None else "what is sent"
        yield Finding(
            about=about, state="note", said=f"is reached without encryption: {what} can be read",
            advice="use https, or a network that nobody else is in",
        )  # fmt: skip
    if status is None:
        return  # the program's own finding says why nothing is known
    if status.trouble:
        yield Finding(
            about=about, state="wrong", said=status.trouble.rstrip("."),
            advice="correct what its answer says; it gets all that it misses then",
        )  # fmt: skip
    elif status.lag_s > _AHEAD_S:
        yield Finding(
            about=about, state="note", said=f"is {status.lag_s:.0f} s behind the stored data",
            advice="wait; if it grows, the database is too slow",
        )  # fmt: skip
    else:
        yield Finding(about=about, state="fine", said="takes what is sent")
    if status.clock:
        yield Finding(
            about=about, state="wrong", said="has a clock that is off", advice=status.clock
        )
    if status.aside or status.dropped:
        yield Finding(
            about=about, state="note",
            said=f"has refused {status.aside + status.dropped} points: {status.refusal.rstrip('.')}",
            advice="correct its schema or its retention; the store still has them",
        )  # fmt: skip
