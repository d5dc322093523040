"""Whether to sample a period, from the lessons of the configuration and from commands.

Pure: times in, a reason out. A period is sampled only if all of it is in sampled time. A `start`,
or a lesson without an end, ends by itself after LONGEST_OPEN_NS, so that a kit without its server
does not sample through the night.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from contract.wire.messages import Config, LessonSpan, PausedBy

__all__ = ["LONGEST_OPEN_NS", "OWN_PAUSES", "Sampling", "SkipReason", "Switch"]

SkipReason = Literal["off", "paused"]
Switch = Literal["start", "stop"]
OWN_PAUSES: Final[tuple[PausedBy, ...]] = ("button", "command", "fault")
"""Those that the kit itself knows of, without its server."""

LONGEST_OPEN_NS: Final = 12 * 3_600 * 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mode:
    """What commands asked for, and since when on the boot clock."""

    since_ns: int
    started_ns: int | None = None
    paused_by: frozenset[PausedBy] = frozenset()
    """What pauses the kit, whatever lesson is on."""
    paused_lessons: frozenset[str] = frozenset()
    """Lessons that a page has paused."""
    stopped: frozenset[str] = frozenset()
    """Lessons that a `stop` ended early."""


class Sampling:
    """Follows the configuration, the commands and the button; `skip_reason` decides about a period.

    `start` samples until `stop`, whatever the timetable says. `stop` also ends the current lessons.
    A kit has as many pauses as there are reasons for one, and each ends by itself: `resume` ends
    what `pause` began, and never what a button or a page did. A page's pause is one of a lesson.
    """

    def __init__(self) -> None:
        self._lessons: tuple[LessonSpan, ...] = ()
        self._modes = [_Mode(since_ns=0)]

    def configure(self, config: Config, *, boot_ns: int) -> None:
        """Replace all lessons by those of a configuration; its pauses hold from `boot_ns` on."""
        self._lessons = config.lessons
        self._pause("kit", is_on=bool(config.paused_by), boot_ns=boot_ns)
        lessons = frozenset(config.paused_lessons)
        if lessons != self._modes[-1].paused_lessons:
            self._add(replace(self._modes[-1], since_ns=boot_ns, paused_lessons=lessons))

    def pause(self, by: frozenset[PausedBy], *, boot_ns: int) -> None:
        """What the kit itself knows of its pauses, from now on."""
        for each in OWN_PAUSES:
            self._pause(each, is_on=each in by, boot_ns=boot_ns)

    def switch(self, command: Switch, *, boot_ns: int, utc_ns: int) -> None:
        mode = replace(self._modes[-1], since_ns=boot_ns)
        match command:
            case "start":
                mode = replace(mode, started_ns=boot_ns, stopped=frozenset())
            case "stop":
                on = {lesson.lesson for lesson in self._lessons if _is_on(lesson, utc_ns, utc_ns)}
                mode = replace(mode, started_ns=None, stopped=mode.stopped | on)
        self._add(mode)

    def paused_by(self, utc_ns: int) -> frozenset[PausedBy]:
        """What pauses the kit now; a page does so while the lesson is on that it has paused."""
        mode = self._modes[-1]
        on = {lesson.lesson for lesson in self._lessons if _is_on(lesson, utc_ns, utc_ns)}
        return mode.paused_by | {"page"} if on & mode.paused_lessons else mode.paused_by

    def skip_reason(
        self,
        *,
        start_boot_ns: int,
        end_boot_ns: int,
        start_utc_ns: int,
        is_utc_known: bool = True,
    ) -> SkipReason | None:
        """Why not to sample a period; None if it is to be sampled. Ask in order of time.

        While UTC is unknown, a lesson without an end is on: the server sends it when it begins.
        """
        self._forget_before(start_boot_ns)
        return self.reason_at(
            start_boot_ns=start_boot_ns, end_boot_ns=end_boot_ns, start_utc_ns=start_utc_ns,
            is_utc_known=is_utc_known,
        )  # fmt: skip

    def reason_at(
        self, *, start_boot_ns: int, end_boot_ns: int, start_utc_ns: int, is_utc_known: bool
    ) -> SkipReason | None:
        """As `skip_reason`, but it forgets nothing: any thread may ask, in any order of time."""
        end_utc_ns = start_utc_ns + end_boot_ns - start_boot_ns
        lessons = {
            lesson.lesson
            for lesson in self._lessons
            if _is_on(lesson, start_utc_ns, end_utc_ns)
            or (lesson.ends_utc_ns is None and not is_utc_known)
        }
        reason: SkipReason | None = None
        for mode in tuple(self._modes):
            if mode.since_ns >= end_boot_ns:
                break
            started_ns = mode.started_ns
            is_started = started_ns is not None and end_boot_ns <= started_ns + LONGEST_OPEN_NS
            if not is_started and not lessons - mode.stopped:
                return "off"
            if mode.paused_by or lessons & mode.paused_lessons:
                reason = "paused"
        return reason

    def _pause(self, by: PausedBy, *, is_on: bool, boot_ns: int) -> None:
        paused_by = self._modes[-1].paused_by - {by} | ({by} if is_on else frozenset())
        if paused_by != self._modes[-1].paused_by:
            self._add(replace(self._modes[-1], since_ns=boot_ns, paused_by=paused_by))

    def _add(self, mode: _Mode) -> None:
        """Changes stand in the order of time, which `skip_reason` relies on."""
        self._modes.append(replace(mode, since_ns=max(mode.since_ns, self._modes[-1].since_ns)))

    @property
    def basis(self) -> tuple[object, object]:
        """What an answer rests on: while both are the same objects, so is the answer."""
        return self._lessons, self._modes[-1]

    def _forget_before(self, boot_ns: int) -> None:
        while len(self._modes) > 1 and self._modes[1].since_ns <= boot_ns:
            del self._modes[0]


def _is_on(lesson: LessonSpan, start_utc_ns: int, end_utc_ns: int) -> bool:
    """Whether all of a span is in the lesson."""
    ends_utc_ns = lesson.ends_utc_ns
    if ends_utc_ns is None:
        ends_utc_ns = lesson.starts_utc_ns + LONGEST_OPEN_NS
    return lesson.starts_utc_ns <= start_utc_ns and end_utc_ns <= ends_utc_ns
