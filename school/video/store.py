"""Videos of lessons in the school's database."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import RowMapping, bindparam, delete, insert, select, update

from school.audit.actor import Actor
from school.database import SchoolDatabase
from school.lessons.records import Lesson
from school.lessons.rows import LESSON_COLUMNS, lesson_of
from school.schema import lessons
from school.video.records import UNDER_WAY, WORKED_ON, Reason, Video
from school.video.tables import videos

__all__ = ["VideoStore"]

_OLDEST_FIRST: Final = videos.c.created_utc_ns, videos.c.id
_ONE: Final = select(videos).where(videos.c.id == bindparam("video"))
_OF_LESSON: Final = (
    select(videos).where(videos.c.lesson == bindparam("of_lesson")).order_by(*_OLDEST_FIRST)
)
_TO_DO: Final = select(videos).where(videos.c.state.in_(WORKED_ON)).order_by(*_OLDEST_FIRST)
_SPARE: Final = select(videos).where(videos.c.spare != "").order_by(*_OLDEST_FIRST)
_EVERY: Final = (
    select(*videos.c, *(column.label(f"of_{column.name}") for column in LESSON_COLUMNS))
    .join(lessons, lessons.c.id == videos.c.lesson)
    .order_by(*_OLDEST_FIRST)
)
_OLDER: Final = select(*LESSON_COLUMNS).where(lessons.c.video.is_not(None)).order_by(lessons.c.id)


class VideoStore:
    """Any number of programs may use it. What it removes here has lost its key already."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def begin(self, video: Video, by: Actor) -> bool:
        """Add a video; False if the lesson has one under way. The audit log has who, and what of.

        A consent is recorded before the upload.
        """
        with self._database.writing() as connection:
            known = connection.execute(_OF_LESSON, {"of_lesson": video.lesson}).all()
            if any(row.state in UNDER_WAY for row in known):
                return False
            connection.execute(insert(videos), _values(video))
            if video.consent:
                by.record(
                    connection, "confirmed_consent", "video", video.lesson, lesson=video.lesson,
                    detail={"wording": video.consent},
                )  # fmt: skip
            if video.state != "uploading":
                by.record(connection, "uploaded", "video", video.lesson, lesson=video.lesson)
        return True

    def finish_upload(self, video: str, by: Actor) -> bool:
        """Hand a complete upload to be checked; False if it is gone, or was handed on before."""
        with self._database.writing() as connection:
            row = connection.execute(_ONE, {"video": video}).one_or_none()
            if row is None or row.state != "uploading":
                return False
            values = {"state": "checking", "changed_utc_ns": by.utc_ns}
            connection.execute(update(videos).where(videos.c.id == video), values)
            by.record(connection, "uploaded", "video", row.lesson, lesson=row.lesson)
        return True

    def change(self, video: Video, utc_ns: int, **values: object) -> Video | None:
        """Change a video that is in the state it has here; None if it is not, or is gone."""
        which = videos.c.id == video.id, videos.c.state == video.state
        with self._database.writing() as connection:
            changed = {**values, "changed_utc_ns": utc_ns}
            if not connection.execute(update(videos).where(*which), changed).rowcount:
                return None
            return _video(connection.execute(_ONE, {"video": video.id}).mappings().one())

    def remove(self, video: Video, by: Actor, why: Reason) -> Video | None:
        """Forget a video whose keys are destroyed; None if another program was quicker.

        Returns it as it was last: its files may have become others.
        """
        with self._database.writing() as connection:
            row = connection.execute(_ONE, {"video": video.id}).mappings().one_or_none()
            if row is None:
                return None
            connection.execute(delete(videos).where(videos.c.id == video.id))
            by.record(
                connection,
                "purged",
                "video",
                video.lesson,
                lesson=video.lesson,
                detail={"why": why},
            )
        return _video(row)

    def get(self, video: str) -> Video | None:
        """A video by its id."""
        return next(iter(self._videos(_ONE, video=video)), None)

    def of_lesson(self, lesson: str) -> list[Video]:
        """A lesson's videos, the oldest first."""
        return self._videos(_OF_LESSON, of_lesson=lesson)

    def ready(self, lesson: str) -> Video | None:
        """The video that a lesson's page plays: the newest that is ready."""
        found = [each for each in self.of_lesson(lesson) if each.state == "ready"]
        return found[-1] if found else None

    def with_ready(self, of: Collection[str]) -> frozenset[str]:
        """Which of these lessons have a video to play."""
        wanted = select(videos.c.lesson).where(
            videos.c.state == "ready", videos.c.lesson.in_(list(of))
        )
        with self._database.reading() as connection:
            return frozenset(connection.scalars(wanted))

    def to_do(self) -> list[Video]:
        """What has to be checked or converted, the oldest first."""
        return self._videos(_TO_DO)

    def with_spare(self) -> list[Video]:
        """Videos that have a sealed file too many."""
        return self._videos(_SPARE)

    def every(self) -> list[tuple[Video, Lesson]]:
        """All videos with their lessons, the oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(_EVERY).all()
        cut = len(videos.c)
        return [
            (_video(dict(zip(videos.c.keys(), row[:cut], strict=True))), lesson_of(row[cut:]))  # type: ignore[arg-type]
            for row in rows
        ]

    def older(self) -> list[Lesson]:
        """Lessons that name a plain file, as earlier versions did."""
        with self._database.reading() as connection:
            return [lesson_of(row) for row in connection.execute(_OLDER).all()]

    def _videos(self, statement: Any, **values: str) -> list[Video]:
        with self._database.reading() as connection:
            return [_video(row) for row in connection.execute(statement, values).mappings()]


def _video(row: Mapping[str, Any] | RowMapping) -> Video:
    return Video(**{str(name): value for name, value in row.items()})


def _values(video: Video) -> dict[str, object]:
    return {name: getattr(video, name) for name in videos.c.keys()}  # noqa: SIM118 (SQLAlchemy's)
