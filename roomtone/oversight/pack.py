"""The whole pack in one folder: documents as HTML and PDF, tables as CSV, contents and hashes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from contract.files.csv_rows import csv_text
from contract.files.summed_folder import SUMS, write_summed_folder
from roomtone.oversight.answers import SHEETS, answers_document
from roomtone.oversight.blocks import (
    Document,
    Heading,
    Link,
    Links,
    Paragraph,
)
from roomtone.oversight.drafts import drafts
from roomtone.oversight.html import html_of
from roomtone.oversight.inventory import inventory
from roomtone.oversight.kept import kept
from roomtone.oversight.model_card import model_card
from roomtone.oversight.pdf import pdf_of
from roomtone.oversight.purges import purges
from roomtone.oversight.rights import rights
from roomtone.oversight.situation import Situation
from roomtone.oversight.use import use
from school.audit.actor import Actor
from school.audit.store import AuditStore

__all__ = ["SUMS", "Pack", "pack_of", "write_pack"]


@dataclass(frozen=True, slots=True)
class Pack:
    """All documents by part, and whether the records that prove something are whole."""

    parts: tuple[tuple[str, tuple[Document, ...]], ...]
    is_whole: bool


def pack_of(now: Situation) -> Pack:
    """Read everything; raises StoreError where something can't be read."""
    used, is_log_whole = use(now)
    purged, is_record_whole = purges(now)
    system = (inventory(now), kept(now), rights(now), used, purged, model_card(now))
    return Pack(
        parts=(
            ("From the running system", system),
            ("Answers, with the tests that hold them", tuple(map(answers_document, SHEETS))),
            ("Drafts for the school to complete", tuple(drafts(now))),
        ),
        is_whole=is_log_whole and is_record_whole,
    )


def write_pack(pack: Pack, now: Situation, out: Path, by: Actor) -> Sequence[str]:
    """Write it into a new folder; returns the files' names.

    The folder has its name once it is complete and its entry is in the audit log.

    Raises UsageError if there is something of that name, StoreError if the disk takes it not.
    """
    return write_summed_folder(_recorded(pack, now, by), out)


def _recorded(pack: Pack, now: Situation, by: Actor) -> Iterator[tuple[str, bytes]]:
    """All files, and then an entry in the audit log: a pack that nobody noted is worse than a note too many."""
    yield from _files(pack, now)
    AuditStore(now.database).record_pack(by)


def _files(pack: Pack, now: Situation) -> Iterator[tuple[str, bytes]]:
    footer = f"{now.school} · Roomtone {now.version} · {now.minute(now.utc_ns)}"
    yield "index.html", html_of(_index(pack, now), footer).encode()
    for _part, documents in pack.parts:
        for document in documents:
            yield f"{document.name}.html", html_of(document, footer).encode()
            yield f"{document.name}.pdf", pdf_of(document, footer, now.utc_ns)
            if document.markdown:
                yield f"{document.name}.md", document.markdown.encode()
            for grid in document.grids():
                yield f"tables/{grid.name}.csv", csv_text(grid.lines()).encode()


def _index(pack: Pack, now: Situation) -> Document:
    blocks: list[Heading | Paragraph | Links] = [
        Paragraph(
            f"Of {now.school}, made by Roomtone {now.version} on {now.minute(now.utc_ns)} "
            f"({now.settings.lessons.time_zone}). It has no lesson, no name and no reading: counts, "
            f"settings and rules alone, and no count of {now.few} people, but of those who hold an "
            "office."
        ),
        Paragraph(
            f"{SUMS} has the hash of each file; `sha256sum --check {SUMS}` in this folder shows "
            "whether one was changed since."
        ),
    ]
    if not pack.is_whole:
        blocks.append(
            Paragraph(
                "Attention: the audit log or the record of purges is not as it was written. The "
                "documents “Use” and “Purges” say what is wrong."
            )
        )
    for part, documents in pack.parts:
        blocks += [Heading(part), Links(tuple(map(_link, documents)))]
    return Document(
        name="index", title=f"Oversight pack: {now.school}", about="", blocks=tuple(blocks)
    )


def _link(document: Document) -> Link:
    name = document.name
    more = [f"{name}.md"] if document.markdown else []
    more += [f"tables/{grid.name}.csv" for grid in document.grids()]
    return Link(document.title, document.about, (f"{name}.html", f"{name}.pdf", *more))
