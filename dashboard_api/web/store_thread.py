"""The stores behind the pages, and the one thread that reads them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Annotated, Any, Final, Self, TypeVar

from fastapi import Depends
from starlette.requests import HTTPConnection

from contract.clock import SECOND_NS, Clock
from dashboard_api.reading.kept import KeptReader
from dashboard_api.reading.protocol import SensedReader
from dashboard_api.web.model_catalog import ModelCatalog
from dashboard_api.web.viewer import Viewer
from ingest.stores.joined.periods import JoinedPeriodReader
from ingest.stores.protocol import PeriodReader, ScoreReader
from ingest.stores.records import EpochRecord
from school import School
from school.audit.store import AuditStore
from school.clips.clip_store import ClipStore
from school.cohorts.cohort_store import CohortStore
from school.control.store import KitControlStore
from school.ledger.sheet_store import SheetStore
from school.ledger.store import LedgerStore
from school.lessons.protocol import LessonStore
from school.lessons.records import Lesson
from school.lti.store import PlatformStore
from school.matching.store import ColleagueStore
from school.moments.records import VerdictCount
from school.people.store import PeopleStore
from school.programme.coverage_store import CoverageStore
from school.programme.released import ReleasedReports
from school.programme.store import ProgrammeStore
from school.programme.wave_store import WaveStore
from school.pulse.store import PulseStore
from school.rooms.store import RoomStore
from school.settings import LessonSettings
from school.sharing.handing_over import HandOverStore
from school.sharing.listing import EVERY, Place, Wanted
from school.sharing.policy import Reach, may
from school.sharing.store import SharingStore
from school.video.maps import ClockMapStore
from school.video.store import VideoStore

__all__ = ["StoreDep", "StoreThread", "Stores"]

T = TypeVar("T")

_SOON_NS: Final = 7 * 86_400 * SECOND_NS
MAX_CACHED_LESSONS: Final = 4
"""Epochs of this many lessons stay in memory until the scores change."""
MAX_DERIVED: Final = 16
"""So much of each is kept besides: what readers with different parts of it see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The periods, the scores, what people said about lessons, and who may see them."""

    periods: PeriodReader
    scores: ScoreReader
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
    cohorts: CohortStore
    programme: ProgrammeStore
    platforms: PlatformStore
    ledger: LedgerStore
    worth_sheets: SheetStore
    released: ReleasedReports
    pulse: PulseStore
    coverage: CoverageStore
    waves: WaveStore
    longest_ns: int = LessonSettings().longest_ns
    """A lesson that nobody ended is over after this long."""
    zone: tzinfo | None = None
    """The school's time zone; None means the computer's own."""
    catalog: ModelCatalog = field(default_factory=ModelCatalog)
    """The models; the one in use finds the moments to suggest."""
    elsewhere: SensedReader | None = None
    """Where lessons are read from a database instead; `periods` then knows no kit."""
    _epochs: dict[str, tuple[int, list[EpochRecord]]] = field(default_factory=dict)
    _derived: dict[str, tuple[int, dict[Hashable, Any]]] = field(default_factory=dict)
    _verdict_counts: dict[str, tuple[int, VerdictCount]] = field(default_factory=dict)

    @classmethod
    def of_school(
        cls,
        school: School,
        *,
        periods: PeriodReader,
        scores: ScoreReader,
        longest_ns: int = LessonSettings().longest_ns,
        elsewhere: SensedReader | None = None,
    ) -> Self:
        """All of a school's own stores, beside what was sensed and scored."""
        return cls(
            periods=periods, scores=scores, lessons=school.lessons, people=school.people,
            sharing=school.sharing, audit=school.audit, videos=school.videos,
            clock_maps=school.clock_maps, rooms=school.rooms, control=school.control,
            programme=school.programme, platforms=school.platforms, ledger=school.ledger,
            worth_sheets=school.worth_sheets,
            released=school.released, pulse=school.pulse, clips=school.clips, coverage=school.coverage, waves=school.waves,
            colleagues=school.colleagues, hand_overs=school.hand_overs, cohorts=school.cohorts,
            longest_ns=longest_ns, elsewhere=elsewhere,
        )  # fmt: skip

    @property
    def sensed(self) -> SensedReader:
        """What was sensed, by time."""
        return KeptReader(self.periods) if self.elsewhere is None else self.elsewhere

    def epochs(self, lesson: str) -> list[EpochRecord]:
        """A lesson's epochs, read once for a page and the requests of its scripts."""
        version = self.scores.version()
        if self._epochs.get(lesson, (None,))[0] != version:
            while len(self._epochs) >= MAX_CACHED_LESSONS:
                del self._epochs[next(iter(self._epochs))]
            self._epochs[lesson] = version, self.scores.epochs(lesson)
        return self._epochs[lesson][1]

    def of_epochs(self, lesson: str, key: Hashable, make: Callable[[list[EpochRecord]], T]) -> T:
        """What `make` has of a lesson's epochs, made once for each key until the scores change.

        The key has to name all else that the result depends on; nobody changes the result.
        """
        epochs = self.epochs(lesson)
        version = self._epochs[lesson][0]
        if self._derived.get(lesson, (None,))[0] != version:
            self._derived.pop(lesson, None)
            while len(self._derived) >= MAX_CACHED_LESSONS:
                del self._derived[next(iter(self._derived))]
            self._derived[lesson] = version, {}
        made = self._derived[lesson][1]
        if key not in made:
            if len(made) >= MAX_DERIVED:
                made.clear()
            made[key] = make(epochs)
        found: T = made[key]
        return found

    def shard_of(self, room: str) -> int:
        """The place of the shard whose programs keep and score a room; 0 where there is one."""
        return self.periods.shard_of(room) if isinstance(self.periods, JoinedPeriodReader) else 0

    def lesson(self, lesson_id: str) -> Lesson | None:
        """A lesson, with an end even if nobody ended it; None if it does not exist."""
        found = self.lessons.get(lesson_id)
        return None if found is None else found.bounded(self.longest_ns)

    def lessons_of(
        self,
        viewer: Viewer,
        reached: AbstractSet[Reach],
        wanted: Wanted = EVERY,
        *,
        limit: int,
        offset: int = 0,
        beyond: Place | None = None,
        is_oldest_first: bool = False,
    ) -> list[Lesson]:
        """A page of the lessons that are `reached` to someone, each with an end.

        The latest first, or the oldest; see `SharingStore.lessons`.
        """
        if viewer.token is not None and viewer.token.lesson is not None:
            only = self._only_lesson(viewer, viewer.token.lesson)
            return only[offset : offset + limit] if beyond is None else []
        found = self.sharing.lessons(
            viewer.person.id, reached, viewer.utc_ns, wanted,
            limit=limit, offset=offset, beyond=beyond, is_oldest_first=is_oldest_first,
        )  # fmt: skip
        return [each.bounded(self.longest_ns) for each in found]

    def _only_lesson(self, viewer: Viewer, lesson_id: str) -> list[Lesson]:
        """A token's only lesson, while its role may see it and it is not hidden."""
        person, found = viewer.person, self.lesson(lesson_id)
        reach = self.sharing.reach(lesson_id, person.id, viewer.utc_ns)
        if found is None or reach is None or not may(person.roles, "read lesson", reach):
            return []
        return [] if self.sharing.teacher.is_hidden(lesson_id) else [found]

    def room_lessons(self, room: str, from_utc_ns: int, to_utc_ns: int) -> list[Lesson]:
        """A room's lessons that touch a span, each with an end, the latest first."""
        found = self.lessons.lessons(
            room=room, from_utc_ns=from_utc_ns - self.longest_ns, to_utc_ns=to_utc_ns
        )
        return [
            each.bounded(self.longest_ns)
            for each in found
            if each.over_utc_ns(self.longest_ns) > from_utc_ns
        ]

    def coming_lesson(self, room: str, now_utc_ns: int) -> Lesson | None:
        """A room's next lesson, with an end."""
        soon = self.lessons.lessons(
            room=room, from_utc_ns=now_utc_ns + 1, to_utc_ns=now_utc_ns + _SOON_NS
        )
        coming = soon or self.lessons.lessons(room=room, from_utc_ns=now_utc_ns + 1)
        return coming[-1].bounded(self.longest_ns) if coming else None

    def count_verdicts(self) -> VerdictCount:
        """The answers in all lessons, counted once for all lines of a list."""
        version = self.lessons.version()
        known = self._verdict_counts.get("all")
        if known is None or known[0] != version:
            known = self._verdict_counts["all"] = version, self.lessons.count_verdicts()
        return known[1]

    def version(self) -> tuple[int, int, int]:
        """Changes whenever any program has written to one of the stores."""
        return self.periods.version(), *self.said_and_scored()

    def said_and_scored(self) -> tuple[int, int]:
        """The same without what is sensed, which changes all day."""
        return self.scores.version(), self.lessons.version()

    def close(self) -> None:
        for store in (self.periods, self.scores, self.lessons):
            store.close()


class StoreThread:
    """Runs queries on the stores, in one thread of its own.

    A store's connection belongs to the thread that opened it, and a long read must not block the
    event loop. One thread is enough, since reading a lesson takes milliseconds.
    """

    def __init__(
        self, open_stores: Callable[[], Stores], clock: Clock, people_clock: Clock
    ) -> None:
        self.clock = clock
        """The lessons' clock, which a simulation may set."""
        self.people_clock = people_clock
        """The clock of those who look at the pages: for sessions, codes and the audit log."""
        self._open_stores = open_stores
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="stores")
        self._stores: Stores | None = None

    async def open(self) -> None:
        self._stores = await self._on_thread(self._open_stores)

    async def run(self, query: Callable[[Stores], T]) -> T:
        """Call `query` with the stores on the thread, and return its result."""
        stores = self._stores
        if stores is None:
            raise RuntimeError("the stores are not open; the application opens them when it starts")
        return await self._on_thread(lambda: query(stores))

    async def close(self) -> None:
        stores, self._stores = self._stores, None
        if stores is not None:
            await self._on_thread(stores.close)
        self._thread.shutdown(wait=True)

    async def _on_thread(self, work: Callable[[], T]) -> T:
        # In the reader's language there too.
        context = copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._thread, context.run, work)


def _store_thread(connection: HTTPConnection) -> StoreThread:
    store = connection.app.state.store_thread
    assert isinstance(store, StoreThread)
    return store


StoreDep = Annotated[StoreThread, Depends(_store_thread)]
"""The type of an endpoint's `store` parameter; FastAPI passes the store thread."""
