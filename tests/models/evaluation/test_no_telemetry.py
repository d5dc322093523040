"""Loading the model sends nothing: onnxruntime's telemetry is on unless it is disabled."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LOAD = "from models.serving.off_task import OffTaskModel; OffTaskModel.load()"


def left_behind(code: str, folder: Path) -> set[str]:
    """The files that a program leaves in an empty home, cache and temporary folder."""
    home, temporary = folder / "home", folder / "temporary"
    for made in (home, temporary):
        made.mkdir(parents=True)
    outside = {
        name: value
        for name, value in os.environ.items()
        if name != "ORT_DISABLE_TELEMETRY" and not name.startswith("XDG_")
    }
    own = {"HOME": str(home), "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", code], env=outside | own, check=True)
    return {path.name for path in folder.rglob("*")} - {"home", "temporary"}


def test_loading_the_model_leaves_no_data_to_send(tmp_path: Path) -> None:
    assert left_behind(LOAD, tmp_path) == set()


def test_only_the_package_that_disables_telemetry_imports_onnxruntime() -> None:
    root = Path(__file__).parents[3]
    packages = (path.parent for path in root.glob("*/__init__.py"))
    loading = {
        package.name
        for package in packages
        for path in package.rglob("*.py")
        if "import onnxruntime" in path.read_text(encoding="utf-8")
    }
    assert loading == {"models"}
