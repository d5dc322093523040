"""Installs a release, tries it, and takes it back if it does not report.

    unpack ─► check with this kit's settings ─► note the trial ─► switch ─► restart ─► watch
                     │ does not fit                                  proved ◄──┤
                     ▼                                                         ▼ does not report
              nothing has changed                               switch back ─► restart the old one

A power cut in the middle leaves the trial's note. The unit roomtone-release watches on after the next boot,
with the code of the release that proved itself last.
"""

from __future__ import annotations

import json
import subprocess
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from contract.errors import RoomtoneError
from edge_agent.release.place import Place, Trial
from edge_agent.release.services import Services
from edge_agent.release.unpacking import name_of, unpack, wheels_for

__all__ = ["Kit", "RealTime", "Time", "install", "judge", "switch_back"]

_STEADY_S: Final = 20.0
"""The new agent must run for this long, in one go."""
_REPORT_S: Final = 180.0
"""By then the server must have taken what it sends, if it took what the old one sent."""
_MAX_FAILURES: Final = 3
"""After so many, nothing is gained by waiting."""
_LOOK_S: Final = 1.0
_SEE: Final = "(journalctl -u roomtone-edge)."
_OUTBOX: Final = "/var/lib/roomtone/outbox"


class Time(Protocol):
    """The time that passes while a release is watched."""

    def now_s(self) -> float: ...
    def wait(self, seconds: float) -> None: ...


class RealTime:
    """This machine's."""

    def now_s(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """The machine: its releases, its settings and its services."""

    place: Place
    services: Services
    time: Time
    say: Callable[[str], None]
    settings: Path = Path("/etc/roomtone/edge.toml")

    @property
    def is_enrolled(self) -> bool:
        return self.settings.exists()

    @property
    def link_note(self) -> Path:
        """Where the agent notes whether the server takes what it sends."""
        try:
            table = tomllib.loads(self.settings.read_text(encoding="utf-8"))
            return Path(table.get("outbox", {}).get("dir", _OUTBOX)) / "link.json"
        except (OSError, ValueError, AttributeError, TypeError):
            return Path(_OUTBOX) / "link.json"

    def is_reporting(self) -> bool:
        try:
            note = json.loads(self.link_note.read_text(encoding="utf-8"))
            return bool(note["is_linked"] and note["ingest_is_up"])
        except (OSError, ValueError, TypeError, KeyError):
            return False

    def units(self, name: str) -> Path:
        return self.place.releases / name / "lib/edge_agent/systemd"


def install(kit: Kit, folder: Path, *, again: bool = False) -> bool:
    """Install the release of a folder of wheels; False if it was taken back."""
    wheels = wheels_for(folder)
    name = name_of(wheels)
    place = kit.place
    if place.current is not None and not place.is_ours(place.current):
        raise RoomtoneError(
            f"{place.root} has the release {place.current}, which no package installed: a server's, or one "
            "by `make install-edge`. A kit is a machine of its own; if this is one, remove "
            f"{place.root}/current and install again."
        )
    if place.trial() is not None:  # a power cut ended it, or somebody stopped watching
        judge(kit)
    if place.current == name:
        kit.services.install(kit.units(name))
        kit.say(f"Release {name} is installed already.")
        return True
    if (why := place.failure(name)) and not again:
        kit.say(
            f"Release {name} was tried on this kit and taken back: {why} This kit stays with "
            f"{place.current}. To try it again: sudo roomtone release install --again"
        )
        return False
    release = unpack(wheels, place, name)
    if problem := _problem(kit, release):
        if place.current is None:
            raise RoomtoneError(f"Release {name} does not run on this machine: {problem}")
        place.record_failure(name, problem)
        kit.say(
            f"Release {name} does not fit this kit, which stays with {place.current}: {problem}"
        )
        return False
    old = place.current
    if old is None or not (kit.is_enrolled and kit.services.is_active()):
        return _take(kit, name)
    place.prove(old)
    place.begin(Trial(new=name, old=old, was_reporting=kit.is_reporting()))
    kit.link_note.unlink(missing_ok=True)  # what the new one writes is its own
    place.switch(name)
    kit.services.install(kit.units(name))
    kit.services.restart()
    return judge(kit)


def judge(kit: Kit) -> bool:
    """Watch the release that is on trial, and keep it or take it back; True if it is kept."""
    trial = kit.place.trial()
    if trial is None:
        return True
    if kit.place.current != trial.new:  # the power went before the switch
        kit.place.end_trial()
        return True
    kit.say(f"Release {trial.new} is on trial ...")
    why = _watch(kit, trial)
    if why is None:
        kit.place.prove(trial.new)
        kit.place.end_trial()
        kit.place.forget_failure()
        kit.place.prune({trial.new, trial.old})
        kit.say(f"Release {trial.new} runs; {trial.old} stays beside it.")
        return True
    _return_to(kit, trial.old)
    kit.place.record_failure(trial.new, why)
    kit.place.end_trial()
    kit.say(f"Release {trial.new} was taken back, and this kit runs {trial.old} again: {why}")
    return False


def switch_back(kit: Kit) -> str:
    """Run the other release that is here, because a person wants it; returns its name."""
    current = kit.place.current
    others = [name for name in kit.place.names() if name != current]
    if current is None or not others:
        raise RoomtoneError("There is no other release on this machine to go back to.")
    old = others[-1] if kit.place.proved in {current, None} else str(kit.place.proved)
    kit.place.end_trial()
    kit.place.record_failure(current, "somebody went back by hand.")
    _return_to(kit, old)
    kit.place.prove(old)
    return old


def _take(kit: Kit, name: str) -> bool:
    """Take a release without a trial: nothing runs yet that it could be compared with."""
    old = kit.place.current
    kit.place.switch(name)
    kit.place.prove(name)
    kit.place.end_trial()
    kit.place.forget_failure()
    kit.services.install(kit.units(name))
    kit.place.prune({name, old or name})
    kit.say(f"Release {name} is installed.")
    if kit.is_enrolled:
        kit.services.restart()
    else:
        kit.say("Next: sudo roomtone enrol --server SERVER --code CODE")
    return True


def _return_to(kit: Kit, name: str) -> None:
    kit.place.switch(name)
    kit.services.install(kit.units(name))
    kit.services.restart()


def _problem(kit: Kit, release: Path) -> str | None:
    """Why this release can't run here; it is asked itself, with this kit's settings."""
    asked = ("--config", str(kit.settings), "--check-settings") if kit.is_enrolled else ("--help",)
    try:
        done = subprocess.run(  # noqa: S603  # the program that was just installed
            (str(release / "bin/roomtone"), "edge", *asked),
            check=False, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"it ended with {done.returncode}."


def _watch(kit: Kit, trial: Trial) -> str | None:
    """None as soon as the release has proved itself; else why it has not."""
    began_s = kit.time.now_s()
    first = restarts = kit.services.restarts()
    active_since_s: float | None = None
    while True:
        now_s = kit.time.now_s()
        if (failed := kit.services.restarts()) != restarts or not kit.services.is_active():
            restarts, active_since_s = failed, None
        elif active_since_s is None:
            active_since_s = now_s
        is_steady = active_since_s is not None and now_s - active_since_s >= _STEADY_S
        if is_steady and (kit.is_reporting() or not trial.was_reporting):
            return None
        if failed - first >= _MAX_FAILURES:
            return f"it failed {_MAX_FAILURES} times in {now_s - began_s:.0f} s {_SEE}"
        if now_s - began_s >= _REPORT_S:
            break
        kit.time.wait(_LOOK_S)
    if not is_steady:
        return f"it did not run for {_STEADY_S:g} s in one go {_SEE}"
    return (
        f"the server took nothing from it for {_REPORT_S:g} s, and took what the release before it "
        f"sent {_SEE}"
    )
