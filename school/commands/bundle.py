"""`roomtone lesson import lesson.json --for NAME`: a lesson is read back for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contract.errors import UsageError
from contract.files.text_file import read_bytes
from school.audit.actor import Actor
from school.bundle.file_format import read_bundle
from school.bundle.store import ImportedStore
from school.people.store import PeopleStore

__all__ = ["SUFFIX", "BundleReader"]

SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleReader:
    """Reads bundles for people of this school."""

    people: PeopleStore
    imported: ImportedStore

    def read(self, file: Path, sign_in_name: str | None, utc_ns: int) -> str:
        """Keep what a file holds as that person's alone, and return a sentence about it.

        Raises UsageError for what is wrong.
        """
        if not sign_in_name:
            raise UsageError(
                f"{file} is a lesson and no timetable; name with --for whose copy it is, by the "
                "name with which they sign in."
            )
        person = self.people.named(sign_in_name)
        if person is None:
            raise UsageError(
                f"nobody signs in with the name {sign_in_name!r}; the page “People” shows who does."
            )
        content = read_bundle(read_bytes(file), str(file))
        made = self.imported.add(person.id, content, Actor(name="roomtone lesson", utc_ns=utc_ns))
        return f"{made} is imported for {person.name}, who finds it on the page /imported"
