"""Checks that backups go off this computer, and that a restore was rehearsed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from contract.clock import SECOND_NS
from contract.finding import Finding
from ingest.backup.notes import read_notes
from ingest.settings import ServerSettings

__all__ = ["backup_findings"]

ABOUT: Final = "backup"
_DAY_NS: Final = 86_400 * SECOND_NS
_LATE_DAYS: Final = 2
_REHEARSE_DAYS: Final = 100
"""About a term."""
_REHEARSE: Final = (
    "run `sudo roomtone server rehearse`, which restores the last one aside and checks it"
)


def backup_findings(settings: ServerSettings, now_utc_ns: int) -> Iterator[Finding]:
    """How old the last backup is, whether the last try failed, and when a restore was rehearsed."""
    if settings.backup.repository is None:
        yield Finding(
            about=ABOUT, state="note", said="none goes off this computer by itself",
            advice="name a place with `sudo roomtone server backup --to PLACE`, or ignore this if "
            "another program copies what `roomtone backup` makes",
        )  # fmt: skip
        return
    notes = read_notes(settings.data_dir)
    if notes.failed_utc_ns:
        yield Finding(
            about=ABOUT, state="wrong", said=f"the last one failed: {notes.failure}",
            advice="do what the sentence says, then run `sudo roomtone server backup`",
        )  # fmt: skip
    age = (now_utc_ns - notes.made_utc_ns) // _DAY_NS
    if not notes.made_utc_ns:
        yield Finding(
            about=ABOUT, state="wrong", said="there is none yet",
            advice="run `sudo roomtone server backup`; the timer roomtone-backup makes one each night",
        )  # fmt: skip
        return
    if age >= _LATE_DAYS:
        yield Finding(
            about=ABOUT, state="wrong", said=f"the last one is {age} days old",
            advice="see `systemctl status roomtone-backup.timer`, and run `sudo roomtone server backup`",
        )  # fmt: skip
    else:
        yield Finding(
            about=ABOUT, state="fine",
            said=f"the last one is {_days(age)} old, {notes.n_bytes / 1e6:.1f} MB",
        )  # fmt: skip
    yield _rehearsal(notes.rehearsed_utc_ns, notes.faults, now_utc_ns)


def _rehearsal(at_utc_ns: int, faults: tuple[str, ...], now_utc_ns: int) -> Finding:
    about = "restore"
    if not at_utc_ns:
        return Finding(about=about, state="note", said="was never rehearsed", advice=_REHEARSE)
    age = (now_utc_ns - at_utc_ns) // _DAY_NS
    if faults:
        return Finding(
            about=about, state="wrong", said=f"the last rehearsal, {_days(age)} ago, found: {faults[0]}",
            advice=f"correct that, then {_REHEARSE}",
        )  # fmt: skip
    if age >= _REHEARSE_DAYS:
        return Finding(
            about=about, state="note", said=f"was rehearsed {age} days ago", advice=_REHEARSE
        )
    return Finding(about=about, state="fine", said=f"was rehearsed {_days(age)} ago, and worked")


def _days(count: int) -> str:
    return "less than a day" if count == 0 else "a day" if count == 1 else f"{count} days"
