"""A school's figure, and the rows that a label keeps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.features.seat_features import EPOCH_S
from models.school_model.labels import MIN_MOMENTS, base_of, moment_rows, school_figure, wilson
from models.serving.area import AREA_FEATURES, AreaHistory
from models.serving.scores import ZoneScore


def score(share: float | None, *, seats: int = 20) -> ZoneScore:
    low, high = (None, None) if share is None else (max(0.0, share - 0.1), min(1.0, share + 0.1))
    return ZoneScore(
        zone="room", seats=seats, movement=0.0, movement_low=-1.0, movement_high=1.0,
        off_task=share, off_task_low=low, off_task_high=high, signs={"movement": 0.5},
    )  # fmt: skip


def lesson(n: int = 200) -> list[tuple[float, ZoneScore]]:
    shares = np.random.default_rng(3).uniform(0.1, 0.5, n)
    return [(EPOCH_S * at, score(float(share))) for at, share in enumerate(shares)]


def test_a_school_has_no_figure_before_fifty() -> None:
    assert MIN_MOMENTS == 50
    assert school_figure(40, 9) is None
    assert school_figure(0, 0) is None
    figure = school_figure(40, 10)
    assert figure is not None
    assert (figure.n, figure.share) == (50, 0.8)


def test_wilsons_interval_is_the_published_one() -> None:
    # R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    for k, n, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605),
                            (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)):  # fmt: skip
        assert wilson(k, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share_and_mirrors(counts: tuple[int, int]) -> None:
    k, n = counts
    low, high = wilson(k, n)
    assert 0.0 <= low <= k / n <= high <= 1.0
    mirrored = wilson(n - k, n)
    assert mirrored == pytest.approx((1.0 - high, 1.0 - low))


def test_a_school_version_names_its_base() -> None:
    assert base_of("3-0123abcd+f00d12") == base_of("3-0123abcd") == "3-0123abcd"


def test_a_moments_rows_are_those_that_the_alerts_see() -> None:
    scores = lesson()
    history = AreaHistory()
    seen = {at: history.update(one) for at, one in scores}
    rows = moment_rows(scores, 500.0, 560.0)
    assert rows is not None
    assert rows.shape == (12, len(AREA_FEATURES))
    np.testing.assert_array_equal(rows, [seen[at] for at in range(500, 560, 5)])


def test_a_moment_that_begins_within_an_epoch_has_that_epoch() -> None:
    rows = moment_rows(lesson(), 502.0, 503.0)
    assert rows is not None
    assert len(rows) == 1


def test_what_is_unknown_has_no_rows() -> None:
    unknown = [(at, score(None)) for at, _ in lesson()]
    assert moment_rows(unknown, 500.0, 560.0) is None
    assert moment_rows([], 0.0, 60.0) is None
    assert moment_rows(lesson(), 10.0, 60.0) is None  # no normal yet
    small = [(at, score(one.off_task, seats=4)) for at, one in lesson()]
    assert moment_rows(small, 500.0, 560.0) is None


def test_a_hole_is_a_hole_to_the_features() -> None:
    """Epochs that are not there count as one that is not known."""
    whole = lesson()
    holed = [(at, one) for at, one in whole if not 400 <= at < 450]
    reported = [(at, score(None) if at == 400 else one) for at, one in whole if not 400 < at < 450]
    rows, without = moment_rows(holed, 450.0, 500.0), moment_rows(whole, 450.0, 500.0)
    assert rows is not None
    assert without is not None
    np.testing.assert_array_equal(rows, moment_rows(reported, 450.0, 500.0))
    assert not np.allclose(rows[0], without[0])


def test_of_a_long_moment_ten_minutes_are_kept() -> None:
    rows = moment_rows(lesson(600), 300.0, 3_000.0)
    assert rows is not None
    assert len(rows) == 120
