"""How long data stays by the settings, and how old the oldest of it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, Select, case, func, select

from contract.clock import SECOND_NS
from ingest.settings import RetentionSettings
from ingest.stores import oldest_epoch_utc_ns, open_period_reader
from ingest.stores.rules.seal_schedule import Kind
from roomtone.oversight.blocks import Block, Document, Grid, Heading, Paragraph
from roomtone.oversight.situation import Situation
from school.audit.log import signed_head
from school.cycle.tables import cycles
from school.debrief.tables import action_steps, guesses, reflections, talks
from school.forms.tables import form_sheets
from school.lessons.retiring import has_old_words
from school.observing.removing import has_old_looks
from school.observing.tables import looks
from school.schema import audit_events, labels, lessons, moments
from school.video.tables import videos

__all__ = ["kept"]

_DAY_NS: Final = 86_400 * SECOND_NS
_LATE_DAYS: Final = 2
"""A day file goes when its whole day is over, and each program removes once an hour."""
_TOO_OLD: Final = "older than the setting: is its program running? See docs/retention.md"


def _later(one: Any, other: Any) -> Select[Any]:
    return select(func.min(case((one > other, one), else_=other)))


def _of_school(longest_ns: int) -> dict[str, tuple[tuple[str, Select[Any]], ...]]:
    """Setting → kinds of rows in the school's database, each with the time that it counts from."""
    latest = lessons.c.starts_utc_ns + longest_ns
    over = func.coalesce(lessons.c.ends_utc_ns, latest)
    return {
        "label_days": (
            ("labels", _later(labels.c.utc_ns, labels.c.written_utc_ns)),
            ("looks of observers", select(func.min(looks.c.received_utc_ns))),
        ),
        "debrief_days": (
            ("notes", select(func.min(lessons.c.starts_utc_ns))
             .join_from(moments, lessons, lessons.c.id == moments.c.lesson)),
            ("how long two talked", select(func.min(lessons.c.starts_utc_ns))
             .join_from(talks, lessons, lessons.c.id == talks.c.lesson)),
            ("reflections", select(func.min(reflections.c.written_utc_ns))),
            ("guesses", select(func.min(guesses.c.written_utc_ns))),
            ("forms", select(func.min(form_sheets.c.written_utc_ns))),
            ("steps that are over", select(func.min(action_steps.c.changed_utc_ns))
             .where(action_steps.c.state != "open")),
            ("cycles", select(func.min(cycles.c.changed_utc_ns))),
        ),
        "video_days": (
            ("videos", select(func.min(over))
             .join_from(videos, lessons, lessons.c.id == videos.c.lesson)),
        ),
        "audit_days": (("entries", select(func.min(audit_events.c.at_utc_ns))),),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Oldest:
    setting: str
    kind: str
    utc_ns: int | None


def kept(now: Situation) -> Document:
    """Retention as configured and as it happened."""
    return Document(
        name="retention", title="How long data stays",
        about="Retention by the settings, and the oldest that is there of each kind.",
        blocks=tuple(_blocks(now)),
    )  # fmt: skip


def _blocks(now: Situation) -> Iterator[Block]:
    days = now.settings.retention.model_dump()
    usual = RetentionSettings().model_dump()
    yield Heading("As configured")
    yield Grid(
        "retention-settings", ("setting", "of what", "days", "usual days"),
        tuple((name, _what(name), str(days[name]), str(usual[name])) for name in days),
    )  # fmt: skip
    yield Paragraph(
        "Lessons with their answers, accounts, shares, and the record of purges stay until somebody "
        "removes them."
    )
    yield Paragraph(
        "Groups of schools stay until an administrator removes them, the programme's start and costs "
        "until they enter others. Months of coverage, sheets of what the programme was worth, and "
        "reports that left for a collector stay for good: they are figures of ten people or more."
    )
    yield Heading("As it happened")
    yield Paragraph(
        "Retention runs each hour by itself. It leaves no list of what it removed, as such a list "
        "would outlive the data: what shows that it works is that nothing older is there."
    )
    yield Grid(
        "retention-oldest", ("setting", "days", "kind", "oldest", "age in days", "finding"),
        (*(_row(now, days, each) for each in _oldest(now)), *_rest(now)),
    )  # fmt: skip
    with now.database.reading() as connection:
        head = signed_head(connection)
    if head is None:
        yield Paragraph("Retention has not removed any entry of the audit log yet.")
    else:
        yield Paragraph(
            f"Retention has removed the entries of the audit log up to number {head.number}, and "
            f"signed where it ended: the last of them is of {now.day(head.at_utc_ns)}."
        )


def _what(setting: str) -> str:
    """What a setting is of, in the settings' own words."""
    return " ".join((RetentionSettings.model_fields[setting].description or "").split())


def _rest(now: Situation) -> Iterator[tuple[str, ...]]:
    """Whether retention itself would find anything, also in tables that have no row above."""
    retention = now.settings.retention
    asked: tuple[tuple[str, int, Callable[[Connection, int], bool]], ...] = (
        ("label_days", retention.label_days, has_old_looks),
        ("debrief_days", retention.debrief_days, has_old_words),
    )
    with now.database.reading() as connection:
        for setting, days, has_old in asked:
            is_old = has_old(connection, now.utc_ns - (days + _LATE_DAYS) * _DAY_NS)
            finding = _TOO_OLD if is_old else "nothing is older"
            yield setting, str(days), "all that retention looks for", "", "", finding


def _row(now: Situation, days: dict[str, int], oldest: _Oldest) -> tuple[str, ...]:
    setting, allowed = oldest.setting, days[oldest.setting]
    if oldest.utc_ns is None:
        return setting, str(allowed), oldest.kind, "", "", "none is there"
    age = (now.utc_ns - oldest.utc_ns) // _DAY_NS
    finding = "within the setting"
    if age > allowed + _LATE_DAYS:
        finding = _TOO_OLD
    return setting, str(allowed), oldest.kind, now.day(oldest.utc_ns), str(age), finding


def _oldest(now: Situation) -> Iterator[_Oldest]:
    kinds: tuple[tuple[str, Kind], ...] = (("seat_days", "seat"), ("room_days", "room"))
    for setting, kind in kinds:
        yield _Oldest(setting, "day files", _oldest_day(now, kind))
    settings = now.settings
    folders = (settings.data_dir, *settings.shards)
    ages = map(oldest_epoch_utc_ns, folders)
    scored = [age for age in ages if age is not None]
    yield _Oldest("score_days", "epochs", min(scored, default=None))
    aside: list[int] = []
    # Opening a store would make it.
    for folder in (each for each in folders if (each / "main.db").exists()):
        with closing(open_period_reader(folder)) as periods:
            aside += [each.received_utc_ns for each in periods.aside(1)]
    yield _Oldest("aside_days", "messages", min(aside, default=None))
    with now.database.reading() as connection:
        for setting, found in _of_school(settings.lessons.longest_ns).items():
            for kind_of_row, oldest in found:
                yield _Oldest(setting, kind_of_row, connection.scalar(oldest))


def _oldest_day(now: Situation, kind: Kind) -> int | None:
    """The end of the oldest day of which there is a file."""
    days = [
        date.fromisoformat(path.stem.removeprefix(f"{kind}-"))
        for folder in (now.settings.data_dir, *now.settings.shards)
        for path in (folder / "days").glob(f"{kind}-????-??-??.db")
    ]
    if not days:
        return None
    return (min(days).toordinal() - date(1970, 1, 1).toordinal() + 1) * _DAY_NS
