"""Observers' labels: read by path, compared, and refused with the line where they do not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contract.errors import RecordingError
from models.evaluation.observers import agreement, kappa_between, observed_kappa, read_looks
from roomtone.cli import main

HEAD = "observer,seat,start_s,end_s,label\n"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "looks.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_two_observers_are_compared_where_both_looked(tmp_path: Path) -> None:
    lines = [
        "ann,1,0,20,off_task", "ann,2,20,40,on_task", "ann,3,40,60,on_task", "ann,4,60,80,off_task",
        "bob,1,0,20,off_task", "bob,2,20,40,on_task", "bob,3,40,60,off_task", "bob,9,60,80,on_task",
        "bob,4,60,80,",
    ]  # fmt: skip
    looks = read_looks(write(tmp_path, HEAD + "\n".join(lines)))
    assert len(looks) == 9
    assert looks[-1].is_off_task is None
    # Agreed on 40 of 60 s; by chance (1/3 · 2/3 + 2/3 · 1/3) = 4/9: kappa = (6/9 - 4/9) / (5/9).
    assert kappa_between(looks) == {("ann", "bob"): (pytest.approx(0.4), 60)}


def test_the_human_ceiling_lies_between_two_observers_and_the_truth() -> None:
    truth = np.random.default_rng(0).random(50_000) < 0.23
    ceiling = observed_kappa(truth, kappa=0.75, seed=1)
    # Two who err alike and alone agree less with each other than each does with the truth.
    assert 0.83 < ceiling < 0.90
    assert observed_kappa(truth, kappa=0.60, seed=1) < ceiling
    assert agreement(truth, truth) == 1.0


@pytest.mark.parametrize(
    ("text", "says"),
    (
        ("observer,seat\n", "has no start_s, end_s, label"),
        (HEAD, "has no rows"),
        (HEAD + "ann,1,20,10,off_task\n", "line 2: a seat from 1 on"),
        (HEAD + "ann,1,0,20,on_task\nann,x,0,20,on_task\n", "line 3: seat 'x'"),
        (HEAD + "ann,1,0,20,bored\n", "label is 'bored'"),
    ),
)
def test_what_does_not_fit_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(RecordingError, match=says):
        read_looks(write(tmp_path, text))


@pytest.mark.parametrize("encoding", ("utf-8-sig", "utf-16"))
def test_looks_out_of_a_spreadsheet(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "looks.csv"
    text = "sep=;\r\n" + HEAD.replace(",", ";") + "ann;1;0;20;off_task;;\r\n"
    path.write_bytes(text.encode(encoding))
    (look,) = read_looks(path)
    assert (look.observer, look.seat, look.is_off_task) == ("ann", 1, True)


def test_the_command_prints_each_pair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, HEAD + "ann,1,0,20,off_task\nbob,1,0,20,off_task\nbob,2,0,20,on_task\n")
    assert main(["model", "observers", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 looks, 3 with a label, 66.7% of those off task"
    assert lines[1] == "ann and bob: kappa 0.000 on 20 s that both looked at"
