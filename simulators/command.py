"""`roomtone simulate`: a classroom without sensors, on pseudo-terminals, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from contract.clock import ScaledClock
from contract.errors import LinkError, UsageError
from simulators.classroom import Classroom
from simulators.example import example_toml
from simulators.hubs.virtual_hub import LinkFaults, VirtualHub
from simulators.running import VirtualClassroom, clock_at
from simulators.scenario import Scenario, load_scenario, scenario_names
from simulators.truth import write_truth

__all__ = ["DESCRIPTION", "add_arguments", "run"]

DESCRIPTION: Final = """\
Run a simulated classroom. Each hub is a pseudo-terminal that speaks the serial protocol, like a hub
on USB. Connect `roomtone edge`, or your own reader, to the printed ports. The same scenario and seed
give the same pupils, movements and noise. The command ends with the lesson, or with Ctrl-C.

  roomtone simulate --list                     the scenarios that come with the program
  roomtone simulate --example > mine.toml      a scenario with all keys and their defaults
  roomtone simulate --scenario mine.toml --seed 7
  roomtone simulate --minutes 5 --speed 20 --truth truth.csv
  roomtone simulate --loss 0.01 --corrupt 0.001 --reboot-every 60
  roomtone simulate --ports /tmp/class --unplug-every 100
  roomtone simulate --video lesson.mp4 --seed 7    the lesson as a camera records it, and no hubs
  roomtone simulate --oneroster 8090           a made-up district for `roomtone roster fetch`

more faults, for --faults NAME=VALUE:
  doubled, garbage      share of frames that come twice, or after random bytes (0 to 1)
  is_trickling          every byte arrives separately (0 or 1)
  delay_s, jitter_s     delay of the line in seconds, and the maximum additional delay
  stall_every_s, stall_s   nothing arrives for the last stall_s of each stall_every_s
"""

_UNPLUGGED_S: Final = 5.0
_POLL_S: Final = 0.1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = DESCRIPTION
    parser.add_argument(
        "--scenario",
        default="lively_class",
        metavar="NAME|FILE",
        help="a scenario's name, or a TOML file (default: lively_class)",
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the class (default: 1)")
    parser.add_argument(
        "--speed", type=float, default=1.0, help="observed seconds per real second (default: 1)"
    )
    parser.add_argument(
        "--minutes", type=float, help="length of the lesson (default: as in the scenario)"
    )
    parser.add_argument(
        "--loss", type=float, default=0.0, metavar="SHARE", help="share of lost frames"
    )
    parser.add_argument(
        "--corrupt", type=float, default=0.0, metavar="RATE", help="flipped bits per byte"
    )
    parser.add_argument(
        "--faults",
        default=[],
        action="append",
        metavar="NAME=VALUE",
        help="another fault of the line, see above; may be repeated",
    )
    parser.add_argument(
        "--reboot-every",
        type=float,
        metavar="S",
        help="reset a hub every S seconds, one after the other",
    )
    parser.add_argument(
        "--unplug-every",
        type=float,
        metavar="S",
        help=f"unplug a hub for {_UNPLUGGED_S:g} s every S seconds, one after the other",
    )
    parser.add_argument(
        "--ports",
        type=Path,
        metavar="FOLDER",
        help="name the ports FOLDER/hub-1, …; the names stay the same when a hub is unplugged",
    )
    parser.add_argument(
        "--truth",
        type=Path,
        metavar="FILE.csv",
        help="write the truth: a row for each second and seat",
    )
    parser.add_argument(
        "--video",
        type=Path,
        metavar="FILE.mp4",
        help="write a video of the lesson, with sound that follows the room's, and exit",
    )
    parser.add_argument(
        "--pause",
        metavar="AT:S",
        help="with --video: the camera is stopped at second AT of the lesson, for S seconds",
    )
    parser.add_argument(
        "--oneroster",
        type=int,
        metavar="PORT",
        help="no classroom: a OneRoster server with a made-up district, on this port of loopback",
    )
    parser.add_argument("--list", action="store_true", help="list the scenarios and exit")
    parser.add_argument(
        "--example", action="store_true", help="print a scenario with all keys and exit"
    )


def run(args: argparse.Namespace) -> int:
    """Run the command; raises RoomtoneError with one sentence for the user."""
    if args.list:
        _list()
        return 0
    if args.example:
        print(example_toml(), end="")
        return 0
    if args.oneroster is not None:
        from simulators.one_roster.running import serve  # noqa: PLC0415 - no classroom needs it

        serve(args.oneroster, args.seed)
        return 0
    scenario = _checked(args)
    classroom = Classroom(scenario, args.seed)
    if args.video is not None:
        # Only here is PyAV needed.
        from simulators.lesson_video.command import write_video  # noqa: PLC0415

        write_video(classroom, args.video, args.pause)
        return 0
    if args.pause is not None:
        raise UsageError("--pause needs --video: it is the camera that is stopped.")
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda _number, _frame: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    running = VirtualClassroom(
        classroom=classroom,
        clock=clock_at(args.speed),
        folder=_folder(args.ports),
        faults=_faults(args),
    )
    try:
        with running:
            _announce(running)
            if args.truth is not None:
                _write_truth(running, args.truth)
            _watch(running, _Schedule(args.reboot_every, args.unplug_every), stop)
    except OSError as error:
        raise LinkError(
            f"No pseudo-terminal is available: {error}; close some programs."
        ) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0


def _list() -> None:
    width = max(len(name) for name in scenario_names())
    for name in scenario_names():
        scenario = load_scenario(name)
        seats, hubs = len(scenario.seats), len(scenario.room.hubs)
        lasts = f"{scenario.minutes:g} min, {seats} seats on {hubs} hubs"
        print(f"{name:{width}}  {scenario.name}: {lasts}")


def _checked(args: argparse.Namespace) -> Scenario:
    scenario = load_scenario(args.scenario)
    if args.seed < 0:
        raise UsageError(f"--seed is {args.seed}, expected 0 or more.")
    if not 0.01 <= args.speed <= 1000.0:
        raise UsageError(f"--speed is {args.speed:g}, expected 0.01 to 1000.")
    for name in ("reboot_every", "unplug_every"):
        every = getattr(args, name)
        if every is not None and not every > _UNPLUGGED_S:
            option = "--" + name.replace("_", "-")
            raise UsageError(f"{option} is {every:g}, expected more than {_UNPLUGGED_S:g} s.")
    if args.unplug_every is not None and args.ports is None:
        raise UsageError(
            "--unplug-every needs --ports: only those names stay the same when a hub is unplugged."
        )
    if args.minutes is None:
        return scenario
    if not 0.05 <= args.minutes <= 24 * 60.0:
        raise UsageError(f"--minutes is {args.minutes:g}, expected 0.05 to 1440.")
    return scenario.lasting(args.minutes)


def _folder(ports: Path | None) -> Path | None:
    if ports is None:
        return None
    try:
        ports.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--ports {ports} can't be made or used as a folder: {error.strerror}."
        ) from error
    return ports


def _faults(args: argparse.Namespace) -> LinkFaults | None:
    """The requested faults; None for a good line."""
    types = {field.name: type(field.default) for field in fields(LinkFaults)}
    given: dict[str, Any] = {"lost": args.loss, "bit_flips": args.corrupt}
    for text in args.faults:
        name, _, value = text.partition("=")
        if name not in types:
            raise UsageError(
                f"--faults {text}: expected NAME=VALUE, NAME is one of {', '.join(types)}."
            )
        try:
            number = float(value)
        except ValueError:
            raise UsageError(f"--faults {text}: {value!r} is not a number.") from None
        if number < 0.0:
            raise UsageError(f"--faults {text}: expected 0 or more.")
        given[name] = bool(number) if types[name] is bool else number
    try:
        faults = LinkFaults(**given)
    except ValueError as error:
        raise UsageError(f"These faults are not possible: {error}.") from error
    return None if faults == LinkFaults() else faults


def _announce(running: VirtualClassroom) -> None:
    scenario = running.classroom.scenario
    print(
        f"{scenario.name}: {scenario.minutes:g} min, {len(scenario.seats)} seats, "
        f"seed {running.classroom.seed}. An edge.toml with its ports:\n"
    )
    print(edge_configuration(running))
    if isinstance(running.clock, ScaledClock):
        clock = running.clock
        print(
            f"Time runs {clock.speed:g} times as fast. The host needs the same clock to date the "
            "readings:\n  roomtone edge --config edge.toml --simulated-clock "
            f"{clock.speed:g}:{clock.anchor_ns}:{clock.utc_at_anchor_ns}"
        )
    print("Press Ctrl-C to stop.", flush=True)


def edge_configuration(running: VirtualClassroom) -> str:
    """An edge configuration for this classroom; the first hub has the sound-level meter."""
    tables = (
        f'[[hub]]\nname = "{hub.hub_id}"\nport = "{hub.path}"\nseats = {list(seats)}\n'
        for hub, seats in zip(running.hubs, running.classroom.scenario.hub_seats, strict=True)
    )
    return "\n".join(('site = "school"\nroom = "room-1"\nnode = "pi-1"\n', *tables))


def _write_truth(running: VirtualClassroom, path: Path) -> None:
    try:
        write_truth(running.truth(), path, starts_utc_s=running.starts_utc_ns / 1e9)
    except OSError as error:
        raise UsageError(f"--truth {path} can't be written: {error.strerror}.") from error
    print(f"The truth is in {path}.", flush=True)


@dataclass(slots=True)
class _Schedule:
    """The next hub to reset or unplug, and when, in seconds of the lesson."""

    reboot_every_s: float | None
    unplug_every_s: float | None
    reboots: int = 0
    unplugs: int = 0
    unplugged: VirtualHub | None = None
    back_s: float = 0.0

    def follow(self, running: VirtualClassroom) -> None:
        now_s, hubs = running.lesson_s, running.hubs
        if self.reboot_every_s and now_s >= (self.reboots + 1) * self.reboot_every_s:
            hub = hubs[self.reboots % len(hubs)]
            self.reboots += 1
            hub.reboot()
            print(f"{now_s:7.1f} s  {hub.hub_id} was reset", file=sys.stderr)
        if self.unplugged is not None and now_s >= self.back_s:
            self.unplugged.plug()
            print(f"{now_s:7.1f} s  {self.unplugged.hub_id} is back", file=sys.stderr)
            self.unplugged = None
        elif self.unplug_every_s and now_s >= (self.unplugs + 1) * self.unplug_every_s:
            self.unplugged = hubs[self.unplugs % len(hubs)]
            self.unplugs += 1
            self.back_s = now_s + _UNPLUGGED_S
            self.unplugged.unplug()
            print(f"{now_s:7.1f} s  {self.unplugged.hub_id} was unplugged", file=sys.stderr)


def _watch(running: VirtualClassroom, schedule: _Schedule, stop: threading.Event) -> None:
    while not stop.wait(_POLL_S):
        if running.is_over:
            print("The lesson is over.")
            return
        schedule.follow(running)
