"""The model file: what fits is loaded, what does not is refused with what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import ModelError
from models.features.seat_features import FEATURES
from models.serving.manifest import SHIPPED, Calibration, ModelManifest
from models.serving.off_task import OffTaskModel
from models.train import version_of


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The shipped model's two files, to be spoilt."""
    path = tmp_path / "other.onnx"
    path.write_bytes(SHIPPED.read_bytes())
    path.with_suffix(".json").write_bytes(SHIPPED.with_suffix(".json").read_bytes())
    return path


def test_the_shipped_model_gives_probabilities(copy: Path) -> None:
    model = OffTaskModel.load()
    values = np.random.default_rng(0).normal(0, 5, (30, len(FEATURES))).astype(np.float32)
    values[0] = np.nan
    probability = model.probability(values)
    assert probability.shape == (30,)
    assert ((probability > 0) & (probability < 1)).all()
    assert model.probability(values[:0]).shape == (0,)
    np.testing.assert_array_equal(OffTaskModel.load(copy).probability(values), probability)


def test_each_row_is_judged_by_itself() -> None:
    model = OffTaskModel.load()
    values = np.random.default_rng(1).normal(0, 5, (8, len(FEATURES))).astype(np.float32)
    one_by_one = np.concatenate([model.probability(row[None]) for row in values])
    np.testing.assert_allclose(model.probability(values), one_by_one, rtol=1e-6)


def test_the_manifest_says_whose_data_it_learned_from() -> None:
    manifest = OffTaskModel.load().manifest
    assert manifest.data["source"] == "simulated"
    assert manifest.data["classrooms"] >= 20
    assert 0.0 < manifest.data["off_task_share"] < 1.0
    assert ModelManifest.from_json(manifest.to_json(), "here") == manifest


def test_the_version_names_trees_and_thresholds() -> None:
    manifest = OffTaskModel.load().manifest
    assert manifest.version == version_of(manifest)
    stricter = replace(manifest.room_alerts, raise_above=manifest.room_alerts.raise_above + 0.01)
    assert version_of(replace(manifest, room_alerts=stricter)) != manifest.version
    assert version_of(replace(manifest, figures={})) == manifest.version


def _change(**entries: object) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        at = path.with_suffix(".json")
        at.write_text(json.dumps({**json.loads(at.read_text()), **entries}))

    return change


def _drop(path: Path) -> None:
    at = path.with_suffix(".json")
    raw = json.loads(at.read_text())
    del raw["calibration"]
    at.write_text(json.dumps(raw))


@pytest.mark.parametrize(
    ("spoil", "says"),
    (
        (lambda path: path.unlink(), "can't be read"),
        (lambda path: path.with_suffix(".json").unlink(), "can't be read"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "sha256 differs"),
        (lambda path: path.with_suffix(".json").write_text("{"), "not the manifest"),
        (lambda path: path.with_suffix(".json").write_text("[]"), "not the manifest"),
        (lambda path: path.with_suffix(".json").write_bytes(b"\xff\xfe\x00"), "can't be read"),
        (_drop, "calibration"),
        (_change(format=99), "has format 99"),
        (_change(features_version=99), "features version 99"),
        (_change(features=["a", "b"]), "features version"),
        (_change(extra=1), "extra"),
        (_change(room_alerts={"raise_above": -1}), "clear_below"),
    ),
)
def test_what_does_not_fit_is_refused(
    copy: Path, spoil: Callable[[Path], object], says: str
) -> None:
    spoil(copy)
    with pytest.raises(ModelError, match=says) as error:
        OffTaskModel.load(copy)
    assert str(copy) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_model_is_refused_even_with_the_right_hash(copy: Path) -> None:
    import hashlib  # noqa: PLC0415

    copy.write_bytes(b"not a model")
    _change(sha256=hashlib.sha256(b"not a model").hexdigest())(copy)
    with pytest.raises(ModelError, match="can't read the model"):
        OffTaskModel.load(copy)


@given(
    st.lists(st.floats(0.0, 1.0), min_size=2, max_size=20),
    st.floats(0.1, 3.0),
    st.floats(-2.0, 2.0),
)
def test_calibration_keeps_the_order(values: list[float], slope: float, intercept: float) -> None:
    ordered = np.sort(np.array(values))
    mapped = Calibration(slope=slope, intercept=intercept).apply(ordered)
    assert (np.diff(mapped) >= 0).all()
    assert ((mapped > 0) & (mapped < 1)).all()


def test_no_calibration_changes_nothing() -> None:
    values = np.linspace(0.01, 0.99, 20)
    np.testing.assert_allclose(Calibration().apply(values), values)
