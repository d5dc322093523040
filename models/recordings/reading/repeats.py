"""Removes repeated samples and recordings, and notes how many there were."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from contract.errors import RecordingError
from contract.repeats import fresh_rows, without_copies

__all__ = ["refuse_copy", "without_repeats"]

Rows = NDArray[np.intp]


def without_repeats(
    rows: Rows,
    times: NDArray[np.float64] | None,
    axes: NDArray[np.float32],
    label: NDArray[np.int8],
    name: str,
    notes: list[str],
) -> Rows:
    """A recording's rows without repetitions of earlier rows; a note counts these.

    Without times, a repeated row looks like a reading of a still sensor; then only whole copies of
    the recording are found.
    """
    if times is None:
        both = np.concatenate([axes[rows], label[rows, None].astype(np.float32)], axis=1)
        left = rows[: without_copies(both)]
    else:
        left = rows[fresh_rows(times[rows], axes[rows], label[rows])]
    if len(left) < len(rows):
        notes.append(
            f"{name} has {len(rows) - len(left)} samples that exactly repeat others; they are dropped."
        )
    return left


def refuse_copy(
    names: dict[bytes, str], axes: NDArray[np.float32], label: NDArray[np.int8], name: str
) -> None:
    """Raise RecordingError for a recording with the same samples as one in `names`, because it
    would count twice; otherwise add it to them.
    """
    digest = blake2b(np.ascontiguousarray(axes).tobytes() + label.tobytes()).digest()
    earlier = names.setdefault(digest, name)
    if earlier is not name:
        raise RecordingError(f"it is an exact copy of {earlier}")
