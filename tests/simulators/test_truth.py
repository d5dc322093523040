from __future__ import annotations

import csv

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from contract.lesson import Activity
from simulators.truth import KINDS, Kind, Truth, find_episodes, write_truth

LESSON = (
    Activity(start_s=0.0, end_s=600.0, name="whole_class"),
    Activity(start_s=600.0, end_s=1200.0, name="test"),
)


def shares(*spans, seats=20, periods=1200):
    """off_task arrays in which this many of the seats are off task in each span."""
    off_task = np.zeros((periods, seats), bool)
    for start, end, count in spans:
        off_task[start:end, :count] = True
    return off_task, np.ones((periods, seats), bool)


def test_an_episode_is_a_minute_of_a_fifth_more_than_the_activity_has():
    # The mean of whole_class is (480 · .2 + 120 · .6) / 600 = .28, so .6 is .32 above it.
    off_task, occupied = shares((0, 1200, 4), (300, 420, 12))
    (episode,) = find_episodes(off_task, occupied, LESSON)
    assert (episode.start_s, episode.end_s) == (300, 420)


def test_less_than_a_minute_or_less_than_a_fifth_is_none():
    assert find_episodes(*shares((0, 1200, 4), (300, 355, 12)), LESSON) == ()
    assert find_episodes(*shares((0, 1200, 4), (300, 420, 8)), LESSON) == ()


def test_each_activity_has_its_own_mean():
    off_task, occupied = shares((0, 600, 10), (600, 1200, 1))
    assert find_episodes(off_task, occupied, LESSON) == ()
    everything = (Activity(start_s=0.0, end_s=1200.0, name="whole_class"),)
    (episode,) = find_episodes(off_task, occupied, everything)
    assert (episode.start_s, episode.end_s) == (0, 600)


def test_empty_seats_count_neither_way():
    off_task, occupied = shares((0, 1200, 2), (300, 420, 8))
    occupied[:, 15:] = False
    (episode,) = find_episodes(off_task, occupied, LESSON)
    assert (episode.start_s, episode.end_s) == (300, 420)
    occupied[:] = False
    assert find_episodes(off_task, occupied, LESSON) == ()


@given(st.integers(0, 20))
def test_an_even_lesson_has_no_episode(count):
    assert find_episodes(*shares((0, 1200, count)), LESSON) == ()


def test_the_table_of_kinds():
    assert KINDS[Kind.ABSENT] == "absent"
    assert KINDS[Kind.PEERS] == "peers"
    truth = Truth(
        seats=(1, 2, 3, 4),
        activities=LESSON,
        kind=np.array([[Kind.ABSENT, Kind.LISTENING, Kind.PEERS, Kind.OTHER_STILL]] * 2, np.int8),
    )
    assert truth.occupied[0].tolist() == [False, True, True, True]
    assert truth.off_task[0].tolist() == [False, False, True, True]


def test_the_truth_is_written_row_by_row(tmp_path):
    truth = Truth(
        seats=(3, 9),
        activities=(Activity(start_s=0.0, end_s=2.0, name="test"),),
        kind=np.array([[Kind.ABSENT, Kind.PEERS], [Kind.LISTENING, Kind.LISTENING]], np.int8),
    )
    path = tmp_path / "truth.csv"
    write_truth(truth, path, starts_utc_s=1000.5)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    assert rows[1] == {
        "second": "0", "observed_at": "1000.500", "seat": "9", "activity": "test",
        "kind": "peers", "occupied": "1", "off_task": "1",
    }  # fmt: skip
    assert rows[0]["occupied"] == "0"
    assert rows[2]["observed_at"] == "1001.500"
