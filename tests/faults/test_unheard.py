"""What the edge says of a hub's missing frames is what the fault matrix reads."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from edge_agent.sensing.seconds import log_missing_frames
from firmware_bridge.events import FramesMissing
from roomtone.faults.room import unheard


def hole(**changes: object) -> FramesMissing:
    given: dict[str, object] = {
        "hub": "hub-0", "frames": 20, "samples": 100, "after_ns": 7_900_000_000,
        "before_ns": 9_900_000_000,
    }  # fmt: skip
    return FramesMissing(**(given | changes))  # type: ignore[arg-type]


def reported(event: FramesMissing, caplog: pytest.LogCaptureFixture, folder: Path) -> list[object]:
    log = folder / "edge.log"
    with caplog.at_level(logging.WARNING):
        log_missing_frames(event)
    log.write_text(f"began\n{caplog.text}over\n", encoding="utf-8")
    return [(span.line, span.first_s, span.last_s) for span in unheard(log)]


def test_a_hole_in_a_hubs_ticks_is_logged_and_read(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    assert reported(hole(), caplog, tmp_path) == [("hub-0", 7, 9)]
    assert "100 samples between 7900 and 9900 ms of the boot clock never came" in caplog.text


@pytest.mark.parametrize(
    "event",
    (
        hole(undated=1),  # it came, and nothing was made of it: no excuse
        hole(before_ns=8_200_000_000),
        hole(samples=0),
        hole(after_ns=None),
    ),
)
def test_what_is_no_hole_is_no_excuse(
    event: FramesMissing, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    assert reported(event, caplog, tmp_path) == []
