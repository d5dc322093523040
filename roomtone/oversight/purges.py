"""What was removed for good on somebody's word, with the proof of each."""

from __future__ import annotations

from collections.abc import Iterator

from contract.errors import StoreError
from ingest.purge.log import PurgeLog, PurgeRecord
from ingest.purge.requests import PersonLeft, PurgeFolder
from roomtone.oversight.blocks import Block, Document, Grid, Heading, Paragraph
from roomtone.oversight.situation import Situation

__all__ = ["purges"]


def purges(now: Situation) -> tuple[Document, bool]:
    """The document, and whether the record of purges is as it was written."""
    log = PurgeLog(now.settings.data_dir)
    try:
        records, fault = log.verified(), ""
    except StoreError as error:
        records, fault = [], str(error)
    document = Document(
        name="purges", title="Purges and their proofs",
        about="What was deleted on somebody's word, when, and the hash that proves the record.",
        blocks=tuple(_blocks(now, records, fault)),
    )  # fmt: skip
    return document, not fault


def _blocks(now: Situation, records: list[PurgeRecord], fault: str) -> Iterator[Block]:
    yield Heading("The record")
    if fault:
        yield Paragraph(f"The record of purges is NOT as it was written: {fault}")
        return
    yield Paragraph(
        "Each line of purge-log.jsonl is signed, and has the hash of the line before it: a line that "
        "was changed, removed or inserted shows. Every line was checked. Which room, lesson and "
        "time a purge was of is not here, since a timetable would show whose lesson it was: "
        "`roomtone purge --verify` lists it."
    )
    yield Grid(
        "purges", ("number", "done", "what", "removed", "hash of the line"),
        tuple(_row(now, record) for record in records),
    )  # fmt: skip
    waiting = len(PurgeFolder(now.settings.data_dir).waiting())
    if waiting:
        yield Paragraph(
            f"Purges that were interrupted: {waiting}. `roomtone purge --resume` finishes them."
        )
    else:
        yield Paragraph("No purge waits to be finished.")
    yield Paragraph(
        "Backups that were made before a purge still have what was removed, until they are removed "
        "themselves. A restore with this record purges it again."
    )


def _row(now: Situation, record: PurgeRecord) -> tuple[str, ...]:
    removed = ", ".join(f"{n} {what}" for what, n in sorted(record.removed.items()) if n)
    return (
        str(record.number), now.minute(record.done_utc_ns), _what(record), removed or "nothing more",
        record.hash,
    )  # fmt: skip


def _what(record: PurgeRecord) -> str:
    request = record.request
    if isinstance(request, PersonLeft):
        return "the name of a person who left"
    if request.lesson is not None:
        return "a lesson"
    if request.seat is not None:
        return "a seat"
    return "a room" if request.from_utc_ns == 0 else "a span of a room"
