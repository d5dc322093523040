"""Learning never counts the machine's cores: where that fails, nothing is printed about it."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contract.lesson import LabelledLesson
from models.learning.rows import lesson_rows
from models.learning.threads import one_thread

LEARN = """
import pickle, sys
from pathlib import Path
import numpy as np
from models.learning.seat_learning import fit_trees, predict
from models.evaluation.realism import two_sample_auc
from models.train import export
rows = pickle.loads(Path(sys.argv[1]).read_bytes())
trees = fit_trees(rows[:1], seed=1)
print(np.isfinite(predict(trees, rows[1])).sum())
export(trees, [rows[1].values[rows[1].judged]])
seats = [np.random.default_rng(seed).random((200, 13), np.float32) for seed in range(8)]
two_sample_auc(seats[:4], seats[4:])
"""


@pytest.mark.slow
def test_a_machine_whose_cores_cannot_be_counted_learns_without_a_warning(
    make_lesson: Callable[..., LabelledLesson], tmp_path: Path
) -> None:
    commands = tmp_path / "commands"
    commands.mkdir()
    (commands / "lscpu").write_text("#!/bin/sh\nexit 1\n")  # as without /sys
    (commands / "lscpu").chmod(0o755)
    rows = [lesson_rows(make_lesson(seed, seconds=300)) for seed in range(2)]
    (tmp_path / "rows").write_bytes(pickle.dumps(rows))
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", LEARN, str(tmp_path / "rows")],
        check=False, capture_output=True, text=True,
        env=environment | {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
    assert done.stderr == ""


@pytest.mark.parametrize("before", (None, "3"))
def test_the_environment_is_as_before_afterwards(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if before is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", before)
    with one_thread():
        assert os.environ["OMP_NUM_THREADS"] == "1"
    assert os.environ.get("OMP_NUM_THREADS") == before
