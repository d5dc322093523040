"""What is written on one side is announced to the other, and to nobody who does not see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from contract.clock import SECOND_NS
from school.sharing.cut import Span
from tests.signed_in import BY, COACH, COOKIE_NAME, TEACHER

pytestmark = pytest.mark.slow
NOTE = {"start_s": 100.0, "note": "They began at once."}
Write = Callable[..., httpx.Response]


@pytest.fixture
def write(debrief) -> Write:
    address = f"http://127.0.0.1:{debrief.server.port}"

    def act(person: str, method: str, path: str, **given: Any) -> httpx.Response:
        cookies = {COOKIE_NAME: debrief.cookies[person]}
        answer = httpx.request(
            method, address + path, cookies=cookies, headers={"Origin": address}, **given
        )
        assert answer.status_code < 400, answer.text
        return answer

    return act


def line_up(write: Write, offset: float = 1.5) -> None:
    """Something that everybody hears of."""
    write(TEACHER, "PUT", "/api/lessons/sample/clock-map", json={"offset_s": offset})


def heard(page) -> list[str]:
    return list(page.hear("changed")["parts"])


def test_notes_replies_and_answers_are_announced_to_both(debrief, write) -> None:
    teacher, coach = debrief.page(TEACHER), debrief.page(COACH)
    note = write(COACH, "POST", "/api/lessons/sample/moments", json=NOTE).json()
    assert heard(teacher) == heard(coach) == ["notes"]
    path = f"/api/lessons/sample/moments/{note['id']}"
    for method, where, body in (
        ("PUT", path, {"note": "They began late.", "revision": 1}),
        ("POST", f"{path}/replies", {"text": "Why?"}),
        ("PUT", f"{path}/verdict", {"verdict": "confirmed"}),
        ("DELETE", path, None),
    ):
        write(COACH, method, where, json=body)
        assert heard(teacher) == ["notes"], where


def test_the_next_step_and_the_line_up_are_announced(debrief, write) -> None:
    coach = debrief.page(COACH)
    write(TEACHER, "POST", "/lessons/sample/step", data={"what": "Begin at once"})
    assert heard(coach) == ["step"]
    line_up(write)
    assert heard(coach) == ["line_up"]


def test_how_a_step_went_is_the_teachers_alone(debrief, write) -> None:
    write(TEACHER, "POST", "/lessons/sample/step", data={"what": "Begin at once"})
    (step,) = debrief.stores.sharing.steps.of_lesson("sample")
    teacher, coach = debrief.page(TEACHER), debrief.page(COACH)
    path = f"/lessons/sample/step/{step.id}/went"
    write(TEACHER, "POST", path, data={"went": "going_on", "words": "It helped"})
    assert heard(teacher) == ["step"]
    line_up(write)
    assert heard(coach) == ["line_up"]
    write(TEACHER, "POST", path, data={"went": "done"})
    assert heard(coach) == ["step"], "that it is over is seen"


def test_a_private_word_is_announced_to_nobody(debrief, write) -> None:
    teacher, coach = debrief.page(TEACHER), debrief.page(COACH)
    write(TEACHER, "PUT", "/lessons/sample/reflection", json={"keep": "the start", "revision": 0})
    write(TEACHER, "POST", "/lessons/sample/guess", data={"settling": "4:00"})
    line_up(write)
    assert heard(coach) == heard(teacher) == ["line_up"]
    write(TEACHER, "POST", "/lessons/sample/guess/shown", data={"is_on": "true"})
    assert heard(coach) == ["guess"]


def test_a_note_in_a_part_that_is_not_shared_is_not_announced(debrief, write) -> None:
    until = debrief.clock.utc_ns() + 86_400 * SECOND_NS
    debrief.stores.sharing.share(
        "sample", COACH, BY, until_utc_ns=until, spans=(Span(600.0, 900.0),)
    )
    teacher, coach = debrief.page(TEACHER), debrief.page(COACH)
    write(TEACHER, "POST", "/api/lessons/sample/moments", json=NOTE)
    assert heard(teacher) == ["notes"]
    write(TEACHER, "POST", "/api/lessons/sample/moments", json=NOTE | {"start_s": 700.0})
    write(TEACHER, "POST", "/lessons/sample/step", data={"what": "Begin at once"})
    parts = heard(coach)
    while "step" not in parts:
        parts += heard(coach)
    assert sorted(parts) == ["notes", "step"]


def test_what_is_shared_has_changed(debrief, write) -> None:
    coach = debrief.page(COACH)
    write(
        TEACHER, "POST", "/lessons/sample/exclusions",
        data={"start": "10:00", "end": "11:00", "reason": "fire_drill"},
    )  # fmt: skip
    assert "lesson" in heard(coach)


def test_other_lessons_and_what_failed_are_no_news(debrief, write) -> None:
    coach = debrief.page(COACH)
    address = f"http://127.0.0.1:{debrief.server.port}"
    refused = httpx.post(
        f"{address}/api/lessons/sample/moments", json={"note": "without a time"},
        cookies={COOKIE_NAME: debrief.cookies[TEACHER]}, headers={"Origin": address},
    )  # fmt: skip
    assert refused.status_code == 422
    line_up(write)
    assert heard(coach) == ["line_up"]
