"""The lesson's video is uploaded, a clip is cut of it, and shown in the cohort, which answers it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from contract.clock import SECOND_NS
from roomtone.demo.district import words
from roomtone.demo.district.filming.camera import write_film
from roomtone.demo.district.filming.session import Session
from roomtone.demo.district.world import World
from roomtone.demo.programs import ProgramError
from school import open_school
from school.people.demo_ids import demo_id
from school.video.records import consent_hash
from school.video.settings import CONSENT

__all__ = ["Filming", "StoppedError"]

_PATIENCE_S: Final = 600.0
_POLL_S: Final = 0.5
_KEPT: Final = timedelta(days=60)
_CLIP_S: Final = 40


class StoppedError(Exception):
    """Nobody waits for it any more."""


@dataclass(slots=True)
class Filming:
    """`run` does all of it, with the pages running; `stop` ends it soon."""

    world: World
    teacher: Session
    coach: Session
    folder: Path
    report: Callable[[str], None]
    is_stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> bool:
        """False if no video could be made, which is reported in one sentence."""
        film = self.folder / "lesson.mp4"
        started = time.monotonic()
        try:
            write_film(self.world.heard[self._lesson], self.world.seed, film, self._require_wanted)
        except ImportError as error:
            self.report(
                f"camera     makes no video, so that there is no clip: {error.name or 'av'} is not "
                "installed; `pip install roomtone[server]` brings it"
            )
            return False
        self._upload(film)
        film.unlink()  # only the encrypted one stays
        clip = self._cut()
        self._show(clip)
        took_s = time.monotonic() - started
        self.report(
            f"camera     a video of a lesson is kept, and a clip of it is in the cohort, in {took_s:.0f} s"
        )
        return True

    @contextmanager
    def in_background(self) -> Iterator[None]:
        """Do it meanwhile; it ends with the context."""

        def work() -> None:
            try:
                self.run()
            except StoppedError:
                return
            except (ProgramError, OSError) as error:
                self.report(f"camera     there is no clip: {error}")

        thread = threading.Thread(target=work, name="filming")
        thread.start()
        try:
            yield
        finally:
            self.is_stopped.set()
            thread.join()

    def _require_wanted(self, _share: float) -> None:
        if self.is_stopped.is_set():
            raise StoppedError

    @property
    def _lesson(self) -> str:
        return self.world.put.latest

    def _upload(self, film: Path) -> None:
        address = f"/api/lessons/{self._lesson}/video"
        self.teacher.upload(f"{address}/uploads", film, consent_hash(CONSENT))
        self._wait_until(lambda: _is_ready(self.teacher.get_json(address)), "the video")

    def _cut(self) -> str:
        """A clip of the moment that people talk about, for the coach too; its id."""
        page = f"/lessons/{self._lesson}/clips"
        start_s = self.world.heard[self._lesson].lively_s
        last = self.world.calendar.today + _KEPT
        self.teacher.post(
            page,
            [
                ("title", words.CLIP), ("start", _clock(start_s)),
                ("end", _clock(start_s + _CLIP_S)), ("shows", "both"),
                ("person", demo_id("coach")), ("until", last.isoformat()), ("consent", "yes"),
            ],
        )  # fmt: skip
        found: list[str] = []

        def is_cut() -> bool:
            found[:] = re.findall(r'href="/clips/([^"/]+)"', self.teacher.get(page))
            return bool(found)

        self._wait_until(is_cut, "the clip")
        return found[0]

    def _show(self, clip: str) -> None:
        """In the cohort, whose coach answers by the page; a member, who can't sign in, by the store."""
        put = self.world.put
        teacher, coach = demo_id("teacher"), demo_id("coach")
        members = {self.world.teachers[number].id for number in put.members}
        page = f"/cohorts/{put.cohort}/clips"
        meant = sorted(({*members, coach}) - {teacher})
        fields = [("meant", person) for person in meant]
        self.teacher.post(page, [("clip", clip), ("consent", "yes"), *fields])
        (kind, said), (member_kind, member_said) = words.CLIP_REMARKS
        self.coach.post(f"{page}/{clip}/replies", [("kind", kind), ("words", said)])
        number = min(put.members - {self.world.cast.teachers[0].number})
        by = self.world.teacher(number, time.time_ns() // SECOND_NS * SECOND_NS)
        with closing(open_school(self.world.data)) as school:
            school.cohorts.replies.to_clip(put.cohort, clip, member_kind, member_said, by)
        put.clip = clip

    def _wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while not is_so():
            if time.monotonic() > deadline:
                raise ProgramError(f"{what} did not become ready within {_PATIENCE_S:.0f} s.")
            if self.is_stopped.wait(_POLL_S):
                raise StoppedError


def _is_ready(state: Any) -> bool:
    if state["state"] == "refused":
        raise ProgramError(f"the video was refused: {state['refusal']}")
    return bool(state["is_ready"])


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02}"
