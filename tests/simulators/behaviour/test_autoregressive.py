"""The second generator: the same shares from another mechanism, so that transfer can be measured."""

from __future__ import annotations

import numpy as np
import pytest

from simulators.behaviour.autoregressive import behave_by_drift
from simulators.behaviour.bouts import target_shares
from simulators.behaviour.happenings import draw_happenings
from simulators.behaviour.pupils import draw_pupils
from simulators.classroom import Classroom
from simulators.scenario import ActivitySpan, Room, Scenario
from simulators.truth import OFF_TASK_KINDS, Kind

SCENARIO = Scenario(
    behaviour="autoregressive",
    activities=(ActivitySpan(name="individual_work", minutes=45.0),),
    room=Room(empty_seats=0, late_comers=0),
)
SEEDS = range(300, 310)


@pytest.fixture(scope="module")
def drawn() -> list[tuple[np.ndarray, np.ndarray]]:
    """Each classroom's kinds, and the shares that its pupils tend to."""
    result = []
    for seed in SEEDS:
        pupils, happenings = draw_pupils(SCENARIO, seed), draw_happenings(SCENARIO, seed)
        kind = behave_by_drift(SCENARIO, pupils, happenings, seed)
        result.append((kind, target_shares(SCENARIO, pupils, happenings)))
    return result


def test_each_pupil_is_off_task_as_often_as_his_share_says(
    drawn: list[tuple[np.ndarray, np.ndarray]],
) -> None:
    truly = np.array([(kind >= Kind.PEERS).mean(axis=0) for kind, _ in drawn])
    meant = np.array([shares.mean(axis=0) for _, shares in drawn])
    assert truly.mean() == pytest.approx(meant.mean(), abs=0.02)
    assert np.corrcoef(truly.ravel(), meant.ravel())[0, 1] > 0.7


def test_the_kinds_have_their_shares(drawn: list[tuple[np.ndarray, np.ndarray]]) -> None:
    kinds = np.concatenate([kind.ravel() for kind, _ in drawn])
    off = kinds[kinds >= Kind.PEERS]
    for share, codes in zip(SCENARIO.off_task.kind_shares, OFF_TASK_KINDS, strict=True):
        assert np.isin(off, codes).mean() == pytest.approx(share, abs=0.03)
    on = kinds[kinds < Kind.PEERS]
    assert np.isin(on, (Kind.WRITING, Kind.FETCHING)).mean() == pytest.approx(0.15, abs=0.02)


def test_neighbours_are_off_task_together(drawn: list[tuple[np.ndarray, np.ndarray]]) -> None:
    near, far = [], []
    for (kind, _), seed in zip(drawn, SEEDS, strict=True):
        beside = draw_pupils(SCENARIO, seed).neighbours > 0.0
        correlation = np.corrcoef((kind >= Kind.PEERS).T)
        near.append(np.nanmean(correlation[beside]))
        far.append(np.nanmean(correlation[~beside & ~np.eye(len(beside), dtype=bool)]))
    assert np.mean(near) > np.mean(far) + 0.05
    assert np.mean(far) > 0.02  # the room's own part


def test_a_scenario_chooses_it_and_a_seed_repeats_it() -> None:
    first, again = (Classroom(SCENARIO, 7).truth().kind for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = Classroom(SCENARIO.model_copy(update={"behaviour": "bouts"}), 7).truth().kind
    assert not np.array_equal(first, other)
