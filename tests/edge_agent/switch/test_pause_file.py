"""A pause on disk: what was stored comes back, and what can't be read counts as pressed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_agent.switch.pause_file import KeptPause, load_pause, store_pause


@pytest.mark.parametrize(
    "pause", (KeptPause(), KeptPause(button_utc_ns=5), KeptPause(button_utc_ns=5, command_utc_ns=7))
)
def test_a_pause_comes_back(tmp_path: Path, pause: KeptPause) -> None:
    path = tmp_path / "new" / "pause.json"
    assert store_pause(path, KeptPause(command_utc_ns=1)) == ""
    assert store_pause(path, pause) == ""
    assert load_pause(path) == (pause, "")
    assert [each.name for each in path.parent.iterdir()] == ["pause.json"]


def test_no_file_is_no_pause(tmp_path: Path) -> None:
    assert load_pause(tmp_path / "pause.json") == (KeptPause(), "")


@pytest.mark.parametrize(
    "content",
    (
        b"", b"\0" * 80, b"{", b"[]", b"null", b"{}", b'{"version": 1, "mood": 3}',
        b'{"version": 1, "button_utc_ns": "today"}', b'{"version": 1, "button_utc_ns": true}',
        json.dumps({"version": 2, "button_utc_ns": None}).encode(),
    ),
)  # fmt: skip
def test_what_can_t_be_read_counts_as_pressed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pause.json"
    path.write_bytes(content)
    pause, sentence = load_pause(path)
    assert pause.button_utc_ns is not None
    assert f"{path} can't be read" in sentence
    assert "press the button" in sentence


def test_a_disk_that_takes_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    sentence = store_pause(tmp_path / "file" / "pause.json", KeptPause(button_utc_ns=1))
    assert "can't be written" in sentence
    assert "after a reboot" in sentence
