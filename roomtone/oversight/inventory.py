"""What is sensed and kept: quantities, every table of the school's database, files, recipients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, Table, func, select

from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES
from roomtone.oversight.blocks import Block, Bullets, Document, Grid, Heading, Paragraph
from roomtone.oversight.situation import Situation
from school.people.data_subjects.about_nobody import ABOUT_NOBODY
from school.people.data_subjects.held_tables import HELD, Held

__all__ = ["inventory"]

_FILES: Final = (
    ("main.db", "the last minutes, which kit sent which seconds, messages that could not be used",
     "numbers of seats; no names"),
    ("days/seat-DAY.db", "movement of single seats, by number", "numbers of seats; no names"),
    ("days/room-DAY.db", "sound levels of rooms", "no"),
    ("score.db", "movement and estimates of zones of five seats or more, and alerts", "no"),
    ("school.db, or PostgreSQL", "people, lessons, what people write, the audit log: tables below",
     "yes"),
    ("audit-key, audit-heads.log", "the key and the signed heads of the audit log", "no"),
    ("aggregates-key.pem", "the key that signs figures for a collector", "no"),
    ("purge-key, purge-log.jsonl", "the key and the record of purges", "ids and times; no names"),
    ("videos and their keys", "videos of lessons, each encrypted with a key of its own",
     "yes, where the school keeps videos"),
)  # fmt: skip
"""File, what is in it, whether it is about people. What stays how long is in `retention`."""


_TEN: Final = 10


def inventory(now: Situation) -> Document:
    """The data inventory, from the code's own tables."""
    return Document(
        name="inventory", title="Data inventory",
        about="What is sensed, what is kept, in which file and table, and who else receives it.",
        blocks=tuple(_blocks(now)),
    )  # fmt: skip


def _blocks(now: Situation) -> Iterator[Block]:
    yield Heading("What is sensed")
    yield Paragraph(
        "Each second, while a lesson is on. No other quantity is taken. Sound becomes levels in "
        "decibels; no recording is written."
    )
    yield Grid(
        "quantities", ("quantity", "of", "unit", "what it is"),
        tuple((each.name, each.scope, each.unit, each.meaning)
              for each in (*SEAT_QUANTITIES, *ROOM_QUANTITIES)),
    )  # fmt: skip
    yield Heading("Video")
    yield from _video(now)
    yield Heading("Files of the server")
    yield Grid("files", ("file", "what is in it", "about people"), _FILES)
    yield Heading("Tables about people")
    yield Paragraph(
        "Every table of the school's database, from the list that a test compares with the schema. "
        "“Exported as” is the file in which a person gets it who asks for all that is held about "
        "them. Rows are said to the ten."
    )
    with now.database.reading() as connection:
        yield Grid(
            "tables", ("table", "columns", "rows now", "exported as", "in no export, and why"),
            tuple(_held_row(connection, held) for held in HELD),
        )  # fmt: skip
    yield Heading("Tables about nobody")
    yield Grid(
        "tables-about-nobody", ("table", "columns", "why it is about nobody"),
        tuple((table.name, _columns(table), why) for table, why in ABOUT_NOBODY.items()),
    )  # fmt: skip
    yield Heading("Who else receives data")
    yield Bullets(tuple(_recipients(now)))


def _held_row(connection: Connection, held: Held) -> tuple[str, ...]:
    rows = connection.scalars(select(func.count()).select_from(held.table)).one()
    omitted = "; ".join(f"{column}: {why}" for column, why in held.omitted.items())
    files = ", ".join(held.files)
    return held.table.name, _columns(held.table), _about(int(rows)), files, omitted or "nothing"


def _about(rows: int) -> str:
    """To the ten, so that no exact number here says something beside another one."""
    if rows < _TEN:
        return "fewer than ten" if rows else "0"
    return f"about {round(rows, -1)}"


def _columns(table: Table) -> str:
    return ", ".join(column.name for column in table.c)


def _video(now: Situation) -> Iterator[Block]:
    video, days = now.settings.video, now.settings.retention.video_days
    if not video.is_on:
        yield Paragraph(
            "This server keeps no videos. A teacher may open a video of their own computer beside "
            "a lesson: it stays there. Roomtone has no camera."
        )
        return
    yield Paragraph(
        f"This server keeps videos of lessons that teachers add, encrypted, for {days} days after "
        "the lesson. Roomtone has no camera: the school records by its own rules. Before an upload "
        f"the teacher confirms: “{video.consent_text}”"
    )


def _recipients(now: Situation) -> Iterator[str]:
    settings = now.settings
    yield ("The pages load nothing from another host, and no program reports its use to anybody.")
    if settings.smtp.host is None:
        yield "Mail: none is sent."
    else:
        yield (
            f"Mail: {settings.smtp.host} gets links for accounts, and how much is new, never what, "
            "for who asked for it."
        )
    if settings.openid.issuer is None:
        yield "Sign-in at an identity provider: off."
    else:
        yield f"Sign-in: {settings.openid.issuer} learns who signs in, and when."
    if settings.aggregates.collector is None:
        yield "Figures for a collector beyond the school: none."
    else:
        yield (
            f"Figures of a month, of ten teachers or more, go to {settings.aggregates.collector} when "
            "`roomtone aggregates send` runs."
        )
    yield (
        "A learning platform (LTI) that was added learns which lesson somebody put into a course, "
        "by its title and address; it opens the pages, and gets no other data."
    )
    for replica in settings.replicas:
        yield f"A copy of lessons without names goes to the database {replica.name} ({replica.kind})."
    if not settings.replicas:
        yield "Copies in a time-series database: none."
    if settings.backup.repository is None:
        yield "Nightly backups: off, by the settings."
    else:
        yield (
            f"Backups: each night, encrypted, kept for {settings.backup.keep_days} days. They have "
            "everything but videos; what is purged here is gone there after that time."
        )
    if settings.health_topic.publish != "nothing":
        yield "Others' tools read whether kits are there; nothing of lessons, seats or people."
