"""Checks which model is used, and whether a school's own model is still the right one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from contract.errors import ModelError
from contract.files.plain_file import read_plain_file
from contract.finding import Finding
from models.school_model.training import base_mismatch
from models.serving.manifest import MAX_BYTES, SHIPPED, ModelManifest

__all__ = ["model_findings"]


def model_findings(model_file: Path | None) -> Iterator[Finding]:
    """Check the manifest of the model in use; None is the shipped model."""
    if model_file is None:
        return
    try:
        in_use = _manifest(model_file)
    except ModelError as error:
        yield Finding(
            about="model", state="wrong", said=str(error),
            advice="correct `model_file` under [score], or remove it to use the shipped model",
        )  # fmt: skip
        return
    said = base_mismatch(in_use, _manifest(SHIPPED))
    if said:
        yield Finding(
            about="model", state="note", said=said,
            advice="remove `model_file` from [score] and restart `roomtone score`; once there are "
            "answers about the new model's moments, run `roomtone model recalibrate`",
        )  # fmt: skip
    else:
        yield Finding(about="model", state="fine", said=f"{in_use.version} is in use")


def _manifest(model_file: Path) -> ModelManifest:
    at = model_file.with_suffix(".json")
    try:
        text = read_plain_file(at, max_bytes=MAX_BYTES, follow_links=True).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"{at}: the model's manifest can't be read ({error}); a model is a .onnx file with a "
            ".json of the same name beside it."
        ) from error
    return ModelManifest.from_json(text, str(at))
