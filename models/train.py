"""Training: takes labelled lessons, makes an ONNX model and its manifest.

The calibration, the interval and the alerts are fitted on classrooms that the trees have not seen
(cross-validation with five groups of classrooms). The shipped trees then learn from all classrooms.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import warnings
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import HistGradientBoostingClassifier

from contract.errors import ModelError
from contract.language import N_
from models.evaluation.evaluate import evaluate_rows
from models.features.seat_features import FEATURES, FEATURES_VERSION
from models.learning.alert_learning import (
    AreaStream,
    area_streams,
    fit_alerts,
    true_share_stream,
)
from models.learning.rows import LessonRows
from models.learning.seat_learning import (
    Probability,
    fit_shares,
    fit_with_out_of_fold,
    labelled,
    out_of_fold,
)
from models.learning.stretch_learning import fit_stretches
from models.learning.threads import one_thread
from models.serving.alerts import AlertPolicy
from models.serving.hindsight import Finder, StretchModel
from models.serving.manifest import FORMAT, ModelManifest
from models.serving.off_task import OffTaskModel

__all__ = ["export", "train_rows", "version_of"]

_FOLDS: Final = 5
_OPSET: Final = {"": 17, "ai.onnx.ml": 3}
_AGREE: Final = 1e-5


def train_rows(
    rows: Sequence[LessonRows],
    *,
    seed: int,
    source: str,
    known: Sequence[LessonRows] | None = None,
) -> OffTaskModel:
    """Train a model on the rows of lessons.

    `source` says in the manifest whose data they are. With `known`, the oracle's rows, the figures
    include the ceiling. The same rows and seed give the same trees. Raises ValueError if there are
    fewer than two classrooms or only one class, and ModelError if the exported model does not agree
    with the trained one.
    """
    trees, raw = fit_with_out_of_fold(rows, seed=seed, folds=_FOLDS)
    known_raw = None if known is None else out_of_fold(known, seed=seed, folds=_FOLDS)
    calibration, bias, interval = fit_shares(rows, raw)
    streams = [
        area_streams(one, calibration.apply(p), interval, bias)
        for one, p in zip(rows, raw, strict=True)
    ]
    limits, moment_limits = _limits(rows, raw, known, known_raw)
    onnx = export(trees, [r.values[r.judged] for r in rows])
    manifest = ModelManifest(
        format=FORMAT,
        version="",
        sha256=hashlib.sha256(onnx).hexdigest(),
        features_version=FEATURES_VERSION,
        features=FEATURES,
        seed=seed,
        made_with={
            name: importlib.metadata.version(name)
            for name in ("numpy", "scikit-learn", "skl2onnx", "onnx")
        },
        data=_describe(rows, source),
        calibration=calibration,
        interval=interval,
        bias=bias,
        room_alerts=fit_alerts([areas[:1] for areas in streams]),
        zone_alerts=fit_alerts([areas[1:] for areas in streams], are_zones=True),
        reference=_reference(rows, streams),
        limits=limits,
        moments=Finder(
            room=fit_stretches([areas[:1] for areas in streams]),
            zone=fit_stretches([areas[1:] for areas in streams]),
        ),
        moment_limits=moment_limits,
        figures=evaluate_rows(
            rows,
            seed=seed,
            source=source,
            known=known,
            folds=_FOLDS,
            raw=raw,
            known_raw=known_raw,
            judged=N_("five groups of classrooms held out in turn"),
        ).as_dict(),
    )
    return OffTaskModel(onnx=onnx, manifest=replace(manifest, version=version_of(manifest)))


def _limits(
    rows: Sequence[LessonRows],
    raw: Sequence[Probability],
    known: Sequence[LessonRows] | None,
    known_raw: Sequence[Probability] | None,
) -> tuple[dict[str, AlertPolicy], dict[str, StretchModel]]:
    """The upper limits for the model's alerts and moments, learned in the same way."""
    true = [[true_share_stream(one, p)] for one, p in zip(rows, raw, strict=True)]
    limits = {"true_share": fit_alerts(true)}
    moments = {"true_share": fit_stretches(true)}
    if known is not None and known_raw is not None:
        calibration, bias, interval = fit_shares(known, known_raw)
        streams = [
            area_streams(one, calibration.apply(p), interval, bias, zones=False)
            for one, p in zip(known, known_raw, strict=True)
        ]
        limits["ceiling"], moments["ceiling"] = fit_alerts(streams), fit_stretches(streams)
    return limits, moments


def _reference(
    rows: Sequence[LessonRows], streams: Sequence[Sequence[AreaStream]]
) -> dict[str, list[float]]:
    """The deciles that drift is measured against."""
    reference: dict[str, list[float]] = {}
    for kind, part in (("room", slice(0, 1)), ("zone", slice(1, None))):
        scores = [score for areas in streams for area in areas[part] for score in area.scores]
        reference[f"{kind}_off_task"] = _deciles([score.off_task for score in scores])
        reference[f"{kind}_movement_db"] = _deciles([score.movement for score in scores])
    occupied = sum(int(one.occupied.sum()) for one in rows)
    judged = sum(int(one.counted.sum()) for one in rows)
    return {**reference, "abstained": [round(1.0 - judged / occupied, 4)]}


def _deciles(values: Sequence[float | None]) -> list[float]:
    known = [value for value in values if value is not None]
    if not known:
        return []
    return [round(float(one), 4) for one in np.quantile(known, np.linspace(0.0, 1.0, 11))]


def version_of(manifest: ModelManifest) -> str:
    """A version name that changes with anything that a score, an alert or a moment depends on."""
    parts = (
        manifest.calibration, manifest.interval, manifest.bias,
        manifest.room_alerts, manifest.zone_alerts, manifest.moments,
    )  # fmt: skip
    what = json.dumps([manifest.sha256, *(asdict(part) for part in parts)])
    return f"{manifest.features_version}-{hashlib.sha256(what.encode()).hexdigest()[:8]}"


def export(trees: HistGradientBoostingClassifier, rows: Sequence[NDArray[np.float32]]) -> bytes:
    """The trees as an ONNX file; raises ModelError if its results differ on any of the rows."""
    with warnings.catch_warnings():
        # skl2onnx passes booleans where protobuf expects integers; protobuf 6 warns about it.
        warnings.simplefilter("ignore", DeprecationWarning)
        graph = to_onnx(
            trees,
            initial_types=[("features", FloatTensorType([None, len(FEATURES)]))],
            options={"zipmap": False},
            target_opset=_OPSET,
        )
    onnx: bytes = graph.SerializeToString()
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    for values in rows:
        if len(values) == 0:
            continue
        exported = session.run(None, {"features": values})[1][:, 1]
        with one_thread():
            difference = np.abs(exported - trees.predict_proba(values)[:, 1])
        if difference.max() > _AGREE:
            raise ModelError(
                f"the exported model differs from the trained one by {difference.max():.2g} on "
                f"{int((difference > _AGREE).sum())} of {len(values)} rows; the versions of "
                "scikit-learn, skl2onnx and onnxruntime do not fit together; install those of the "
                "lock file."
            )
    return onnx


def _describe(rows: Sequence[LessonRows], source: str) -> dict[str, Any]:
    _, truth = labelled(rows)
    return {
        "source": source,
        "classrooms": len({one.classroom for one in rows}),
        "lessons": len(rows),
        "seat_epochs": int(truth.size),
        "off_task_share": round(float(truth.mean()), 4),
    }
