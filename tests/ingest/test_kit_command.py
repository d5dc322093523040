"""What is asked of one kit by a command: written down, answered or not, and other settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.errors import KitAnswerError, UsageError
from ingest.kit_command import KitDesk
from school import School, open_school

KITS = {"pi-1": {"r1"}, "pi-2": {"r1", "r2"}}


@dataclass
class Desk:
    """The command on a school's data; `answer` is what becomes of a request at the first look."""

    school: School
    clock: ManualClock = field(default_factory=ManualClock)
    said: list[str] = field(default_factory=list)
    answer: tuple[bool, str] | None = None

    def __post_init__(self) -> None:
        self.desk = KitDesk(
            school=self.school, rooms=lambda node: KITS.get(node, set()), clock=self.clock,
            wait=self._wait, write=self.said.append,
        )  # fmt: skip

    def _wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        if self.answer is not None:
            for request in self.school.control.requests():
                self.school.control.answer(request.id, is_done=self.answer[0], why=self.answer[1])


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with closing(open_school(tmp_path)) as school:
        yield Desk(school)


def test_a_kit_that_answers_is_done(desk: Desk) -> None:
    desk.answer = True, ""
    desk.desk.ask("identify", "pi-1", room=None, hub="window", wait_s=5)
    assert desk.said == ["pi-1: done."]
    request = desk.school.control.last_requests("r1")["pi-1"]
    assert (request.command, request.hub, request.is_done) == ("identify", "window", True)
    (entry, *_) = desk.school.audit.latest(1)
    assert entry.sentence == (
        "The command “roomtone kit” gave a command to kit pi-1 in room r1: show which one it is"
    )


def test_a_refusal_is_said_in_the_kit_s_words(desk: Desk) -> None:
    desk.answer = False, "the kit stays paused by: button"
    with pytest.raises(KitAnswerError, match="pi-1 did not do it: the kit stays paused by: button"):
        desk.desk.ask("resume", "pi-1", room=None, hub=None, wait_s=5)


def test_without_ingest_there_is_no_answer_and_the_request_stays(desk: Desk) -> None:
    with pytest.raises(KitAnswerError, match="check that ingest runs"):
        desk.desk.ask("restart", "pi-1", room=None, hub=None, wait_s=5)
    assert [each.command for each in desk.school.control.requests()] == ["restart"]
    desk.desk.ask("restart", "pi-1", room=None, hub=None, wait_s=0)
    assert desk.said == ["pi-1: asked."]


@pytest.mark.parametrize(
    ("node", "room", "sentence"),
    (
        ("pi-9", None, "No kit 'pi-9' has reported"),
        ("pi-1", "r2", "No kit 'pi-1' has reported from room 'r2'"),
        ("pi-2", None, "from r1, r2: name one with --room"),
    ),
)
def test_a_kit_is_one_that_reported(desk: Desk, node: str, room: str | None, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        desk.desk.ask("identify", node, room=room, hub=None, wait_s=0)


def test_settings_are_given_taken_back_and_shown(desk: Desk) -> None:
    desk.desk.set("pi-2", ["spill_s=20", "led_brightness=0.1"], room="r2")
    desk.desk.set("pi-2", ["spill_s="], room="r2")
    assert desk.school.control.settings() == {("r2", "pi-2"): {"led_brightness": 0.1}}
    desk.said.clear()
    desk.desk.show(
        "pi-2",
        room="r2",
        followed={},
        troubles=("led_brightness = 0.1 can't be followed: no light",),
    )
    assert desk.said == [
        "given: led_brightness = 0.1", "followed: nothing",
        "not followed: led_brightness = 0.1 can't be followed: no light",
    ]  # fmt: skip
    for wrong in ("spill_s", "=3", "spill_s=soon"):
        with pytest.raises(UsageError):
            desk.desk.set("pi-1", [wrong], room=None)
