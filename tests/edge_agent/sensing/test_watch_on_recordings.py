"""On real recordings the sensor watch leaves next to nothing out. The project holds none of them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from edge_agent.sensing.sensor_watch import SensorWatch
from firmware_bridge.events import HubSamples

SECOND = 1_000_000_000
FOLDER = Path(os.environ.get("ROOMTONE_RECORDINGS", "/nonexistent"))


def left_out(acceleration: np.ndarray, rate_hz: int) -> int:
    """How many seconds of a recording, (n, 3) in g, are not believed."""
    watch = SensorWatch({"hub-a": (1,)}, excluded=frozenset)
    count = 0
    for second in range(len(acceleration) // rate_hz):
        rows = acceleration[second * rate_hz : (second + 1) * rate_hz][:, None, :]
        times = (100 + second) * SECOND + np.arange(rate_hz) * (SECOND // rate_hz)
        event = watch.look(HubSamples(hub="hub-a", boot_ns=times, acceleration=rows))
        assert isinstance(event, HubSamples)
        count += bool(np.isnan(event.acceleration).all())
    return count


@pytest.mark.recordings
@pytest.mark.slow
def test_hours_of_an_exam_are_believed() -> None:
    path = FOLDER / "exam_motion" / "exam_motion.parquet"
    if not path.exists():
        pytest.skip("ROOMTONE_RECORDINGS names no folder with exam_motion/exam_motion.parquet")
    table = parquet.read_table(path)
    sessions = table["session"].to_numpy(zero_copy_only=False)
    axes = np.stack([table[axis].to_numpy() for axis in "xyz"], axis=1).astype(np.float32) / 64
    # The two of ten sessions in which a wrist lay so still that a count of 1/64 g did not change.
    for name in ("S1_M2", "S6_M1"):
        assert left_out(axes[sessions == name], 32) <= 6
