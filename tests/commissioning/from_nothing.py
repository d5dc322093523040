"""The commands of docs/commissioning.md, from a server without a room to a locked-out and a new kit."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.commissioning.school import School

__all__ = ["TYPED", "commission"]

ROOM = "room-12"
KIT = f"{ROOM}-kit"
SEATS = 32
TYPED = {
    "site": 'site add our-school --title "Our School"',
    "room": f"room add {ROOM} --seats {SEATS}",
    "code": f"room code {KIT}",
    "fleet": f"fleet {ROOM}",
    "lesson": f'lesson start --room {ROOM} --teacher "Ms Ada" --title "Maths 7b"',
    "revoke": f"node revoke {KIT}",
    "list": "node list",
}
"""What is typed on the server; docs/commissioning.md shows it."""


def commission(school: School, first: Path, second: Path, *, has_sound: bool) -> None:
    """`first` and `second` are the USB sockets of two Pis, with four hubs of eight seats each."""
    school.on_server(TYPED["site"])
    sound = "" if has_sound else " --sound none"
    described = school.on_server(TYPED["room"] + sound)
    assert described.count("hub hub-") == 4
    assert "hub hub-4 at usb:4: seats 25, 26, 27, 28, 29, 30, 31, 32" in described
    kit = school.folder / "kit"
    enrol(school, kit, first)
    agent = school.start_kit(kit)
    took_s = school.until(lambda: is_ready(school), "the kit's report")
    school.transcript.note("server", "(the room is live and ready)", took_s)
    assert "1 of 1 kit is live" in school.on_server(TYPED["fleet"])
    school.sign_in()
    assert KIT in school.page("/rooms")

    lesson = school.on_server(TYPED["lesson"]).strip()
    school.sign_in()
    took_s = school.until(lambda: seats_sensed(school) == SEATS, "readings on the live page")
    school.transcript.note("browser", "(readings on the lesson's live page)", took_s)
    if has_sound:
        took_s = school.until(lambda: has_levels(school, lesson), "levels on the lesson's page")
        school.transcript.note("browser", "(sound levels on the lesson's page)", took_s)
    assert "Maths 7b" in school.page(f"/lessons/{lesson}")

    locked = school.on_server(TYPED["revoke"])
    assert f"{KIT} is locked out" in locked
    school.until(lambda: not only_kit(school)["is_live"], "the end of the kit's connection")
    assert f"The kit {KIT} is locked out" in school.on_server(TYPED["fleet"], code=1)

    # Whoever has the old Pi still runs it, and it tries again each few seconds.
    new = school.folder / "new-kit"
    enrol(school, new, second)
    assert not only_kit(school)["is_live"]
    school.start_kit(new)
    took_s = school.until(lambda: is_ready(school), "the new kit's report")
    school.transcript.note("server", "(the room is live and ready again)", took_s)
    school.until(lambda: seats_sensed(school) == SEATS, "the new kit's readings")
    assert "certificate until" in school.on_server(TYPED["list"])
    assert agent.is_running
    assert agent.times_logged("Connected to the broker") == 1
    assert agent.times_logged("this certificate is revoked") == 1
    assert agent.times_logged("did not answer the greeting") == 0


def enrol(school: School, directory: Path, sockets: Path) -> None:
    made = school.on_server(TYPED["code"])
    typed = re.search(r"sudo roomtone (enrol --server \S+ --code \d{6})", made)
    assert typed, made
    # Whoever types it on the Pi needs longer than the broker for its new list.
    school.until(lambda: school.systemd.is_idle, "the broker's new list")
    said = school.on_kit(typed[1], directory, sockets)
    assert f"this kit is {KIT} in room {ROOM} of our-school" in said
    assert "answers; ingest is up" in said
    pinned = re.findall(r'^port = "(/.*)"', (directory / "edge.toml").read_text(), re.MULTILINE)
    assert pinned == [str(each) for each in sorted(sockets.iterdir())]


def only_kit(school: School) -> Any:
    (kit,) = school.fleet(ROOM)["kits"]
    return kit


def is_ready(school: School) -> bool:
    return bool(only_kit(school)["is_live"] and school.fleet(ROOM)["ready"] == "ready")


def seats_sensed(school: School) -> int:
    live = json.loads(school.page(f"/api/rooms/{ROOM}/live"))
    return max((kit["seats_sensed"] for kit in live["kit"]), default=0)


def has_levels(school: School, lesson: str) -> bool:
    timeline = json.loads(school.page(f"/api/lessons/{lesson}/timeline?level_s=1"))
    return any(level is not None for level in timeline["noise"]["mean"])
