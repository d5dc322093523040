"""The school's own data: lessons and their timetables, the moments in them, and who said what.

`open_lesson_store` opens it as school.db of a data directory, or in PostgreSQL where the settings
name one. "memory" is the same store in one process, and forgets.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from school.audit.store import AuditStore
from school.clips.clip_store import ClipStore
from school.cohorts.cohort_store import CohortStore
from school.control.store import KitControlStore
from school.database import open_school_database
from school.evaluation.plan_store import EvaluationPlanStore
from school.ledger.sheet_store import SheetStore
from school.ledger.store import LedgerStore
from school.lessons.memory import MemoryLessonStore
from school.lessons.protocol import LessonStore
from school.lessons.store import SqlLessonStore
from school.lti.store import PlatformStore
from school.matching.store import ColleagueStore
from school.people.store import PeopleStore
from school.postgres_database import PostgresDatabase
from school.programme.coverage_store import CoverageStore
from school.programme.released import ReleasedReports
from school.programme.store import ProgrammeStore
from school.programme.wave_store import WaveStore
from school.pulse.store import PulseStore
from school.rooms.store import RoomStore
from school.sharing.handing_over import HandOverStore
from school.sharing.store import SharingStore
from school.sqlite_database import SqliteDatabase
from school.video.maps import ClockMapStore
from school.video.store import VideoStore

__all__ = ["LESSON_STORES", "School", "open_lesson_store", "open_school"]

LESSON_STORES: Final = {
    "sqlite": SqliteDatabase,
    "postgresql": PostgresDatabase,
    "memory": MemoryLessonStore,
}
"""Where `SqlLessonStore` can keep lessons: in one of the two databases, or in memory."""


@dataclass(frozen=True, slots=True)
class School:
    """All of the school's own data, in one database."""

    lessons: LessonStore
    people: PeopleStore
    sharing: SharingStore
    audit: AuditStore
    videos: VideoStore
    clock_maps: ClockMapStore
    rooms: RoomStore
    control: KitControlStore
    clips: ClipStore
    colleagues: ColleagueStore
    hand_overs: HandOverStore
    programme: ProgrammeStore
    platforms: PlatformStore
    ledger: LedgerStore
    worth_sheets: SheetStore
    released: ReleasedReports
    pulse: PulseStore
    coverage: CoverageStore
    evaluation_plans: EvaluationPlanStore
    waves: WaveStore
    cohorts: CohortStore

    def close(self) -> None:
        """Close the database."""
        self.lessons.close()


def open_school(directory: str | Path, database_url: SecretStr | None = None) -> School:
    """Open the database, with everything in it. Raises StoreError."""
    database = open_school_database(Path(directory), database_url)
    return School(
        SqlLessonStore(database),
        PeopleStore(database),
        SharingStore(database),
        AuditStore(database),
        VideoStore(database),
        ClockMapStore(database),
        RoomStore(database),
        KitControlStore(database),
        ClipStore(database),
        ColleagueStore(database),
        HandOverStore(database),
        ProgrammeStore(database),
        PlatformStore(database),
        LedgerStore(database),
        SheetStore(database),
        ReleasedReports(database),
        PulseStore(database),
        CoverageStore(database),
        EvaluationPlanStore(database),
        WaveStore(database),
        CohortStore(database),
    )


def open_lesson_store(directory: str | Path, database_url: SecretStr | None = None) -> LessonStore:
    """Lessons and moments; any number of programs may write, each change by itself.

    Makes the tables if they are new, and brings older ones up. Raises StoreError.
    """
    return SqlLessonStore(open_school_database(Path(directory), database_url))
