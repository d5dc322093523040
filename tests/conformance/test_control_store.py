"""What people ask of kits, in each database."""

from __future__ import annotations

from typing import Any

from school.audit.actor import Actor
from school.control.records import KitRequest
from tests.conformance.ada import LESSON

BY = Actor(name="roomtone kit", utc_ns=70)
LATER = Actor(name="roomtone kit", utc_ns=90)
ASKED = KitRequest(room="room-12", node="pi-12", id="r1", command="identify", asked_utc_ns=70)


def test_a_lesson_is_paused_once_and_for_everybody(programs: Any) -> None:
    one, other = programs
    one.lessons.put(LESSON)
    before = other.lessons.version()
    assert one.control.pause_lesson(LESSON.id, BY) is True
    assert other.control.pause_lesson(LESSON.id, LATER) is False
    assert other.control.paused_lessons() == {LESSON.id: 70}
    assert other.lessons.orders.paused_lessons() == {LESSON.id: 70}
    assert other.control.paused_since(LESSON.id) == 70
    assert other.lessons.version() > before
    assert other.control.resume_lesson(LESSON.id, LATER) is True
    assert one.control.resume_lesson(LESSON.id, LATER) is False
    assert one.control.paused_lessons() == {}
    assert one.control.paused_since(LESSON.id) is None


def test_no_pause_is_left_of_a_lesson_that_is_not_there(programs: Any) -> None:
    one, _ = programs
    assert one.control.pause_lesson("nobody-knows-it", BY) is False
    one.lessons.put(LESSON)
    one.control.pause_lesson(LESSON.id, BY)
    one.lessons.purge(lessons=[LESSON.id])
    assert one.control.paused_lessons() == {}


def test_a_kit_s_settings_are_replaced_and_go(programs: Any) -> None:
    one, other = programs
    one.control.put_settings("room-12", "pi-12", {"spill_s": 20.0}, BY)
    one.control.put_settings("room-12", "pi-13", {"led_brightness": 0.1}, BY)
    one.control.put_settings("room-12", "pi-12", {"full_scale_db": 120.0}, BY)
    known = {("room-12", "pi-12"): {"full_scale_db": 120.0},
             ("room-12", "pi-13"): {"led_brightness": 0.1}}  # fmt: skip
    assert other.lessons.orders.settings() == known
    other.control.put_settings("room-12", "pi-13", {}, BY)
    del known["room-12", "pi-13"]
    assert one.control.settings() == known


def test_a_kit_answers_its_last_command_once(programs: Any) -> None:
    one, other = programs
    one.control.ask(ASKED, BY)
    later = KitRequest(room="room-12", node="pi-12", id="r2", command="restart", hub="window",
                       asked_utc_ns=90)  # fmt: skip
    one.control.ask(later, LATER)
    orders = other.lessons.orders
    assert orders.requests() == [later]
    orders.answer("r1", is_done=True, why="")  # it came too late
    assert orders.requests() == [later]
    orders.answer("r2", is_done=False, why="no hub 'window'")
    orders.answer("r2", is_done=True, why="")
    assert orders.requests() == []
    found = one.control.last_requests("room-12")["pi-12"]
    assert (found.is_done, found.why, found.id) == (False, "no hub 'window'", "r2")
    assert one.control.last_requests("room-13") == {}
