"""Checks the audit log's key and heads, without walking the log: `roomtone audit verify` does that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Final

from contract.clock import SECOND_NS
from contract.errors import StoreError
from contract.finding import Finding
from ingest.settings import ServerSettings
from school.audit.heads import HEADS, KEY, AuditKey, HeadsFile, iso
from school.audit.log import rows_after, tip
from school.database import open_school_database

__all__ = ["audit_findings"]

ABOUT: Final = "audit log"
_LATE_NS: Final = 3 * 3_600 * SECOND_NS
_VERIFY: Final = "run `roomtone audit verify`, which says what is missing; docs/audit.md says more"


def audit_findings(settings: ServerSettings, now_utc_ns: int) -> Iterator[Finding]:
    """Whether the key is there and private, and the database goes as far as the newest head."""
    try:
        yield from _findings(settings, now_utc_ns)
    except StoreError as error:
        yield Finding(
            about=ABOUT, state="wrong", said=str(error), advice="do what the sentence says"
        )


def _findings(settings: ServerSettings, now_utc_ns: int) -> Iterator[Finding]:
    key, heads = AuditKey(settings.data_dir), HeadsFile(settings.data_dir / HEADS)
    last = heads.last()
    if key.read() is None and heads.size():
        yield Finding(
            about=ABOUT, state="wrong", said=f"{KEY} is missing, and {HEADS} is signed with it",
            advice="copy it back from a backup",
        )  # fmt: skip
    elif key.path.exists() and key.path.stat().st_mode & 0o077:
        yield Finding(
            about=ABOUT, state="wrong", said=f"others than its owner have rights to {KEY}",
            advice=f"run `chmod 600 {key.path}`; whoever has read it can sign heads",
        )  # fmt: skip
    url = settings.school.database_url
    with (
        closing(open_school_database(settings.data_dir, url)) as database,
        database.reading() as connection,
    ):
        newest = tip(connection)
        since = 0 if last is None else last.number
        uncovered = next(rows_after(connection, since, 1), None)
    if newest.number < since:
        yield Finding(
            about=ABOUT, state="wrong",
            said=f"ends with entry {newest.number}, and {HEADS} noted entry {since}",
            advice=_VERIFY,
        )  # fmt: skip
    elif uncovered is not None and now_utc_ns - uncovered.row.at_utc_ns > _LATE_NS:
        yield Finding(
            about=ABOUT, state="note",
            said=f"no head in {HEADS} covers entry {uncovered.row.number} of "
            f"{iso(uncovered.row.at_utc_ns)}",
            advice="start `roomtone score`, which notes a head each hour; its log says if it can't",
        )  # fmt: skip
    else:
        noted = f", noted up to entry {since} in {HEADS}" if since else ""
        yield Finding(about=ABOUT, state="fine", said=f"ends with entry {newest.number}{noted}")
