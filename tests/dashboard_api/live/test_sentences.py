"""The live page's headline and what else is wrong: the cause first, no false word."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.clock import SECOND_NS
from dashboard_api.live.pauses import RoomPause
from dashboard_api.live.program_state import UNKNOWN, ProgramState
from dashboard_api.live.sentences import NOT_SENSING, LiveState, RoomFacts, sentences
from school.lessons.records import Lesson

START_NS = 1_763_460_300 * SECOND_NS  # Tuesday, 18 November 2025, 11:05 in Berlin
NOW_NS = START_NS + 1_200 * SECOND_NS
SINCE_NS = START_NS + 600 * SECOND_NS
WORKS = ProgramState(state="works", since_utc_ns=NOW_NS)
GONE = ProgramState(state="gone", since_utc_ns=SINCE_NS)
HANGS = ProgramState(state="hangs", since_utc_ns=SINCE_NS)
LESSON = Lesson(
    id="x", room="r", teacher="t", title="Sums", starts_utc_ns=START_NS, ends_utc_ns=None,
    source="button",
)  # fmt: skip
FACTS = RoomFacts(
    state="sensing", room="r", lesson=LESSON, coming=None, now_utc_ns=NOW_NS,
    zone=ZoneInfo("Europe/Berlin"), ingest=WORKS, score=WORKS,
)  # fmt: skip


def test_a_room_that_is_sensed_has_one_sentence() -> None:
    assert sentences(FACTS) == ("The room is being sensed: “Sums” is on.",)


def test_without_a_scorer_the_readings_arrive_and_nothing_scores_them() -> None:
    for score, what, do in (
        (GONE, "is not running", "start"),
        (HANGS, "does not answer", "restart"),
    ):
        (sentence,) = sentences(replace(FACTS, state="unscored", score=score))
        assert sentence == (
            "The readings of “Sums” arrive, but nothing has scored them since 11:15: the program "
            f"“roomtone score” {what}. They are kept, and scored later. Ask the person who runs the "
            f"server to {do} it."
        )


def test_without_ingest_the_server_is_named_and_not_the_kit() -> None:
    (sentence,) = sentences(replace(FACTS, state="not_received", ingest=GONE))
    assert sentence == (
        "“Sums” is on, but the server has received nothing since 11:15: its program “roomtone "
        "ingest” is not running. The kits keep what they sense, and send it later. Ask the person "
        "who runs the server to start it."
    )


@pytest.mark.parametrize(
    ("missing", "words"),
    (
        ("link", "received nothing since 11:15: it has no connection to its message broker"),
        ("store", "kept nothing since 11:15: it can’t write its data"),
        ("commit", "kept nothing since 11:15: it can’t write its data"),
    ),
)
def test_what_ingest_is_missing_is_said(missing: str, words: str) -> None:
    ingest = replace(WORKS, missing=((missing, SINCE_NS),))
    (sentence,) = sentences(replace(FACTS, state="not_received", ingest=ingest))
    assert words in sentence
    assert "roomtone doctor" in sentence


def test_what_explains_the_others_comes_first() -> None:
    facts = replace(
        FACTS, state="not_received", ingest=HANGS, score=GONE, silent_since_utc_ns=SINCE_NS
    )
    first, second = sentences(facts)
    assert "roomtone ingest" in first
    assert second.startswith("Nothing has been scored either since 11:15")
    assert "kit" not in second
    first, second = sentences(
        replace(FACTS, state="silent", score=GONE, silent_since_utc_ns=SINCE_NS)
    )
    assert "nothing has arrived from the kit since 11:15" in first
    assert second.startswith("Nothing has been scored either")


def test_between_lessons_it_says_what_the_next_one_would_miss() -> None:
    coming = replace(LESSON, title="Poems", starts_utc_ns=NOW_NS + 3_600 * SECOND_NS)
    facts = replace(FACTS, state="off", lesson=None, coming=coming, ingest=GONE, score=HANGS)
    off, ingest, score = sentences(facts)
    assert off.endswith("The next one starts at 12:25.")
    assert ingest.startswith("The server has not been ready for the next lesson since 11:15: ")
    assert score.startswith("Scores of the next lesson would be late:")


def test_a_kit_that_is_off_is_told_from_one_that_is_silent() -> None:
    facts = replace(FACTS, state="silent", silent_since_utc_ns=SINCE_NS)
    assert "nothing has arrived from the kit since 11:15" in sentences(facts)[0]
    assert (
        "switched off or out of reach since 11:15" in sentences(replace(facts, is_kit_off=True))[0]
    )
    assert "no kit in this room" in sentences(replace(facts, has_kit=False))[0]


def test_one_of_two_kits_is_named() -> None:
    first, second = sentences(replace(FACTS, silent_kits=(("pi-2", SINCE_NS),)))
    assert first.startswith("The room is being sensed")
    assert second.startswith("Nothing has arrived from the kit pi-2 since 11:15")


@pytest.mark.parametrize(
    ("ago_s", "words"), ((60, "11:24"), (86_400, "Monday, 11:25"), (30 * 86_400, "19 October 2025"))
)
def test_since_when_has_its_day(ago_s: int, words: str) -> None:
    facts = replace(FACTS, state="silent", silent_since_utc_ns=NOW_NS - ago_s * SECOND_NS)
    assert f" since {words}." in sentences(facts)[0]


PROGRAMS = st.sampled_from(
    [UNKNOWN, WORKS, GONE, HANGS, ProgramState(state="gone"),
     replace(WORKS, missing=(("store", SINCE_NS), ("link", SINCE_NS)))]
)  # fmt: skip


@given(
    st.sampled_from(get_args(LiveState)), PROGRAMS, PROGRAMS, st.booleans(), st.booleans(),
    st.sampled_from(["", *NOT_SENSING]), st.sampled_from([None, SINCE_NS]),
)  # fmt: skip
def test_only_a_room_from_which_readings_come_is_sensed(
    state: LiveState, ingest: ProgramState, score: ProgramState, has_kit: bool, is_kit_off: bool,
    not_sensing: str, since: int | None,
) -> None:  # fmt: skip
    if state == "not_received" and ingest.state not in {"gone", "hangs"} and not ingest.missing:
        ingest = GONE
    if state == "unscored" and score.state not in {"gone", "hangs"} and not score.missing:
        since = SINCE_NS
    facts = replace(
        FACTS, state=state, ingest=ingest, score=score, has_kit=has_kit, is_kit_off=is_kit_off,
        not_sensing=not_sensing, silent_since_utc_ns=since, unscored_since_utc_ns=since,
        lesson=None if state == "off" else LESSON,
        pause=RoomPause(page_since_utc_ns=SINCE_NS) if state == "paused" else None,
    )  # fmt: skip
    lines = sentences(facts)
    assert lines
    assert ("room is being sensed" in " ".join(lines)) == (state == "sensing")
    assert len(lines) == len(set(lines))
    for line in lines:
        assert line.endswith(".")
        assert ".." not in line
        assert "None" not in line
