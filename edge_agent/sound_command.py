"""`roomtone sound`: how loud it is now, and which offset makes that a calibrator's level.

For whoever sets a kit up. It listens for some seconds, in a lesson or not, prints levels, and
neither keeps nor sends anything.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.clock import SystemClock
from contract.errors import RoomtoneError, UsageError
from contract.quantities.sound import energy_mean
from edge_agent.doctor.checks import is_running
from edge_agent.settings import EdgeSettings
from edge_agent.sources import open_source
from edge_agent.sources.protocol import Source, SourceSettings, Wiring
from firmware_bridge.events import HubDown, HubEvent, Levels

__all__ = ["Heard", "add_arguments", "listen", "run", "summary"]

_LEVELS_A_SECOND: Final = 8
_PATIENCE_S: Final = 15.0
"""How much longer than the seconds asked for it may take until all levels have come."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, required=True, metavar="FILE",
        help="the node's settings; see edge.example.toml",
    )  # fmt: skip
    parser.add_argument(
        "--seconds", type=int, default=10, choices=range(1, 601), metavar="1…600",
        help="how long to listen (default: 10)",
    )  # fmt: skip
    parser.add_argument(
        "--calibrator", type=float, metavar="DB",
        help="a calibrator of this level is on the microphone: say which offset_db is right",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Listen and print; raises RoomtoneError if there is no sound to be had."""
    settings = EdgeSettings.load(args.config)
    if is_running(settings.outbox.dir):
        raise RoomtoneError(
            "The agent runs and listens itself: stop it first (systemctl stop roomtone-edge)."
        )
    heard = listen(settings, seconds=args.seconds)
    for line in summary(heard, offset_db=settings.sound.offset_db, calibrator_db=args.calibrator):
        sys.stdout.write(line + "\n")
    return 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heard:
    """Short levels without an offset; F and S are NaN where a source does not know them."""

    laeq: NDArray[np.float32]
    lafmax: NDArray[np.float32]
    lasmax: NDArray[np.float32]


class _OpenGate:
    """It is a person who asks, so a lesson is not needed."""

    excluded: frozenset[int] = frozenset()

    def is_open(self, boot_ns: int) -> bool:
        return boot_ns >= 0


class _Ear:
    """Collects the levels of the source that is heard first."""

    def __init__(self, wanted: int) -> None:
        self.is_full = threading.Event()
        self.downs: list[str] = []
        self.levels: list[Levels] = []
        self._wanted = wanted

    def take(self, event: HubEvent) -> None:
        if isinstance(event, HubDown):
            self.downs.append(event.reason)
        if isinstance(event, Levels) and event.hub == (self.levels or [event])[0].hub:
            self.levels.append(event)
            if sum(len(each.laeq) for each in self.levels) >= self._wanted:
                self.is_full.set()


def listen(
    settings: EdgeSettings,
    *,
    seconds: int,
    patience_s: float = _PATIENCE_S,
    opened: Callable[[SourceSettings, Wiring], Source[SourceSettings]] = open_source,
) -> Heard:
    """The levels of some seconds; raises RoomtoneError if too few come, UsageError for no source."""
    # A hub says by itself whether it has a meter; sensors on the Pi's own bus have none.
    sources = [source for source in settings.sources if source.may_have_sound]
    if settings.sound.source == "microphone":
        sources = [settings.sound.microphone]
    if settings.sound.source == "none" or not sources:
        raise UsageError("[sound] names no source of levels: set source to hub or microphone.")
    ear, stop = _Ear(seconds * _LEVELS_A_SECOND), threading.Event()
    wiring = Wiring(
        clock=SystemClock(), sink=ear.take, gate=_OpenGate(), gather_s=lambda: 0.0, max_undated=1000
    )
    readers = [opened(source, wiring) for source in sources]
    threads = [threading.Thread(target=each.run, args=(stop,), name="sound") for each in readers]
    for thread in threads:
        thread.start()
    ear.is_full.wait(seconds + patience_s)
    stop.set()
    for thread in threads:
        thread.join()
    levels = ear.levels
    laeq = np.concatenate([each.laeq for each in levels]) if levels else np.empty(0, np.float32)
    if np.isnan(laeq).all():
        faults = [fault.said for reader in readers for fault in reader.faults()]
        why = (*faults, *ear.downs, "no source has sent one")[0].rstrip(".")
        raise RoomtoneError(f"No sound level came: {why}.")
    unknown = [np.full(len(each.laeq), np.nan, np.float32) for each in levels]
    fast = [
        each.lafmax if each.lafmax is not None else u
        for each, u in zip(levels, unknown, strict=True)
    ]
    slow = [
        each.lasmax if each.lasmax is not None else u
        for each, u in zip(levels, unknown, strict=True)
    ]
    return Heard(laeq=laeq, lafmax=np.concatenate(fast), lasmax=np.concatenate(slow))


def summary(heard: Heard, *, offset_db: float, calibrator_db: float | None) -> list[str]:
    """What a person reads: the levels with the present offset, and the offset that is right."""
    known = heard.laeq[~np.isnan(heard.laeq)]
    laeq = energy_mean(heard.laeq)
    figures = {
        "LAeq": laeq, "LAFmax": _highest(heard.lafmax), "LASmax": _highest(heard.lasmax),
        "LA10": float(np.quantile(known, 0.9)), "LA90": float(np.quantile(known, 0.1)),
    }  # fmt: skip
    said = "  ".join(
        f"{name} {level + offset_db:.1f}" for name, level in figures.items() if not np.isnan(level)
    )
    lines = [f"{said}  dB(A) over {len(heard.laeq) / _LEVELS_A_SECOND:g} s"]
    if calibrator_db is not None:
        right = calibrator_db - laeq
        lines.append(
            f"The calibrator says {calibrator_db:.1f}: set [sound] offset_db = {right:.1f}"
        )
    return lines


def _highest(levels: NDArray[np.float32]) -> float:
    return float("nan") if np.isnan(levels).all() else float(np.nanmax(levels))
