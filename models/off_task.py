"""The off-task model: an ONNX file, and beside it a manifest that says what it is.

Loading runs no code from the file: onnxruntime reads a graph of trees, and the manifest is JSON.
What does not fit (another hash, other features, a later format) is refused.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    NotImplemented,  # noqa: A004  # onnxruntime's own name for it
)

from contract.errors import ModelError
from models.alerts import AlertPolicy
from models.area import AlertModel
from models.features import FEATURES, FEATURES_VERSION

__all__ = ["SHIPPED", "Calibration", "IntervalWidth", "Manifest", "OffTaskModel", "ShareBias"]

SHIPPED: Final = Path(__file__).parent / "off_task.onnx"
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Platt's logistic map, fitted on classrooms that the trees had not seen."""

    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, probability: NDArray[np.floating]) -> NDArray[np.float64]:
        clipped = np.clip(probability.astype(np.float64), 1e-6, 1.0 - 1e-6)
        logit = self.slope * np.log(clipped / (1.0 - clipped)) + self.intercept
        # No probability is a certainty, whatever the slope.
        return np.clip(1.0 / (1.0 + np.exp(-logit)), 1e-9, 1.0 - 1e-9)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalWidth:
    """How far the true off-task share of n seats may lie from the mean of their probabilities.

    Its standard deviation is sqrt(own · sum p(1-p) / n² + shared²): a part that averages out over
    seats, and one that a room's seats share. `reach` turns it into the interval that held 90 % of
    the truths in classrooms that the trees had not seen.
    """

    own: float = 1.0
    shared: float = 0.05
    reach: float = 1.645


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareBias:
    """What an area's mean probability is over a longer stretch if all there are off task, and if
    none are: how sensitive and how specific the pooled share is between classrooms that the trees
    had not seen. In between it runs straight, so a mean can be brought back to the true share
    (Rogan and Gladen, 1978).
    """

    all_off: float = 1.0
    all_on: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.all_on < self.all_off <= 1.0:
            raise ValueError("all_on lies from 0 to under all_off, and all_off at 1 or less")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a model file is: the hash ties the two together."""

    format: int
    version: str
    sha256: str
    features_version: int
    features: tuple[str, ...]
    seed: int
    made_with: dict[str, str]
    data: dict[str, Any]
    calibration: Calibration
    interval: IntervalWidth
    room_alerts: AlertPolicy
    zone_alerts: AlertPolicy
    bias: ShareBias = ShareBias()
    reference: dict[str, list[float]] = field(default_factory=dict)
    """What is usual, for whoever watches drift: the deciles (0 to 100 %, eleven numbers) of the
    training lessons' epochs in `room_off_task`, `zone_off_task`, `room_movement_db` and
    `zone_movement_db`, and in `abstained` the share of occupied seats' epochs that were not judged.
    """
    limits: dict[str, AlertPolicy] = field(default_factory=dict)
    """Alert policies that the same training gave the `ceiling` and the `true_share`, so that what
    the model reaches can be told beside them on other classrooms.
    """
    figures: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, where: str) -> Manifest:
        """The manifest in this text; raises ModelError that says what is wrong with it."""
        try:
            raw = json.loads(text)
            if raw["format"] != _FORMAT:
                raise ModelError(
                    f"{where}: the manifest has format {raw['format']!r}, this program knows "
                    f"{_FORMAT}; use a model made by this version of Roomtone."
                )
            missing = {entry.name for entry in fields(cls)} ^ raw.keys()
            if missing:
                raise ModelError(
                    f"{where}: the manifest has missing or unknown entries "
                    f"({', '.join(sorted(missing))}); make the model again with "
                    "`roomtone model train`."
                )
            return cls(
                **{
                    **raw,
                    "features": tuple(raw["features"]),
                    "calibration": Calibration(**raw["calibration"]),
                    "interval": IntervalWidth(**raw["interval"]),
                    "bias": ShareBias(**raw["bias"]),
                    "room_alerts": _policy(raw["room_alerts"]),
                    "zone_alerts": _policy(raw["zone_alerts"]),
                    "limits": {name: _policy(one) for name, one in raw["limits"].items()},
                }
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, ModelError):
                raise
            raise ModelError(
                f"{where}: this is no manifest of an off-task model ({error}); make the model "
                "again with `roomtone model train`."
            ) from error


def _policy(raw: dict[str, Any]) -> AlertPolicy:
    estimate = raw.get("estimate")
    if estimate is not None:
        estimate = AlertModel(
            weights=tuple(map(float, estimate["weights"])), intercept=float(estimate["intercept"])
        )
    return AlertPolicy(**{**raw, "estimate": estimate})


class OffTaskModel:
    """A loaded model: features in, calibrated probabilities out."""

    def __init__(self, *, onnx: bytes, manifest: Manifest, where: str = "model") -> None:
        self.manifest = manifest
        self._onnx = onnx
        self._where = where

    @classmethod
    def load(cls, path: Path | None = None) -> OffTaskModel:
        """The model in this file, or the shipped one; raises ModelError with what to do."""
        at = SHIPPED if path is None else path
        try:
            onnx = at.read_bytes()
            text = at.with_suffix(".json").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(
                f"{at}: the model or its manifest can't be read ({error}); a model is a .onnx file "
                "with a .json of the same name beside it."
            ) from error
        model = cls(onnx=onnx, manifest=Manifest.from_json(text, str(at)), where=str(at))
        model._check()
        return model

    @property
    def version(self) -> str:
        return self.manifest.version

    def probability(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Calibrated probabilities (n,) of being off task, from features (n, features)."""
        if len(values) == 0:
            return np.empty(0, np.float64)
        _, both = self._session.run(None, {"features": np.ascontiguousarray(values)})
        return self.manifest.calibration.apply(both[:, 1])

    def save(self, path: Path) -> None:
        """Write the model, and its manifest beside it."""
        path.write_bytes(self._onnx)
        path.with_suffix(".json").write_text(self.manifest.to_json(), encoding="utf-8")

    def _check(self) -> None:
        manifest, where = self.manifest, self._where
        if hashlib.sha256(self._onnx).hexdigest() != manifest.sha256:
            raise ModelError(
                f"{where}: the file is not the one that its manifest describes (sha256 differs); "
                "copy both files together, or make the model again with `roomtone model train`."
            )
        if manifest.features_version != FEATURES_VERSION or manifest.features != FEATURES:
            raise ModelError(
                f"{where}: the model was made for features version {manifest.features_version}, "
                f"this program computes version {FEATURES_VERSION}; make the model again with "
                "`roomtone model train`."
            )
        shape = self._session.get_inputs()[0].shape
        if shape[1] != len(FEATURES):
            raise ModelError(
                f"{where}: the model takes {shape[1]} features, its manifest names {len(FEATURES)}; "
                "make the model again with `roomtone model train`."
            )

    @cached_property
    def _session(self) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(
                self._onnx, sess_options=options, providers=["CPUExecutionProvider"]
            )
        except (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NotImplemented) as error:
            raise ModelError(
                f"{self._where}: onnxruntime can't read the model ({str(error)[:200]}); make it "
                "again with `roomtone model train`."
            ) from error
