"""What is wrong with the databases that get a copy, a sentence each; nothing where all is well. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from contract.language import _
from dashboard_api.views.text import length_text
from ingest.replicas.status import STALE_NS, ReplicasStatus, ReplicaStatus

__all__ = ["replica_sentences"]

_BEHIND_S: Final = 300.0
"""A replica that works is seconds behind; one that catches up, for as long as it takes."""


def replica_sentences(status: ReplicasStatus | None, now_utc_ns: int) -> list[str]:
    """For technicians; the databases' own words are not translated."""
    if status is None or not status.replicas:
        return []
    if now_utc_ns - status.utc_ns > STALE_NS:
        return [
            _(
                "The databases beside the server get no copies, because “roomtone replicate” does not "
                "run: start it. They get all that they miss then."
            )
        ]
    return [sentence for each in status.replicas for sentence in _of(each)]


def _of(replica: ReplicaStatus) -> Iterator[str]:
    if replica.trouble:
        yield _(
            "The database {name} gets no copies at the moment, and gets all that it misses later. Its "
            "answer: {words}",
            name=replica.name, words=replica.trouble,
        )  # fmt: skip
    if replica.lag_s >= _BEHIND_S:
        yield _(
            "The database {name} is {length} behind what is kept.",
            name=replica.name, length=length_text(replica.lag_s),
        )  # fmt: skip
    if replica.clock:
        yield _(
            "The clock of the database {name} is off: {words}.",
            name=replica.name, words=replica.clock,
        )  # fmt: skip
    if replica.aside or replica.dropped:
        yield _(
            "The database {name} has refused some points, which are kept aside. Its answer: {words}",
            name=replica.name, words=replica.refusal or "…",
        )  # fmt: skip
