"""Who needs what of the moments; `store.py` keeps them in the database of their lessons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from school.moments.records import Label, Moment, Reply, Verdict, VerdictCount

__all__ = ["LabelStore", "MomentStore"]


class MomentStore(Protocol):
    """Moments that people mark, and what they say of these and of suggested ones."""

    def put_moment(self, moment: Moment) -> None: ...
    def add_moment(self, moment: Moment) -> Moment | None:
        """Mark a moment once, however often it is sent: the one with its id if there is one.

        None, and nothing is marked, if there was one and it has been removed.
        """

    def change_moment(self, moment: Moment) -> Moment | None:
        """Change a moment whose `revision` is the one that was read, and return it with the next.

        None, and nothing changes, if someone has changed or removed it meanwhile: then read it again.
        """

    def remove_moment(self, moment: str) -> None: ...
    def moments(self, lesson: str) -> list[Moment]: ...
    def count_moments(self, lessons: Sequence[str]) -> dict[str, int]:
        """How many each of these lessons has, those that have any: one question for a list."""

    def add_reply(self, reply: Reply) -> bool:
        """Keep what somebody says below a note, once; False if the note is gone, or the reply was removed."""

    def remove_reply(self, reply: str) -> None: ...
    def replies(self, lesson: str) -> list[Reply]:
        """Below all notes of a lesson, in the order in which they were written."""

    def put_verdict(
        self, verdict: Verdict, label: Label | None = None, *, written_utc_ns: int = 0
    ) -> None:
        """Keep what someone said of a moment in the place of what they said of it before.

        With `label`, what there is to learn from it is kept beside it, if the lesson's teacher
        wants that, for its days from `written_utc_ns` on; raises StoreError where there is no such
        lesson.
        """

    def remove_verdict(self, lesson: str, moment: str, by: str) -> None:
        """Take back what a person said of a moment, and what was kept of it."""

    def verdicts(self, lesson: str) -> list[Verdict]: ...
    def count_verdicts(self) -> VerdictCount:
        """Over all lessons."""

    def verdicts_by_lesson(self) -> dict[str, VerdictCount]:
        """Of the lessons in which a suggested lively moment was judged."""


class LabelStore(Protocol):
    """What is kept of answers to learn from, with the teacher's agreement."""

    def keeps_labels(self, teacher: str) -> bool:
        """Whether a teacher agrees that answers of their lessons are kept to learn from."""

    def keep_labels(self, teacher: str) -> None:
        """They agree from now on."""

    def drop_labels(self, teacher: str) -> int:
        """They agree no more: what is kept of their lessons goes; how much it was."""

    def count_labels(self, teacher: str) -> int: ...
    def labels(self) -> list[Label]:
        """All that is kept to learn from, in order of time."""
