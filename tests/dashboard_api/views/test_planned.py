"""Planned beside what came: what nobody said is not known, and what follows from it is not either."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from dashboard_api.views.planned import Beside, beside, seen_of, summary_sentences
from school.plans.records import Phase
from school.sharing.cut import Span

LESSON_S = 3_000
WARM_UP = Phase(name="Warm-up", minutes=10, began_s=40)
TASK = Phase(name="Group task", minutes=25, began_s=900)
SHARE = Phase(name="Share", minutes=10, is_absent=True)


def lines(*phases: Phase, passed_s: int = LESSON_S, is_over: bool = True) -> list[Beside]:
    return beside(phases, LESSON_S, passed_s=passed_s, is_over=is_over)


def test_where_the_room_ran_over_and_what_never_came() -> None:
    found = lines(WARM_UP, TASK, SHARE)
    assert [(one.start_s, one.end_s, one.began_s, one.ended_s) for one in found] == [
        (0, 600, 40, 900), (600, 2100, 900, 3000), (2100, 2700, None, None),
    ]  # fmt: skip
    assert [one.over_s for one in found] == [260, 600, None]
    assert [one.sentences for one in found] == [
        ["Began at 0:40, 40 s later than planned.",
         "It took 14 min and ran over by 4 min 20 s; 10 min were planned."],
        ["Began at 15:00, 5 min later than planned.",
         "It took 35 min and ran over by 10 min; 25 min were planned."],
        ["Never came, as its teacher says; 10 min were planned."],
    ]  # fmt: skip
    assert summary_sentences(found) == [
        "The plan has 3 phases and 45 minutes.",
        "Ran over: Warm-up by 4 min 20 s and Group task by 10 min.",
        "Planned, and never came: Share (10 minutes).",
    ]


def test_half_a_minute_is_as_planned() -> None:
    first, second = lines(
        Phase(name="a", minutes=10, began_s=30), Phase(name="b", minutes=40, began_s=600)
    )
    assert first.sentences == ["Began at 0:30, as planned.", "It took 9 min 30 s, as planned."]
    assert second.sentences == ["Began at 10:00, as planned.", "It took 40 min, as planned."]
    assert not first.ran_over
    assert not second.ran_over
    early, _ = lines(
        Phase(name="a", minutes=10, began_s=0), Phase(name="b", minutes=40, began_s=540)
    )
    assert early.sentences[1] == "It took 9 min, 1 min less than the 10 min that were planned."


def test_nothing_is_guessed_where_nobody_said_anything() -> None:
    open_ = Phase(name="Share", minutes=10)
    first, second, third = lines(WARM_UP, open_, Phase(name="End", minutes=5, began_s=2400))
    # Share may have begun before the end did, so nobody knows how long the warm-up took.
    assert first.sentences[1] == "How long it took is not known."
    assert first.over_s is None
    assert second.state == "not_known"
    assert second.sentences == ["Not known: nobody has said when it began."]
    assert third.ended_s == LESSON_S
    assert summary_sentences([first, second, third])[-1] == "Not known when they began: Share."
    last, after = lines(WARM_UP, open_)
    assert (last.ended_s, after.ended_s) == (None, None)


def test_phases_may_come_in_another_order() -> None:
    share, task = lines(
        Phase(name="Share", minutes=10, began_s=1_800), Phase(name="Task", minutes=20, began_s=60)
    )
    assert (task.began_s, task.ended_s) == (60, 1_800)
    assert (share.began_s, share.ended_s) == (1_800, LESSON_S)
    assert task.sentences[0] == "Began at 1:00, 9 min earlier than planned."
    first, *_ = lines(
        Phase(name="a", minutes=5, began_s=900), Phase(name="b", minutes=5, began_s=600),
        Phase(name="c", minutes=5),
    )  # fmt: skip
    assert first.ended_s is None


def test_while_the_lesson_runs_the_rest_is_still_to_come() -> None:
    phases = (WARM_UP, Phase(name="Task", minutes=25), Phase(name="Share", minutes=10))
    first, second, third = lines(*phases, passed_s=700, is_over=False)
    assert first.lasts
    assert first.sentences[1] == "It is on now."
    assert (second.state, third.state) == ("not_known", "coming")
    assert third.sentences == ["It is not its time yet."]


def test_of_a_part_that_is_shared_only_what_lies_in_it_is_seen() -> None:
    found = lines(WARM_UP, TASK, SHARE)
    part = seen_of(found, [Span(0, 700)])
    assert [one.phase.name for one in part] == ["Warm-up"]
    assert (part[0].began_s, part[0].ended_s) == (40, None)
    assert seen_of(found, [Span(600, 800), Span(810, 2_100)]) == []
    (task,) = seen_of(
        [*lines(WARM_UP, Phase(name="Task", minutes=5, began_s=2_000))], [Span(600, 900)]
    )
    assert (task.state, task.began_s, task.phase.began_s) == ("not_shared", None, None)
    assert task.sentences == ["How it came is not shared with you."]


phases = st.lists(
    st.builds(
        Phase, name=st.sampled_from("abc"), minutes=st.integers(1, 20),
        began_s=st.none() | st.integers(0, LESSON_S),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


@given(phases)
def test_what_came_follows_one_another(drawn: list[Phase]) -> None:
    found = lines(*drawn)
    known = sorted(
        (one.began_s, one.ended_s)
        for one in found
        if one.began_s is not None and one.ended_s is not None
    )
    assert all(begin <= end <= LESSON_S for begin, end in known)
    assert all(one[1] <= two[0] for one, two in itertools.pairwise(known))
    if all(phase.began_s is not None for phase in drawn):
        # All said: then all is known, and nothing of the lesson after the first is left out.
        assert sum(end - begin for begin, end in known) == LESSON_S - known[0][0]
    for one in found:
        assert (one.state == "not_known") == (one.began_s is None)
