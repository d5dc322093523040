"""The manifests of the models that may have scored a lesson; the model page shows them.

This reads only the JSON file next to a model, never the model. A manifest is remembered once it was
read, so that this morning's lessons keep their figures if the model is replaced at noon.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from contract.errors import ModelError
from contract.files.plain_file import read_plain_file
from contract.language import _
from models.school_model.labels import base_of
from models.serving.manifest import MAX_BYTES, SHIPPED, ModelManifest

__all__ = ["ModelCatalog"]


@dataclass(slots=True)
class ModelCatalog:
    """The model in use, and other models with a manifest in the same folder."""

    model_file: Path | None = None
    """The configured model; None means the shipped one."""
    trouble: str = ""
    """Why the manifest in use can't be read; empty if it can."""
    _known: dict[str, ModelManifest] = field(default_factory=dict)
    _read: dict[Path, tuple[int, int, str]] = field(default_factory=dict)
    """Manifest file → when it was changed, its size, and its version."""

    def current(self) -> ModelManifest | None:
        """The manifest of the model in use; None if it can't be read, and `trouble` says why."""
        at = (SHIPPED if self.model_file is None else self.model_file).with_suffix(".json")
        try:
            found = self._manifest(at)
        except ModelError as error:
            self.trouble = str(error)
            return None
        self.trouble = ""
        return found

    def shipped(self) -> ModelManifest | None:
        """The manifest of the model that came with this version; None if it can't be read."""
        try:
            return self._manifest(SHIPPED.with_suffix(".json"))
        except ModelError:
            return None

    def find(self, version: str) -> ModelManifest | None:
        """The manifest of this model version, if there is one."""
        if version not in self._known:
            for at in self._files():
                try:
                    self._manifest(at)
                except ModelError:  # other JSON, or a damaged file
                    continue
        return self._known.get(version)

    def references(self, versions: Iterable[str]) -> dict[str, dict[str, list[float]]]:
        """What was usual in training, for the versions that have a manifest.

        A school's own model takes over the values of the model that it was made from.
        """
        found = {version: self.find(version) or self._made_from(version) for version in versions}
        return {name: manifest.reference for name, manifest in found.items() if manifest}

    def _made_from(self, version: str) -> ModelManifest | None:
        known = self._known.values()
        return next((one for one in known if base_of(one.version) == version), None)

    def _files(self) -> list[Path]:
        neighbours = (
            [] if self.model_file is None else sorted(self.model_file.parent.glob("*.json"))
        )
        return [*neighbours, SHIPPED.with_suffix(".json")]

    def _manifest(self, at: Path) -> ModelManifest:
        try:
            state = at.stat()
            known = self._read.get(at)
            if known is not None and known[:2] == (state.st_mtime_ns, state.st_size):
                return self._known[known[2]]
            text = read_plain_file(at, max_bytes=MAX_BYTES, follow_links=True).decode()
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(
                _(
                    "{file}: the model's manifest can't be read ({error}); a model is a .onnx file "
                    "with a .json of the same name next to it.",
                    file=at,
                    error=error,
                )
            ) from error
        manifest = ModelManifest.from_json(text, str(at))
        self._known[manifest.version] = manifest
        self._read[at] = (state.st_mtime_ns, state.st_size, manifest.version)
        return manifest
