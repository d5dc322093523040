"""What is said of a suggested moment: judged by how much the true share was raised."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.lesson import Activity
from models.evaluation.moment_claims import (
    JudgedSuggestion,
    judged_suggestions,
    moment_claims,
    reliability,
)
from models.learning.alert_learning import AreaStream
from models.learning.rows import LessonRows
from models.learning.stretch_learning import held_out_models
from models.serving.claims import CLEARLY, STRONG, MomentClaim
from models.serving.hindsight import Finder
from tests.models.learning.test_stretch_learning import _room
from tests.models.serving.test_moments import FINDER

SEATS = 20
EPOCHS = 400
LIVELY = (60, 84)


def rows_of(area: AreaStream, rise: float) -> LessonRows:
    """A lesson whose true share is .25, and raised in `LIVELY`."""
    share = np.full(EPOCHS, 0.25)
    share[slice(*LIVELY)] += rise
    truth = np.repeat(share[:, None], SEATS, axis=1)
    nothing = np.zeros((EPOCHS, SEATS), np.bool_)
    return LessonRows(
        classroom=area.classroom,
        values=np.zeros((EPOCHS, SEATS, 1), np.float32),
        judged=~nothing, off_task=nothing, occupied=~nothing, truth=truth,
        features=(), zone_names=(), zones=(),
        activities=(Activity(start_s=0, end_s=EPOCHS * 5, name="whole_class"),),
    )  # fmt: skip


@pytest.mark.parametrize(("rise", "is_right"), ((0.3, True), (0.02, False)))
def test_a_suggestion_is_right_by_the_true_share_alone(rise: float, is_right: bool) -> None:
    area = _room(1, LIVELY[0])
    judged = judged_suggestions([rows_of(area, rise)], [(area,)], FINDER)
    lively = [one for one in judged if one.group == "room"]
    assert lively
    assert [one.is_right for one in lively] == [is_right] * len(lively)
    usual = rise * (LIVELY[1] - LIVELY[0]) / EPOCHS
    assert lively[0].rise == pytest.approx(rise - usual, abs=0.08)
    (calm,) = (one for one in judged if one.group == "calm")
    assert calm.rise == pytest.approx(-usual)
    assert calm.likely is None


def test_nothing_that_saw_a_classroom_judges_it() -> None:
    areas = [_room(seed, 60 + 7 * seed, 250 + 5 * seed) for seed in range(12)]
    rows = [rows_of(area, 0.3) for area in areas]
    plain = judged_suggestions(rows, [(area,) for area in areas], None)
    assert {one.group for one in plain} == {"room", "calm"}
    # Another truth of one room changes nothing of what is suggested there.
    changed = [replace(areas[0], stretches=()), *areas[1:]]
    model = held_out_models([[area] for area in changed])[0]
    own = judged_suggestions(rows[:1], [(areas[0],)], Finder(room=model))
    assert {one.group for one in own} == {"room", "calm"}
    assert own == plain[: len(own)]
    assert own == judged_suggestions(rows, [(area,) for area in changed], None)[: len(own)]


JUDGED = st.builds(
    lambda group, likely, rise: JudgedSuggestion(
        group=group, likely=None if group == "calm" else likely, rise=rise
    ),
    st.sampled_from(["room", "zone", "calm"]),
    st.floats(0.3, 1.0),
    st.floats(-0.5, 0.8),
)


@given(st.lists(JUDGED, max_size=60))
def test_every_suggestion_is_in_one_claim_and_one_bin(judged: list[JudgedSuggestion]) -> None:
    claims, bins = moment_claims(judged), reliability(judged)
    assert sum(one.n for one in claims) == len(judged)
    assert sum(one.right for one in claims) == sum(one.is_right for one in judged)
    assert sum(one["n"] for one in bins) == sum(one.likely is not None for one in judged)
    for one in bins:
        assert one["from"] - 1e-4 <= one["likely"] <= one["to"] + 1e-4
        assert 0 <= one["right"] <= one["n"]


def test_strength_and_rise() -> None:
    judged = [
        JudgedSuggestion(group="room", likely=STRONG, rise=0.4),
        JudgedSuggestion(group="room", likely=STRONG - 0.01, rise=CLEARLY),
        JudgedSuggestion(group="room", likely=STRONG, rise=0.0),
        JudgedSuggestion(group="calm", likely=None, rise=-0.1),
        JudgedSuggestion(group="calm", likely=None, rise=0.1),
    ]
    assert moment_claims(judged) == [
        MomentClaim(group="room", is_strong=True, n=2, right=1, rise=0.2),
        MomentClaim(group="room", is_strong=False, n=1, right=1, rise=CLEARLY),
        MomentClaim(group="calm", is_strong=None, n=2, right=1, rise=0.0),
    ]
    assert moment_claims([]) == reliability([]) == []
