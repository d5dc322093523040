"""When a period is sampled: lessons, and what commands make of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.wire.messages import Config, LessonSpan, PausedBy
from edge_agent.sensing.sampling import LONGEST_OPEN_NS, Sampling

SECOND = 1_000_000_000
UTC = 1_760_000_000 * SECOND
Order = str | tuple[str, ...]
"""A command, `press` or `release` of the button, or the lessons that a page pauses from then on."""


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


def timeline(lessons: list[LessonSpan], orders: dict[float, Order], seconds: int = 12) -> str:
    """A letter a second: s sampled, p paused, - off. An order comes when its second ends."""
    sampling = Sampling()
    sampling.configure(Config(revision=1, lessons=tuple(lessons)), boot_ns=0)
    letters = ""
    own: frozenset[PausedBy] = frozenset()
    todo = dict(orders)
    for second in range(seconds):
        for at in [at for at in todo if at < second + 1]:
            order, boot_ns = todo.pop(at), round(at * SECOND)
            if order in {"start", "stop"}:
                sampling.switch(order, boot_ns=boot_ns, utc_ns=UTC + boot_ns)  # type: ignore[arg-type]
            elif isinstance(order, tuple):
                kits = tuple(word for word in order if word.startswith("pi-"))
                config = Config(
                    revision=2, lessons=tuple(lessons), paused_by=kits,
                    paused_lessons=tuple(set(order) - set(kits)),
                )  # fmt: skip
                sampling.configure(config, boot_ns=boot_ns)
            else:
                changed: PausedBy = "button" if order in {"press", "release"} else "command"
                own = own | {changed} if order in {"press", "pause"} else own - {changed}
                sampling.pause(own, boot_ns=boot_ns)
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
        # A button's pause ends with the button alone: no command and no lesson ends it.
        ([lesson("a", 1, 9)], {2.5: "press", 4.5: "resume", 6.5: "release"}, "-spppppss---"),
        (
            [lesson("a", 1, 9)],
            {2.5: "press", 3.5: "stop", 5.5: "start", 8.5: "release"},
            "-sp---pppsss",
        ),
        ([lesson("a", 1, 4), lesson("b", 5, 9)], {2.5: "press", 7.5: "release"}, "-spp-ppps---"),
        (
            [lesson("a", 1, 9)],
            {2.5: "press", 3.5: "pause", 5.5: "release", 7.5: "resume"},
            "-spppppps---",
        ),
        # A page's pause is one of its lesson, and ends with it.
        ([lesson("a", 1, 9)], {2.5: ("a",), 5.5: ()}, "-spppp" + "sss---"),
        ([lesson("a", 1, 4), lesson("b", 4, 8)], {2.5: ("a",)}, "-sppssss----"),
        ([lesson("a", 1, 4)], {2.5: ("a",), 5.5: "start"}, "-spp--ssssss"),
        ([lesson("a", 1, 9)], {1.5: "start", 3.5: ("a",)}, "-ssppppppsss"),
        # The button of another kit holds until that kit reports that it is released.
        (
            [lesson("a", 1, 9)],
            {2.5: ("pi-2",), 4.5: ("pi-2", "a"), 5.5: ("pi-2",), 6.5: ()},
            "-spppppss---",
        ),
        (
            [lesson("a", 1, 9)],
            {2.5: ("pi-2",), 3.5: "press", 4.5: (), 6.5: "release"},
            "-spppppss---",
        ),
    ),
)
def test_lessons_commands_and_pauses(
    lessons: list[LessonSpan], commands: dict[float, Order], expected: str
) -> None:
    assert timeline(lessons, commands) == expected


def test_a_kit_says_what_pauses_it() -> None:
    sampling = Sampling()
    config = Config(
        revision=1, lessons=(lesson("a", 1, 9),), paused_lessons=("a",), paused_by=("pi-2",)
    )
    sampling.configure(config, boot_ns=0)
    sampling.pause(frozenset({"button"}), boot_ns=0)
    assert sampling.paused_by(UTC + 2 * SECOND) == {"button", "kit", "page"}
    assert sampling.paused_by(UTC + 10 * SECOND) == {"button", "kit"}
    sampling.configure(Config(revision=2, lessons=()), boot_ns=SECOND)
    assert sampling.paused_by(UTC + 2 * SECOND) == {"button"}


def test_a_press_that_is_noticed_after_a_configuration_counts_for_its_second() -> None:
    sampling = Sampling()
    span = lesson("a", 0, 9)
    sampling.configure(Config(revision=1, lessons=(span,)), boot_ns=0)
    sampling.configure(
        Config(revision=2, lessons=(span,), paused_lessons=("b",)), boot_ns=2 * SECOND - 1
    )
    sampling.pause(frozenset({"button"}), boot_ns=SECOND + 5)
    assert [judged(sampling, second) for second in range(3)] == [None, "paused", "paused"]


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
        sampling.configure(Config(revision=1, lessons=(lesson("a", 0, None),)), boot_ns=0)
    longest = LONGEST_OPEN_NS // SECOND
    assert [judged(sampling, second) for second in (0, longest - 1, longest)] == [None, None, "off"]


def test_while_utc_is_not_known_an_open_lesson_is_on_and_a_planned_one_is_not() -> None:
    two_years_s = 2 * 365 * 86_400
    for span, expected in (
        (lesson("a", two_years_s, None), None),
        (lesson("b", two_years_s, two_years_s + 60), "off"),
    ):
        sampling = Sampling()
        sampling.configure(Config(revision=1, lessons=(span,)), boot_ns=0)
        why = sampling.skip_reason(
            start_boot_ns=0, end_boot_ns=SECOND, start_utc_ns=UTC, is_utc_known=False
        )
        assert why == expected
        assert judged(sampling, 0) == "off"
        sampling.pause(frozenset({"command"}), boot_ns=SECOND)
        if expected is None:
            assert (
                sampling.skip_reason(
                    start_boot_ns=SECOND, end_boot_ns=2 * SECOND, start_utc_ns=UTC,
                    is_utc_known=False,
                )
                == "paused"
            )  # fmt: skip
