"""Learning when to alert: what counts as found, the estimate, and the budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.lesson import LabelledLesson
from models.learning import alert_learning
from models.learning.alert_learning import (
    AreaStream,
    ExtraRows,
    alert_spans,
    area_streams,
    choose_policy,
    fit_alerts,
    fit_estimate,
    held_out_spans,
    judge_alerts,
    raised_spans,
    true_share_stream,
)
from models.learning.rows import lesson_rows
from models.learning.seat_learning import folds_of
from models.serving.alerts import AlertPolicy, AlertTracker
from models.serving.area import AREA_FEATURES
from models.serving.manifest import IntervalWidth, ShareBias
from models.serving.scores import ROOM, EpochScore, ZoneScore

MakeLesson = Callable[..., LabelledLesson]
spans = st.lists(st.integers(0, 400), unique=True, max_size=12).map(
    lambda edges: list(zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
)


@given(spans, spans)
def test_alerts_and_episodes_are_all_accounted_for(
    alerts: list[tuple[int, int]], episodes: list[tuple[int, int]]
) -> None:
    true, delays, missed = judge_alerts(alerts, episodes)
    assert 0 <= true <= len(alerts)
    assert len(delays) + missed == len(episodes)
    assert all(delay >= 0 for delay in delays)
    assert (true == 0) == (not delays)


def test_delays_and_false_alerts_by_hand() -> None:
    episodes = [(100, 200), (400, 480), (600, 700)]
    alerts = [(90, 150), (170, 190), (300, 350), (490, 520), (715, 730)]
    true, delays, missed = judge_alerts(alerts, episodes)
    assert (true, delays, missed) == (4, [0, 90, 115], 0)
    assert judge_alerts([(30, 650)], episodes) == (0, [], 3), "raised long before each of them"
    assert judge_alerts([], episodes) == (0, [], 3)
    assert judge_alerts(alerts, []) == (0, [], 0)


def test_an_alert_counts_from_the_end_of_its_epoch() -> None:
    policy = AlertPolicy(raise_above=0.2, clear_below=0.1, raise_after=2, clear_after=1)
    assert alert_spans([0.0, 0.3, 0.3, 0.3, 0.0], policy) == [(15, 25)]
    assert alert_spans([0.0, 0.3, 0.3, None], policy) == [(15, 20)]
    assert alert_spans([0.3, 0.3], policy) == [(10, 10)]


def test_the_chosen_policy_finds_most_within_its_budget() -> None:
    rng = np.random.default_rng(0)
    policies = alert_learning._policies(AlertPolicy())
    count = len(policies)
    false, found = rng.integers(0, 9, count), rng.integers(0, 9, count)
    false[3], found[3] = 1, 50  # in ten lessons: surely under half a false alert a lesson
    false[7], found[7] = 2, 99  # perhaps not, but surely under one
    tallies = [np.stack([false, found], axis=1), *[np.zeros((count, 2), np.int64)] * 9]
    everywhere = [np.full((count, 2), 9), np.full((count, 2), 9)]
    everywhere[0][5, 0] = 0
    assert choose_policy(policies, tallies) == policies[3]
    assert choose_policy(policies, tallies, 1.0) == policies[7]
    assert choose_policy(policies, everywhere) == policies[5]


def score(share: float | None, zone: str = ROOM, **signs: float) -> ZoneScore:
    ends = (None, None) if share is None else (max(0.0, share - 0.1), min(1.0, share + 0.1))
    return ZoneScore(
        zone=zone, seats=20, movement=None if share is None else 0.0, movement_low=None,
        movement_high=None, off_task=share, off_task_low=ends[0], off_task_high=ends[1],
        signs=signs,
    )  # fmt: skip


def lively(seed: int, at: int | None, *, noise: float = 0.03, length: int = 24) -> AreaStream:
    """A room whose share rises by .3 in the epochs from `at` on."""
    shares = 0.2 + np.random.default_rng(seed).normal(0, noise, 200)
    if at is not None:
        shares[at : at + length] += 0.3
    return alert_learning._stream(
        f"invented-{seed}",
        [score(float(share)) for share in np.clip(shares, 0, 1)],
        [] if at is None else [(at * 5, (at + length) * 5)],
    )


ROOMS = [lively(seed, 60 + 7 * seed) for seed in range(10)]
CALM = [lively(seed, None) for seed in range(40, 50)]


def test_what_is_learned_finds_the_episodes_of_other_rooms() -> None:
    policy = fit_alerts([[room] for room in ROOMS + CALM])
    for seed in range(20, 24):
        room = lively(seed, 90)
        true, delays, missed = judge_alerts(raised_spans(room, policy), room.episodes)
        assert (true, missed) == (1, 0)
        assert delays[0] <= 20
    # Half a false alert a lesson is the budget.
    assert sum(len(raised_spans(lively(seed, None), policy)) for seed in range(20, 40)) <= 10
    held_out = held_out_spans(ROOMS)
    found = [judge_alerts(one, room.episodes) for one, room in zip(held_out, ROOMS, strict=True)]
    assert sum(len(delays) for _, delays, _ in found) >= 9


def test_no_one_is_judged_by_an_estimate_that_saw_the_classroom() -> None:
    other = replace(ROOMS[0], episodes=())
    plain = alert_learning._held_out([[room] for room in ROOMS], None)
    changed = alert_learning._held_out([[other], *([room] for room in ROOMS[1:])], None)
    group = folds_of((room.classroom for room in ROOMS), 5)
    unchanged = [one == before for one, before in zip(changed, plain, strict=True)]
    assert unchanged == [group[room.classroom] == group[other.classroom] for room in ROOMS]


def test_labelled_rows_move_the_estimate_by_their_weight() -> None:
    calm = [lively(seed, None) for seed in range(4)]
    nothing = fit_estimate(calm)
    assert set(nothing.weights) == {0.0}
    assert nothing.score(ROOMS[0].features[30:31])[0] < 0.01
    there = ROOMS[0].in_episode & ROOMS[0].known
    rows = ROOMS[0].features[there]

    def taught(weight: float) -> float:
        extra = ExtraRows(
            values=rows, truth=np.ones(len(rows), bool), weight=np.full(len(rows), weight)
        )
        return float(fit_estimate(calm, extra).score(rows).mean())

    assert taught(0.01) < taught(0.1) < taught(10.0)


def test_without_any_area_the_policy_never_alerts_by_its_estimate() -> None:
    policy = fit_alerts([(), ()])
    assert policy.estimate is not None
    assert policy.estimate.score(np.zeros((1, len(AREA_FEATURES))))[0] < policy.clear_below


@pytest.mark.parametrize("zones", (True, False))
def test_a_tracker_raises_what_was_learned_on(make_lesson: MakeLesson, zones: bool) -> None:
    rows = lesson_rows(make_lesson(3, seconds=900))
    rng = np.random.default_rng(0)
    p = np.where(rows.judged, rng.beta(2, 5, rows.judged.shape), np.nan)
    p[90:110] += 0.4
    streams = area_streams(
        rows, np.minimum(p, 1.0), IntervalWidth(), ShareBias(all_off=0.9, all_on=0.1), zones=zones
    )
    assert len(streams) == 1 + 2 * zones
    room = streams[0]
    estimate = fit_estimate(ROOMS)
    policy = AlertPolicy(raise_above=0.3, clear_below=0.1, raise_after=1, estimate=estimate)
    tracker = AlertTracker(room=policy, zone=policy)
    reported = [
        change
        for at, one in enumerate(room.scores)
        for change in tracker.update(EpochScore(first_seq=at * 5, room=one, zones=()))
    ]
    spans = raised_spans(room, policy)
    assert spans
    assert [change.first_seq + 5 for change in reported if change.change == "raised"] == [
        start for start, _ in spans
    ]
    truth = true_share_stream(rows, p)
    known = [one.off_task for one in truth.scores if one.off_task is not None]
    assert known
    assert set(known) <= set(rows.room_share.tolist())
