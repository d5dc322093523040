"""What a lesson holds is read for pages in one place, which cuts it."""

from __future__ import annotations

import re
from pathlib import Path

import dashboard_api

ROOT = Path(dashboard_api.__file__).parent
READS = re.compile(
    r"scores\.(epochs|alerts|room_levels)\(|stores\.epochs\(|lessons\.(moments|verdicts)\(|"
    r"\b(read_room|read_seats|sensed_seconds|sensed_within)\(|"
    r"\.sensed\.(room|seats|sensed)\("
)
ALLOWED = {
    "web/seen.py": "cuts it",
    "web/store_thread.py": "keeps epochs for web/seen.py",
    "views/readings.py": "defines three of them",
    "reading/protocol.py": "defines one, and what reads by time",
    "reading/kept.py": "reads by time from the embedded store, whatever is asked for",
    "home/counts.py": "counts of five teachers or more; none is of one lesson",
    "rooms/read_rooms.py": "whether a kit senses now; shows nothing that was sensed",
    "video/lining_up.py": "a room's loudness, by which a video is lined up; shows none of it",
    "live/routes.py": "a room's last minutes, for the teacher whose lesson is on",
    "sharing/own_routes.py": "counts moments for the teacher who deletes the lesson",
}


def test_what_seats_sensed_is_read_for_one_page() -> None:
    reading = {
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if re.search(
            r"\.seat_readings\(|\bread_seats\(|sensed\.seats\(", path.read_text(encoding="utf-8")
        )
    }
    assert reading == {
        "reading/kept.py", "views/readings.py", "web/seen.py", "seat_rows/routes.py",
    }  # fmt: skip


def test_nothing_else_reads_what_a_lesson_holds() -> None:
    reading = {
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if READS.search(path.read_text(encoding="utf-8"))
    }
    assert reading == set(ALLOWED)
