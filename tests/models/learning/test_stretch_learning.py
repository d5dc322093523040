"""Learning what to suggest in hindsight: what counts as right, and what is learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.lesson import Activity, LabelledLesson
from models.learning import stretch_learning
from models.learning.alert_learning import AreaStream, area_streams
from models.learning.rows import LessonRows, lesson_rows, true_episodes, true_stretches
from models.learning.stretch_learning import (
    fit_stretches,
    held_out_moments,
    judge_moments,
    moment_figures,
    suggested_spans,
)
from models.serving.manifest import IntervalWidth, ShareBias
from models.serving.scores import ROOM, ZoneScore

MakeLesson = Callable[..., LabelledLesson]
spans = st.lists(st.integers(0, 400), unique=True, max_size=12).map(
    lambda edges: list(zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
)


def _rows(rise: list[float], seats: int = 20) -> LessonRows:
    """An even lesson in which this share more is off task in the epochs from 60 on."""
    share = np.full(400, 0.25)
    share[60 : 60 + len(rise)] += rise
    truth = np.repeat(share[:, None], seats, axis=1)
    flags = np.zeros(truth.shape, np.bool_)
    return LessonRows(
        classroom="a", values=np.empty((*truth.shape, 0), np.float32), judged=flags,
        off_task=flags, occupied=flags, truth=truth, features=(), zone_names=(), zones=(),
        activities=(Activity(start_s=0.0, end_s=2000.0, name="test"),),
    )  # fmt: skip


def test_a_dip_ends_an_episode_and_no_stretch() -> None:
    whole, broken, short = [0.4] * 20, [0.4] * 10 + [0.1] + [0.4] * 9, [0.25] * 9
    assert true_episodes(_rows(whole)) == [(300, 400)]
    assert true_episodes(_rows(broken)) == []
    for rise in (whole, broken):
        ((start, end),) = true_stretches(_rows(rise))
        assert start <= 300
        assert end >= 400
    assert true_stretches(_rows(short)) == []
    assert true_stretches(replace(_rows([]), truth=np.zeros((5, 20)))) == []


def test_what_is_right_and_what_is_found() -> None:
    truth = [(100, 160), (400, 500)]
    assert judge_moments([(130, 200), (300, 429)], truth) == (1, 1)
    assert judge_moments([(90, 95), (130, 160), (120, 150)], truth) == (2, 1)
    assert judge_moments([(0, 900)], truth) == (1, 2)
    assert judge_moments([], truth) == (0, 0)


@given(spans, spans)
def test_right_and_found_go_together(
    reported: list[tuple[int, int]], truth: list[tuple[int, int]]
) -> None:
    right, found = judge_moments(reported, truth)
    assert 0 <= right <= len(reported)
    assert 0 <= found <= len(truth)
    assert (right == 0) == (found == 0)


def _score(share: float) -> ZoneScore:
    return ZoneScore(
        zone=ROOM, seats=20, movement=0.0, movement_low=None, movement_high=None, off_task=share,
        off_task_low=max(0.0, share - 0.1), off_task_high=min(1.0, share + 0.1), signs={},
    )  # fmt: skip


def _room(seed: int, *starts: int, noise: float = 0.05) -> AreaStream:
    """A room whose share rises by .3 for two minutes; shorter rises are no stretch."""
    rng = np.random.default_rng(seed)
    shares = 0.25 + rng.normal(0.0, noise, 400)
    for at in starts:
        shares[at : at + 24] += 0.3
    for at in rng.integers(0, 390, 4):
        shares[at : at + 5] += 0.2
    return AreaStream(
        classroom=f"invented-{seed}",
        scores=tuple(map(_score, np.clip(shares, 0.0, 1.0).tolist())),
        features=np.empty((0, 0)),
        unrest=(),
        episodes=tuple((5 * at, 5 * at + 120) for at in starts),
        stretches=tuple((5 * at, 5 * at + 120) for at in starts),
    )


ROOMS = [_room(seed, 60 + 7 * seed, 250 + 5 * seed) for seed in range(12)]


def test_what_is_learned_finds_the_stretches_of_other_rooms() -> None:
    model = fit_stretches([[room] for room in ROOMS])
    others = [_room(seed, 90, 300) for seed in range(20, 26)]
    figures = moment_figures([suggested_spans(room, model) for room in others], others, len(others))
    assert figures["moment_precision"] >= 0.75
    assert figures["moment_stretch_precision"] == figures["moment_precision"]
    assert figures["moment_recall"] == 1.0
    assert not any(suggested_spans(_room(seed, noise=0.03), model) for seed in range(30, 34))
    held_out = moment_figures(held_out_moments([[room] for room in ROOMS]), ROOMS, len(ROOMS))
    assert held_out["moment_recall"] >= 0.9
    assert 1.5 <= held_out["moments_per_lesson"] <= 3.0


def test_no_one_is_judged_by_what_saw_the_classroom() -> None:
    other = replace(ROOMS[0], stretches=())
    plain = held_out_moments([[room] for room in ROOMS])
    changed = held_out_moments([[other], *([room] for room in ROOMS[1:])])
    assert changed[0] == plain[0]


def test_without_anything_to_learn_nothing_is_suggested() -> None:
    calm = [replace(room, stretches=(), episodes=()) for room in ROOMS]
    model = fit_stretches([[room] for room in calm])
    assert not any(suggested_spans(room, model) for room in ROOMS)
    none = moment_figures([[] for _ in calm], calm, len(calm))
    assert none["moments_per_lesson"] == 0.0
    assert none["moment_precision"] is None
    assert none["moment_recall"] is None
    assert fit_stretches([]) == fit_stretches([[]])


def test_the_threshold_rests_on_what_was_right() -> None:
    sure = [np.where(stretch_learning._inside(room), 0.9, 0.1) for room in ROOMS]
    assert stretch_learning._threshold(ROOMS, sure) == min(stretch_learning._THRESHOLDS)
    wrong = [np.where(stretch_learning._inside(room), 0.1, 0.9) for room in ROOMS]
    assert stretch_learning._threshold(ROOMS, wrong) == max(stretch_learning._THRESHOLDS)
    few = ROOMS[:3], sure[:3]  # six right of six may be luck
    assert stretch_learning._threshold(*few) == max(stretch_learning._THRESHOLDS)


@pytest.mark.parametrize("zones", (True, False))
def test_streams_carry_what_truly_was(make_lesson: MakeLesson, zones: bool) -> None:
    rows = lesson_rows(make_lesson(3, seconds=900))
    p = np.where(rows.judged, 0.3, np.nan)
    streams = area_streams(rows, p, IntervalWidth(), ShareBias(), zones=zones)
    groups = [None, *rows.zones] if zones else [None]
    assert [list(one.stretches) for one in streams] == [true_stretches(rows, g) for g in groups]
