"""What the agent writes down of its connection, and what the doctor makes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.doctor.checks import _agent_findings
from edge_agent.publishing.link_note import LinkNote, LinkState, read_link_state
from edge_agent.settings import EdgeSettings

SECOND = 1_000_000_000
UP = LinkState(is_linked=True, ingest_is_up=True, twins=0, is_pushed_out=False)
DOWN = replace(UP, is_linked=False, ingest_is_up=False, reason="no route to host")
SETTINGS = EdgeSettings.checked(
    {
        "site": "school", "room": "r1", "node": "pi-1",
        "hub": [{"name": "hub-a", "port": "/dev/a", "seats": [1, 2, 3]}],
    },
    where="test",
)  # fmt: skip


def test_it_is_written_when_it_changes_and_at_most_once_in_five_seconds(tmp_path: Path) -> None:
    note = LinkNote(tmp_path)
    path = tmp_path / "link.json"
    note.look(DOWN, 0)
    assert read_link_state(tmp_path) == DOWN
    path.unlink()
    for second in range(60):  # another reason for the same state is no news
        note.look(replace(DOWN, reason=f"reason {second}"), second * SECOND)
    assert not path.exists()
    note.look(UP, 60 * SECOND)
    assert read_link_state(tmp_path) == UP
    note.look(DOWN, 61 * SECOND)
    assert read_link_state(tmp_path) == UP
    note.look(DOWN, 65 * SECOND)
    assert read_link_state(tmp_path) == DOWN
    assert [each.name for each in tmp_path.iterdir()] == ["link.json"]


def test_a_disk_that_fails_is_passed_over_and_tried_again(tmp_path: Path) -> None:
    note = LinkNote(tmp_path / "later")
    note.look(UP, 0)
    (tmp_path / "later").mkdir()
    note.look(UP, 5 * SECOND)
    assert read_link_state(tmp_path / "later") == UP


@pytest.mark.parametrize("text", ("", "{", "[]", '{"is_linked": true}', '{"other": 1}', "\xff"))
def test_what_can_not_be_read_is_no_state(tmp_path: Path, text: str) -> None:
    (tmp_path / "link.json").write_bytes(text.encode("latin-1"))
    assert read_link_state(tmp_path) is None


@pytest.mark.parametrize(
    ("state", "found"),
    (
        (UP, [("broker", "fine", "ingest is up")]),
        (replace(UP, ingest_is_up=False), [("broker", "wrong", "ingest is not up")]),
        (DOWN, [("broker", "wrong", "no route to host")]),
        (replace(UP, twins=1), [("broker", "fine", "is up"), ("name", "wrong", "another kit")]),
        (
            replace(UP, is_pushed_out=True),
            [("broker", "fine", "is up"), ("name", "wrong", "another client connects")],
        ),
        (None, [("broker", "note", "has not said yet")]),
    ),
)
def test_the_doctor_says_what_the_agent_knows(
    state: LinkState | None, found: list[tuple[str, str, str]]
) -> None:
    said = list(_agent_findings(SETTINGS, "broker:8883", state))
    assert [(f.about, f.state) for f in said] == [(about, state) for about, state, _ in found]
    assert all(words in f.said for f, (_, _, words) in zip(said, found, strict=True))
