"""What stands twice in a labelled recording is dropped and counted, and changes no figure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.errors import RecordingError
from models.recordings.reading.file import LabelledRecording, read_labelled

Columns = dict[str, Any]
Make = Callable[..., Columns]
Save = Callable[[Columns], Path]


def twice(data: Columns) -> Columns:
    return {name: np.concatenate([column, column]) for name, column in data.items()}


def is_same(one: list[LabelledRecording], other: list[LabelledRecording]) -> bool:
    return len(one) == len(other) and all(
        np.array_equal(a.acceleration, b.acceleration) and np.array_equal(a.at_s, b.at_s)
        and np.array_equal(a.label, b.label) and a.rate_hz == b.rate_hz
        for a, b in zip(one, other, strict=True)
    )  # fmt: skip


@pytest.mark.parametrize("has_times", (True, False))
def test_a_file_that_was_appended_to_itself(columns: Make, save: Save, has_times: bool) -> None:
    data = columns(groups=2, seconds=60)
    rate_hz = None if has_times else 25.0
    if not has_times:
        del data["observed_at"]
    once, no_notes = read_labelled(save(data), positive=["fidget"], rate_hz=rate_hz)
    again, notes = read_labelled(save(twice(data)), positive=["fidget"], rate_hz=rate_hz)
    assert is_same(once, again)
    said = [note for note in notes if note not in no_notes]
    assert (
        "Recording morning of group person 0 has 1500 samples that exactly repeat others" in said[0]
    )
    assert len(said) >= 2


def test_some_rows_that_a_join_wrote_again(columns: Make, save: Save) -> None:
    data = columns(groups=1, seconds=60)
    once, _ = read_labelled(save(data), positive=["fidget"])
    rows = np.sort(np.concatenate([np.arange(1500), np.arange(100, 400)]))
    some = {name: column[rows] for name, column in data.items()}
    again, notes = read_labelled(save(some), positive=["fidget"])
    assert is_same(once, again)
    assert any(
        "has 300 samples that exactly repeat others; they are dropped." in note for note in notes
    )


def test_other_values_at_the_same_time_are_counted_as_well(columns: Make, save: Save) -> None:
    data = columns(groups=1, seconds=60)
    data["observed_at"][1:20:2] = data["observed_at"][0:20:2]
    _, notes = read_labelled(save(data), positive=["fidget"])
    assert any(
        "has 10 samples with the observed_at of another; they are dropped." in n for n in notes
    )


def test_one_persons_samples_under_another_name(columns: Make, save: Save) -> None:
    data = columns(groups=2, seconds=60)
    copied = twice({name: column[:1500] for name, column in data.items()})
    copied["group"][1500:] = "nobody"
    found, notes = read_labelled(save(copied), positive=["fidget"])
    assert [one.group for one in found] == ["person 0"]
    assert notes[0].endswith(
        "Recording morning of group nobody is left out: it is an exact copy of recording "
        "morning of group person 0."
    )


def test_no_pipe_is_waited_for(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="is a directory or a pipe"):
        read_labelled(tmp_path, positive=["fidget"])
