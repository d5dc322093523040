"""When a period is sampled: lessons, and what commands make of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.wire.messages import Config, LessonSpan
from edge_agent.sensing.sampling import LONGEST_OPEN_NS, Sampling, Switch

SECOND = 1_000_000_000
UTC = 1_760_000_000 * SECOND


def lesson(name: str, start_s: float, end_s: float | None) -> LessonSpan:
    return LessonSpan(
        lesson=name,
        starts_utc_ns=UTC + round(start_s * SECOND),
        ends_utc_ns=None if end_s is None else UTC + round(end_s * SECOND),
    )


def judged(sampling: Sampling, second: int) -> str | None:
    return sampling.skip_reason(
        start_boot_ns=second * SECOND,
        end_boot_ns=(second + 1) * SECOND,
        start_utc_ns=UTC + second * SECOND,
    )


def timeline(lessons: list[LessonSpan], commands: dict[float, Switch], seconds: int = 12) -> str:
    """A letter a second: s sampled, p paused, - off. A command comes when its second ends."""
    sampling = Sampling()
    sampling.configure(Config(revision=1, lessons=tuple(lessons)))
    letters = ""
    todo = dict(commands)
    for second in range(seconds):
        for at in [at for at in todo if at < second + 1]:
            sampling.switch(
                todo.pop(at), boot_ns=round(at * SECOND), utc_ns=UTC + round(at * SECOND)
            )
        letters += {None: "s", "paused": "p", "off": "-"}[judged(sampling, second)]
    return letters


@pytest.mark.parametrize(
    ("lessons", "commands", "expected"),
    (
        ([], {}, "------------"),
        ([lesson("a", 2, 5)], {}, "--sss-------"),
        ([lesson("a", 2.5, 5.5)], {}, "---ss-------"),
        ([lesson("a", 2, None)], {}, "--ssssssssss"),
        ([lesson("a", 1, 3), lesson("b", 3, 5)], {}, "-ssss-------"),
        ([], {2.5: "start", 6.5: "stop"}, "---sss------"),
        ([lesson("a", 1, 9)], {3.5: "pause", 6.5: "resume"}, "-ssppppss---"),
        ([lesson("a", 1, 4), lesson("b", 6, 9)], {2.5: "stop"}, "-s----sss---"),
        ([lesson("a", 1, 9)], {2.5: "stop", 5.5: "start", 10.5: "stop"}, "-s----ssss--"),
        ([lesson("a", 1, 3), lesson("b", 5, 8)], {2.5: "pause"}, "-sp--ppp----"),
        ([lesson("a", 1, 9)], {3.2: "pause", 3.7: "resume"}, "-ssp" + "sssss---"),
    ),
)
def test_lessons_and_commands(
    lessons: list[LessonSpan], commands: dict[float, Switch], expected: str
) -> None:
    assert timeline(lessons, commands) == expected


@given(start=st.floats(0, 10), length=st.floats(0, 10))
def test_a_period_is_sampled_only_if_all_of_it_is_in_the_lesson(
    start: float, length: float
) -> None:
    span = lesson("a", start, start + length)
    letters = timeline([span], {})
    assert span.ends_utc_ns is not None
    for second, letter in enumerate(letters):
        is_inside = (
            UTC + second * SECOND >= span.starts_utc_ns
            and UTC + (second + 1) * SECOND <= span.ends_utc_ns
        )
        assert (letter == "s") == is_inside


@pytest.mark.parametrize("is_command", (True, False))
def test_what_has_no_end_ends_by_itself(is_command: bool) -> None:
    sampling = Sampling()
    if is_command:
        sampling.switch("start", boot_ns=0, utc_ns=UTC)
    else:
        sampling.configure(Config(revision=1, lessons=(lesson("a", 0, None),)))
    longest = LONGEST_OPEN_NS // SECOND
    assert [judged(sampling, second) for second in (0, longest - 1, longest)] == [None, None, "off"]


def test_while_utc_is_not_known_an_open_lesson_is_on_and_a_planned_one_is_not() -> None:
    two_years_s = 2 * 365 * 86_400
    for span, expected in (
        (lesson("a", two_years_s, None), None),
        (lesson("b", two_years_s, two_years_s + 60), "off"),
    ):
        sampling = Sampling()
        sampling.configure(Config(revision=1, lessons=(span,)))
        why = sampling.skip_reason(
            start_boot_ns=0, end_boot_ns=SECOND, start_utc_ns=UTC, is_utc_known=False
        )
        assert why == expected
        assert judged(sampling, 0) == "off"
        sampling.switch("pause", boot_ns=SECOND, utc_ns=UTC)
        if expected is None:
            assert (
                sampling.skip_reason(
                    start_boot_ns=SECOND, end_boot_ns=2 * SECOND, start_utc_ns=UTC,
                    is_utc_known=False,
                )
                == "paused"
            )  # fmt: skip
