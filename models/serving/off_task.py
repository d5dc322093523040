"""The off-task model: an ONNX file, and next to it a manifest that describes it.

Loading runs no code from the file: onnxruntime reads a graph of trees, and the manifest is JSON.
A model that does not fit (wrong hash, other features, later format) is refused.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any

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
from models.features.seat_features import FEATURES, FEATURES_VERSION
from models.serving.manifest import SHIPPED, ModelManifest

__all__ = ["OffTaskModel"]


class OffTaskModel:
    """A loaded model: takes features, returns calibrated probabilities."""

    def __init__(self, *, onnx: bytes, manifest: ModelManifest, where: str = "model") -> None:
        self.manifest = manifest
        self._onnx = onnx
        self._where = where

    @classmethod
    def load(cls, path: Path | None = None) -> OffTaskModel:
        """Load the model in this file, or the shipped one; ModelError says what to do."""
        at = SHIPPED if path is None else path
        try:
            onnx = at.read_bytes()
            text = at.with_suffix(".json").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(
                f"{at}: the model or its manifest can't be read ({error}); a model is a .onnx file "
                "with a .json of the same name next to it."
            ) from error
        model = cls(onnx=onnx, manifest=ModelManifest.from_json(text, str(at)), where=str(at))
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
        """Write the model, and its manifest next to it."""
        path.write_bytes(self._onnx)
        path.with_suffix(".json").write_text(self.manifest.to_json(), encoding="utf-8")

    def _check(self) -> None:
        manifest, where = self.manifest, self._where
        if hashlib.sha256(self._onnx).hexdigest() != manifest.sha256:
            raise ModelError(
                f"{where}: the manifest describes another file (sha256 differs); "
                "copy both files together, or make the model again with `roomtone model train`."
            )
        if manifest.features_version != FEATURES_VERSION or manifest.features != FEATURES:
            raise ModelError(
                f"{where}: the model was made for features version {manifest.features_version}, "
                f"but this program computes version {FEATURES_VERSION}; make the model again with "
                "`roomtone model train`."
            )
        shape = self._session.get_inputs()[0].shape
        if shape[1] != len(FEATURES):
            raise ModelError(
                f"{where}: the model takes {shape[1]} features, but its manifest names {len(FEATURES)}; "
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
