"""The manifest of an off-task model: describes the model file, and holds what is fitted after its
trees.

It is JSON and can be read without the model, so the pages that show it need no onnxruntime.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from contract.errors import ModelError
from models.serving.alerts import AlertPolicy
from models.serving.area import AlertModel
from models.serving.hindsight import Finder, StretchModel

__all__ = [
    "FORMAT",
    "MAX_BYTES",
    "SHIPPED",
    "Calibration",
    "IntervalWidth",
    "ModelManifest",
    "ShareBias",
]

SHIPPED: Final = Path(__file__).parent / "off_task.onnx"
FORMAT: Final = 1
MAX_BYTES: Final = 4 << 20
"""The largest manifest that is read; a normal one has about 20 kB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Platt's logistic map, fitted on classrooms that the trees have not seen."""

    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, probability: NDArray[np.floating]) -> NDArray[np.float64]:
        clipped = np.clip(probability.astype(np.float64), 1e-6, 1.0 - 1e-6)
        logit = self.slope * np.log(clipped / (1.0 - clipped)) + self.intercept
        # No probability is a certainty, whatever the slope.
        return np.clip(1.0 / (1.0 + np.exp(-logit)), 1e-9, 1.0 - 1e-9)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalWidth:
    """How far the true off-task share of n seats may be from the mean of their probabilities.

    The standard deviation is sqrt(own · sum p(1-p) / n² + shared²): one part averages out over
    seats, the other is common to a room's seats. `reach` scales it to the interval that contained
    90 % of the true shares in classrooms that the trees have not seen.
    """

    own: float = 1.0
    shared: float = 0.05
    reach: float = 1.645


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareBias:
    """An area's mean probability over a longer stretch if all pupils are off task, and if none are.

    These are the sensitivity and specificity of the pooled share in classrooms that the trees have
    not seen. The relation is linear, so the true share follows from a mean (Rogan and Gladen,
    1978).
    """

    all_off: float = 1.0
    all_on: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.all_on < self.all_off <= 1.0:
            raise ValueError("0 <= all_on < all_off <= 1 is expected")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelManifest:
    """Describes a model file; the hash connects the two."""

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
    moments: Finder = field(default_factory=Finder)
    """Finds the stretches to suggest after a lesson."""
    reference: dict[str, list[float]] = field(default_factory=dict)
    """The reference for drift: the deciles (0 to 100 %, eleven numbers) of the training lessons'
    epochs in `room_off_task`, `zone_off_task`, `room_movement_db` and `zone_movement_db`;
    `abstained` is the share of occupied seats' epochs that were not judged.
    """
    limits: dict[str, AlertPolicy] = field(default_factory=dict)
    """Alert policies from the same training for the `ceiling` and the `true_share`, to compare the
    model with them on other classrooms.
    """
    moment_limits: dict[str, StretchModel] = field(default_factory=dict)
    """The same for moments of the room."""
    figures: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, where: str) -> ModelManifest:
        """Parse a manifest; ModelError says what is wrong with it."""
        try:
            raw = json.loads(text)
            if raw["format"] != FORMAT:
                raise ModelError(
                    f"{where}: the manifest has format {raw['format']!r}, but this program reads format "
                    f"{FORMAT}; use a model made by this version of Roomtone."
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
                    "moments": Finder(
                        room=_stretches(raw["moments"]["room"]),
                        zone=_stretches(raw["moments"]["zone"]),
                    ),
                    "moment_limits": {
                        name: _stretches(one) for name, one in raw["moment_limits"].items()
                    },
                }
            )
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            if isinstance(error, ModelError):
                raise
            raise ModelError(
                f"{where}: this is not the manifest of an off-task model ({error}); make the "
                "model again with `roomtone model train`."
            ) from error


def _policy(raw: dict[str, Any]) -> AlertPolicy:
    estimate = raw.get("estimate")
    if estimate is not None:
        estimate = AlertModel(
            weights=tuple(map(float, estimate["weights"])), intercept=float(estimate["intercept"])
        )
    return AlertPolicy(**{**raw, "estimate": estimate})


def _stretches(raw: dict[str, Any]) -> StretchModel:
    return StretchModel(**{**raw, "weights": tuple(map(float, raw["weights"]))})
