"""What the documents are made from: the settings, the school's database, and the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self

from sqlalchemy import func, select

from contract.clock import SECOND_NS
from ingest.settings import ServerSettings
from school.database import SchoolDatabase
from school.programme.small_groups import BEYOND_SCHOOL, WITHIN_SCHOOL
from school.rooms.tables import sites

__all__ = ["Situation"]

_MAX_NAMED: Final = 6
"""Schools in a title; of more it says how many."""
_WORDS: Final = {WITHIN_SCHOOL: "five", BEYOND_SCHOOL: "ten"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One server at one time."""

    settings: ServerSettings
    database: SchoolDatabase
    utc_ns: int
    version: str
    schools: int = 1
    """Described in the database, to which a roster may add some that this server keeps no room of."""

    @classmethod
    def of(
        cls, settings: ServerSettings, database: SchoolDatabase, *, utc_ns: int, version: str
    ) -> Self:
        """With the schools that are described now."""
        with database.reading() as connection:
            schools = int(connection.scalar(select(func.count()).select_from(sites)) or 0)
        return cls(
            settings=settings, database=database, utc_ns=utc_ns, version=version, schools=schools
        )

    @property
    def school(self) -> str:
        """What people call the schools of this server, or their names on MQTT."""
        names = self.settings.sites
        with self.database.reading() as connection:
            found = connection.execute(
                select(sites.c.name, sites.c.title).where(sites.c.name.in_(names))
            )
            titles = {row.name: row.title for row in found}
        called = [titles.get(name) or name for name in names]
        more = len(called) - _MAX_NAMED
        return ", ".join(called[:_MAX_NAMED]) + (f" +{more}" if more > 0 else "")

    @property
    def limit(self) -> int:
        """The fewest people that a count may be about: more where several schools read the pack."""
        is_one = len(self.settings.sites) == 1 and self.schools <= 1
        return WITHIN_SCHOOL if is_one else BEYOND_SCHOOL

    @property
    def few(self) -> str:
        """What stands in place of a count that is too small."""
        return f"fewer than {_WORDS[self.limit]}"

    def count(self, n: int) -> str:
        """A count of people or of what people have, as far as it may be shown."""
        return self.few if 0 < n < self.limit else str(n)

    def day(self, utc_ns: int) -> str:
        """The day of a time, where the school is."""
        moment = datetime.fromtimestamp(utc_ns // SECOND_NS, UTC)
        return moment.astimezone(self.settings.lessons.zone).date().isoformat()

    def minute(self, utc_ns: int) -> str:
        """The same to the minute."""
        moment = datetime.fromtimestamp(utc_ns // SECOND_NS, UTC)
        return f"{moment.astimezone(self.settings.lessons.zone):%Y-%m-%d %H:%M}"
