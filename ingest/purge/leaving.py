"""What is left to do for people who left: a signed record, and their lessons, if these are to go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from pydantic import SecretStr

from contract.clock import Clock
from contract.errors import UsageError
from ingest.purge.log import PurgeLog
from ingest.purge.plan import PurgePlanner
from ingest.purge.requests import PersonLeft, PurgeRequest
from ingest.purge.run import PurgeRun
from ingest.stores import open_shard_periods
from school import School, open_school
from school.audit.actor import Actor
from school.people.data_subjects.leaving import Departure

__all__ = ["LeavingRun", "departure_of"]


def departure_of(left: PersonLeft) -> Departure:
    """The same as the school's data has it."""
    return Departure(
        person=left.id, left_utc_ns=left.left_utc_ns, deletes_lessons=left.deletes_lessons
    )


class LeavingRun:
    """Brings the record of purges and the lessons in step with who left.

    It begins with what the database says each time, so that nothing is lost if it is interrupted.
    """

    def __init__(
        self,
        *,
        data_dir: Path,
        clock: Clock,
        say: Callable[[str], None],
        purges: PurgeRun,
        longest_ns: int,
        database_url: SecretStr | None = None,
        shards: Sequence[Path] = (),
    ) -> None:
        self._shards = shards
        self._data_dir = data_dir
        self._clock = clock
        self._say = say
        self._purges = purges
        self._longest_ns = longest_ns
        self._database_url = database_url
        self._log = PurgeLog(data_dir)

    def is_waiting(self) -> bool:
        """Whether there is anything to do; raises StoreError."""
        with closing(open_school(self._data_dir, self._database_url)) as school:
            former = school.people.leaving.former()
            recorded = self._recorded()
            if self._came_back(school, recorded) or self._unrecorded(former, recorded):
                return True
            return any(
                school.people.held.lessons_of(each.person)
                for each in former
                if each.deletes_lessons
            )

    def settle(self, is_stopped: Callable[[], bool] = lambda: False) -> int:
        """Record who left, and delete the lessons that are to go; how many these were.

        The name of someone who is recorded, and came back with an older database, goes again.

        The caller holds `PurgeFolder.alone`. Raises StoreError; then ask again.
        """
        deleted = 0
        with closing(open_school(self._data_dir, self._database_url)) as school:
            recorded = self._recorded()
            for left in self._came_back(school, recorded):
                by = Actor(name="roomtone purge", utc_ns=self._clock.utc_ns())
                if school.people.leaving.repeat(departure_of(left), by):
                    self._say(
                        f"The name of person {left.id}, who had left, was back: removed again."
                    )
            former = school.people.leaving.former()
            self._record(self._unrecorded(former, recorded))
            for departure in former:
                if not departure.deletes_lessons:
                    continue
                for lesson_id in school.people.held.lessons_of(departure.person):
                    if is_stopped():
                        return deleted
                    request = self._planned(school, departure.person, lesson_id)
                    if request is not None:
                        self._purges.run(request)
                        deleted += 1
        return deleted

    def _record(self, unrecorded: list[Departure]) -> None:
        for each in unrecorded:
            left = PersonLeft(
                id=each.person, left_utc_ns=each.left_utc_ns, deletes_lessons=each.deletes_lessons
            )
            record = self._log.append_left(left, done_utc_ns=self._clock.utc_ns())
            self._say(f"record {record.number} of purge-log.jsonl: {record.hash}")

    def _recorded(self) -> list[PersonLeft]:
        requests = (record.request for record in self._log.verified())
        return [each for each in requests if isinstance(each, PersonLeft)]

    def _unrecorded(self, former: list[Departure], recorded: list[PersonLeft]) -> list[Departure]:
        known = {each.id for each in recorded}
        return [each for each in former if each.person not in known]

    def _came_back(self, school: School, recorded: list[PersonLeft]) -> list[PersonLeft]:
        """Who has a name again though they left: someone put an older database in place."""
        found = ((each, school.people.person(each.id)) for each in recorded)
        return [each for each, person in found if person is not None and not person.has_left]

    def _planned(self, school: School, person: str, lesson_id: str) -> PurgeRequest | None:
        """What deleting a lesson removes; None if it has to stay for now, which is reported."""
        lesson = school.lessons.get(lesson_id)
        if lesson is None:
            return None
        start, end = lesson.starts_utc_ns, lesson.over_utc_ns(self._longest_ns)
        own = set(school.people.held.lessons_of(person))
        others = [
            each.id
            for each in school.lessons.lessons(
                room=lesson.room, from_utc_ns=start - self._longest_ns, to_utc_ns=end
            )
            if each.id not in own and each.over_utc_ns(self._longest_ns) > start
        ]
        if others:
            self._say(
                f"{lesson_id} stays, opened to nobody: {others[0]} was on in the same room at the "
                "same time, and what was sensed belongs to both."
            )
            return None
        try:
            with closing(open_shard_periods(self._data_dir, self._shards)) as reader:
                planner = PurgePlanner(
                    reader=reader, lessons=school.lessons, now_utc_ns=self._clock.utc_ns(),
                    longest_ns=self._longest_ns,
                )  # fmt: skip
                return planner.plan(None, 0, 0, lesson_id=lesson_id).request
        except UsageError as error:
            self._say(f"{lesson_id} stays for now: {error}")
            return None
