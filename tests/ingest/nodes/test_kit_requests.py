"""Commands to kits: sent again until they are answered, and no longer than a minute."""

from __future__ import annotations

from contract.clock import ManualClock
from contract.wire.messages import CommandResult
from ingest.nodes.kit_requests import KitRequests
from school.audit.actor import Actor
from school.control.records import KitRequest
from school.lessons.memory import MemoryLessonStore
from tests.ingest.node import Sent

TOPIC = "roomtone/1/school/r1/pi-1/command"
KITS = {("r1", "pi-1"): "school"}


class Office:
    """The requests of a school, and what ingest sends for them."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.lessons = MemoryLessonStore()
        self.requests = KitRequests(lessons=self.lessons, clock=self.clock)

    def ask(self, command: str = "identify", node: str = "pi-1", id_: str = "a") -> None:
        request = KitRequest(
            room="r1", node=node, id=id_, command=command, asked_utc_ns=self.clock.utc_ns()
        )
        self.lessons.orders.ask(request, Actor(name="a test", utc_ns=1))

    def after(self, seconds: float) -> list[tuple[str, str, str]]:
        self.clock.advance(seconds)
        return [(topic, each.id, each.command) for topic, each in self.requests.due(lambda: KITS)]

    def answer(self, id_: str = "a", topic: str = TOPIC, **how: object) -> bool:
        result = CommandResult.model_validate({"id": id_, "is_done": True} | how)
        return self.requests.take(Sent(f"{topic}/result", result.encode()))

    def answered(self) -> tuple[bool | None, str]:
        found = self.lessons.orders.last_requests("r1")["pi-1"]
        return found.is_done, found.why


def test_a_command_is_sent_until_it_is_answered() -> None:
    office = Office()
    assert office.after(1) == []
    office.ask()
    assert office.after(1) == [(TOPIC, "a", "identify")]
    assert office.after(1) == []
    assert office.after(5) == [(TOPIC, "a", "identify")]
    assert office.answer()
    assert office.after(6) == []
    assert office.answered() == (True, "")


def test_a_kit_s_reason_is_kept() -> None:
    office = Office()
    office.ask("resume")
    office.after(1)
    office.answer(is_done=False, why="the kit stays paused by: button")
    office.after(1)
    assert office.answered() == (False, "the kit stays paused by: button")


def test_after_a_minute_it_counts_as_not_answered() -> None:
    office = Office()
    office.ask()
    sent = [len(office.after(5)) for _ in range(11)]
    assert sum(sent) == 11
    assert office.after(10) == []
    assert office.answered() == (False, "the kit did not answer within a minute")
    assert office.after(10) == []


def test_nobody_answers_for_another_kit() -> None:
    office = Office()
    office.ask()
    office.after(1)
    assert office.answer(topic="roomtone/1/school/r1/pi-2/command")
    office.after(1)
    assert office.answered() == (None, "")


def test_a_kit_that_nobody_knows_is_said_at_once() -> None:
    office = Office()
    office.ask(node="pi-9")
    assert office.after(1) == []
    found = office.lessons.orders.last_requests("r1")["pi-9"]
    assert (found.is_done, found.why) == (False, "no kit of this name has reported from this room")


def test_what_is_no_answer_is_left_to_others_and_rubbish_does_no_harm() -> None:
    office = Office()
    assert not office.requests.take(Sent("roomtone/1/school/r1/pi-1/health", b""))
    assert office.requests.take(Sent(f"{TOPIC}/result", b"\xff"))


def test_a_later_command_takes_the_place_of_the_one_before() -> None:
    office = Office()
    office.ask(id_="a")
    office.after(1)
    office.ask("restart", id_="b")
    assert office.after(1) == [(TOPIC, "b", "restart")]
    office.answer("a")
    office.after(1)
    assert office.answered() == (None, "")
