"""A page's second socket: moves and playheads come once more, and whichever comes first counts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dashboard_api.together.messages import GARBAGE, NOT_OPEN, REPLACED, SIGNED_OUT
from tests.dashboard_api.together.sockets import Page
from tests.signed_in import BY, COACH, TEACHER

pytestmark = pytest.mark.slow


def second(debrief: SimpleNamespace, person: str, number: int = 1, **given: str) -> Page:
    page: Page = debrief.page(person, joins=False)
    page.send("spare", client=f"{number:016x}", person=person, **given)
    return page


def move(page: Page, number: int, position_s: float) -> None:
    page.send(
        "move", number=number, position_s=position_s, is_playing=True, rate=1.0, at_ms=None
    )  # fmt: skip


def test_a_move_that_comes_on_either_socket_counts_once_and_goes_out_on_both(debrief) -> None:
    teacher, coach = debrief.page(TEACHER), debrief.page(COACH)
    teacher_2, coach_2 = second(debrief, TEACHER), second(debrief, COACH)
    move(teacher_2, 1, 10.0)
    assert coach.hear("playhead")["position_s"] == 10.0
    # Who does not lead moves nobody, and is answered where it is: then this socket is known.
    move(coach_2, 1, 99.0)
    assert coach_2.hear("playhead")["position_s"] == 10.0
    move(teacher, 1, 10.0)
    move(teacher, 2, 20.0)
    for page in (coach, coach_2):
        while (head := page.hear("playhead"))["revision"] < 2:
            pass
        assert (head["position_s"], head["revision"]) == (20.0, 2)
    move(teacher, 3, 30.0)
    assert coach_2.hear("playhead")["position_s"] == 30.0
    move(teacher_2, 2, 20.0)
    move(teacher_2, 4, 40.0)
    assert coach.hear("playhead")["position_s"] == 30.0
    head = coach.hear("playhead")
    assert (head["position_s"], head["revision"]) == (40.0, 4), "the late one moves nobody back"


def test_a_second_socket_goes_with_the_first(debrief) -> None:
    teacher = debrief.page(TEACHER)
    teacher_2 = second(debrief, TEACHER)
    move(teacher_2, 1, 5.0)
    teacher.socket.close()
    assert teacher_2.closed()[0] == REPLACED


def test_a_newer_second_socket_takes_the_place_of_the_older(debrief) -> None:
    teacher, coach = debrief.page(TEACHER), debrief.page(COACH)
    older = second(debrief, TEACHER)
    move(older, 1, 5.0)
    coach.hear("playhead")
    newer = second(debrief, TEACHER)
    assert older.closed()[0] == REPLACED
    move(newer, 2, 6.0)
    assert coach.hear("playhead")["position_s"] == 6.0
    newer.socket.close()
    move(teacher, 3, 7.0)
    assert coach.hear("playhead")["position_s"] == 7.0


def test_it_is_for_a_page_that_is_here_and_its_own_person(debrief) -> None:
    debrief.page(TEACHER)
    assert second(debrief, TEACHER, 2).closed()[0] == REPLACED
    other = debrief.page(COACH, joins=False)
    other.send("spare", client=f"{1:016x}", person=TEACHER)
    assert other.closed()[0] == SIGNED_OUT
    # The same client of somebody else is no page of theirs.
    assert second(debrief, COACH, 1).closed()[0] == REPLACED


@pytest.mark.parametrize("kind", ("lead", "join", "spare"))
def test_it_carries_nothing_but_moves(debrief, kind: str) -> None:
    debrief.page(TEACHER)
    page = second(debrief, TEACHER)
    page.send(kind, **({} if kind == "lead" else {"client": f"{1:016x}", "person": TEACHER}))
    assert page.closed()[0] == GARBAGE


def test_rights_are_asked_for_on_it_too(debrief, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard_api.together.debriefs.EVERY_S", 3_600.0)
    debrief.page(COACH)
    page = second(debrief, COACH)
    debrief.stores.sharing.unshare("sample", COACH, BY)
    move(page, 1, 5.0)
    assert page.closed()[0] == NOT_OPEN
